"""Does the service answer in time while it works? Writes `SERVICE_LOAD.md`.

`rmo serve` as its users start it, with its worker in the same process, on a SQLite file; requests come over sockets
from another process of the same machine, which takes its share of the cores. They come at fixed moments whether earlier
ones are answered or not, and an answer's time counts from its moment, so a service that falls behind cannot hide it. No
plan asks the same as another, so none is answered from memory. Reads are of accounts, models, plans and lists. Both at
their full rates together would need all of two cores, and the sender is on them too: after two minutes of each at
most, the rest of the time has both at half. A fit is at work all the time. Memory is the resident set of the service's
processes, without the fit's. Run as `python -m benchmarks.service_load --minutes 30`; with `--model DIR` a stored model
is brought in, else one is fitted.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil

from api.client import Client
from api.client.transport import Patience
from api.service import Service
from api.services import administer
from api.settings import Settings
from api.store.accounts import NewAccount
from api.store.keys import KeyWish
from api.store.states import Role
from benchmarks.machine import describe_machine
from benchmarks.service_sender import Load, Receiver, Seen, send
from measurement.simulate import WorldKind, WorldSpec, simulate, write_world

PAGE = Path(__file__).parent / "SERVICE_LOAD.md"
PLANS_PER_SECOND, READS_PER_SECOND = 20.0, 200.0
PLAN_P95_SECONDS, READ_P95_SECONDS = 0.3, 0.05
KEYS = 10
LONGEST_PHASE = 120.0
SECONDS_BETWEEN_SAMPLES = 2.0
BUDGETS = itertools.count(1)


@dataclass(frozen=True)
class Stage:
    """A running service with one account: where it answers, keys, a model, a plan, a dataset to fit."""

    url: str
    process: int
    account: str
    keys: tuple[str, ...]
    model: str
    plan: str
    dataset: str

    @property
    def receiver(self) -> Receiver:
        """What requests are sent to."""
        return Receiver(self.url, self.keys)


def main() -> None:
    """Measure each phase and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=3.0, help="length of all phases together")
    parser.add_argument("--model", type=Path, help="a stored model to bring in")
    asked = parser.parse_args()
    seconds = 60 * asked.minutes
    with tempfile.TemporaryDirectory() as room, served(Path(room), asked.model) as stage:
        send(stage.receiver, both(stage, 0.5), min(10.0, seconds / 10))
        memory = Memory(stage.process)
        with fitting(stage):
            each = min(seconds / 4, LONGEST_PHASE)
            rest = seconds - 2 * each
            rows = [
                measured(f"{each:.0f} s", stage, [reads(stage)], each, memory),
                measured(f"{each:.0f} s", stage, [plans(stage)], each, memory),
                measured(f"{rest:.0f} s, both at half their rate", stage, both(stage, 0.5), rest, memory),
            ]
        write_page(rows, memory, asked.minutes)


@contextmanager
def served(room: Path, model: Path | None) -> Iterator[Stage]:
    """The service in a process of its own, with everything that requests need."""
    settings = Settings(data=room / "data")
    service = Service.open(settings)
    account = administer.create_account(service, NewAccount("Load"))["id"]
    keys = tuple(
        administer.create_key(service, KeyWish(account, Role.ANALYST, f"load {number}"))["key"]
        for number in range(KEYS)
    )
    brought = None if model is None else administer.import_model(service, account, model)["id"]
    service.close()
    world = write_world(simulate(WorldSpec(WorldKind.PLAIN, geos=40, weeks=104, channels=4, seed=4)), room / "world")
    command = [
        str(Path(sys.executable).with_name("rmo")),
        "serve",
        "--data",
        str(room / "data"),
        "--port",
        "0",
        "--json",
    ]
    with (
        (room / "log").open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"RMO_LOG_JSON": "true"}
        ) as process,
    ):
        try:
            assert process.stdout is not None
            url = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")["url"]
            with Client(url, keys[0], patience=Patience(tries=12)) as client:
                dataset = client.datasets.upload(world / "panel.csv", "load").id
                fitted = brought or client.models.fit(dataset, progress=True).id
                plan = client.plans.create(fitted, budget=1e6).id
            yield Stage(url, process.pid, account, keys, fitted, plan, dataset)
        finally:
            process.terminate()
            process.wait()


def plans(stage: Stage) -> Load:
    """Plans on the stored model, each with a budget of its own."""
    path = f"/v1/accounts/{stage.account}/plans"
    return Load(
        "plans",
        PLANS_PER_SECOND,
        lambda _: ("POST", path, {"model": stage.model, "budget": 1e6 + 100 * next(BUDGETS), "weeks": 13}),
    )


