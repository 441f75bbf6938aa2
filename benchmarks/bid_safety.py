"""How safe and how fast runs of bids are: a million generated changes against every limit; kills; rollbacks.

`python -m benchmarks.bid_safety [--targets N] [--kills N]` prints it. Limits are checked again, by code of its own.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from bidding.guardrails.apply_rules import guard
from bidding.guardrails.moves import Moves
from bidding.guardrails.rules import Guard
from bidding.ledger_file import FileLedger
from bidding.propose import propose
from bidding.rollback import live_through, reverse
from bidding.writing import WriteSettings, write_run_through
from tests.bidding.live_account import LiveAccount
from tests.bidding.worlds import TODAY, make_night

CENT = 10_000
ROOT = Path(__file__).resolve().parent.parent


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
        week_start=np.where(kept, old, np.rint(old * rng.uniform(0.6, 1.4, count) / CENT).astype(np.int64) * CENT),
        daily_change=daily,
        weekly_change=2 * daily,
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
    wrong_end = twice = not_restored = killed = runs = 0
    while killed < count:
        with tempfile.TemporaryDirectory() as folder:
            ledger, live = FileLedger(Path(folder) / "ledger"), LiveAccount(Path(folder) / "live.jsonl")
            run = propose(make_night(targets=40, column=4))
            ledger.save_run(run)
            live.start({str(name): "1.00" for name in run.written.targets.ids})
            for _ in range(4):
                killed += _killed(Path(folder), run.id, float(rng.uniform(0.0, 0.2)))
            ledger = FileLedger(Path(folder) / "ledger")
            write_run_through(run, ledger, live, WriteSettings(TODAY))
            wrong_end += set(live.values().values()) != {"1.10"}
            twice += max(live.writes().values()) > 2
            back = reverse(run, ledger, live_through(live, run), TODAY).run
            assert back is not None
            ledger.save_run(back)
            write_run_through(back, ledger, live, WriteSettings(TODAY))
            not_restored += set(live.values().values()) != {"1.00"}
            runs += 1
    return {"runs": runs, "kills": killed, "wrong end": wrong_end, "written twice": twice, "not restored": not_restored}


def _killed(folder: Path, run: str, after: float) -> bool:
    program = [
        sys.executable,
        "-m",
        "tests.bidding.live_account",
        str(folder / "ledger"),
        run,
        str(folder / "live.jsonl"),
    ]
    child = subprocess.Popen([*program, "0.01"], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=-1)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(after)
        child.send_signal(signal.SIGKILL)
    return child.returncode == -signal.SIGKILL


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=100)
    given = parser.parse_args()
    print(describe_machine())
    moves = generated(given.targets, 7)
    start = time.perf_counter()
    guard(moves)
    print(f"guardrails over {given.targets:,} targets: {time.perf_counter() - start:.2f} s")
    for name, count in violations(moves).items():
        print(f"{name}: {count:,}")
    for name, count in kills(given.kills, 11).items():
        print(f"{name}: {count:,}")


if __name__ == "__main__":
    main()
