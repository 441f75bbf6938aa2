"""How long a whole plan takes: totals, the schedule of every line's weeks, and their score on all draws."""

import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.planner_geos import stand_in
from benchmarks.planner_worlds import response_curves
from measurement.curves import ResponseCurves
from measurement.posterior import weekly_response
from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, PlanProblem, PlanRules, Rules
from optimizer.weekly_plan import lay_out_weeks

GEOS, CHANNELS, DRAWS = 20, 8, 500
GRID = 41
BUDGET_SHARE = 0.8  # of today's spend, so that weeks have something to win
STEEPER = 0.5
"""Added to the logarithm of every slope, so that pulses may pay."""


def time_whole_plan(lines: int, weeks: int, plan: PlanRules) -> tuple[float, float, int]:
    """Wall seconds of the totals and of their weeks, and how many lines are not even; the second of two runs."""
    curves = _curves(lines, weeks)
    rules = Rules({name: ChannelRule(max_change=0.5) for name in curves.channels}, plan=plan)
    problem = PlanProblem(curves, round(BUDGET_SHARE * float(curves.current_spend.sum()), 2), rules)
    for _ in range(2):
        started = time.perf_counter()
        totals = allocate(problem)
        halfway = time.perf_counter()
        whole = lay_out_weeks(problem, totals)
        ended = time.perf_counter()
    assert whole.flighting is not None
    return halfway - started, ended - halfway, len(whole.flighting.uneven)


def _curves(lines: int, weeks: int) -> ResponseCurves:
    """As many lines as asked for: the channels of a made-up model again and again, each with draws in another order."""
    model: Any = stand_in(GEOS, CHANNELS, DRAWS, weeks)
    rng = np.random.default_rng(0)
    weekly = weekly_response(model, weeks).only(np.arange(lines) % CHANNELS)
    draws = {
        name: values if name == "geo_effect" else rng.permuted(values, axis=0) for name, values in weekly.draws.items()
    }
    weekly = replace(weekly, draws=draws | {"log_slope": np.abs(draws["log_slope"]) + STEEPER})
    current = model.totals[np.arange(lines) % CHANNELS]
    grid = 3.0 * current[:, None] * (np.arange(GRID) / (GRID - 1)) ** 1.5
    return replace(response_curves(grid, weekly.sales_of_totals(grid), current, weeks), weekly=weekly)
