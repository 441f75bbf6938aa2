"""A worker from submission to result: the row, the child, what is kept; and what becomes of jobs whose worker dies."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from api.jobs.submission import cancel
from api.jobs.worker import Worker
from api.store.engine import Store
from api.store.states import JobState
from tests.api.jobs.conftest import ACCOUNT, ended, job_when, kinds, settings_for, submitted


def test_a_job_is_done_and_its_result_kept(store: Store, worker: Worker) -> None:
    row = job_when(store, submitted(store, "double", number=21), ended)
    assert (row.state, row.result, row.attempts, row.worker) == (JobState.DONE, {"double": 42}, 1, worker.name)
    assert row.progress is None or row.progress["stage"] == "doubling"


def test_bad_input_ends_it_with_its_problem(store: Store, worker: Worker) -> None:
    row = job_when(store, submitted(store, "bad_panel"), ended)
    assert row.state is JobState.FAILED
    assert row.problem is not None
    assert (row.problem["code"], row.problem["status"]) == ("bad_input", 422)


def test_work_that_keeps_dying_is_given_up(store: Store, worker: Worker) -> None:
    row = job_when(store, submitted(store, "chain_ended"), ended)
    assert row.problem is not None
    assert (row.state, row.problem["code"]) == (JobState.FAILED, "job_died")
    assert "3 times" in row.problem["detail"]


def test_a_job_at_work_is_cancelled(store: Store, worker: Worker, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    job = submitted(store, "family", pids=str(pids))
    job_when(store, job, lambda row: row.state is JobState.RUNNING and pids.exists())
    with store.writing() as session:
        assert cancel(session, ACCOUNT, job) is not None
    row = job_when(store, job, ended)
    assert (row.state, row.result) == (JobState.CANCELLED, {})


def test_jobs_of_a_killed_worker_are_taken_over(
    store: Store, account: str, station: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    first = station()
    assert first.stdout is not None
    name = first.stdout.readline().strip()
    pids = tmp_path / "pids"
    job = submitted(store, "family", pids=str(pids))
    job_when(store, job, lambda row: pids.exists())
    second = station()
    assert second.stdout is not None
    other = second.stdout.readline().strip()
    first.send_signal(signal.SIGKILL)
    row = job_when(store, job, lambda row: row.attempts == 2, 30)
    assert (row.worker, row.state) == (other, JobState.RUNNING)
    assert name != other
    with store.writing() as session:
        cancel(session, ACCOUNT, job)
    assert job_when(store, job, ended).state is JobState.CANCELLED


def test_a_worker_asked_to_stop_hands_back_what_it_cannot_end(
    store: Store, account: str, station: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    first = station()
    pids = tmp_path / "pids"
    job = submitted(store, "family", pids=str(pids))
    job_when(store, job, lambda row: pids.exists())
    leader = int(pids.read_text().split()[0])
    first.terminate()
    assert first.wait(30) == 0
    assert not Path(f"/proc/{leader}").exists()
    assert job_when(store, job, lambda row: row.worker is None).state is JobState.QUEUED
    pids.unlink()
    station()
    assert job_when(store, job, lambda row: row.attempts == 2 and pids.exists()).state is JobState.RUNNING


def test_a_worker_that_only_looked_dead_keeps_nothing_twice(
    store: Store, account: str, station: Callable[[], subprocess.Popen[str]]
) -> None:
    """Stopped in its sleep for longer than a worker may be silent, then woken while another has the job."""
    first = station()
    assert first.stdout is not None
    first.stdout.readline()
    job = submitted(store, "double", number=21, seconds=6)
    job_when(store, job, lambda row: row.state is JobState.RUNNING)
    os.kill(first.pid, signal.SIGSTOP)
    second = station()
    assert second.stdout is not None
    other = second.stdout.readline().strip()
    job_when(store, job, lambda row: row.attempts == 2, 30)
    os.kill(first.pid, signal.SIGCONT)
    row = job_when(store, job, ended)
    assert (row.state, row.attempts, row.worker, row.result) == (JobState.DONE, 2, other, {"double": 42})


def test_a_worker_starts_and_stops_inside_a_running_event_loop(
    store: Store, account: str, errands: str, tmp_path: Path
) -> None:
    """As in the start of a web server."""

    async def serve() -> JobState:
        worker = Worker(store, None, kinds(errands), settings_for(store, tmp_path / "desks", seconds_to_stop=2))  # type: ignore[arg-type]
        worker.start()
        job = submitted(store, "double", number=4)
        row = await asyncio.to_thread(job_when, store, job, ended)
        worker.stop()
        return row.state

    assert asyncio.run(serve()) is JobState.DONE
