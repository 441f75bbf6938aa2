"""`/v1/accounts/{account}/nightly-bids`: the bid run of every night, by the clocks of the account's time zone."""

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from api.bodies import Answer, Body, Day, Id, Seed, Text
from api.deps import Bidder, Reader
from api.jobs.schedule import set_nightly
from api.refusals import NotFound
from api.services.receive_reports import kept_or_none
from api.store.accounts import find_account
from api.store.audit import Deed
from api.store.bid_inputs import account_file
from api.store.plans import find_plan
from api.store.work_tables import NightlyBids

router = APIRouter(prefix="/v1/accounts/{account}/nightly-bids", tags=["bid runs"])

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class NightBody(Body):
    """What every night's bids are proposed from, beside the newest reports and the account.toml in force.

    By default the plan's own model says what sales are incremental. `availability` and `events` are the texts of such
    files.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": "02:30", "plan": "pln_01M8C1776RYKYH3W7AREBBKBD5"}]}
    )

    at: Annotated[str, Field(pattern=_CLOCK, description="As in 02:30.")]
    plan: Id
    factors: bool = True
    availability: Text | None = None
    events: Text | None = None
    plan_start: Day | None = None
    seed: Seed = 0


class NightAnswer(Answer):
    """The schedule and the run that comes next."""

    at: str
    next_day: str
    next_at: str


@router.put("", response_model=NightAnswer)
def put_night(caller: Bidder, account: str, body: NightBody) -> dict[str, Any]:
    """Propose bids every night from now on, in place of what was set before."""
    sides = {name: kept_or_none(caller.service, account, getattr(body, name)) for name in ("availability", "events")}
    with caller.writing(Deed("nightly_bids.set", account, caller.body_sha256)) as session:
        account_file(session, account)
        plan = find_plan(session, account, body.plan)
        hours, minutes = body.at.split(":")
        request: dict[str, Any] = sides | {"plan": plan.id, "model": plan.model_id if body.factors else None}
        request |= {"reports": [], "plan_start": body.plan_start, "seed": body.seed}
        return _json(set_nightly(session, find_account(session, account), time(int(hours), int(minutes)), request))


@router.get("", response_model=NightAnswer)
def get_night(caller: Reader, account: str) -> dict[str, Any]:
    """What is set."""
    with caller.reading() as session:
        return _json(_found(session.get(NightlyBids, account)))


@router.delete("", status_code=204)
def delete_night(caller: Bidder, account: str) -> Response:
    """Propose no more bids by night."""
    with caller.writing(Deed("nightly_bids.delete", account)) as session:
        session.delete(_found(session.get(NightlyBids, account)))
    return Response(status_code=204)


def _found(row: NightlyBids | None) -> NightlyBids:
    if row is None:
        raise NotFound("This account has no nightly bids.", "account")
    return row


def _json(row: NightlyBids) -> dict[str, Any]:
    next_run = {"next_day": row.next_day.isoformat(), "next_at": row.next_at.isoformat()}
    return row.request | {"at": row.at.strftime("%H:%M")} | next_run
