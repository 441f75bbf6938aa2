"""Work for child processes that tests can steer, in a module of its own, and workers in and beside this process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.jobs.claim import Claim
from api.jobs.engine import Queue, engine_database
from api.jobs.kinds import Desk, Keep, Kind
from api.jobs.submission import submit
from api.jobs.worker import Worker, WorkerSettings
from api.store.engine import Store
from api.store.tables import Account, Job

ACCOUNT = f"acc_{0:026}"

ERRANDS = '''
import multiprocessing, os, subprocess, sys, time
from measurement.errors import PanelError, SamplingStopped

def double(request, tell):
    tell({"stage": "doubling", "done": 1})
    time.sleep(request.get("seconds", 0))
    return {"double": 2 * request["number"]}

def bad_panel(request, tell):
    raise PanelError("panel.csv: row 3, column sales: 'x' is not a number; write a number")

def fault(request, tell):
    raise RuntimeError("a secret of the inside")

def chain_ended(request, tell):
    raise SamplingStopped("a sampling process ended before its chains did")

def manager_ended(request, tell):
    manager = multiprocessing.get_context("spawn").Manager()
    messages = manager.Queue()
    manager._process.kill()
    messages.get(timeout=5)

def hold(request, tell):
    held = bytearray(request["bytes"])
    for place in range(0, len(held), 4096):
        held[place] = 1
    time.sleep(60)

def family(request, tell):
    """A grandchild that would outlive everybody, and a process that keeps the interpreter to itself."""
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(request["pids"] + ".part", "w") as file:
        file.write(f"{os.getpid()} {grandchild.pid}")
    os.rename(request["pids"] + ".part", request["pids"])
    while True:
        pass
'''


@pytest.fixture
def errands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The module's name."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "errands.py").write_text(ERRANDS)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return "errands"


@pytest.fixture
def account(store: Store) -> str:
    with store.writing() as session:
        session.add(Account(id=ACCOUNT, name="Acme", currency="USD", time_zone="America/New_York"))
    return ACCOUNT


def _keep(desk: Desk, claim: Claim, result: Mapping[str, Any]) -> Keep:
    return lambda _: dict(result)


def kinds(module: str) -> dict[str, Kind]:
    """A kind for each errand, of the same name."""
    names = ("double", "bad_panel", "fault", "chain_ended", "family")
    return {name: Kind(Queue.BIDS, f"{module}:{name}", lambda _, claim: claim.request, _keep) for name in names}


def settings_for(store: Store, folder: Path, **given: Any) -> WorkerSettings:
    return WorkerSettings(engine_database(store.engine.url), folder, folder / "ledgers", **given)


@pytest.fixture
def worker(tmp_path: Path, store: Store, account: str, errands: str) -> Iterator[Worker]:
    """A worker in this process that tries each job three times."""
    settings = settings_for(store, tmp_path / "desks", attempts=3, seconds_to_stop=2)
    worker = Worker(store, None, kinds(errands), settings)
    worker.start()
    yield worker
    worker.stop()


def submitted(store: Store, kind: str, **request: Any) -> str:
    with store.writing() as session:
        return submit(session, ACCOUNT, kind, request).id


def job_when(store: Store, job: str, condition: Callable[[Job], bool], seconds: float = 20) -> Job:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with store.reading() as session:
            row = session.scalars(select(Job).where(Job.id == job)).one()
        if condition(row):
            return row
        time.sleep(0.05)
    raise AssertionError(f"{row.state} {row.problem}")


def ended(row: Job) -> bool:
    return row.state.ended


STATION = """
import signal, sys, threading
from pathlib import Path
from tests.api.jobs.conftest import kinds, settings_for
from api.jobs.worker import Worker
from api.store.engine import Store, make_engine

if __name__ == "__main__":
    store = Store(make_engine(sys.argv[1]))
    worker = Worker(store, None, kinds("errands"), settings_for(store, Path(sys.argv[2]), seconds_to_stop=2))
    worker.start()
    print(worker.name, flush=True)
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    asked.wait()
    worker.stop()
"""


@pytest.fixture
def station(tmp_path: Path, store: Store, url: str, errands: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts workers in processes of their own; the first line that one says is its name."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "station.py").write_text(STATION)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ["PYTHONPATH"]])}

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, str(tmp_path / "station.py"), url, str(tmp_path / "d")]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
