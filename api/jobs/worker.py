"""A store and settings in, a process that works off jobs out, until it is asked to stop.

Beside the jobs it gives signs of life, takes in new jobs, sweeps for dead workers, submits nights that are due and
sends messages: each a loop of its own, so that a slow one does not hold up the others.
"""

import logging
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from api.jobs.child import Limits
from api.jobs.deliveries import deliver_due
from api.jobs.engine import JobEngine, Queue
from api.jobs.kinds import Kind
from api.jobs.outgoing import Sender
from api.jobs.presence import Presence
from api.jobs.prune import forget_erased, prune
from api.jobs.running import JobRunner, RunnerSettings
from api.jobs.schedule import submit_due
from api.jobs.submission import news
from api.jobs.sweeper import (
    SECONDS_BETWEEN_SIGNS,
    forget_workers,
    give_sign,
    look_after_lost,
    sign_off,
    take_in,
    take_over_from_dead,
)
from api.services.keep_house import Premises, keep_house
from api.store.engine import Store
from api.store.files import Files

log = logging.getLogger(__name__)
AT_ONCE = {Queue.FITS: 1, Queue.TESTS: 1, Queue.BIDS: 2}
LIMITS = Limits(seconds=3600, memory_bytes=4 * 1024**3)


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker may do.

    Attributes:
        engine: database of the engine's own tables.
        folder: of this machine alone; what is worked on lies there.
        ledgers: where accounts' ledgers of bids lie; the same for all workers.
        limits: of one job.
        at_once: how many jobs of each queue.
        attempts: how often a job is begun whose worker or process dies.
        one_machine: all workers of this store are on this machine, as with SQLite.
        private_webhooks: messages may go to addresses that are not public.
        seconds_to_stop: how long jobs at work may take to end when the worker is asked to stop.
    """

    engine: URL
    folder: Path
    ledgers: Path
    limits: Limits = LIMITS
    at_once: Mapping[Queue, int] = field(default_factory=lambda: AT_ONCE)
    attempts: int = 10
    one_machine: bool = False
    private_webhooks: bool = False
    seconds_to_stop: float = 20


class Worker:
    """Works from `start` to `stop`."""

    def __init__(self, store: Store, files: Files, kinds: Mapping[str, Kind], settings: WorkerSettings) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._store = store
        self._kinds = kinds
        self._settings = settings
        self._folder = settings.folder / self.name.replace(":", "-")
        self._premises = Premises(store, files, settings.ledgers)
        self._sender = Sender(private=settings.private_webhooks)
        running = RunnerSettings(self.name, self._folder, settings.ledgers, settings.limits, settings.attempts)
        self._runner = JobRunner(store, files, kinds, running)
        self._engine = JobEngine(settings.engine, self.name, self._runner.run)
        self._presence = Presence(settings.folder)
        self._stopping, self._stopped = threading.Event(), threading.Event()
        self._loops: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; returns at once."""
        if self._presence.first():
            self._tidy_up()
        give_sign(self._store, self.name)
        self._engine.start(self._settings.at_once)
        self._loop("signs", SECONDS_BETWEEN_SIGNS, lambda: give_sign(self._store, self.name), self._stopped)
        self._loop("sweep", 2.0, lambda: take_over_from_dead(self._store, self._engine))
        self._loop("take-in", 0.25, lambda: take_in(self._store, self._engine, self._kinds), wake=news)
        self._loop("lost", 15.0, lambda: look_after_lost(self._store, self._engine))
        self._loop("nights", 5.0, lambda: submit_due(self._store))
        self._loop("messages", 1.0, lambda: deliver_due(self._store, self._sender))
        self._loop("prune", 3600.0, lambda: prune(self._store, self._engine))
        self._loop("forget", 60.0, lambda: forget_erased(self._store, self._engine))
        self._loop("house", 3600.0, self._keep_house)

    def stop(self) -> None:
        """Take no more jobs, let those at work end, hand back the rest; returns when all is done."""
        self._stopping.set()
        news.set()
        self._engine.stop(self._settings.seconds_to_stop, self._runner.leave)
        self._stopped.set()
        for loop in self._loops:
            loop.join()
        sign_off(self._store, self.name)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._presence.leave()

    def _keep_house(self) -> None:
        gone = keep_house(self._premises)
        if gone:
            log.info("gone: %s", ", ".join(f"{count} {name}" for name, count in gone.items()))

    def _tidy_up(self) -> None:
        """Nobody else works on this machine: what lies on desks is left over, and who worked here is gone."""
        for desk in self._settings.folder.iterdir():
            if desk.is_dir():
                shutil.rmtree(desk, ignore_errors=True)
        if self._settings.one_machine:
            forget_workers(self._store)

    def _loop(
        self,
        name: str,
        seconds: float,
        act: Callable[[], Any],
        until: threading.Event | None = None,
        wake: threading.Event | None = None,
    ) -> None:
        """Act every so many seconds, sooner when woken, again at once as long as there is something to do."""
        end = until or self._stopping

        def run() -> None:
            while not end.is_set():
                try:
                    busy = bool(act())
                except Exception:
                    busy = False
                    if not end.is_set():
                        log.exception("the loop %s of worker %s failed and goes on", name, self.name)
                if not busy:
                    (wake or end).wait(seconds)
                    if wake is not None:
                        wake.clear()

        thread = threading.Thread(target=run, name=f"worker-{name}", daemon=True)
        thread.start()
        self._loops.append(thread)
