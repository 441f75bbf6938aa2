"""`/v1/accounts/{account}/nightly-bids`: the bid run of every night, by the clocks of the account's time zone."""

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from api.bodies import Answer, Body
from api.deps import Bidder, Reader
from api.jobs.schedule import set_nightly
from api.refusals import NotFound
from api.store.audit import Deed
from api.store.models import find_model
from api.store.plans import find_plan
from api.store.tables import Account
from api.store.work_tables import NightlyBids

router = APIRouter(prefix="/v1/accounts/{account}/nightly-bids", tags=["bid runs"])

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
Sha = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Id = Annotated[str, Field(max_length=30)]


class ReportFile(Body):
    """A report among the account's files, under the name that tells its kind."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Sha


class NightBody(Body):
    """What a night's bids are proposed from; hashes of files that were sent, ids of a plan and a model."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"at": "02:30", "account_file": "0" * 64, "plan": "pln_01M8C1776RYKYH3W7AREBBKBD5"}]
        }
    )

    at: Annotated[str, Field(pattern=_CLOCK, description="As in 02:30.")]
    account_file: Sha
    plan: Id
    reports: Annotated[list[ReportFile], Field(max_length=200, default_factory=list)]
    model: Id | None = None
    availability: Sha | None = None
    events: Sha | None = None
    freeze: Sha | None = None
    plan_start: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class NightAnswer(Answer):
    """The schedule and the run that comes next."""

    at: str
    next_day: str
    next_at: str


@router.put("", response_model=NightAnswer)
def put_night(caller: Bidder, account: str, body: NightBody) -> dict[str, Any]:
    """Propose bids every night from now on, in place of what was set before."""
    with caller.writing(Deed("nightly_bids.set", account, caller.body_sha256)) as session:
        find_plan(session, account, body.plan)
        if body.model is not None:
            find_model(session, account, body.model)
        owner = session.get(Account, account)
        assert owner is not None
        hours, minutes = body.at.split(":")
        row = set_nightly(session, owner, time(int(hours), int(minutes)), body.model_dump(exclude={"at"}))
        return _json(row)


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
