"""`.../bid-runs/...`: approve, apply and put back runs; the ledger; stop bids, here and everywhere."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from api.bodies import PageAnswer
from api.deps import Approver, Bidder, Caller, IdempotencyKey, Installer, PageAsked, Reader, Stopper
from api.idempotency import Change, answer_once
from api.refusals import BadRequest
from api.routes.bid_bodies import RollbackBody, SwitchAllBody, SwitchAnswer, SwitchBody, TakenAnswer
from api.routes.bid_runs import taken_json
from api.services.bid_pages import ledger_page
from api.services.bid_steps import Taken, apply_bids, approve_bids, roll_back_bids
from api.services.ledgers import INSTALLATION, kills_json, opened
from api.store.bid_runs import find_bid_run
from api.store.keys import name_of
from bidding.circumstances import KillScope
from bidding.kill_switch import lift, scope_from, throw

router = APIRouter(prefix="/v1/accounts/{account}/bid-runs", tags=["bid runs"])
everywhere = APIRouter(prefix="/v1/kill-switch", tags=["bid runs"])

_Scope = tuple[KillScope, str]
_ALL: _Scope = (KillScope.GLOBAL, "")


@router.get("/ledger", response_model=PageAnswer)
def get_ledger(
    caller: Reader,
    account: str,
    page: PageAsked,
    bid_run: Annotated[str | None, Query(max_length=30, description="Only entries of this run.")] = None,
) -> dict[str, Any]:
    """What was proposed, approved, written, put back and stopped, newest first."""
    name = None
    if bid_run is not None:
        with caller.reading() as session:
            name = find_bid_run(session, account, bid_run).ledger
    return ledger_page(caller.service, account, name, page)


@router.get("/kill-switch", response_model=SwitchAnswer)
def get_kill_switch(caller: Reader, account: str) -> dict[str, Any]:
    """What is stopped in this account, by whom, since when and why."""
    return {"stopped": kills_json(caller.service, account)}


@router.post("/kill", status_code=200, response_model=SwitchAnswer)
def stop_bids(caller: Stopper, account: str, body: SwitchBody, key: IdempotencyKey = None) -> JSONResponse:
    """Stop bids at once, also a run that is being written."""
    return _switch(caller, key, account, _scope(body.scope), body.why, on=True)


@router.post("/lift", status_code=200, response_model=SwitchAnswer)
def let_bids_run(caller: Approver, account: str, body: SwitchBody, key: IdempotencyKey = None) -> JSONResponse:
    """Let bids run again that were stopped."""
    return _switch(caller, key, account, _scope(body.scope), body.why, on=False)


@router.post("/{bid_run}/approve", status_code=200, response_model=TakenAnswer)
def approve(caller: Approver, account: str, bid_run: str, key: IdempotencyKey = None) -> JSONResponse:
    """Approve a run that is too large to be written unseen; the name of the key stands in the ledger."""
    by = _name(caller)
    return _take(caller, key, "bid_run.approve", lambda: approve_bids(caller.service, account, bid_run, by))


@router.post("/{bid_run}/apply", status_code=200, response_model=TakenAnswer)
def apply(caller: Bidder, account: str, bid_run: str, key: IdempotencyKey = None) -> JSONResponse:
    """Write a run's bulk files; a second time writes nothing, one that was stopped goes on."""
    return _take(caller, key, "bid_run.apply", lambda: apply_bids(caller.service, account, bid_run))


@router.post("/{bid_run}/rollback", status_code=200, response_model=TakenAnswer)
def roll_back(
    caller: Approver, account: str, bid_run: str, body: RollbackBody | None = None, key: IdempotencyKey = None
) -> JSONResponse:
    """Put back exactly what stood before a run, where the live value is still the run's; fresh reports say what is."""
    pull = None if body is None else body.pull
    return _take(caller, key, "bid_run.rollback", lambda: roll_back_bids(caller.service, account, bid_run, pull))


@everywhere.get("", response_model=SwitchAnswer)
def get_kill_switch_of_all(caller: Installer) -> dict[str, Any]:
    """Whether all accounts are stopped."""
    return {"stopped": kills_json(caller.service, INSTALLATION)}


@everywhere.post("/kill", status_code=200, response_model=SwitchAnswer)
def stop_all_bids(caller: Installer, body: SwitchAllBody, key: IdempotencyKey = None) -> JSONResponse:
    """Stop the bids of every account at once."""
    return _switch(caller, key, INSTALLATION, _ALL, body.why, on=True)


@everywhere.post("/lift", status_code=200, response_model=SwitchAnswer)
def let_all_bids_run(caller: Installer, body: SwitchAllBody, key: IdempotencyKey = None) -> JSONResponse:
    """Let the accounts' bids run again; what an account stopped itself stays stopped."""
    return _switch(caller, key, INSTALLATION, _ALL, body.why, on=False)


def _scope(text: str) -> _Scope:
    scope = scope_from(text)
    if scope == _ALL:
        raise BadRequest("Only the installation's key stops all accounts, with POST /v1/kill-switch/kill.", "scope")
    return scope


def _switch(caller: Caller, key: str | None, ledger_of: str, scope: _Scope, why: str, *, on: bool) -> JSONResponse:
    def prepare() -> Change:
        by = _name(caller)
        with opened(caller.service, ledger_of) as ledger:
            (throw if on else lift)(ledger, scope, by, why)
        stopped = kills_json(caller.service, ledger_of)
        return Change("bids.kill" if on else "bids.lift", lambda _: {"stopped": stopped}, 200)

    return answer_once(caller, key, prepare)


def _name(caller: Caller) -> str:
    with caller.reading() as session:
        return name_of(session, caller.principal.key)


def _take(caller: Caller, key: str | None, action: str, take: Callable[[], Taken]) -> JSONResponse:
    def prepare() -> Change:
        taken = take()

        def write(session: Session) -> dict[str, Any]:
            return taken_json(taken.write(session), taken.answer)

        return Change(action, write, 200)

    return answer_once(caller, key, prepare)