def reads(stage: Stage) -> Load:
    """What a page of a buyer reads."""
    account = f"/v1/accounts/{stage.account}"
    paths = (
        *(account, f"{account}/models", f"{account}/models/{stage.model}", f"{account}/plans?limit=20"),
        *(f"{account}/plans/{stage.plan}", f"{account}/jobs?limit=20", f"{account}/datasets"),
    )
    return Load("reads", READS_PER_SECOND, lambda number: ("GET", paths[number % len(paths)], None))


def both(stage: Stage, share: float) -> list[Load]:
    """Plans and reads at once, each at a share of its rate."""
    return [replace(load, per_second=share * load.per_second) for load in (plans(stage), reads(stage))]


@contextmanager
def fitting(stage: Stage) -> Iterator[None]:
    """A fit at work all the time: two wait or run at any moment, and that one ran is looked at again and again."""
    over, ran = threading.Event(), []

    def keep_going() -> None:
        with Client(stage.url, stage.keys[0]) as client:
            waiting = [client.models.begin_fit(stage.dataset, seed=0).id]
            while not over.wait(SECONDS_BETWEEN_SAMPLES):
                states = {job: client.jobs.get(job).state for job in waiting}
                ran.append("running" in states.values())
                waiting = [job for job, state in states.items() if state in ("queued", "running")]
                if len(waiting) < 2:
                    waiting.append(client.models.begin_fit(stage.dataset, seed=len(ran)).id)
            for job in waiting:
                client.jobs.cancel(job)

    feeder = threading.Thread(target=keep_going)
    feeder.start()
    try:
        while not any(ran):
            time.sleep(0.2)
        ran.clear()
        yield
    finally:
        over.set()
        feeder.join()
    print(f"a fit ran at {np.mean(ran):.0%} of {len(ran)} looks", flush=True)


def measured(
    name: str, stage: Stage, loads: Sequence[Load], seconds: float, memory: "Memory"
) -> tuple[str, list[Seen]]:
    """A phase, with memory watched."""
    print(f"{name}: {seconds:.0f} s", flush=True)
    with memory.watched():
        return name, send(stage.receiver, loads, seconds)


class Memory:
    """The resident set of the service, over time, in MiB."""

    def __init__(self, process: int) -> None:
        self._process = psutil.Process(process)
        self._began = time.monotonic()
        self.samples: list[tuple[float, float]] = []
        self.told = f"Load average of the machine before: {os.getloadavg()[0]:.1f}."

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Sample meanwhile."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(SECONDS_BETWEEN_SAMPLES):
                self.samples.append((time.monotonic() - self._began, self._mebibytes()))

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _mebibytes(self) -> float:
        """The service and the processes that plan; a fit and the check of an upload come and go."""
        total = self._process.memory_info().rss
        for child in self._process.children():
            try:
                if any("plan_process" in part for part in child.cmdline()):
                    total += child.memory_info().rss
            except psutil.Error:
                continue
        return total / 2**20

    def slope(self) -> float:
        """MiB per minute over the second half."""
        half = self.samples[len(self.samples) // 2 :]
        minutes, mebibytes = np.array(half).T
        return float(np.polyfit(minutes / 60, mebibytes, 1)[0])


def write_page(rows: list[tuple[str, list[Seen]]], memory: Memory, minutes: float) -> None:
    """The page, and the same on the terminal."""
    about = (__doc__ or "").split("\n\n")[1].strip()
    lines = [
        "# The service under load",
        "",
        about,
        "",
        f"{describe_machine()}; {minutes:g} minutes in all. {memory.told}",
        "",
    ]
    lines += ["| phase | requests | per second | p50 ms | p95 ms | p99 ms | largest ms | failures | wanted p95 |"]
    lines += ["|---|---|---|---|---|---|---|---|---|"]
    for name, all_seen in rows:
        for seen in all_seen:
            wanted = PLAN_P95_SECONDS if seen.name == "plans" else READ_P95_SECONDS
            p50, p95, p99 = (1000 * np.quantile(seen.seconds, (0.5, 0.95, 0.99))).round(1)
            verdict = f"{1000 * wanted:.0f}: {'reached' if p95 < 1000 * wanted and not seen.failures else 'missed'}"
            lines.append(
                f"| {name}: {seen.name} | {len(seen.seconds)} | {seen.per_second:.0f} | {p50} | {p95} | {p99} | "
                f"{1000 * seen.seconds.max():.0f} | {seen.failures} | {verdict} |"
            )
    first, last = memory.samples[0][1], memory.samples[-1][1]
    most = max(sample for _, sample in memory.samples)
    latest = max(seen.late for _, all_seen in rows for seen in all_seen)
    lines += ["", f"Memory: {first:.0f} MiB at the beginning, {last:.0f} at the end, {most:.0f} at most;"]
    lines += [f"over the second half it grew by {memory.slope():+.2f} MiB a minute."]
    lines += [f"The sender was {1000 * latest:.0f} ms late at worst."]
    text = "\n".join([*lines, ""])
    print(text)
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
