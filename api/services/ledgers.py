"""An account in, its ledger of bids out: a folder under the data folder, and the switch that stops all accounts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from api.refusals import Conflict
from api.service import Service
from bidding.errors import BidError
from bidding.ledger_file import FileLedger
from bidding.run import BidRun

LEDGER = "ledger"
INSTALLATION = "installation"
"""Where it is kept who stopped all accounts, beside the accounts' ledgers."""
_ACCOUNT = re.compile(r"acc_[0-9A-Z]{26}")
_KEPT_RUNS = 2


def ledger_folder(service: Service, account: str) -> Path:
    """The folder of an account's ledger; it is made if it is not there."""
    if account != INSTALLATION and not _ACCOUNT.fullmatch(account):
        raise ValueError(f"{account!r} is no account's id")
    folder = (service.settings.ledgers / account).resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def opened(service: Service, account: str) -> Iterator[FileLedger]:
    """The ledger of an account.

    Raises:
        Conflict: it was altered, somebody else is writing to it, or what is asked cannot be; no path is told.
    """
    folder = ledger_folder(service, account)
    try:
        yield FileLedger(folder)
    except BidError as error:
        raise Conflict(_without(str(error), folder), "ledger") from error


def kills_json(service: Service, account: str) -> list[dict[str, Any]]:
    """What is stopped, by whom, when and why."""
    with opened(service, account) as ledger:
        folder = ledger.folder
        return [on.to_json() | {"why": _without(on.why, folder)} for on in ledger.kills()]


class Runs:
    """Runs that were read lately; a run never changes, and reading one takes longer than a page of it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[Path, str], BidRun] = {}

    def load(self, ledger: FileLedger, name: str) -> BidRun:
        """The run of this name. Raises BidError."""
        key = (ledger.folder, name)
        with self._lock:
            run = self._kept.pop(key, None) or ledger.load_run(name)
            self._kept[key] = run
            while len(self._kept) > _KEPT_RUNS:
                self._kept.pop(next(iter(self._kept)))
            return run


runs = Runs()


def _without(text: str, folder: Path) -> str:
    return text.replace(str(folder.parent / "STOP"), "the installation's STOP").replace(str(folder), LEDGER)
