"""How far the chains are: reports from the sampling processes in, `FitProgress` for whoever waits out."""

import dataclasses
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measurement.fitted import FitProgress

Progress = Callable[[FitProgress], None]

POLL_SECONDS = 0.5
REPORT_EVERY = 20


@dataclass(frozen=True)
class Message:
    """One chain's report: which chain, draws so far with warm-up, divergences."""

    seed: int
    draws: int
    divergences: int


def counting(compiled: Any, seed: int, messages: "queue.Queue[Message] | None") -> Any:
    """The compiled model, reporting every few draws: nutpie expands each draw once, warm-up included."""
    if messages is None:
        return compiled
    make_expand = compiled._make_expand_func

    def make(*arguments: Any) -> Callable[..., Any]:
        expand = make_expand(*arguments)
        count = 0

        def counted(*inputs: Any, **shared: Any) -> Any:
            nonlocal count
            count += 1
            if count % REPORT_EVERY == 0:
                messages.put(Message(seed, count, 0))
            return expand(*inputs, **shared)

        return counted

    return dataclasses.replace(compiled, _make_expand_func=make)


def relay(futures: list[Any], messages: Any, size: tuple[int, int], progress: Progress) -> None:
    """Pass the chains' reports on until all are done; the time left comes from the pace so far.

    Args:
        futures: what the sampling processes will return.
        messages: the queue into which `counting` puts its reports.
        size: chains, and draws of each, warm-up included.
        progress: whom to tell.
    """
    chains, each = size
    total = chains * each
    latest: dict[int, Message] = {}
    started = time.monotonic()
    progress(FitProgress(chains, 0, total, 0, None, "compiling"))
    while not all(future.done() for future in futures):
        try:
            message = messages.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if not latest:
            started = time.monotonic()
        latest[message.seed] = message
        done = sum(message.draws for message in latest.values())
        elapsed = time.monotonic() - started
        left = elapsed * (total - done) / done if elapsed > 1.0 else None
        divergences = sum(message.divergences for message in latest.values())
        progress(FitProgress(chains, done, total, divergences, left, "sampling"))
