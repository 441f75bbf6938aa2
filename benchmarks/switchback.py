"""Switchbacks and the check for spillover against known truth: coverage, size, power claimed and achieved.

National series with weekdays, a season, autocorrelated noise and, in one cell, a wandering level; the channel brings
4 % of sales, carried over by an adstock whose half-life is shorter or longer than the washout. Every replicate is
analysed twice on the same noise: with the effect (coverage, power) and without (size). `claimed` is the power that a
design rehearsed on the same replicate's past promises; `achieved` is what its later test delivers. Spillover: twelve
product groups over 104 weeks whose sales lose, or do not lose, to a substitute's spend; spend follows demand a little.

    python -m benchmarks.switchback [--replicates 300] [--fresh]

Results are kept in benchmarks/switchback.json as they come, so an interrupted run goes on where it stopped.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.switchback_tables import write_tables
from measurement.geotest.spillover import UnitWeeks, past_spillover
from measurement.geotest.switchback_estimate import coins, estimate, weigh, weigh_plainly
from measurement.geotest.switchback_power import exposure, past_windows, rehearse
from measurement.geotest.switchback_schedule import BlockGrid
from measurement.geotest.switchback_series import NationalSeries

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "switchback.json"
EFFECT = 0.04
SPILLOVERS = (0.0, -0.01, -0.03)
KEEP_EVERY = 20
Record = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One kind of series and test; periods are days, or weeks where `weekly`."""

    name: str
    half_life: float
    autocorrelation: float = 0.5
    noise: float = 0.03
    wandering: float = 0.0
    weekly: bool = False
    pairs: int = 7
    block: int = 7
    washout: int = 2
    past: int = 300
    claimed: bool = False


CELLS = (
    Cell("no carry-over", 0.0, claimed=True),
    Cell("half-life a quarter of the washout", 0.5, claimed=True),
    Cell("half-life half the washout", 1.0),
    Cell("half-life of the washout", 2.0),
    Cell("half-life three washouts", 6.0),
    Cell("strong autocorrelation, wandering level", 0.5, autocorrelation=0.8, wandering=0.01, claimed=True),
    Cell("weekly, blocks of two weeks", 0.3, noise=0.02, weekly=True, pairs=6, block=2, washout=1, past=120),
)


