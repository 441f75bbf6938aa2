"""What nobody looks after: put in again when the engine lost it, gone when it is old."""

from datetime import timedelta

from sqlalchemy import select, update

from api.jobs.claim import claim_job, end_job
from api.jobs.prune import KEPT, prune
from api.jobs.sweeper import look_after_lost
from api.jobs.worker import Worker
from api.store.columns import now
from api.store.engine import Store
from api.store.states import JobState
from api.store.tables import Job
from tests.api.jobs.conftest import ACCOUNT, ended, job_when, submitted


def test_jobs_that_the_engine_never_heard_of_are_put_in_again(store: Store, worker: Worker) -> None:
    """As after its tables were restored from an older backup."""
    long_ago = now() - timedelta(hours=1)
    with store.writing() as session:
        values = {"id": f"job_{0:026}", "account_id": ACCOUNT, "kind": "double", "request": {"number": 3}}
        session.add(Job(**values, state=JobState.QUEUED, enqueued=long_ago))
        values |= {"id": f"job_{1:026}"}
        session.add(Job(**values, state=JobState.RUNNING, enqueued=long_ago, started=long_ago, attempts=1))
    assert look_after_lost(store, worker._engine) == 2
    for number in range(2):
        row = job_when(store, f"job_{number:026}", ended)
        assert (row.state, row.result) == (JobState.DONE, {"double": 6})


def test_jobs_that_are_looked_after_are_left_alone(store: Store, worker: Worker) -> None:
    job = submitted(store, "double", number=3, seconds=4)
    job_when(store, job, lambda row: row.state is JobState.RUNNING)
    with store.writing() as session:
        session.execute(update(Job).values(started=now() - timedelta(hours=1)))
    assert look_after_lost(store, worker._engine) == 0
    assert job_when(store, job, ended).attempts == 1


def test_old_jobs_go_and_young_and_open_ones_stay(store: Store, worker: Worker) -> None:
    old, young, waiting = (submitted(store, "nobody's kind", number=n) for n in range(3))
    for job in (old, young):
        claim = claim_job(store, job, "me")
        assert claim is not None
        end_job(store, claim, JobState.DONE)
    with store.writing() as session:
        session.execute(update(Job).where(Job.id == old).values(ended=now() - KEPT - timedelta(days=1)))
    assert prune(store, worker._engine) == 1
    with store.reading() as session:
        assert set(session.scalars(select(Job.id))) == {young, waiting}
