"""The clock of one worker in, jobs that nobody looks after back in their queues out: every worker sweeps for all.

A worker is dead when its sign of life is older than `SECONDS_TO_LIVE`, by the database's clock. One that only looks
dead loses its jobs, and cannot write to them any more (see `api/jobs/claim.py`).
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from api.jobs.engine import JobEngine, Ticket
from api.jobs.kinds import Kind
from api.store.columns import now
from api.store.engine import Store
from api.store.states import JobState
from api.store.tables import Job
from api.store.work_tables import Worker

log = logging.getLogger(__name__)
SECONDS_BETWEEN_SIGNS = 2.0
SECONDS_TO_LIVE = 10.0
_FEW = 200
_LONG_RUNNING, _LONG_WAITING = timedelta(seconds=30), timedelta(minutes=2)


def give_sign(store: Store, worker: str) -> None:
    """This worker lives."""
    with store.writing() as session:
        seen = _moment(session)
        row = session.get(Worker, worker)
        if row is None:
            session.add(Worker(name=worker, seen=seen))
        else:
            row.seen = seen


def sign_off(store: Store, worker: str) -> None:
    """This worker takes no more jobs, and has given back those it had."""
    with store.writing() as session:
        session.execute(delete(Worker).where(Worker.name == worker))


def forget_workers(store: Store) -> None:
    """Nobody works on this store: whoever did is gone, and need not be waited for."""
    with store.writing() as session:
        session.execute(delete(Worker))


def take_over_from_dead(store: Store, engine: JobEngine) -> set[str]:
    """Put the jobs of workers that no longer give signs back into their queues, and say who they were."""
    busy = engine.workers_with_jobs()
    with store.writing() as session:
        deadline = _moment(session) - timedelta(seconds=SECONDS_TO_LIVE)
        session.execute(delete(Worker).where(Worker.seen < deadline))
        dead = busy - set(session.scalars(select(Worker.name)))
    if dead:
        log.warning("workers %s give no sign of life; others take over their jobs", ", ".join(sorted(dead)))
        engine.take_over(sorted(dead))
    return dead


def take_in(store: Store, engine: JobEngine, kinds: Mapping[str, Kind]) -> int:
    """Enqueue jobs whose rows were committed, oldest first, and say how many.

    Killed in the middle, or done by two workers at once, it is done twice; the engine takes a job in once.
    """
    waiting = select(Job.id, Job.kind, Job.account_id).where(Job.enqueued.is_(None), Job.state == JobState.QUEUED)
    with store.reading() as session:
        rows = session.execute(waiting.order_by(Job.created).limit(_FEW)).all()
    if rows:
        engine.enqueue(Ticket(row.id, kinds[row.kind].queue, row.account_id) for row in rows)
        with store.writing() as session:
            session.execute(update(Job).where(Job.id.in_([row.id for row in rows])).values(enqueued=now()))
    return len(rows)


def look_after_lost(store: Store, engine: JobEngine) -> int:
    """Enqueue anew those jobs that the engine has ended or never heard of although their rows say otherwise.

    So it is when the database was away at the wrong moment, or the engine's tables were lost or restored from a backup.
    """
    old_start, old_wait = now() - _LONG_RUNNING, now() - _LONG_WAITING
    running = (Job.state == JobState.RUNNING) & (Job.started < old_start)
    waiting = (Job.state == JobState.QUEUED) & (Job.enqueued < old_wait)
    with store.reading() as session:
        rows = session.scalars(select(Job.id).where(or_(running, waiting)).order_by(func.random()).limit(_FEW)).all()
    if not (lost := sorted(engine.ended(list(rows)))):
        return 0
    with store.writing() as session:
        open_still = update(Job).where(Job.id.in_(lost), Job.state.in_((JobState.RUNNING, JobState.QUEUED)))
        found = session.scalars(open_still.values(state=JobState.QUEUED, enqueued=None).returning(Job.id)).all()
        engine.forget(list(found))
    if found:
        log.warning("%s jobs were not looked after any more and are put in again", len(found))
    return len(found)


def _moment(session: Session) -> datetime:
    """By the clock of the database, which all workers share; SQLite has that of the machine."""
    if session.get_bind().dialect.name == "sqlite":
        return now()
    moment = session.scalar(select(func.clock_timestamp()))
    assert isinstance(moment, datetime)
    return moment