def simulated(cell: Cell, seed: int) -> tuple[NationalSeries, BlockGrid]:
    """A series without effect, and a test whose coins fell as this seed has it."""
    rng = np.random.default_rng([seed, *cell.name.encode()])
    blocks = 2 * cell.pairs
    periods = cell.past + blocks * cell.block
    time = np.arange(periods)
    state, noise = rng.standard_normal(), np.zeros(periods)
    for period in time:
        state = cell.autocorrelation * state + np.sqrt(1 - cell.autocorrelation**2) * rng.standard_normal()
        noise[period] = cell.noise * state
    noise += cell.wandering * np.cumsum(rng.standard_normal(periods))
    year = 52.18 if cell.weekly else 365.25
    level = 0.12 * np.sin(2 * np.pi * (time / year + rng.random())) + noise
    calendar = np.zeros((periods, 0))
    if not cell.weekly:
        level = level + rng.normal(0, 0.1, 7)[time % 7]
        calendar = (time[:, None] % 7 == np.arange(1, 7)).astype(np.float64)
    if periods >= year:
        angles = 2 * np.pi * time[:, None] / year * np.array([1, 2])
        calendar = np.hstack([calendar, np.sin(angles), np.cos(angles)])
    series = NationalSeries(
        dates=np.datetime64("2022-01-03") + time * (7 if cell.weekly else 1),
        sold=np.exp(level),
        level=level,
        spend=np.ones(periods),
        calendar=calendar,
        outcome="sales",
        channel="tv",
        in_logs=True,
        in_money=True,
        days_per_period=7 if cell.weekly else 1,
    )
    first = cell.past + np.arange(blocks) * cell.block
    grid = BlockGrid(first, first + cell.washout, first + cell.block, np.arange(blocks) // 2, np.zeros(blocks, bool))
    on = grid.states(rng.random((1, cell.pairs)) < 0.5)[0]
    return series, BlockGrid(grid.first, grid.counted, grid.stop, grid.pair, on)


def judged(cell: Cell, seed: int) -> Record:
    """One replicate: what the analysis says with and without the effect, adjusted and plain."""
    series, grid = simulated(cell, seed)
    truth, states = np.log1p(EFFECT), coins(grid, seed)
    lifted = series.level.copy()
    lifted[grid.kept] += truth * exposure(grid, grid.on[None], cell.half_life)[0]
    told: Record = {}
    for name, weights in (("gls", weigh(series, grid, states)), ("plain", weigh_plainly(grid, states))):
        wide, narrow = (estimate(lifted, weights, grid, level) for level in (0.95, 0.9))
        told[name] = {
            "bias": wide.effect.estimate / truth - 1,
            "width": narrow.effect.high - narrow.effect.low,
            "covers_95": bool(wide.effect.touches(truth)),
            "covers_90": bool(narrow.effect.touches(truth)),
            "p": narrow.p_value,
            "p_null": estimate(series.level, weights, grid, 0.9).p_value,
        }
    return told


def claimed(cell: Cell, seed: int) -> Record:
    """Power that a design on this replicate's past promises, and its size."""
    series, grid = simulated(cell, seed)
    starts = past_windows(series, grid.periods, cell.past)[:6]
    rehearsal = rehearse(series, grid, starts, 0.9, cell.half_life, seed)
    return {"power": rehearsal.power(EFFECT), "size": rehearsal.size, "mde": rehearsal.mde(0.8)}


def groups(effect: float, seed: int, *, declared: bool) -> Record:
    """The check on twelve groups in pairs of substitutes: a group loses this share to its substitute's usual spend."""
    rng = np.random.default_rng([seed, 12])
    weeks, noise = 104, np.zeros((12, 104))
    state = rng.standard_normal(12)
    spend = rng.lognormal(4, 0.4, (12, 1)) * np.ones((12, weeks))
    for week in range(weeks):
        state = 0.5 * state + np.sqrt(0.75) * rng.standard_normal(12)
        noise[:, week] = 0.03 * state
        spend[:, week] *= np.exp(0.4 * rng.standard_normal(12) + 0.1 * state)
    relative = spend / spend.mean(axis=1, keepdims=True)
    other = np.arange(12) ^ 1
    common = 0.15 * np.sin(2 * np.pi * np.arange(weeks) / 52.18) + 0.02 * rng.standard_normal(weeks)
    sold = 1e4 * np.exp(common + noise + 0.05 * relative + np.log1p(effect) * relative[other])
    names = tuple(f"g{number}" for number in range(12))
    neighbours = {names[row]: frozenset({names[other[row]]}) for row in range(12)} if declared else None
    found = past_spillover(UnitWeeks(names, sold, spend), neighbours, 0.9)
    first = found.effects[0]
    pairs = {(names[row], names[other[row]]) for row in range(12)}
    own = [one for one in found.effects if declared or (one.unit, one.source) in pairs]
    return {
        "p": first.p_value,
        "covers": all(one.effect.touches(effect) for one in own),
        "estimate": float(np.mean([one.effect.estimate for one in own])),
        "truth": effect,
    }


def wanted(replicates: int) -> Iterator[tuple[str, Callable[[], Record]]]:
    """Every key with what computes it, replicate by replicate so that all cells grow alike."""
    for seed in range(replicates):
        for cell in CELLS:
            yield f"{cell.name}/{seed}", lambda c=cell, s=seed: judged(c, s)
            if cell.claimed and seed % 10 == 0:
                yield f"claimed: {cell.name}/{seed}", lambda c=cell, s=seed: claimed(c, s)
        for declared, how in ((True, "substitutes declared"), (False, "every pair looked at")):
            for effect in SPILLOVERS:
                key = f"spillover: {how}, {100 * effect:+.0f} %/{seed}"
                yield key, lambda e=effect, s=seed, d=declared: groups(e, s, declared=d)


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=300, help="of each cell")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    arguments = parser.parse_args()
    stored: dict[str, Record] = {} if arguments.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    missing = [task for task in wanted(arguments.replicates) if task[0] not in stored]
    for number, (key, compute) in enumerate(missing, 1):
        stored[key] = compute()
        if number % KEEP_EVERY == 0:
            _keep(stored)
            print(f"[{number}/{len(missing)}] {key}", file=sys.stderr, flush=True)
    _keep(stored)
    table = write_tables(stored, (__doc__ or "").split("\n\n")[1], describe_machine())
    (FOLDER / "SWITCHBACK.md").write_text(table)
    print(table)


def _keep(stored: dict[str, Record]) -> None:
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(stored))
    beside.replace(RESULTS)


if __name__ == "__main__":
    main()
