"""A run's name in; what approving, writing, putting back or stopping did out, as plain JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bidding.account_file import read_account
from bidding.approval import approve
from bidding.bulk.file_port import BulkFilePort
from bidding.bulk.write import write_bulk
from bidding.ledger_file import FileLedger
from bidding.reports.reading import read_reports
from bidding.rollback import live_through, reverse, unfinished_reversals
from bidding.run import BidRun
from bidding.writing import WriteSettings, write_run_through

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Writing:
    """Where files go, which day it is, whom to tell how far it is."""

    out: Path
    today: np.datetime64
    progress: Progress


def approve_run(ledger: FileLedger, name: str, by: str) -> dict[str, Any]:
    """Approve a run; who approved it first stays."""
    run = ledger.load_run(name)
    state = approve(run, ledger, by)
    return {"run": run.id, "approved_by": state.approved_by, "approved_at": state.approved_at}


def apply_run(ledger: FileLedger, name: str, writing: Writing) -> dict[str, Any]:
    """Write what is not written yet; `refused_because` says why nothing was tried."""
    return _write(ledger, ledger.load_run(name), writing)


def roll_back(ledger: FileLedger, name: str, account: Path, reports: Path, writing: Writing) -> dict[str, Any]:
    """Put back what is still the run's own, by fresh reports; `left` says what stays and why."""
    run = ledger.load_run(name)
    unfinished = [_write(ledger, ledger.load_run(other), writing) for other in unfinished_reversals(run, ledger)]
    snapshot = read_reports(reports, read_account(account), writing.today)
    port = BulkFilePort(run, writing.out, write_bulk, snapshot)
    reversal = reverse(run, ledger, live_through(port, run), writing.today)
    answer: dict[str, Any] = {"run": run.id, "reversal": None, "restored": 0, "files": [], "left": dict(reversal.left)}
    if reversal.run is not None:
        ledger.save_run(reversal.run)
        done = _write(ledger, reversal.run, writing)
        answer |= {"reversal": reversal.run.id, "restored": done["written"], "files": done["files"]}
    for done in unfinished:
        answer["restored"] += done["written"]
        answer["files"] = [*done["files"], *answer["files"]]
        answer["reversal"] = answer["reversal"] or done["run"]
    return answer


def ledger_json(ledger: FileLedger, name: str | None = None) -> dict[str, Any]:
    """The ledger's entries, or those of one run; what is stopped; an unfinished line at the end, if there is one."""
    run = None if name is None else ledger.load_run(name).id
    entries = [entry.to_json() for entry in ledger.entries() if run is None or entry.content.get("run") == run]
    torn = ledger.torn().decode("utf-8", "replace")
    return {"entries": entries, "stopped": [kill.to_json() for kill in ledger.kills()], "unfinished_line": torn or None}


def _write(ledger: FileLedger, run: BidRun, writing: Writing) -> dict[str, Any]:
    port = BulkFilePort(run, writing.out, write_bulk)
    done: Mapping[str, Any] = write_run_through(
        run, ledger, port, WriteSettings(writing.today, None, writing.progress)
    ).to_json()
    return {**done, "files": [str(file) for file in port.files]}
