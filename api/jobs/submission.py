"""A request for a job in, its row out; and whoever no longer wants it. The row is all it takes: workers find it.

The row is written in the caller's transaction, so a request that is not answered has left no job behind, and one that
is answered has.
"""

import threading
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from api.refusals import TooMany
from api.store.columns import now
from api.store.ids import Kind as IdKind
from api.store.ids import new_id
from api.store.jobs import open_jobs
from api.store.states import JobState
from api.store.tables import Job

FIT, GEO_DESIGN, GEO_ANALYZE, BID_RUN = "fit", "geo_design", "geo_analyze", "bid_run"
GEO_NEXT = "geo_next"

news = threading.Event()
"""Set when this process has committed a job; a worker in the same process need not wait for its next look."""


def submit(session: Session, account: str, kind: str, request: dict[str, Any]) -> Job:
    """Write the job's row; it is worked on once the session's transaction is committed.

    Args:
        session: of the caller, in a transaction that writes.
        account: id of the account.
        kind: name of the kind.
        request: ids and numbers, never data.
    """
    job = Job(id=new_id(IdKind.JOB), account_id=account, kind=kind, request=request, state=JobState.QUEUED)
    session.add(job)
    session.flush()
    event.listen(session, "after_commit", lambda _: news.set(), once=True)
    return job


def submit_within(session: Session, account: str, kind: str, request: dict[str, Any], most: int) -> Job:
    """Submit, unless so many of the account's jobs wait or run already. Raises TooMany."""
    if open_jobs(session, account) >= most:
        raise TooMany(f"{most} jobs of this account wait or run; wait until one has ended, or cancel one.")
    return submit(session, account, kind, request)


def cancel(session: Session, account: str, job: str) -> Job | None:
    """Ask for a job's end: at once where nobody works on it yet, else its worker ends it; None if there is no such job.

    A job that has ended stays as it is.
    """
    row = session.scalar(select(Job).where(Job.account_id == account, Job.id == job).with_for_update())
    if row is not None and not row.state.ended and row.cancel_asked is None:
        row.cancel_asked = now()
        if row.state is JobState.QUEUED:
            row.state, row.ended = JobState.CANCELLED, row.cancel_asked
    return row
