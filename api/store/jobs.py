"""Jobs in the tables, found, counted and listed by account; what is written to them lies in `api/jobs`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.store.owned import find_owned
from api.store.states import JobState
from api.store.tables import Job


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list shows; None for any."""

    kind: str | None = None
    state: JobState | None = None


def find_job(session: Session, account: str, job: str, field: str = "job") -> Job:
    """The account's job of this id. Raises NotFound, naming `field`."""
    return find_owned(session, Job, account, job, ("job", field))


def list_jobs(session: Session, account: str, wanted: JobFilter, page: PageRequest) -> Page[Any]:
    """The account's jobs, newest first."""
    rows = select(Job).where(Job.account_id == account)
    if wanted.kind is not None:
        rows = rows.where(Job.kind == wanted.kind)
    if wanted.state is not None:
        rows = rows.where(Job.state == wanted.state)
    return page_of(session, rows, Job.id, page)


def open_jobs(session: Session, account: str) -> int:
    """How many of the account's jobs wait or run."""
    still_open = Job.state.in_((JobState.QUEUED, JobState.RUNNING))
    return session.scalar(select(func.count()).where(Job.account_id == account, still_open)) or 0
