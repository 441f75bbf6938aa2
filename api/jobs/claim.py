"""A job's row in, the right to work on it out, and back: who took it last may write to it, nobody else.

The number of the attempt is the fence: a worker that only looked dead finds a higher number than its own and cannot
write, so nothing is kept twice. Whatever a job leaves behind is written together with its end, in one transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from api.store.columns import now
from api.store.engine import Store
from api.store.owned import rows_changed
from api.store.states import JobState
from api.store.tables import Job

Document = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """The right to work on a job; `attempt` counts from 1."""

    job: str
    account: str
    kind: str
    request: Document
    attempt: int


class Wanted(Enum):
    """Whether the work on a claim shall go on."""

    YES = "yes"
    CANCELLED = "cancelled"
    NOT_OURS = "not ours"
    """Another worker took the job, or it is gone with its account."""


class NotOurs(Exception):
    """The claim is no longer valid, so nothing of it was written."""


def claim_job(store: Store, job: str, worker: str) -> Claim | None:
    """Take a job; None when there is nothing to do: it has ended, is gone, or its end was asked for."""
    with store.writing() as session:
        row = session.scalar(select(Job).where(Job.id == job).with_for_update())
        if row is None or row.state.ended:
            return None
        if row.cancel_asked is not None:
            row.state, row.ended = JobState.CANCELLED, now()
            return None
        row.state, row.worker, row.attempts = JobState.RUNNING, worker, row.attempts + 1
        row.started = row.started or now()
        return Claim(row.id, row.account_id, row.kind, row.request, row.attempts)


def still_wanted(store: Store, claim: Claim) -> Wanted:
    """Whether the job is still ours and somebody still wants it."""
    with store.reading() as session:
        row = session.execute(
            select(Job.cancel_asked, Job.attempts, Job.state).where(Job.id == claim.job)
        ).one_or_none()
    if row is None or row.attempts != claim.attempt or row.state is not JobState.RUNNING:
        return Wanted.NOT_OURS
    return Wanted.YES if row.cancel_asked is None else Wanted.CANCELLED


def tell_progress(store: Store, claim: Claim, progress: Mapping[str, Any]) -> None:
    """Keep how far the job is, if it is ours."""
    with store.writing() as session:
        session.execute(_ours(claim).values(progress=dict(progress)))


def give_back(store: Store, claim: Claim) -> None:
    """Let another worker have it."""
    with store.writing() as session:
        session.execute(_ours(claim).values(state=JobState.QUEUED, worker=None, progress=None))


def end_job(
    store: Store, claim: Claim, state: JobState, keep: Callable[[Session], Mapping[str, Any]] | None = None
) -> None:
    """End the job and keep what it leaves behind, both or neither.

    Args:
        store: the tables.
        claim: of the job.
        state: how it ended.
        keep: writes the rows that the job leaves behind; returns values of the job's own row.

    Raises:
        NotOurs: another worker has the job by now.
    """
    with store.writing() as session:
        if rows_changed(session, _ours(claim).values(state=state, ended=now())) != 1:
            raise NotOurs(claim.job)
        values = keep(session) if keep is not None else {}
        if values:
            session.execute(update(Job).where(Job.id == claim.job).values(**values))


def _ours(claim: Claim) -> Update:
    return update(Job).where(Job.id == claim.job, Job.attempts == claim.attempt, Job.state == JobState.RUNNING)
