"""Ids of jobs in, one run of each at a time out, whoever dies: the only module that knows DBOS.

DBOS keeps one workflow per job, with the job's id, in its own tables: who runs it, and that nobody else does. What the
job is and how it ended stands in the table of jobs, which never depends on DBOS's tables: a workflow that is lost is
put in again. Queues are divided by account, one job of an account at a time, so that no account waits for another's
backlog.
"""

import contextvars
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import URL

_APPLICATION = "rmo"
_PROTOCOL = "1"
"""DBOS's version of the application, pinned: a workflow is one call that starts anew, so any release resumes any."""
_POLL_SECONDS = 0.25
_CONNECTIONS = 5
_SECONDS_AFTER_HANDING_BACK = 10
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class Queue(StrEnum):
    """Jobs that wait for each other only within their queue."""

    FITS = "fits"
    TESTS = "tests"
    BIDS = "bids"


@dataclass(frozen=True)
class Ticket:
    """A job to be run: its id, its queue and the account whose turn it takes."""

    job: str
    queue: Queue
    account: str


class _LeftToOthers(BaseException):
    """Ends a run without an outcome: DBOS would have it wait, on a thread of its own, for that of whoever has the job.

    No `Exception`, which would be an outcome.
    """


_engine: "JobEngine | None" = None


@DBOS.workflow(name="run_job", max_recovery_attempts=None)
def _run_job(job: str) -> None:
    assert _engine is not None
    if not _engine.run(job) and not _engine.has(job):
        raise _LeftToOthers


def engine_database(store: URL) -> URL:
    """Where DBOS's tables lie: in the store's PostgreSQL, else in a SQLite file beside the store's own.

    One file for both would make every one of its writes wait for ours; it can be lost, jobs are then put in again.
    """
    if store.get_backend_name() == "sqlite":
        return store.set(database=str(Path(str(store.database)).with_name("engine.sqlite")))
    return store


def _prepare(url: URL) -> None:
    """A SQLite file keeps its journal mode: with a write-ahead log readers do not wait, and a commit is one fsync."""
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database))) as file:
            file.execute("PRAGMA journal_mode = WAL")


class JobEngine:
    """The engine of this process; there can be one at a time.

    Args:
        url: database of DBOS's tables: a SQLite file of its own, or the service's PostgreSQL, where it has a schema.
        worker: name of this process, which no other one ever has.
        run: runs the job of an id to its end; may be called again for one that has ended. False: it is left to others.
    """

    def __init__(self, url: URL, worker: str, run: Callable[[str], bool]) -> None:
        self._url = url
        self._worker = worker
        self.run = run

    def start(self, at_once: Mapping[Queue, int]) -> None:
        """Begin to take jobs, so many of each queue at once; a queue that is not named is left to others.

        On a thread of its own: DBOS refuses to be started where an event loop runs, as in a web server's start.
        """
        with ThreadPoolExecutor(1) as thread:
            thread.submit(self._start, at_once).result()

    def _start(self, at_once: Mapping[Queue, int]) -> None:
        global _engine
        _engine = self
        _prepare(self._url)
        DBOS(config=self._config())
        DBOS.listen_queues(list(at_once))
        DBOS.launch()
        for queue, jobs in at_once.items():
            DBOS.register_queue(
                queue.value,
                worker_concurrency=jobs,
                partition_concurrency=1,
                polling_interval_sec=_POLL_SECONDS,
                on_conflict="always_update",
            )

    def enqueue(self, tickets: Iterable[Ticket]) -> None:
        """Put jobs in their queues; one that is in already stays as it is."""
        for ticket in tickets:
            DBOS.enqueue_workflow_with_options(
                {
                    "workflow_name": "run_job",
                    "queue_name": ticket.queue.value,
                    "workflow_id": ticket.job,
                    "queue_partition_key": ticket.account,
                },
                ticket.job,
            )

    def forget(self, jobs: list[str]) -> None:
        """Drop what is known of these jobs, so that they can be put in anew."""
        DBOS.delete_workflows(jobs)

    def workers_with_jobs(self) -> set[str]:
        """Every worker, alive or not, that has taken jobs which have not ended."""
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {each.executor_id for each in pending if each.executor_id is not None}

    def has(self, job: str) -> bool:
        """Whether this worker is who has taken the job; asked outside of its run, else DBOS would record it."""
        found = contextvars.Context().run(DBOS.list_workflows, workflow_ids=[job], load_input=False, load_output=False)
        return [(each.status, each.executor_id) for each in found] == [("PENDING", self._worker)]

    def take_over(self, workers: list[str]) -> None:
        """Put the jobs of these workers, who are dead or on their way out, back into their queues."""
        DBOS._recover_pending_workflows(workers)

    def ended(self, jobs: list[str]) -> set[str]:
        """Which of these jobs will not run again: their workflow has ended, or is not known at all."""
        found = DBOS.list_workflows(workflow_ids=jobs, load_input=False, load_output=False) if jobs else []
        return set(jobs) - {each.workflow_id for each in found if each.status not in _ENDED}

    def stop(self, seconds: float, hand_back: Callable[[], None]) -> None:
        """Take no more jobs, let those at work end; what is not done after so many seconds goes to other workers.

        Args:
            seconds: how long to wait.
            hand_back: ends the jobs that are still at work here, called when others can have them.
        """
        ending = threading.Thread(
            target=DBOS.destroy,
            kwargs={"workflow_completion_timeout_sec": round(seconds) + _SECONDS_AFTER_HANDING_BACK},
        )
        ending.start()
        ending.join(seconds)
        if ending.is_alive():
            self.take_over([self._worker])
            hand_back()
            ending.join()

    def _config(self) -> DBOSConfig:
        return {
            "name": _APPLICATION,
            "system_database_url": self._url.render_as_string(hide_password=False),
            "sys_db_pool_size": _CONNECTIONS,
            "application_version": _PROTOCOL,
            "executor_id": self._worker,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
