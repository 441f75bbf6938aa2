"""What clients were answered and a service after its crashes in, what became of every job, and each fault, out."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil
from sqlalchemy import create_engine, select, text

from api.jobs.engine import engine_database
from api.service import Service
from api.store.files import sha256_of
from api.store.tables import AuditEntry, Delivery, Job, Model
from benchmarks.service_processes import Station
from benchmarks.service_station import KEPT, WAIT


@dataclass
class Load:
    """What the clients sent and were answered: job by idempotency key."""

    answered: dict[str, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class Found:
    """What one run on one database showed."""

    database: str
    kills: Counter[str]
    seconds: float
    drained: float
    jobs: int
    states: Counter[str]
    attempts: int
    faults: list[str]


def reckon(service: Service, load: Load, found: Found) -> Found:
    """Hold the tables, the files and the engine against what clients were answered."""
    with service.store.reading() as session:
        jobs = list(session.scalars(select(Job)))
        kept = Counter(session.scalars(select(AuditEntry.object).where(AuditEntry.action == KEPT)))
        models = list(session.scalars(select(Model)))
        told = Counter(delivery.body["data"]["job"]["id"] for delivery in session.scalars(select(Delivery)))
    found.jobs, found.states = len(jobs), Counter(job.state.value for job in jobs)
    found.attempts = sum(job.attempts for job in jobs)
    ids = {job.id for job in jobs}
    done = {job.id: job for job in jobs if job.state.value == "done"}
    of_models = Counter(model.job_id for model in models)
    faults = found.faults
    faults += [f"accepted and lost: {job}" for job in load.answered.values() if job not in ids]
    faults += [f"nobody's: {job}" for job in ids - set(load.answered.values())]
    faults += [f"two jobs of one key: {job}" for job, n in Counter(load.answered.values()).items() if n > 1]
    faults += [f"not ended: {job.id} {job.state.value}" for job in jobs if not job.state.ended]
    faults += [f"failed: {job.id} {job.problem}" for job in jobs if job.state.value == "failed"]
    times = {job.id: (kept if job.kind == WAIT else of_models)[job.id] for job in done.values()}
    faults += [f"{job} was kept {count} times" for job, count in times.items() if count != 1]
    faults += [f"{job.id} was told {told[job.id]} times" for job in jobs if told[job.id] != 1]
    faults += [f"not done and kept: {job}" for job in set(kept) - set(done)]
    for model in models:
        path = service.files.fetch(model.account_id, model.sha256)
        faults += [] if sha256_of(path) == model.sha256 else [f"file of {model.id} is damaged"]
    _count_engine(service, found)
    return found


def _count_engine(service: Service, found: Found) -> None:
    """Nothing waits or runs in the engine, and SQLite finds its own files whole."""
    url = engine_database(service.store.engine.url)
    engine = create_engine(url)
    table = "workflow_status" if url.get_backend_name() == "sqlite" else "dbos.workflow_status"
    deadline = time.monotonic() + 30
    with engine.connect() as connection:
        while True:
            rows = connection.execute(text(f"SELECT status, COUNT(*) FROM {table} GROUP BY status")).all()
            connection.rollback()
            left = {status: count for status, count in rows if status in ("PENDING", "ENQUEUED", "DELAYED")}
            if not left or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        if left:
            found.faults.append(f"left in the engine: {left}")
        if url.get_backend_name() == "sqlite":
            check = connection.execute(text("PRAGMA integrity_check")).scalar()
            found.faults += [] if check == "ok" else [f"engine's file: {check}"]
    engine.dispose()
    if url.get_backend_name() == "sqlite":
        with service.store.engine.connect() as connection:
            check = connection.execute(text("PRAGMA integrity_check")).scalar()
            strays = connection.execute(text("PRAGMA foreign_key_check")).all()
        found.faults += [] if check == "ok" and not strays else [f"the store's file: {check}, {strays}"]


def reckon_processes(stations: list[Station], found: Found) -> None:
    """No child outlives its worker."""
    mine = {station.environment["RMO_DATA"] for station in stations}
    for process in psutil.process_iter():
        try:
            folder = process.cwd()
            if any(folder.startswith(data) for data in mine):
                found.faults.append(f"left over: {' '.join(process.cmdline())}")
        except psutil.Error:
            continue
