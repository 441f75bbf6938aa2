"""Kill the service's processes at random points under load, then count: nothing lost, nothing twice, everything ended.

    python -m benchmarks.service_crash [--kills 120] [--fits 2] [--databases sqlite,postgresql]

Clients send requests with an Idempotency-Key and repeat each until it is answered. Meanwhile one process after the
other is killed with -9: the API, workers, children at work and their own children. Afterwards the tables, the engine's
tables, the files and the processes left over are counted. Writes `SERVICE_CRASH.md`.
"""

import argparse
import random
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import psutil
from sqlalchemy import func, select

from api.service import Service
from api.store.datasets import NewDataset, add_dataset
from api.store.tables import Job
from api.store.webhooks import NewWebhook, add_webhook
from benchmarks.machine import describe_machine
from benchmarks.service_processes import Station, accounts_with_keys, ask, database, free_port, settings_for
from benchmarks.service_reckoning import Found, Load, reckon, reckon_processes

REPORT = Path(__file__).with_name("SERVICE_CRASH.md")
ACCOUNTS = 6
SECONDS_BETWEEN_KILLS = (0.2, 5.0)
LONGEST_DRAIN = 1800.0
SHARE_OF_KILLS_AFTER_ITS_START = 0.8
"""Else a process that is killed time and again while it starts would never be at work; the others may hit it so."""
ROLES = {"sqlite": ("serve",), "postgresql": ("api", "worker", "worker")}


def run(kind: str, kills: int, fits: int) -> Found:
    """One database: load, kills, drain, count."""
    with database(kind) as url, TemporaryDirectory(prefix="rmo-crash-") as folder:
        settings, environment = settings_for(
            url, Path(folder), bids_at_once=3, job_attempts=1000, seconds_to_stop=5, jobs_per_account=20
        )
        service = Service.open(settings)
        owners = accounts_with_keys(service, ACCOUNTS)
        _hooks(service, owners)
        port = free_port()
        roles = ROLES[kind]
        stations = [Station(role, port, environment, Path(folder) / f"{i}.log") for i, role in enumerate(roles)]
        for station in stations:
            station.start()
        load, started = Load(), time.monotonic()
        clients = [threading.Thread(target=_client, args=(port, owner, load)) for owner in owners]
        for client in clients:
            client.start()
        _send_fits(service, port, owners[0], fits, load)
        killed = _kill_at_random(stations, kills)
        load.stop.set()
        for client in clients:
            client.join()
        seconds = time.monotonic() - started
        drained = _drain(service, stations)
        found = reckon(service, load, Found(kind, killed, seconds, drained, 0, Counter(), 0, []))
        for station in stations:
            station.stop()
        reckon_processes(stations, found)
        if found.faults:
            for station in stations:
                print(station.log.read_text()[-8000:], file=sys.stderr)
        service.close()
        return found


def _client(port: int, owner: tuple[str, str], load: Load) -> None:
    account, key = owner
    chance = random.Random(account)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        while not load.stop.is_set():
            name = str(uuid.UUID(int=chance.getrandbits(128)))
            _submit(client, f"/v1/accounts/{account}/waits", {"seconds": chance.uniform(0, 2)}, key, name, load)
            time.sleep(chance.uniform(0.2, 1.5))


def _submit(client: httpx.Client, path: str, body: dict[str, Any], key: str, name: str, load: Load) -> None:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name}
    answer = ask(client, "POST", path, json=body, headers=headers)
    answer.raise_for_status()
    load.answered[name] = answer.json()["id"]


def _send_fits(service: Service, port: int, owner: tuple[str, str], fits: int, load: Load) -> None:
    """Real fits of a small panel; of an account that has nothing else to do in that queue."""
    account, key = owner
    panel = service.settings.scratch / "panel.csv"
    panel.write_text(small_panel())
    sha256 = service.files.put(account, panel)
    with service.store.writing() as session:
        dataset = add_dataset(session, NewDataset(account, "small", sha256, "panel.csv", 60, {})).id
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        for number in range(fits):
            body = {"dataset": dataset, "seed": number}
            _submit(client, f"/v1/accounts/{account}/models", body, key, f"fit-{number}", load)


def small_panel(geos: int = 2, weeks: int = 30) -> str:
    """A panel that is fitted within a minute."""
    chance = np.random.default_rng(1)
    rows = ["date,geo,sales,tv_spend,search_spend"]
    for geo in range(geos):
        for week in range(weeks):
            tv, search = chance.gamma(4, 250), chance.gamma(4, 100)
            sales = 20_000 * (1 + 0.3 * geo) + 1.5 * tv + 2 * search + chance.normal(0, 500)
            rows.append(f"{np.datetime64('2024-01-01') + 7 * week},g{geo},{sales:.2f},{tv:.2f},{search:.2f}")
    return "\n".join(rows) + "\n"


