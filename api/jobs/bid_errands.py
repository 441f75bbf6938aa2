"""In the child: reports looked at, a run written into bulk files, put back; plain JSON out.

All files lie in the working directory; the account's ledger does under the name `ledger`.
"""

import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.jobs.work import Tell

Document = Mapping[str, Any]
LEDGER, REPORTS, ACCOUNT_FILE, BULK = "ledger", "reports", "account.toml", "bulk"
"""`bulk` lies in the ledger: what a run wrote outlives the process that wrote it."""


def look_at_reports(asked: Document, tell: Tell) -> Document:
    """Refuse what would unfold beyond bounds; nothing is read of what the reports say."""
    from bidding.reports.bounds import refuse_swollen

    resource.setrlimit(resource.RLIMIT_AS, (asked["memory_bytes"], asked["memory_bytes"]))
    for place, name in enumerate(asked["names"]):
        refuse_swollen(name, (Path(REPORTS) / str(place)).read_bytes())
    return {}


def write(asked: Document, tell: Tell) -> Document:
    """Write a run's bulk files."""
    from api.services.change_bids import apply_run
    from bidding.ledger_file import FileLedger

    return apply_run(FileLedger(Path(LEDGER)), asked["run"], _writing(asked, tell))


def put_back(asked: Document, tell: Tell) -> Document:
    """Put back what is still a run's own, by fresh reports."""
    from api.services.change_bids import roll_back
    from bidding.ledger_file import FileLedger

    ledger = FileLedger(Path(LEDGER))
    return roll_back(ledger, asked["run"], Path(ACCOUNT_FILE), Path(REPORTS), _writing(asked, tell))


def _writing(asked: Document, tell: Tell) -> Any:
    import numpy as np

    from api.services.change_bids import Writing

    out = Path(LEDGER) / BULK / asked["out"]
    return Writing(out, np.datetime64(asked["today"]), lambda done, of: tell({"done": done, "of": of}))
