"""`.../bid-runs`: nights proposed, which is a job; runs with their changes, alerts and bulk files."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from api.bodies import PageAnswer, storable
from api.deps import Bidder, IdempotencyKey, PageAsked, Reader
from api.idempotency import Change, answer_once
from api.jobs.submission import BID_RUN, submit_within
from api.refusals import BadRequest, WrongStep
from api.routes.bid_bodies import AlertsAnswer, BidRunAnswer, ProposeBody
from api.routes.jobs import JobAnswer, job_json
from api.services.bid_files import zip_bytes
from api.services.bid_pages import ChangeFilter, changes_page, held_page
from api.services.receive_reports import kept_or_none
from api.store.accounts import find_account, today_in
from api.store.bid_inputs import account_file, find_pull
from api.store.bid_runs import find_bid_run, list_bid_runs
from api.store.plans import find_plan
from api.store.states import BidRunState
from api.store.tables import BidRun
from bidding.changes import ChangeKind

router = APIRouter(prefix="/v1/accounts/{account}/bid-runs", tags=["bid runs"])

_ZIP = "application/zip"
Channel = Annotated[str | None, Query(max_length=200, description="Only of this channel.")]
Code = Annotated[str | None, Query(pattern="^[a-z_]{1,40}$", description="Only with this code.")]


@router.post("", status_code=202, response_model=JobAnswer)
def propose_bids(caller: Bidder, account: str, body: ProposeBody, key: IdempotencyKey = None) -> JSONResponse:
    """Propose a night's bids: answers the job; when it is done, its `result` names the bid run."""

    def prepare() -> Change:
        texts = {
            name: kept_or_none(caller.service, account, getattr(body, name)) for name in ("availability", "events")
        }

        def write(session: Session) -> dict[str, Any]:
            plan = find_plan(session, account, body.plan)
            request = texts | {
                "account_file": account_file(session, account).sha256,
                "reports": find_pull(session, account, body.pull).files["files"],
                "plan": plan.id,
                "model": plan.model_id if body.factors else None,
                "plan_start": body.plan_start,
                "day": body.day or today_in(find_account(session, account)).isoformat(),
                "seed": body.seed,
            }
            return job_json(submit_within(session, account, BID_RUN, request, caller.service.settings.jobs_per_account))

        return Change("bid_run.propose", write, 202)

    return answer_once(caller, key, prepare)


@router.get("", response_model=PageAnswer)
def list_runs(
    caller: Reader,
    account: str,
    page: PageAsked,
    state: Annotated[BidRunState | None, Query(description="Only runs in this state.")] = None,
) -> dict[str, Any]:
    """The account's bid runs, newest first."""
    with caller.reading() as session:
        return list_bid_runs(session, account, state, page).to_json(short)


@router.get("/{bid_run}", response_model=BidRunAnswer)
def get_bid_run(caller: Reader, account: str, bid_run: str) -> dict[str, Any]:
    """One run: totals, why it needs approval, alerts, counts, files; changes and held have pages of their own."""
    with caller.reading() as session:
        row = find_bid_run(session, account, bid_run)
        return {"files": [], **row.summary, **short(row)}


@router.get("/{bid_run}/changes", response_model=PageAnswer)
def get_changes(
    caller: Reader,
    account: str,
    bid_run: str,
    page: PageAsked,
    channel: Channel = None,
    kind: Annotated[ChangeKind | None, Query(description="Only of this kind.")] = None,
    code: Code = None,
    entity: Annotated[str | None, Query(max_length=200, description="Only of this id.")] = None,
) -> dict[str, Any]:
    """The run's changes, each with its reason and what it is expected to bring."""
    _refuse_odd(channel=channel, entity=entity)
    with caller.reading() as session:
        row = find_bid_run(session, account, bid_run)
    return changes_page(caller.service, account, str(row.ledger), ChangeFilter(channel, kind, code, entity), page)


@router.get("/{bid_run}/held", response_model=PageAnswer)
def get_held(
    caller: Reader, account: str, bid_run: str, page: PageAsked, channel: Channel = None, code: Code = None
) -> dict[str, Any]:
    """What would have moved and did not, with the guardrail that holds it."""
    _refuse_odd(channel=channel)
    with caller.reading() as session:
        row = find_bid_run(session, account, bid_run)
    return held_page(caller.service, account, str(row.ledger), ChangeFilter(channel, None, code), page)


@router.get("/{bid_run}/alerts", response_model=AlertsAnswer)
def get_alerts(caller: Reader, account: str, bid_run: str) -> dict[str, Any]:
    """What a person should look at this morning."""
    with caller.reading() as session:
        return {"items": find_bid_run(session, account, bid_run).summary.get("alerts", [])}


@router.get("/{bid_run}/bulk", response_class=Response, responses={200: {"content": {_ZIP: {}}}})
def get_bulk_files(
    caller: Reader,
    account: str,
    bid_run: str,
    of: Annotated[str, Query(pattern="^(apply|rollback)$", description="Written by which step.")] = "apply",
) -> Response:
    """The bulk files that a step wrote, as one zip archive."""
    with caller.reading() as session:
        row = find_bid_run(session, account, bid_run)
    files = [file for file in row.summary.get("files", []) if file["of"] == of]
    if not files:
        raise WrongStep(f"Nothing has been written by {of} of this run yet.", "bid_run")
    content = zip_bytes(caller.service, account, files)
    return Response(
        content, media_type=_ZIP, headers={"Content-Disposition": f'attachment; filename="{row.id}-{of}.zip"'}
    )


def short(row: Any) -> dict[str, Any]:
    """A run as lists show it."""
    place = {"id": row.id, "state": row.state.value, "run": row.ledger, "plan": row.plan_id, "job": row.job_id}
    return place | {"created": row.created.isoformat()}


def taken_json(row: BidRun, told: Any) -> dict[str, Any]:
    """A step's answer."""
    return {"id": row.id, "state": row.state.value, **told}


def _refuse_odd(**given: str | None) -> None:
    for name, text in given.items():
        if text is not None and not storable(text):
            raise BadRequest(f"{name} holds a character that is none.", name)
