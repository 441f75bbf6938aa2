"""The planner side by side with others, against what is attainable; its times. `make benchmark` writes `PLANNER.md`.

Every method splits the same budget over the same known curves; its sales are those of the formulas, not of any grid.
"""

import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.planner_geos import time_geos
from benchmarks.planner_page import METHODS, Tally, page
from benchmarks.planner_rivals import dynamic_programme, greedy, slsqp, slsqp_from_many
from benchmarks.planner_weeks import time_whole_plan
from benchmarks.planner_worlds import HillWorld, random_world, uncertain_curves
from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, PlanRules, Risk, Rules
from optimizer.solver import SolverSettings

FloatArray = NDArray[np.float64]
PAGE = Path(__file__).parent / "PLANNER.md"
BOUNDS = {"free": None, "±100 %": 1.0, "±50 %": 0.5, "±30 %": 0.3}
PER_BOUND = 50
PER_CONCAVE = 10
BRUTE_INSTANCES = 40
UNITS = 2000  # of the budget above the lower limits, in dynamic programming
REPEATS = 3
SIZES = (
    *((4, 13, 500), (40, 52, 500)),
    *((10, 52, 500), (20, 52, 500), (80, 52, 500)),
    *((40, 13, 500), (40, 104, 500)),
    *((40, 52, 125), (40, 52, 250), (40, 52, 1000)),
)
PLANS = {
    "mean": PlanRules(risk=Risk.MEAN),
    "gain": PlanRules(risk=Risk.GAIN),
    "CVaR": PlanRules(risk=Risk.CVAR, risk_level=0.2),
}
WHOLE_SIZES = ((4, 13), (40, 52))
Answer = TypeVar("Answer")


def side_by_side(slopes: tuple[float, float], change: float | None, count: int, first_seed: int) -> Tally:
    """`count` instances of 4 to 12 channels under one kind of bounds."""
    tally = Tally()
    for seed in range(first_seed, first_seed + count):
        world = random_world(seed, 4 + seed % 9, slopes)
        _run_instance(tally, world, change, seed)
    return tally


def _run_instance(tally: Tally, world: HillWorld, change: float | None, seed: int) -> None:
    low, high = _limits(world, change)
    curves = world.curves()
    rules = Rules({name: ChannelRule(max_change=change) for name in curves.channels} if change is not None else {})
    problem = PlanProblem(curves, world.budget, rules)
    plan, ours_seconds = _timed(lambda: allocate(problem, SolverSettings(costs_seconds=0.0)))
    spends = {"ours": np.array([line.spend for line in plan.lines])}
    tally.seconds["ours"].append(ours_seconds)
    rivals: dict[str, Callable[[], FloatArray]] = {
        "SLSQP from today": lambda: slsqp(world, low, high, world.current),
        "SLSQP, best of 20": lambda: slsqp_from_many(world, low, high, seed),
        "greedy": lambda: greedy(world, low, high),
    }
    for name, rival in rivals.items():
        spends[name], seconds = _timed(rival)
        tally.seconds[name].append(seconds)
    sold = {name: float(world.sales(spend[:, None]).sum()) for name, spend in spends.items()}
    attainable = max(_attainable(world, low, high, world.sales), *sold.values())
    for name in METHODS:
        tally.shares[name].append(sold[name] / attainable)
    mean = curves.incremental[0]
    on_grid = _attainable(world, low, high, lambda x: _interpolated(curves.spend_grid, mean, x))
    tally.true_gaps.append(1.0 - plan.objective / max(on_grid, plan.objective))
    tally.stated_gaps.append(plan.gap)
    tally.bounds_broken += plan.bound < on_grid * (1 - 1e-12) or plan.gap < tally.true_gaps[-1] - 1e-12


def _interpolated(grid: FloatArray, sales: FloatArray, spend: FloatArray) -> FloatArray:
    return np.stack([np.interp(x, own, sold) for x, own, sold in zip(spend, grid, sales, strict=True)])


def _limits(world: HillWorld, change: float | None) -> tuple[FloatArray, FloatArray]:
    if change is None:
        return np.zeros(len(world.current)), world.ends
    return world.current * (1 - change), world.current * (1 + change)


