"""`/v1/accounts/{account}/jobs`: how far work is that takes longer than a request, as it happens, and its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session

from api.bodies import Answer, PageAnswer
from api.deps import Caller, Canceller, IdempotencyKey, PageAsked, Reader
from api.idempotency import Change, answer_once
from api.jobs.submission import cancel
from api.store.jobs import JobFilter, find_job, list_jobs
from api.store.states import JobState
from api.store.tables import Job

router = APIRouter(prefix="/v1/accounts/{account}/jobs", tags=["jobs"])

_SECONDS_BETWEEN_LOOKS = 0.5
_LOOKS_OF_A_STREAM = 1200
"""After these a stream ends although the job has not; a client that still wants to know asks again."""


class JobAnswer(Answer):
    """A job; `result` holds ids of what it made, `problem` the problem document that it ended with."""

    id: str
    kind: str
    state: JobState
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    attempts: int
    cancel_asked: str | None
    created: str
    started: str | None
    ended: str | None


def _exists(caller: Reader, account: str, job: str) -> None:
    """Refuse before the stream begins: then it is too late for a 404."""
    with caller.reading() as session:
        find_job(session, account, job)


@router.get("", response_model=PageAnswer)
def get_jobs(
    caller: Reader,
    account: str,
    page: PageAsked,
    kind: Annotated[str | None, Query(pattern="^[a-z_]{1,40}$", description="Only jobs of this kind.")] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
) -> dict[str, Any]:
    """The account's jobs, newest first."""
    with caller.reading() as session:
        return list_jobs(session, account, JobFilter(kind, state), page).to_json(job_json)


@router.get("/{job}", response_model=JobAnswer)
def get_job(caller: Reader, account: str, job: str) -> dict[str, Any]:
    """One job."""
    with caller.reading() as session:
        return job_json(find_job(session, account, job))


@router.get("/{job}/events", response_class=EventSourceResponse)
async def get_events(
    caller: Reader, account: str, job: str, _: Annotated[None, Depends(_exists)]
) -> AsyncIterator[ServerSentEvent]:
    """The job whenever it has changed, as server-sent events named `job`; the last one says how it ended."""
    told: dict[str, Any] | None = None
    for _look_number in range(_LOOKS_OF_A_STREAM):
        now = await run_in_threadpool(_look, caller, account, job)
        if now != told:
            told = now
            yield ServerSentEvent(event="job", data=now)
        if JobState(now["state"]).ended:
            return
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


@router.post("/{job}/cancel", status_code=200, response_model=JobAnswer)
def post_cancellation(caller: Canceller, account: str, job: str, key: IdempotencyKey = None) -> JSONResponse:
    """End a job: at once if it still waits, else within seconds; one that has ended stays as it is."""

    def write(session: Session) -> dict[str, Any]:
        find_job(session, account, job)
        row = cancel(session, account, job)
        assert row is not None
        return job_json(row)

    return answer_once(caller, key, lambda: Change("job.cancel", write, 200))


def job_json(row: Job) -> dict[str, Any]:
    """A job as it is shown."""
    moments = {name: getattr(row, name) for name in ("cancel_asked", "created", "started", "ended")}
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state.value,
        "progress": row.progress,
        "result": row.result,
        "problem": row.problem,
        "attempts": row.attempts,
        **{name: None if moment is None else moment.isoformat() for name, moment in moments.items()},
    }


def _look(caller: Caller, account: str, job: str) -> dict[str, Any]:
    with caller.reading() as session:
        return job_json(find_job(session, account, job))
