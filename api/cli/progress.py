"""How far a fit is, on standard error: a live bar on a terminal, else a plain line every ten seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.cli.output import aside, note

if TYPE_CHECKING:
    from measurement.fitted import FitProgress

SECONDS_BETWEEN_LINES = 10.0


class PlainLines:
    """Says where the fit is when its stage changes, and every `SECONDS_BETWEEN_LINES` within a stage."""

    def __init__(self, say: Callable[[str], None] = note, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._stage = ""
        self._said_at = 0.0

    def __call__(self, progress: "FitProgress") -> None:
        now = self._clock()
        if progress.stage == self._stage and now - self._said_at < SECONDS_BETWEEN_LINES:
            return
        self._stage, self._said_at = progress.stage, now
        detail = describe(progress)
        self._say(f"{progress.stage}: {detail}" if detail else progress.stage)


class LiveBar:
    """Moves one bar of a rich `Progress`."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None, detail="")

    def __call__(self, progress: "FitProgress") -> None:
        self._bar.update(
            self._task,
            description=progress.stage,
            total=progress.draws_total or None,
            completed=progress.draws_done,
            detail=describe(progress),
        )


def describe(progress: "FitProgress") -> str:
    """Draws, chains, divergences and the time left, in words."""
    if not progress.draws_total:
        return ""
    parts = [f"{progress.draws_done:,} of {progress.draws_total:,} draws in {progress.chains} chains"]
    if progress.divergences:
        parts.append(f"{progress.divergences:,} divergences")
    if progress.seconds_left is not None and progress.draws_done < progress.draws_total:
        parts.append(f"about {_duration(progress.seconds_left)} left")
    return ", ".join(parts)


@contextmanager
def fit_progress() -> Iterator[Callable[["FitProgress"], None]]:
    """A callback for `fit_model` that suits where standard error goes."""
    if not sys.stderr.isatty():
        yield PlainLines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=aside(), transient=True) as bar:
        yield LiveBar(bar)


def _duration(seconds: float) -> str:
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 90 else f"{round(whole / 60)} min"
