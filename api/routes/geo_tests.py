"""`/v1/accounts/{account}/geo-tests`: tests as they stand; design, analysis and the next test, which are jobs."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from api.bodies import Body, PageAnswer
from api.deps import Caller, IdempotencyKey, PageAsked, Reader, Tester
from api.idempotency import Change, answer_once
from api.jobs.submission import GEO_ANALYZE, GEO_DESIGN, GEO_NEXT, submit_within
from api.plain_json import plain
from api.refusals import BadRequest
from api.routes.geo_bodies import (
    AnalysisBody,
    DesignBody,
    FreezeAnswer,
    GeoTestAnswer,
    LockedAnalysisBody,
    NextTestBody,
)
from api.routes.jobs import JobAnswer, job_json
from api.services.geo_freezes import freezes_from
from api.services.next_test import NextTestRequest
from api.store.accounts import find_account, today_in
from api.store.datasets import find_dataset
from api.store.geo_tests import find_geo_test, list_geo_tests, refuse_wrong_step
from api.store.models import find_model
from api.store.states import GeoTestState
from api.store.tables import GeoTest

router = APIRouter(prefix="/v1/accounts/{account}/geo-tests", tags=["geo tests"])

_SIDES = ("dataset", "map", "eligibility", "adjacent", "weeks")


@router.post("", status_code=202, response_model=JobAnswer)
def design_geo_test(caller: Tester, account: str, body: DesignBody, key: IdempotencyKey = None) -> JSONResponse:
    """Design a test: answers the job; when it is done, its `result` names the geo test."""
    asked = body.model_dump(mode="json")
    question = {name: value for name, value in asked.items() if name not in _SIDES}

    def write(session: Session) -> dict[str, Any]:
        find_dataset(session, account, body.dataset)
        return _submitted(caller, session, GEO_DESIGN, {name: asked[name] for name in _SIDES} | {"question": question})

    return answer_once(caller, key, lambda: Change("geo_test.design", write, 202))


@router.post("/analyze", status_code=202, response_model=JobAnswer)
def analyze_stated(caller: Tester, account: str, body: AnalysisBody, key: IdempotencyKey = None) -> JSONResponse:
    """Analyse a finished test that was not locked: answers the job, whose `result` names the geo test."""
    one_of(body, ("treated", "cells", "pairs"))
    options = body.model_dump(mode="json", exclude={"dataset", "map", "pairs"})
    request = {"dataset": body.dataset, "map": body.map, "pairs": body.pairs, "options": options}

    def write(session: Session) -> dict[str, Any]:
        find_dataset(session, account, body.dataset)
        return _submitted(caller, session, GEO_ANALYZE, request)

    return answer_once(caller, key, lambda: Change("geo_test.analyze", write, 202))


@router.post("/next", status_code=202, response_model=JobAnswer)
def rank_next_tests(caller: Tester, account: str, body: NextTestBody, key: IdempotencyKey = None) -> JSONResponse:
    """Which test to run next: answers the job, whose `result` has the keys of `rmo geo next --json`."""
    NextTestRequest(body.budget, body.weeks, body.horizon_weeks)

    def write(session: Session) -> dict[str, Any]:
        find_model(session, account, body.model)
        return _submitted(caller, session, GEO_NEXT, body.model_dump(mode="json"))

    return answer_once(caller, key, lambda: Change("geo_test.next", write, 202))


@router.post("/{geo_test}/analyze", status_code=202, response_model=JobAnswer)
def analyze_locked(
    caller: Tester, account: str, geo_test: str, body: LockedAnalysisBody, key: IdempotencyKey = None
) -> JSONResponse:
    """Analyse a locked test as its lock says: answers the job; its end makes the test `analysed`."""

    def write(session: Session) -> dict[str, Any]:
        test = find_geo_test(session, account, geo_test)
        refuse_wrong_step(test, "analyse", (GeoTestState.LOCKED, GeoTestState.RUNNING, GeoTestState.ANALYSED))
        if test.lock_sha256 is None:
            raise BadRequest("This test was analysed without a lock; analyse it again as you did then.", "geo_test")
        dataset = body.dataset or test.dataset_id
        find_dataset(session, account, dataset or "")
        request = body.model_dump() | {"dataset": dataset, "geo_test": geo_test}
        return _submitted(caller, session, GEO_ANALYZE, request)

    return answer_once(caller, key, lambda: Change("geo_test.analyze", write, 202))


@router.get("", response_model=PageAnswer)
def list_tests(
    caller: Reader,
    account: str,
    page: PageAsked,
    state: Annotated[GeoTestState | None, Query(description="Only tests in this state.")] = None,
) -> dict[str, Any]:
    """The account's geo tests, newest first."""
    with caller.reading() as session:
        return list_geo_tests(session, account, state, page).to_json(short)


@router.get("/freeze", response_model=FreezeAnswer)
def get_freezes(
    caller: Reader,
    account: str,
    day: Annotated[date | None, Query(description="Tests that are not over on it; by default today.")] = None,
) -> dict[str, Any]:
    """What bidding must leave alone: channel, geo, first and last day of every locked test, cooldown included."""
    from measurement.geotest.freeze import overlaps

    with caller.reading() as session:
        freezes = freezes_from(session, account, day or today_in(find_account(session, account)))
    return {"freezes": [plain(vars(one)) for one in freezes], "warnings": list(overlaps(freezes))}


@router.get("/{geo_test}", response_model=GeoTestAnswer)
def get_geo_test(caller: Reader, account: str, geo_test: str) -> dict[str, Any]:
    """One test with its design, lock and result, as far as it has come."""
    with caller.reading() as session:
        row = find_geo_test(session, account, geo_test)
        return short(row) | {"design": row.design, "lock": row.lock, "result": row.result}


def short(row: Any) -> dict[str, Any]:
    """A test as lists show it."""
    place = {"id": row.id, "state": row.state.value, "dataset": row.dataset_id, "job": row.job_id}
    return place | {"created": row.created.isoformat()}


def one_of(body: Body, fields: tuple[str, ...]) -> None:
    """Raise BadRequest unless exactly one of the fields says who is treated."""
    given = [name for name in fields if getattr(body, name)]
    if len(given) != 1:
        got = " and ".join(given) or "none"
        raise BadRequest(f"Give exactly one of {', '.join(fields)}; got {got}.", given[-1] if given else fields[0])


def step_json(row: GeoTest, told: Any) -> dict[str, Any]:
    """A step's answer."""
    return {"id": row.id, "state": row.state.value, **plain(told)}


def _submitted(caller: Caller, session: Session, kind: str, request: dict[str, Any]) -> dict[str, Any]:
    most = caller.service.settings.jobs_per_account
    return job_json(submit_within(session, caller.account, kind, request, most))
