"""How safe and how fast runs of bids are: a million generated changes against every limit; kills; rollbacks.

`python -m benchmarks.bid_safety` writes `BID_SAFETY.md`. Every new bid, placement increase and target on return is held
against every limit again, by code of its own; so are whole nights of all kinds of changes together. Then processes that
write runs of bids, increases, budgets and a target to an account that keeps each write on disk are killed (SIGKILL) at
random moments, up to four times a run; the next one goes on, and at the end everything is put back.
"""

import argparse
import signal
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np

from benchmarks.bid_safety_nights import (
    CAMPAIGNS,
    TARGETS,
    generated_increases,
    generated_returns,
    nights,
    violations_of_levers,
)
from benchmarks.machine import describe_machine
from bidding.guardrails.apply_rules import guard
from bidding.guardrails.moves import Moves
from bidding.guardrails.rules import Guard
from bidding.ledger_file import FileLedger
from bidding.propose import propose
from bidding.rollback import live_through, reverse
from bidding.writing import WriteSettings, write_run_through
from tests.bidding.live_account import LiveAccount, after, before
from tests.bidding.worlds import TODAY, make_steered_night

CENT = 10_000
Others = tuple[dict[str, int], dict[str, int], dict[str, int], dict[str, int]]
"""Increases, targets on return, whole nights, kills."""
PAGE = Path(__file__).parent / "BID_SAFETY.md"
TARGETS_OF_RUN = 40
PAUSE_SECONDS = 0.01
"""Before each write, so that a run lasts long enough to be killed in the middle."""


def generated(count: int, seed: int) -> Moves:
    """Bids, optima, histories and limits over the whole range of each."""
    rng = np.random.default_rng(seed)

    def cents(low: float, high: float) -> np.ndarray:
        return np.rint(np.exp(rng.uniform(np.log(low), np.log(high), count))).astype(np.int64) * CENT

    old = cents(2, 50_000)
    share = np.array([0.01, 0.05, 0.1, 0.2, 0.5])
    daily = share[rng.integers(0, 5, count)]
    kept = rng.random(count) < 0.5
    return Moves(
        old=old,
        wanted=cents(1, 500_000) + rng.integers(0, CENT, count),
        day_start=np.where(kept, old, np.rint(old * rng.uniform(0.8, 1.2, count) / CENT).astype(np.int64) * CENT),
        week_start=np.where(kept, old, np.rint(old * rng.uniform(0.3, 3.0, count) / CENT).astype(np.int64) * CENT),
        daily_change=daily,
        weekly_change=rng.choice([2.0, 4.0], count) * daily,
        account_low=np.where(rng.random(count) < 0.3, cents(2, 100), 0),
        account_high=np.where(rng.random(count) < 0.3, cents(100, 100_000), 2**60),
        ceiling=np.where(rng.random(count) < 0.3, cents(1, 100_000), 2**60),
        platform_low=np.full(count, 2 * CENT),
        platform_high=np.full(count, 100_000 * CENT),
        step=np.full(count, CENT),
        flags={which: rng.random(count) < 0.05 for which in (Guard.KILL_SWITCH, Guard.TRUST, Guard.COOL_DOWN)},
    )


def violations(moves: Moves) -> dict[str, int]:
    """How many new bids break each limit; 0 everywhere is the only good answer."""
    found = guard(moves)
    new, old, moved = found.new, moves.old, found.new != moves.old
    hard_low = np.maximum(moves.platform_low, np.minimum(moves.account_low, moves.ceiling))
    hard_high = np.minimum(np.minimum(moves.account_high, moves.ceiling), moves.platform_high)

    def beyond(start: np.ndarray, share: np.ndarray) -> int:
        reach = np.maximum(start * share + 0.5, moves.step)
        low = np.minimum(np.minimum(start - reach, old), hard_high)
        high = np.maximum(np.maximum(start + reach, old), hard_low)
        return int((moved & ((new < low) | (new > high))).sum())

    held = moves.flags[Guard.KILL_SWITCH] | moves.flags[Guard.COOL_DOWN]
    return {
        "changed": int(moved.sum()),
        "outside the platform's limits": int(
            (moved & ((new < moves.platform_low) | (new > moves.platform_high))).sum()
        ),
        "above the ceiling": int((moved & (new > moves.ceiling)).sum()),
        "on no step": int((moved & (new % moves.step != 0)).sum()),
        "beyond the day's change": beyond(moves.day_start, moves.daily_change),
        "beyond the week's change": beyond(moves.week_start, moves.weekly_change),
        "moved although held": int((moved & held).sum()),
        "raised without trust": int((moved & moves.flags[Guard.TRUST] & (new > old) & (old >= hard_low)).sum()),
    }


