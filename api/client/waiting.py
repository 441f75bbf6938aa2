"""A job in, its end out, with progress told meanwhile: as the service sends it, else by asking every now and then."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx

from api.client.errors import JobCancelled, JobFailed, Problem, StillRunning, Unreachable
from api.client.transport import Transport
from api.client.values import Job

Progress = Callable[[Job], None]
SECONDS_BETWEEN_QUESTIONS = 1.0


def wait_for(transport: Transport, path: str, told: Progress | None = None, seconds: float | None = None) -> Job:
    """The job at its end.

    Args:
        transport: to the service.
        path: of the job.
        told: handed the job whenever it has changed.
        seconds: how long to wait at most.

    Raises:
        JobFailed, JobCancelled: it did not end well.
        StillRunning: the time is over.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    latest: Job | None = None
    for job in _changes(transport, path, deadline):
        if told is not None and job != latest:
            told(job)
        latest = job
        if job.state == "failed":
            raise JobFailed(job)
        if job.state == "cancelled":
            raise JobCancelled(job)
        if job.ended:
            return job
        if deadline is not None and time.monotonic() > deadline:
            raise StillRunning(job)
    raise AssertionError


def told_in_words(job: Job) -> None:
    """One line on standard error, written over by the next."""
    progress = job.progress or {}
    parts = [f"{job.kind} {job.state}", str(progress.get("stage") or "")]
    done, total = progress.get("draws_done"), progress.get("draws_total")
    if total:
        parts.append(f"{done:,} of {total:,} draws")
    if progress.get("seconds_left") is not None and not job.ended:
        parts.append(f"about {progress['seconds_left']:.0f} s left")
    line = ", ".join(part for part in parts if part)
    print(f"\r{line:<100}", end="\n" if job.ended else "", file=sys.stderr, flush=True)


def _changes(transport: Transport, path: str, deadline: float | None) -> Iterator[Job]:
    """The job again and again until nobody listens; a stream that breaks off is taken up by asking."""
    while True:
        with suppress(Unreachable, Problem, httpx.StreamError):
            yield from _streamed(transport, path, _left(deadline))
        yield Job.of(transport.json("GET", path))
        time.sleep(min(SECONDS_BETWEEN_QUESTIONS, _left(deadline) or SECONDS_BETWEEN_QUESTIONS))


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(deadline - time.monotonic(), 0.01)


def _streamed(transport: Transport, path: str, seconds: float | None) -> Iterator[Job]:
    with transport.stream(f"{path}/events", seconds) as response:
        name, data = "", ""
        for line in response.iter_lines():
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data += line[5:].strip()
            elif not line:
                if name == "job" and data:
                    yield Job.of(json.loads(data))
                name, data = "", ""
