"""Two workers on one PostgreSQL against one; a worker killed in the middle of a fit; ten thousand accounts' nights.

    python -m benchmarks.service_workers [--waits 160] [--fits 2] [--takeovers 4] [--accounts 10000] [--nights 24]

Nights are simulated twice: all accounts with a job that does next to nothing in its child, which shows what the queue,
the tables and starting processes cost; and some with a job that loads the whole bidding program and computes for as
long as `--night-seconds` says. Writes `SERVICE_WORKERS.md`.
"""

import argparse
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time as clock
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, insert, select, update

from api.jobs.schedule import set_nightly
from api.jobs.submission import BID_RUN, FIT, submit
from api.service import Service
from api.store.columns import now
from api.store.datasets import NewDataset, add_dataset
from api.store.ids import Kind, new_id
from api.store.tables import Account, Job
from api.store.work_tables import NightlyBids
from benchmarks.machine import describe_machine
from benchmarks.service_crash import small_panel
from benchmarks.service_processes import Station, database, settings_for
from benchmarks.service_station import WAIT

REPORT = Path(__file__).with_name("SERVICE_WORKERS.md")
AT_ONCE, WAIT_SECONDS, ACCOUNTS = 4, 1.0, 16
HOURS_OF_NIGHT = 6


@dataclass(frozen=True)
class House:
    """A service on an empty PostgreSQL, and how to start its workers."""

    service: Service
    environment: dict[str, str]
    folder: Path


@contextmanager
def house(**given: Any) -> Iterator[House]:
    """An empty service."""
    with database("postgresql") as url, TemporaryDirectory(prefix="rmo-workers-") as folder:
        settings, environment = settings_for(url, Path(folder), jobs_per_account=100_000, seconds_to_stop=5, **given)
        service = Service.open(settings)
        yield House(service, environment, Path(folder))
        service.close()


@contextmanager
def workers(at: House, count: int) -> Iterator[list[Station]]:
    """So many workers, ready; each on cores of its own where there are enough."""
    stations = [Station("worker", 0, at.environment, at.folder / f"worker-{number}.log") for number in range(count)]
    for station in stations:
        station.start()
    for station in stations:
        station.wait_until_ready()
    yield stations
    for station in stations:
        station.stop()


def add_accounts(service: Service, count: int) -> list[str]:
    """Accounts without keys."""
    ids = [new_id(Kind.ACCOUNT) for _ in range(count)]
    rows = [{"id": each, "name": each, "currency": "USD", "time_zone": "UTC", "created": now()} for each in ids]
    with service.store.writing() as session:
        session.execute(insert(Account), rows)
    return ids


def until_ended(service: Service, every: float = 0.1) -> float:
    """Seconds from the first submission to the last end, by the rows."""
    while True:
        with service.store.reading() as session:
            if not session.scalar(select(func.count()).where(Job.ended.is_(None))):
                first, last = session.execute(select(func.min(Job.created), func.max(Job.ended))).one()
                return float((last - first).total_seconds())
        time.sleep(every)


def time_waits(count: int, jobs: int) -> float:
    """Seconds in which so many workers work off jobs that wait."""
    with house(bids_at_once=AT_ONCE) as at:
        accounts = add_accounts(at.service, ACCOUNTS)
        with workers(at, count):
            with at.service.store.writing() as session:
                for number in range(jobs):
                    submit(session, accounts[number % ACCOUNTS], WAIT, {"seconds": WAIT_SECONDS})
            return until_ended(at.service)


def submit_fits(at: House, jobs: int) -> list[str]:
    """Fits of a small panel, each of an account of its own."""
    panel = at.folder / "panel.csv"
    panel.write_text(small_panel())
    submitted = []
    for account in add_accounts(at.service, jobs):
        sha256 = at.service.files.put(account, panel)
        with at.service.store.writing() as session:
            dataset = add_dataset(session, NewDataset(account, "small", sha256, "panel.csv", 60, {})).id
            submitted.append(submit(session, account, FIT, {"dataset": dataset, "seed": 0}).id)
    return submitted


def time_fits(count: int, jobs: int) -> float:
    """Seconds in which so many workers fit small models, each one at a time."""
    with house() as at, workers(at, count):
        submit_fits(at, jobs)
        return until_ended(at.service)


def time_takeovers(times: int) -> list[float]:
    """Seconds from the kill of a worker in the middle of a fit until another one has begun it anew."""
    found = []
    for _ in range(times):
        with house() as at, workers(at, 2) as stations:
            (job,) = submit_fits(at, 1)
            row = _when(at.service, job, lambda row: row.progress is not None)
            process = next(s.process for s in stations if s.process and f":{s.process.pid}:" in str(row.worker))
            killed = time.monotonic()
            os.kill(process.pid, signal.SIGKILL)
            _when(at.service, job, lambda row: row.attempts == 2)
            found.append(time.monotonic() - killed)
    return found