def _attainable(
    world: HillWorld, low: FloatArray, high: FloatArray, sales: Callable[[FloatArray], FloatArray]
) -> float:
    """Dynamic programming in units of the budget; each channel starts from its lower limit, so no bound is rounded."""
    unit = (world.budget - low.sum()) / UNITS
    if unit <= 0:
        return float(sales(low[:, None]).sum())
    counts = np.floor((high - low) / unit + 1e-9).astype(int)
    values = []
    for channel, count in enumerate(counts):
        spend = np.tile(low[:, None], count + 1)
        spend[channel] = low[channel] + unit * np.arange(count + 1)
        values.append(sales(spend)[channel])
    return dynamic_programme(values, [0] * len(values), UNITS)


def brute_force(count: int) -> tuple[int, int]:
    """Instances of three channels with steps, minimum viable spends and a group, and how many equal brute force."""
    equal = 0
    for seed in range(count):
        world = random_world(7000 + seed, 3, (1.0, 3.0))
        curves, rng = world.curves(), np.random.default_rng(seed)
        steps = rng.choice([5e3, 8e3, 10e3, 12.5e3], 3)
        viable = rng.choice([0.0, 30e3, 60e3], 3)
        rules = {
            name: ChannelRule(step=float(step), minimum_viable=float(least) or None)
            for name, step, least in zip(curves.channels, steps, viable, strict=True)
        }
        group = GroupRule((curves.channels[0], curves.channels[2]), max_share=0.7)
        plan = allocate(PlanProblem(curves, world.budget, Rules(rules, (group,))), SolverSettings(costs_seconds=0.0))
        equal += abs(plan.objective - _search(world, steps, viable)) <= 1e-9 * plan.objective
    return equal, count


def _search(world: HillWorld, steps: FloatArray, viable: FloatArray) -> float:
    """The best of all allowed spends, on the interpolated curves; as much as possible is spent."""
    curves = world.curves()
    options, values = [], []
    for channel, (step, least) in enumerate(zip(steps, viable, strict=True)):
        amounts = np.arange(0.0, world.ends[channel] + 1e-6, step)
        amounts = amounts[(amounts == 0) | (amounts >= least)]
        options.append(amounts)
        values.append(np.interp(amounts, curves.spend_grid[channel], curves.incremental[0, channel]))
    best = (-1.0, -1.0)
    for a, b, c in product(*(range(len(amounts)) for amounts in options)):
        spend = options[0][a] + options[1][b] + options[2][c]
        if spend <= world.budget and options[0][a] + options[2][c] <= 0.7 * spend + 1e-9:
            best = max(best, (spend, values[0][a] + values[1][b] + values[2][c]))
    return best[1]


def time_plan(lines: int, weeks: int, draws: int, plan: PlanRules) -> tuple[float, float, str]:
    """Wall and processor seconds of a plan with limits on every line and three groups; the least of three runs."""
    curves = uncertain_curves(lines, weeks, draws)
    rules = {name: ChannelRule(max_change=0.5) for name in curves.channels}
    thirds = [curves.channels[start::3] for start in range(3)]
    groups = tuple(GroupRule(part, min_share=0.15) for part in thirds)
    problem = PlanProblem(curves, round(float(curves.current_spend.sum()), 2), Rules(rules, groups, plan))
    walls, processors, status = [], [], ""
    for _ in range(REPEATS):
        wall, processor = time.perf_counter(), time.process_time()
        status = allocate(problem).status.value
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors), status


def _timed(run: Callable[[], Answer]) -> tuple[Answer, float]:
    started = time.perf_counter()
    answer = run()
    return answer, time.perf_counter() - started


def main() -> None:
    """Run everything and write the page."""
    tallies = {}
    for index, (name, change) in enumerate(BOUNDS.items()):
        for kind, slopes, count in (("S-curves", (1.0, 3.0), PER_BOUND), ("concave", (1.0, 1.0), PER_CONCAVE)):
            tallies[kind, name] = side_by_side(slopes, change, count, 1000 * index)
            print(kind, name, "done", file=sys.stderr, flush=True)
    brute = brute_force(BRUTE_INSTANCES)
    times = [(size, risk, time_plan(*size, PLANS[risk])) for size in SIZES for risk in PLANS]
    whole = [(*size, risk, time_whole_plan(*size, PLANS[risk])) for size in WHOLE_SIZES for risk in PLANS]
    PAGE.write_text(page(tallies, brute, (times, whole, time_geos()), describe_machine()))
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
