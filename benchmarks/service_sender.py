"""Requests and their rates in, how long each answer took out; sent at fixed moments by threads of this process.

Clients of HTTP that wait side by side in one thread cost more than the service that they measure.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import numpy as np

CONNECTIONS = 32
Request = tuple[str, str, dict[str, object] | None]


@dataclass(frozen=True)
class Receiver:
    """Where the service answers, and keys that take turns."""

    url: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """One kind of request, so many a second: `request(number)` gives method, path and body."""

    name: str
    per_second: float
    request: Callable[[int], Request]


@dataclass(frozen=True)
class Seen:
    """What came of a load: seconds of every answer, and how many were no success."""

    name: str
    seconds: np.ndarray
    failures: int
    late: float
    per_second: float


def send(to: Receiver, loads: Sequence[Load], seconds: float) -> list[Seen]:
    """All loads side by side, and what came of each."""
    with ThreadPoolExecutor(len(loads)) as senders:
        return list(senders.map(lambda load: _send_one(to, load, seconds), loads))


def _send_one(to: Receiver, load: Load, seconds: float) -> Seen:
    """Requests at their moments, on connections that stay open."""
    count = round(load.per_second * seconds)
    times, failed = np.zeros(count), np.zeros(count, dtype=bool)
    late, own = 0.0, threading.local()

    def ask(number: int, due: float) -> None:
        failed[number] = not _asked(own, to.url, load.request(number), to.keys[number % len(to.keys)])
        times[number] = time.perf_counter() - due

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as connections:
        for number in range(count):
            due = began + number / load.per_second
            time.sleep(max(due - time.perf_counter(), 0))
            late = max(late, time.perf_counter() - due)
            connections.submit(ask, number, due)
    return Seen(load.name, times, int(failed.sum()), late, load.per_second)


def _asked(own: threading.local, url: str, request: Request, key: str) -> bool:
    """One request of this thread's connection; whether it was answered as it should."""
    method, path, body = request
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if not hasattr(own, "connection"):
        own.connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        own.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = own.connection.getresponse()
        answer.read()
    except (HTTPException, OSError):
        own.connection.close()
        return False
    return bool(answer.status < 300)
