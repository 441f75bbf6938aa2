"""An id of a job in, the job ended out: taken, prepared, worked on in a child process, kept."""

import logging
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.jobs.child import Ending, Limits, Outcome, Progress, Work, run_in_child
from api.jobs.claim import Claim, NotOurs, Wanted, claim_job, end_job, give_back, still_wanted, tell_progress
from api.jobs.deliveries import announce
from api.jobs.kinds import Desk, Keep, Kind
from api.jobs.problems import fault, kept_dying, problem_of
from api.store.engine import Store
from api.store.files import Files
from api.store.states import JobState

log = logging.getLogger(__name__)
_TRIES_TO_END, _SECONDS_BETWEEN_TRIES = 5, 2.0


@dataclass(frozen=True)
class RunnerSettings:
    """Who works, in which folder of this machine, where ledgers lie, what a job may use, how often it is tried."""

    worker: str
    folder: Path
    ledgers: Path
    limits: Limits
    attempts: int = 10


class JobRunner:
    """Runs jobs; several at once, each on a thread of its own."""

    def __init__(self, store: Store, files: Files, kinds: Mapping[str, Kind], settings: RunnerSettings) -> None:
        self._store = store
        self._files = files
        self._kinds = kinds
        self._settings = settings
        self._leaving = threading.Event()

    def leave(self) -> None:
        """End what is still at work here and let others have it."""
        self._leaving.set()

    def run(self, job: str) -> bool:
        """Work on a job until it has ended; False when it is left to others."""
        while not self._leaving.is_set():
            claim = claim_job(self._store, job, self._settings.worker)
            if claim is None:
                return True
            ended = self._attempt(claim)
            if ended is not None:
                return ended
        return False

    def _attempt(self, claim: Claim) -> bool | None:
        """True: it has ended; False: others have it, or shall; None: it is worth another attempt."""
        if claim.attempt > self._settings.attempts:
            return self._end(claim, JobState.FAILED, _problem(kept_dying(claim.attempt - 1)))
        with self._desk(claim) as desk:
            try:
                return self._work(claim, desk)
            except OperationalError:
                raise
            except Exception as error:
                return self._end(claim, JobState.FAILED, _problem(problem_of(error) or _logged(claim)))

    def _work(self, claim: Claim, desk: Desk) -> bool | None:
        kind = self._kinds[claim.kind]
        watch = _Watch(self._store, claim, self._leaving)
        work = Work(kind.entry, kind.prepare(desk, claim), desk.folder)
        outcome = run_in_child(work, self._settings.limits, watch.go_on)
        if outcome.ending is Ending.RESULT:
            return self._end(claim, JobState.DONE, _result(kind.keep(desk, claim, outcome.content)))
        if outcome.ending is Ending.PROBLEM:
            _log_child(claim, outcome)
            return self._end(claim, JobState.FAILED, _problem(outcome.content))
        if outcome.ending is Ending.DIED:
            _log_child(claim, outcome)
            return None
        if watch.found is Wanted.CANCELLED:
            return self._end(claim, JobState.CANCELLED, _result(lambda _: {}))
        if watch.found is Wanted.YES:
            give_back(self._store, claim)
        return False

    def _end(self, claim: Claim, state: JobState, keep: Keep) -> bool:
        """End the job and announce it; a database that is away for a moment does not cost the work."""

        def kept(session: Session) -> dict[str, Any]:
            values = keep(session)
            announce(session, claim, state, values)
            return values

        for tries_left in reversed(range(_TRIES_TO_END)):
            try:
                end_job(self._store, claim, state, kept)
            except NotOurs:
                log.warning("job %s: attempt %s came too late, nothing of it is kept", claim.job, claim.attempt)
                return False
            except OperationalError:
                if not tries_left:
                    raise
                time.sleep(_SECONDS_BETWEEN_TRIES)
                continue
            break
        return True

    @contextmanager
    def _desk(self, claim: Claim) -> Iterator[Desk]:
        folder = self._settings.folder / f"{claim.job}.{claim.attempt}"
        folder.mkdir(parents=True)
        try:
            yield Desk(self._store, self._files, folder, self._settings.ledgers)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Watch:
    """Told by the child's listener how far it is; answers whether to go on, and remembers why not."""

    def __init__(self, store: Store, claim: Claim, leaving: threading.Event) -> None:
        self._store = store
        self._claim = claim
        self._leaving = leaving
        self._told: Progress | None = None
        self.found = Wanted.YES

    def go_on(self, progress: Progress | None) -> bool:
        try:
            self.found = still_wanted(self._store, self._claim)
            if self.found is Wanted.YES and progress is not None and progress != self._told:
                tell_progress(self._store, self._claim, progress)
                self._told = progress
        except OperationalError as error:
            log.warning("job %s: the database does not answer, the work goes on: %s", self._claim.job, error)
        return self.found is Wanted.YES and not self._leaving.is_set()


def _result(keep: Keep) -> Keep:
    return lambda session: {"result": keep(session)}


def _problem(problem: Mapping[str, Any]) -> Keep:
    return lambda _: {"problem": dict(problem)}


def _logged(claim: Claim) -> dict[str, Any]:
    log.exception("job %s of kind %s failed by a fault of ours", claim.job, claim.kind)
    return fault()


def _log_child(claim: Claim, outcome: Outcome) -> None:
    if outcome.log:
        log.error("job %s, attempt %s, %s:\n%s", claim.job, claim.attempt, outcome.ending.value, outcome.log)
