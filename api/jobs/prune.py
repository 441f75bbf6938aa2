"""The time in, jobs and messages that nobody will ask for again gone out."""

from datetime import timedelta

from sqlalchemy import delete, select

from api.jobs.engine import JobEngine
from api.store.columns import now
from api.store.engine import Store
from api.store.states import DeliveryState, JobState
from api.store.tables import Delivery, Job
from api.store.work_tables import JobToForget

KEPT = timedelta(days=90)
_FEW = 500
_ENDED = tuple(state for state in JobState if state.ended)


def prune(store: Store, engine: JobEngine) -> int:
    """Drop jobs that ended long ago, here and in the engine, and messages that were settled long ago.

    Returns:
        How many jobs; more may be left when there were many.
    """
    before = now() - KEPT
    with store.writing() as session:
        settled = Delivery.state != DeliveryState.WAITING
        session.execute(delete(Delivery).where(settled, Delivery.created < before))
        old = select(Job.id).where(Job.state.in_(_ENDED), Job.ended < before).limit(_FEW)
        jobs = list(session.scalars(old))
    engine.forget(jobs)
    with store.writing() as session:
        session.execute(delete(Job).where(Job.id.in_(jobs)))
    return len(jobs)


def forget_erased(store: Store, engine: JobEngine) -> int:
    """Drop what the engine knows of jobs whose account was deleted, or whose time is over; says how many."""
    with store.reading() as session:
        jobs = list(session.scalars(select(JobToForget.id).limit(_FEW)))
    if jobs:
        engine.forget(jobs)
        with store.writing() as session:
            session.execute(delete(JobToForget).where(JobToForget.id.in_(jobs)))
    return len(jobs)