def _hooks(service: Service, owners: list[tuple[str, str]]) -> None:
    """Every account wants to be told; nobody listens at that address, so messages stay where they can be counted."""
    with service.store.writing() as session:
        for account, _ in owners:
            events = ("job.done", "job.failed", "job.cancelled")
            add_webhook(session, NewWebhook(account, "https://127.0.0.1:1/nobody", events))


def _kill_at_random(stations: list[Station], kills: int) -> Counter[str]:
    """Kill, each time one of what there is, by turns of kind; start again what is gone."""
    chance, killed = random.Random(7), Counter[str]()
    while sum(killed.values()) < kills:
        time.sleep(chance.uniform(*SECONDS_BETWEEN_KILLS))
        children = [child for station in stations for child in station.children()]
        victims: dict[str, list[Any]] = {}
        for station in stations:
            victims.setdefault(station.role, []).append(station)
        if children:
            victims["child"] = children
        kind = min(victims, key=lambda name: (killed[name], chance.random()))
        victim = chance.choice(victims[kind])
        if isinstance(victim, Station) and chance.random() < SHARE_OF_KILLS_AFTER_ITS_START:
            victim.wait_until_ready()
            time.sleep(chance.uniform(*SECONDS_BETWEEN_KILLS))
        _kill(victim)
        killed[kind] += 1
        for station in stations:
            if not station.alive():
                station.start()
    return killed


def _kill(victim: Station | psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        victim.kill()


def _drain(service: Service, stations: list[Station]) -> float:
    """Wait until all jobs have ended; nobody is killed any more. Returns seconds."""
    started = time.monotonic()
    while time.monotonic() - started < LONGEST_DRAIN:
        for station in stations:
            if not station.alive():
                station.start()
        with service.store.reading() as session:
            left = session.scalar(select(func.count()).where(Job.ended.is_(None)))
        if not left:
            break
        time.sleep(0.5)
    return time.monotonic() - started


def report(all_found: list[Found]) -> str:
    """The page."""
    lines = [
        "# The service, killed",
        "",
        "`python -m benchmarks.service_crash` writes this page. " + describe_machine() + ".",
        "",
        f"{ACCOUNTS} clients send jobs and repeat each request, with the same Idempotency-Key, until it is answered. "
        f"Meanwhile processes are killed with -9 at random points, {SECONDS_BETWEEN_KILLS[0]} to "
        f"{SECONDS_BETWEEN_KILLS[1]:.0f} seconds apart or after a start: on SQLite the embedded service and the "
        "processes of jobs; on PostgreSQL the API, one of two workers, and the processes of jobs. Most jobs wait up to "
        "two seconds in a child process, some are real fits. When the kills end, the jobs that are "
        "left are worked off, and everything is counted.",
        "",
        "| | " + " | ".join(found.database for found in all_found) + " |",
        "|---|" + "---|" * len(all_found),
    ]
    rows = {
        "kills": lambda f: str(sum(f.kills.values())),
        "of which": lambda f: ", ".join(f"{name} {count}" for name, count in sorted(f.kills.items())),
        "seconds under fire": lambda f: f"{f.seconds:.0f}",
        "seconds until the rest was done": lambda f: f"{f.drained:.0f}",
        "accepted requests": lambda f: str(f.jobs),
        "jobs by how they ended": lambda f: ", ".join(f"{name} {count}" for name, count in sorted(f.states.items())),
        "attempts": lambda f: str(f.attempts),
        "**faults**": lambda f: f"**{len(f.faults)}**",
    }
    lines += [f"| {name} | " + " | ".join(of(found) for found in all_found) + " |" for name, of in rows.items()]
    lines += [
        "",
        "Counted as a fault: an accepted request without its job; a job that nobody sent; two jobs for one key; a job "
        "that has not ended, or failed; a result kept twice or not at all (an entry of the audit trail, a model); a "
        "message about a job's end that was written twice or not at all; a file that its hash does not fit; a job left "
        "in the engine; a damaged database; a process left over.",
    ]
    lines += [f"\n- {found.database}: {fault}" for found in all_found for fault in found.faults]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Both databases, the page, and exit code 1 where there was a fault."""
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=120)
    options.add_argument("--fits", type=int, default=2)
    options.add_argument("--databases", default="sqlite,postgresql")
    options.add_argument("--out", type=Path, default=REPORT)
    given = options.parse_args()
    names = given.databases.split(",")
    with ProcessPoolExecutor(len(names), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(run, names, repeat(given.kills), repeat(given.fits)))
    given.out.write_text(report(found))
    print(report(found))
    raise SystemExit(1 if any(each.faults for each in found) else 0)


if __name__ == "__main__":
    main()
