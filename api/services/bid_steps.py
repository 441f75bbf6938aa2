"""A bid run of the store and a step in, what the step did out: approved, written, put back.

The ledger is what counts; the run's row says where it stands for lists. Steps that read or write files are done in a
child process, and a step that was cut short goes on where it stopped when it is asked for again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.bid_errands import ACCOUNT_FILE, BULK, LEDGER, REPORTS
from api.jobs.kinds import Desk
from api.jobs.laying_down import lay_file, report_name
from api.refusals import RunRefused
from api.service import Service
from api.services.apart import asked_by, desk_of, work_apart
from api.services.change_bids import approve_run
from api.services.ledgers import ledger_folder, opened
from api.store.accounts import find_account, today_in
from api.store.bid_inputs import account_file, find_pull
from api.store.bid_runs import find_bid_run
from api.store.files import sha256_of
from api.store.states import BidRunState
from api.store.tables import BidRun

_ERRANDS = "api.jobs.bid_errands"
_UNDO = "undo"


@dataclass(frozen=True)
class Taken:
    """What a step did: `answer` in the keys of the command, `write` moves the run's row, in the transaction handed."""

    answer: Mapping[str, Any]
    write: Callable[[Session], BidRun]


def approve_bids(service: Service, account: str, run: str, by: str) -> Taken:
    """Approve a run; who approved it first stays.

    Raises:
        NotFound: there is no such run.
        Conflict: somebody is writing to the ledger.
    """
    row = _row(service, account, run)
    with opened(service, account) as ledger:
        answer = approve_run(ledger, str(row.ledger), by)

    def write(session: Session) -> BidRun:
        found = find_bid_run(session, account, run)
        if found.state is BidRunState.PROPOSED:
            found.state = BidRunState.APPROVED
        return found

    return Taken(answer, write)


def apply_bids(service: Service, account: str, run: str) -> Taken:
    """Write a run's bulk files; a second time writes nothing, one that was stopped goes on.

    Raises:
        NotFound: there is no such run.
        RunRefused: it may not be written: not approved, too old, or another was written since.
        ToldBy: the ledger or a change cannot be used.
    """
    row = _row(service, account, run)
    name = str(row.ledger)
    with desk_of(service, account) as desk:
        _lay_ledger(service, desk, account)
        asked = {"run": name, "out": name, "today": _today(service, account)}
        told = work_apart(service, desk, f"{_ERRANDS}:write", asked)
    if told["refused_because"]:
        raise RunRefused(_as_here(told["refused_because"]), "bid_run")
    files = _kept_files(service, account, name, "apply")
    state = BidRunState.STOPPED if told["stopped"] else BidRunState.APPLIED

    def write(session: Session) -> BidRun:
        return _moved(session, row, state, files)

    return Taken(told | {"files": _shown(files)}, write)


def roll_back_bids(service: Service, account: str, run: str, pull: str | None) -> Taken:
    """Put back what is still the run's own, by fresh reports.

    Raises:
        NotFound: there is no such run or pull.
        ToldBy: nothing of it was ever written, or a report cannot be used.
    """
    row = _row(service, account, run)
    name = str(row.ledger)
    with desk_of(service, account) as desk:
        _lay_ledger(service, desk, account)
        _lay_inputs(service, desk, account, pull)
        asked = {"run": name, "out": f"{name}-{_UNDO}", "today": _today(service, account)}
        told = work_apart(service, desk, f"{_ERRANDS}:put_back", asked)
    files = _kept_files(service, account, f"{name}-{_UNDO}", "rollback")

    def write(session: Session) -> BidRun:
        return _moved(session, row, BidRunState.ROLLED_BACK, files)

    return Taken(told | {"files": _shown(files)}, write)


def _row(service: Service, account: str, run: str) -> BidRun:
    with service.store.reading() as session:
        return find_bid_run(session, account, run)


def _today(service: Service, account: str) -> str:
    with service.store.reading() as session:
        return today_in(find_account(session, account)).isoformat()


def _lay_ledger(service: Service, desk: Desk, account: str) -> None:
    (desk.folder / LEDGER).symlink_to(ledger_folder(service, account))


def _lay_inputs(service: Service, desk: Desk, account: str, pull: str | None) -> None:
    claim = asked_by(account, {})
    with service.store.reading() as session:
        own, reports = account_file(session, account).sha256, find_pull(session, account, pull).files["files"]
    lay_file(desk, claim, own, ACCOUNT_FILE)
    (desk.folder / REPORTS).mkdir()
    for place, report in enumerate(reports):
        lay_file(desk, claim, report["sha256"], f"{REPORTS}/{report_name(report['name'], place)}")


def _kept_files(service: Service, account: str, folder: str, of: str) -> list[dict[str, Any]]:
    """All files that lie in a run's folder, kept among the account's files too, where every machine sees them."""
    place = ledger_folder(service, account) / BULK / folder
    found = sorted(path for path in place.glob("*") if path.is_file() and not path.name.startswith("."))
    return [_kept(service, account, path, of) for path in found]


def _kept(service: Service, account: str, path: Path, of: str) -> dict[str, Any]:
    service.files.put(account, path)
    return {"name": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size, "of": of}


def _moved(session: Session, row: BidRun, state: BidRunState, files: list[dict[str, Any]]) -> BidRun:
    found = find_bid_run(session, row.account_id, row.id)
    names = {file["name"] for file in files}
    others = [file for file in found.summary.get("files", []) if file["name"] not in names]
    found.summary = {**found.summary, "files": [*others, *files]}
    found.state = state
    return found


def _shown(files: list[dict[str, Any]]) -> list[str]:
    return [file["name"] for file in files]


def _as_here(refused: str) -> str:
    """The command's remedy, said for who asks over HTTP."""
    return refused.partition(": rmo bids approve")[0]
