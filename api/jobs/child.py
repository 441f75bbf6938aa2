"""Work, limits and a listener in, how the work ended out: done in a process group of its own that never outlives us.

The child writes into a folder of its own; whoever asked takes from there what is complete and drops the folder.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from api.jobs.memory import held_by_group
from api.jobs.problems import out_of_memory, out_of_time
from api.jobs.work import OUTCOME, REQUEST
from api.plain_json import as_text

SECONDS_BETWEEN_CHECKS = 1.0
SECONDS_TO_END = 3.0
_LOG, _LOG_TAIL_BYTES = "log.txt", 16_384
_CODE_ROOT = Path(__file__).resolve().parents[2]

Progress = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a child may use: wall time, and memory of all its processes together."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class Work:
    """What the child does: `module:function`, what that is handed, and an empty folder, its working directory."""

    entry: str
    request: Mapping[str, Any]
    folder: Path


class Ending(Enum):
    """How the work ended."""

    RESULT = "result"
    PROBLEM = "problem"
    STOPPED = "stopped"
    """The listener no longer wanted it."""
    DIED = "died"
    """Ended from outside, without an outcome."""


@dataclass(frozen=True)
class Outcome:
    """How it ended; the result or the problem (else empty); the end of what the child wrote to its log."""

    ending: Ending
    content: dict[str, Any]
    log: str


def run_in_child(work: Work, limits: Limits, go_on: Callable[[Progress | None], bool]) -> Outcome:
    """Do the work and wait for its end.

    Args:
        work: what to do.
        limits: beyond which it is ended, with a problem that says so.
        go_on: told about once a second how far the work is, None where it did not say; False ends the work.

    Returns:
        The outcome; all of the child's processes are gone by then.
    """
    with _child(work) as (process, progress):
        ended = _wait(process, progress, limits, go_on)
    if ended is not None:
        return Outcome(*ended, log=_log(work.folder))
    outcome = work.folder / OUTCOME
    if process.returncode != 0 or not outcome.exists():
        return Outcome(Ending.DIED, {}, _log(work.folder))
    ((name, content),) = json.loads(outcome.read_text(encoding="utf-8")).items()
    return Outcome(Ending(name), content, _log(work.folder))


@contextmanager
def _child(work: Work) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The started child and the end of the pipe on which it tells its progress; on leaving, its group is gone."""
    (work.folder / REQUEST).write_text(as_text(work.request), encoding="utf-8")
    listening, telling = os.pipe()
    lifeline, ours = os.pipe()
    os.set_blocking(listening, False)
    command = [sys.executable, "-m", "api.jobs.work", work.entry, str(telling), str(lifeline)]
    environment = os.environ | {"PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1"}
    try:
        with (work.folder / _LOG).open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=work.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(telling, lifeline),
                start_new_session=True,
            )
        os.close(telling)
        os.close(lifeline)
        try:
            yield process, listening
        finally:
            _end(process)
    finally:
        os.close(listening)
        os.close(ours)


def _wait(
    process: subprocess.Popen[bytes], progress: int, limits: Limits, go_on: Callable[[Progress | None], bool]
) -> tuple[Ending, dict[str, Any]] | None:
    """None when the child ended by itself, else why it has to be ended."""
    started = checked = time.monotonic()
    rest, latest = b"", None
    while process.poll() is None:
        select.select([progress], [], [], SECONDS_BETWEEN_CHECKS)
        rest, told = _read_lines(progress, rest)
        latest = told or latest
        now = time.monotonic()
        if told is None and now - checked < SECONDS_BETWEEN_CHECKS:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
            continue
        if now - checked < SECONDS_BETWEEN_CHECKS:
            continue
        checked = now
        if now - started > limits.seconds:
            return Ending.PROBLEM, out_of_time(limits.seconds)
        if held_by_group(process.pid) > limits.memory_bytes:
            return Ending.PROBLEM, out_of_memory(limits.memory_bytes)
        if not go_on(latest):
            return Ending.STOPPED, {}
    return None


def _read_lines(progress: int, rest: bytes) -> tuple[bytes, Progress | None]:
    """What is left of an unfinished line, and the last whole line's content, None where there is no new one."""
    with suppress(BlockingIOError):
        while chunk := os.read(progress, 65_536):
            rest += chunk
    *lines, rest = rest.split(b"\n")
    return rest, json.loads(lines[-1]) if lines else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end, then end it; also what is left of it when its leader is gone."""
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(_CODE_ROOT), os.environ.get("PYTHONPATH"))))


def _log(folder: Path) -> str:
    with (folder / _LOG).open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(log.tell() - _LOG_TAIL_BYTES, 0))
        return log.read().decode("utf-8", "replace")
