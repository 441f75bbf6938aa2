"""`/v1/accounts/{account}/geo-tests/...`: lock a test, watch it, exclude a geo; a wrong step is refused."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from api.deps import Caller, IdempotencyKey, Tester
from api.idempotency import Change, answer_once
from api.routes.geo_bodies import ExclusionBody, LockBody, MonitorBody, StatedLockBody, StepAnswer
from api.routes.geo_tests import one_of, step_json
from api.services.geo_steps import Step, exclude_from, lock_designed, lock_stated, monitor_test

router = APIRouter(prefix="/v1/accounts/{account}/geo-tests", tags=["geo tests"])


@router.post("/lock", status_code=201, response_model=StepAnswer)
def lock_stated_test(caller: Tester, account: str, body: StatedLockBody, key: IdempotencyKey = None) -> JSONResponse:
    """Lock a test that was designed elsewhere; the answer has the keys of `rmo geo lock --json`."""
    one_of(body, ("treated", "cells", "pairs"))
    asked = body.model_dump(mode="json")
    return _answer(caller, key, ("geo_test.lock", 201), lambda: lock_stated(caller.service, account, asked))


@router.post("/{geo_test}/lock", status_code=200, response_model=StepAnswer)
def lock_test(caller: Tester, account: str, geo_test: str, body: LockBody, key: IdempotencyKey = None) -> JSONResponse:
    """Lock a designed test: geos, window, estimator, level, success, and a mark of the data; it cannot be undone."""
    asked = body.model_dump(mode="json")
    return _answer(caller, key, ("geo_test.lock", 200), lambda: lock_designed(caller.service, account, geo_test, asked))


@router.post("/{geo_test}/monitor", status_code=200, response_model=StepAnswer)
def monitor(caller: Tester, account: str, geo_test: str, body: MonitorBody, key: IdempotencyKey = None) -> JSONResponse:
    """Watch a locked test: spend against plan, leakage, other changes, missing days; the outcome is not shown."""
    asked = body.model_dump()
    return _answer(
        caller, key, ("geo_test.monitor", 200), lambda: monitor_test(caller.service, account, geo_test, asked)
    )


@router.post("/{geo_test}/exclude", status_code=200, response_model=StepAnswer)
def exclude(
    caller: Tester, account: str, geo_test: str, body: ExclusionBody, key: IdempotencyKey = None
) -> JSONResponse:
    """Log that a geo leaves the test, with the reason; refused once the result has been shown."""
    asked = body.model_dump()
    return _answer(
        caller, key, ("geo_test.exclude", 200), lambda: exclude_from(caller.service, account, geo_test, asked)
    )


def _answer(caller: Caller, key: str | None, kind: tuple[str, int], take: Callable[[], Step]) -> JSONResponse:
    def prepare() -> Change:
        step = take()

        def write(session: Session) -> dict[str, Any]:
            return step_json(step.write(session), step.answer)

        return Change(kind[0], write, kind[1])

    return answer_once(caller, key, prepare)