def _when(service: Service, job: str, condition: Any) -> Job:
    while True:
        with service.store.reading() as session:
            row = session.get(Job, job)
        if row is not None and (condition(row) or row.ended):
            return row
        time.sleep(0.05)


def time_nights(accounts: int, seconds: float, at_once: int) -> tuple[float, int]:
    """Seconds in which two workers work off a night of so many accounts, and how many jobs are not done in the end."""
    with house(bids_at_once=at_once) as at:
        ids = add_accounts(at.service, accounts)
        due = now() - timedelta(seconds=1)
        request = {"seconds": seconds, "light": seconds == 0}
        with at.service.store.writing() as session:
            owners = session.scalars(select(Account).where(Account.id.in_(ids[:1]))).all()
            first = set_nightly(session, owners[0], clock(0, 0), request)
            session.flush()
            rows = [
                {"account_id": each, "at": first.at, "request": request, "next_day": first.next_day, "next_at": due}
                for each in ids[1:]
            ]
            if rows:
                session.execute(insert(NightlyBids), rows)
            session.execute(update(NightlyBids).values(next_at=due))
        with workers(at, 2):
            _until_submitted(at.service, accounts)
            taken = until_ended(at.service, 1.0)
        with at.service.store.reading() as session:
            done = session.scalar(select(func.count()).where(Job.kind == BID_RUN, Job.result.is_not(None))) or 0
        return taken, accounts - done


def _until_submitted(service: Service, count: int) -> None:
    while True:
        with service.store.reading() as session:
            if (session.scalar(select(func.count()).where(Job.kind == BID_RUN)) or 0) >= count:
                return
        time.sleep(0.5)


def report(given: argparse.Namespace, found: dict[str, Any]) -> str:
    """The page."""
    waits, fits, takeovers = found["waits"], found["fits"], found["takeovers"]
    light, left = found["light"]
    heavy, heavy_left = found["heavy"]
    per_night = heavy * 2 / given.nights
    lines = [
        "# Workers",
        "",
        "`python -m benchmarks.service_workers` writes this page. " + describe_machine() + ". PostgreSQL, both workers "
        "and the processes of their jobs share these cores.",
        "",
        "| | one worker | two workers | times as fast |",
        "|---|---|---|---|",
        f"| {given.waits} jobs that wait {WAIT_SECONDS:.0f} s, {AT_ONCE} at once by worker | {waits[0]:.1f} s | "
        f"{waits[1]:.1f} s | **{waits[0] / waits[1]:.2f}** |",
        f"| {given.fits} fits of 2 geos × 30 weeks, one at once by worker | {fits[0]:.0f} s | {fits[1]:.0f} s | "
        f"{fits[0] / fits[1]:.2f} |",
        "",
        "A fit keeps two cores busy by itself, so a second worker on the same two cores adds little to fits.",
        "",
        f"A worker killed with -9 in the middle of a fit: another one begins it anew after "
        f"{', '.join(f'{seconds:.1f}' for seconds in takeovers)} s (at most **{max(takeovers):.1f} s**).",
        "",
        f"A night of {given.accounts:,} accounts on two workers: submitted by the schedule and worked off in "
        f"**{light / 60:.1f} minutes**, {given.accounts / light:.1f} jobs a second, {left} not done, with jobs that do "
        "next to nothing in a child process of their own.",
        "",
        f"With the bidding program loaded and {given.night_seconds:g} s of computing in each: {given.nights} nights in "
        f"{heavy:.0f} s ({heavy_left} not done), so one account's night takes {per_night:.1f} s of a core. A night of "
        f"100,000 accounts within {HOURS_OF_NIGHT} hours needs {100_000 * per_night / (HOURS_OF_NIGHT * 3600):.0f} "
        f"cores, or {100_000 * per_night / (HOURS_OF_NIGHT * 3600 * 8):.1f} machines of 8.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the page."""
    options = argparse.ArgumentParser()
    options.add_argument("--waits", type=int, default=160)
    options.add_argument("--fits", type=int, default=2)
    options.add_argument("--takeovers", type=int, default=4)
    options.add_argument("--accounts", type=int, default=10_000)
    options.add_argument("--nights", type=int, default=24)
    options.add_argument("--night-seconds", type=float, default=0.5)
    options.add_argument("--out", type=Path, default=REPORT)
    given = options.parse_args()
    found = {
        "waits": [time_waits(count, given.waits) for count in (1, 2)],
        "takeovers": time_takeovers(given.takeovers),
        "fits": [time_fits(count, given.fits) for count in (1, 2)],
        "heavy": time_nights(given.nights, given.night_seconds, 1),
        "light": time_nights(given.accounts, 0, 4),
    }
    given.out.write_text(report(given, found))
    print(report(given, found))


if __name__ == "__main__":
    main()
