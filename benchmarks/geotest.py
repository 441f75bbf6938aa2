"""Do the intervals of geo tests hold what they promise, and how wide are they? Writes `GEOTEST.md`.

Simulated panels with known lifts, and placebos on public panels; every replicate is analysed by the default and by a
GeoLift-style comparator (ridge-augmented synthetic control, block conformal, refitted under every effect) with its
statistic sum |gap| and with |sum gap|. Results are kept one by one in `geotest.json`, so that an interrupted run goes
on where it stopped. Run as `python -m benchmarks.geotest --replicates 500 --placements 200`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.geotest_panels import CELLS, LIFT, NO_PAIRS, WINDOW, Cell, simulated
from benchmarks.geotest_tables import write_tables
from benchmarks.machine import describe_machine
from measurement.geotest.calibrated import calibrated_finding
from measurement.geotest.comparison import Comparison
from measurement.geotest.conformal import BlockStatistic, conformal_p_value, conformal_range
from measurement.geotest.estimators import ridge_rule
from measurement.geotest.randomisation import randomisation_finding
from measurement.geotest.synthetic_control import counterfactual

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "geotest.json"
DATA = FOLDER.parent.parent / "shared" / "data" / "geo"
LEVELS = (0.95, 0.9)
KEEP_EVERY = 10
RANDOMISED = 1500
"""Placements judged by the assignment rule: a few milliseconds each, so as many as tell 5 % from 7 %."""
Record = dict[str, Any]
TASKS: list[tuple[str, Callable[[], Record]]] = []
"""What is still to be computed: filled before the processes are forked, since closures cannot be sent to them."""


def judged(lifted: Comparison, untouched: Comparison, truth: float) -> Record:
    """One replicate by all three: errors, intervals and p-values, as shares of what would have been sold."""
    base = float(untouched.treated[:, untouched.periods_before :].sum())
    wide, narrow = (calibrated_finding(lifted, level, 0) for level in LEVELS)
    default = {
        "error": (wide.lift.estimate - truth) / base,
        "width": (wide.lift.high - wide.lift.low) / base,
        "covers": [finding.lift.low <= truth <= finding.lift.high for finding in (wide, narrow)],
        "p": wide.p_value,
        "p_null": calibrated_finding(untouched, 0.95, 0).p_value,
    }
    return {"default": default} | _comparators(lifted, untouched, truth, base)


def _comparators(lifted: Comparison, untouched: Comparison, truth: float, base: float) -> Record:
    rule = ridge_rule(lifted)
    _, predicted = counterfactual(lifted, rule)
    effect = float((lifted.average - predicted)[lifted.periods_before :].mean())
    of_null = ridge_rule(untouched)
    told = {}
    for name, statistic in (("geolift", BlockStatistic.SUM_OF_ABSOLUTES), ("sum", BlockStatistic.ABSOLUTE_SUM)):
        interval, _ = conformal_range(lifted, rule, effect, 0.05, statistic)
        p_of_truth = conformal_p_value(lifted, rule, truth / lifted.cells, statistic)
        width = (interval.high - interval.low) * lifted.cells / base
        told[name] = {
            "error": (effect * lifted.cells - truth) / base,
            "width": width if np.isfinite(width) else None,
            "covers": [p_of_truth > 1 - level for level in LEVELS],
            "p": conformal_p_value(lifted, rule, 0.0, statistic),
            "p_null": conformal_p_value(untouched, of_null, 0.0, statistic),
        }
    return told


def cell_records(cell: Cell, count: int) -> Iterator[tuple[str, Callable[[], Record]]]:
    """Keys and replicates of a simulated cell."""
    for seed in range(count):
        yield f"{cell.name}/{seed}", lambda seed=seed: judged(*simulated(cell, seed))


def placebo_records(name: str, outcome: np.ndarray, sizes: tuple[int, ...], count: int) -> Iterator[tuple[str, Any]]:
    """Keys and placements on a public panel: windows of 10 to 15 days with at least twice as much before them."""
    geos, days = outcome.shape
    for number in range(count):
        rng = np.random.default_rng([number, *name.encode()])
        length = int(rng.integers(10, WINDOW + 1))
        start = int(rng.integers(max(30, 2 * length), days - length + 1))
        size = int(rng.choice(sizes))
        treated = np.sort(rng.choice(geos, size, replace=False))
        panel = outcome[:, : start + length]
        yield f"{name}/{number}", lambda a=(panel, treated, start): placement(*a)


def placement(panel: np.ndarray, treated: np.ndarray, start: int) -> Record:
    """One placebo with and without a lift of 7.5 %; `window` is what standard errors are clustered by."""
    rest = np.setdiff1d(np.arange(len(panel)), treated)
    names = tuple(map(str, rest))
    untouched = Comparison(panel[treated], panel[rest], start, names, NO_PAIRS)
    lifted_sales = panel[treated].copy()
    lifted_sales[:, start:] *= 1 + LIFT
    lifted = Comparison(lifted_sales, panel[rest], start, names, NO_PAIRS)
    truth = float((lifted.treated - untouched.treated).sum())
    return {"window": start // 7} | judged(lifted, untouched, truth)


def randomised_records(name: str, outcome: np.ndarray, count: int) -> Iterator[tuple[str, Any]]:
    """Keys and placements with half the geos treated at random, judged by the assignment rule."""
    geos, days = outcome.shape
    for number in range(count):
        rng = np.random.default_rng([number, *name.encode()])
        start = int(rng.integers(30, days - WINDOW + 1))
        treated = np.sort(rng.choice(geos, geos // 2, replace=False))
        rest = np.setdiff1d(np.arange(geos), treated)
        panel = outcome[:, : start + WINDOW]
        comparison = Comparison(panel[treated], panel[rest], start, tuple(map(str, rest)), NO_PAIRS)
        yield (
            f"{name}/{number}",
            lambda c=comparison, n=number, s=start: {
                "window": s // 7,
                "p_null": randomisation_finding(c, 0.95, n).p_value,
            },
        )


def public_panels() -> dict[str, np.ndarray]:
    """Outcome by geo and day of GeoLift's cities and of Google's control geos without gaps."""
    cities = pd.read_csv(DATA / "geolift_pretest.csv").pivot_table(index="location", columns="date", values="Y")
    sales = pd.read_csv(DATA / "google_geoexp_salesandcost.csv").merge(
        pd.read_csv(DATA / "google_geoexp_geoassignment.csv")
    )
    control = sales[sales["geo.group"] == 1].pivot_table(index="geo", columns="date", values="sales").dropna()
    return {"geolift": cities.to_numpy(dtype=np.float64), "google": control.to_numpy(dtype=np.float64)}


def wanted(replicates: int, placements: int) -> Iterator[tuple[str, Callable[[], Record]]]:
    """Every key with what computes it."""
    for cell in CELLS:
        yield from cell_records(cell, replicates)
    if not DATA.exists():
        print(f"{DATA} is not there: no placebos on public panels", file=sys.stderr)
        return
    panels = public_panels()
    yield from placebo_records("each city", panels["geolift"], (1,), placements)
    yield from placebo_records("2-5 cities", panels["geolift"], (2, 3, 4, 5), placements)
    yield from placebo_records("Google, sets of 5", panels["google"], (5,), placements)
    drawn = RANDOMISED if placements else 0
    yield from randomised_records("cities, half at random", panels["geolift"], drawn)
    yield from randomised_records("Google, half at random", panels["google"], drawn)


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=500, help="of each simulated cell")
    parser.add_argument("--placements", type=int, default=200, help="on each public panel")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--processes", type=int, default=2, help="that share the work")
    arguments = parser.parse_args()
    stored: dict[str, Record] = {} if arguments.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    missing = [task for task in wanted(arguments.replicates, arguments.placements) if task[0] not in stored]
    TASKS.extend(missing)
    with get_context("fork").Pool(arguments.processes) as pool:
        for number, (key, record) in enumerate(pool.imap_unordered(_run_task, range(len(missing))), 1):
            stored[key] = record
            if number % KEEP_EVERY == 0:
                _keep(stored)
                print(f"[{number}/{len(missing)}] {key}", file=sys.stderr, flush=True)
    _keep(stored)
    table = write_tables(stored, (__doc__ or "").split("\n\n")[1], describe_machine())
    (FOLDER / "GEOTEST.md").write_text(table)
    print(table)


def _run_task(number: int) -> tuple[str, Record]:
    key, compute = TASKS[number]
    return key, compute()


def _keep(stored: dict[str, Record]) -> None:
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(stored, default=bool))
    beside.replace(RESULTS)


if __name__ == "__main__":
    main()