def kills(count: int, seed: int) -> dict[str, int]:
    """Processes that write a run and are killed at random; then one resumes and one puts everything back."""
    rng = np.random.default_rng(seed)
    wrong_end = twice = not_restored = killed = partly = runs = items = second = 0
    while killed < count:
        with tempfile.TemporaryDirectory() as folder:
            ledger, live = FileLedger(Path(folder) / "ledger"), LiveAccount(Path(folder) / "live.jsonl")
            run = propose(make_steered_night(targets=TARGETS_OF_RUN, limits={"approval_share": 1.0}))
            ledger.save_run(run)
            live.start(before(run))
            for _ in range(4):
                done = _killed(Path(folder), run.id, float(rng.uniform(0.0, 0.2)))
                killed, partly = killed + done, partly + (done and live.values() not in (before(run), after(run)))
            ledger = FileLedger(Path(folder) / "ledger")
            write_run_through(run, ledger, live, WriteSettings(TODAY))
            wrong_end += live.values() != after(run)
            twice += max(live.writes().values()) > 2
            back = reverse(run, ledger, live_through(live, run), TODAY).run
            assert back is not None
            ledger.save_run(back)
            write_run_through(back, ledger, live, WriteSettings(TODAY))
            not_restored += live.values() != before(run)
            again = write_run_through(back, ledger, live, WriteSettings(TODAY)).written
            second += again + write_run_through(run, ledger, live, WriteSettings(TODAY)).written
            items += len(run.changes)
            runs += 1
    return {
        "runs": runs,
        "items in them, of four kinds": items,
        "processes killed": killed,
        "which left the run partly written": partly,
        "runs with a wrong end": wrong_end,
        "runs with an item written twice": twice,
        "items written by a second call": second,
        "runs not put back exactly": not_restored,
    }


def _killed(folder: Path, run: str, after: float) -> bool:
    """Whether a process that writes the run was killed so many seconds after it began, and not done before."""
    context = get_context("fork")
    begun = context.Event()
    child = context.Process(target=_write, args=(folder, run, begun))
    child.start()
    begun.wait()
    time.sleep(after)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def _write(folder: Path, run: str, begun: Event) -> None:
    ledger = FileLedger(folder / "ledger")
    made = ledger.load_run(run)
    begun.set()
    write_run_through(made, ledger, LiveAccount(folder / "live.jsonl", PAUSE_SECONDS), WriteSettings(made.day, batch=5))


def page(moves: dict[str, int], seconds: tuple[float, float], others: Others, targets: int) -> str:
    """The page in Markdown."""
    increases, returns, whole, killed = others
    lines = ["# Bids: limits, kills and rollbacks\n", (__doc__ or "").split("\n\n")[1], f"{describe_machine()}.\n"]
    lines += [f"## {targets:,} generated bids through the guardrails\n"]
    lines += [f"{seconds[0]:.2f} s, {seconds[1]:.2f} s of CPU.\n", "| new bids | count |", "|---|---|"]
    lines += [f"| {name} | {count:,} |" for name, count in moves.items()]
    lines += [f"\n## {targets:,} generated placement increases and as many targets on return\n"]
    lines += ["| new values | increases | targets |", "|---|---|---|"]
    lines += [f"| {name} | {count:,} | {returns[name]:,} |" for name, count in increases.items()]
    lines += [f"\n## Whole nights of {TARGETS:,} targets in {CAMPAIGNS} campaigns\n", "| | count |", "|---|---|"]
    lines += [f"| {name} | {count:,} |" for name, count in whole.items()]
    lines += ["\n## Writing that is killed and goes on\n", "| | count |", "|---|---|"]
    lines += [f"| {name} | {count:,} |" for name, count in killed.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Generate, check, kill; then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--nights", type=int, default=100)
    given = parser.parse_args()
    moves = generated(given.targets, 7)
    started, worked = time.perf_counter(), time.process_time()
    guard(moves)
    seconds = time.perf_counter() - started, time.process_time() - worked
    increases = violations_of_levers(generated_increases(given.targets, 8))
    returns = violations_of_levers(generated_returns(given.targets, 9))
    whole = {"nights": given.nights} | nights(given.nights, 10)
    told = page(violations(moves), seconds, (increases, returns, whole, kills(given.kills, 11)), given.targets)
    PAGE.write_text(told)
    print(told)


if __name__ == "__main__":
    main()
