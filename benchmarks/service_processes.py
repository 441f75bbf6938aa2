"""Roles, a database and a folder in, running processes of the service out; and somebody who asks them over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from api.service import Service
from api.services.administer import create_account as make_account
from api.services.administer import create_key
from api.settings import Settings, read_settings
from api.store.accounts import NewAccount
from api.store.keys import KeyWish
from api.store.states import Role
from benchmarks.postgres import fresh_database, postgres_server

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Station:
    """One process of the service, started again under the same name and port when it is gone."""

    role: str
    port: int
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Start it; it needs a few seconds until it answers."""
        command = [sys.executable, "-m", "benchmarks.service_station", self.role, str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=dict(self.environment), stdout=subprocess.PIPE, stderr=log
            )
        self.starts += 1

    def wait_until_ready(self) -> None:
        """Until it says that it is at work, or is gone."""
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.readline()

    def alive(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it as a loss of power would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Ask it to stop, and wait."""
        if self.process is not None and self.alive():
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.kill()

    def children(self) -> list[psutil.Process]:
        """Processes of jobs that this one has at work, theirs included."""
        if not self.alive():
            return []
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of an empty database; PostgreSQL of TEST_DATABASE_URL, else a server of our own."""
    with tempfile.TemporaryDirectory(prefix="rmo-benchmark-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/rmo.sqlite"
            return
        with postgres_server() as server, fresh_database(server) as url:
            yield url


def settings_for(url: str, folder: Path, **given: Any) -> tuple[Settings, dict[str, str]]:
    """Settings, and the environment that tells them to a process."""
    chosen = {"data": str(folder / "data"), "database_url": url, **given}
    environment = {f"RMO_{name.upper()}": str(value) for name, value in chosen.items()}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return read_settings(**chosen), dict(os.environ) | environment


def accounts_with_keys(service: Service, count: int) -> list[tuple[str, str]]:
    """Accounts and a key for each."""
    made = []
    for number in range(count):
        wanted = NewAccount(name=f"account {number}", currency="USD", time_zone="UTC")
        account = make_account(service, wanted)["id"]
        made.append((account, create_key(service, KeyWish(account, Role.ADMIN, "benchmark"))["key"]))
    return made


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(client: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
    """Ask until somebody answers, and until there is room: what any careful client does."""
    while True:
        with suppress(httpx.HTTPError):
            answer = client.request(method, path, **given)
            if answer.status_code not in (429, 503):
                return answer
        time.sleep(0.2)
