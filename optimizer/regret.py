"""A plan -> what not knowing the curves costs: how much better each draw's own optimum would have been, on average.

A draw's own optimum is bounded from above, so the regret that is stated is never too small.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.mixture import best_mixture
from optimizer.problem import PlanProblem
from optimizer.program import Program, build_program, worth_by_draw
from optimizer.restrictions import Restrictions
from optimizer.solver import Deadline
from optimizer.valuation import Valuation, WorstDraws

FloatArray = NDArray[np.float64]
MOST_DRAWS = 200
MOST_PROGRAMS = 30  # draws solved one by one, where rules join channels
TANGENTS = 12


def expected_regret(
    problem: PlanProblem, restrictions: Restrictions, spends: Sequence[FloatArray], deadline: Deadline
) -> tuple[float, ...]:
    """Mean over draws of the best that the rules on spend allow, less what each spend `(C,)`, in cents, brings.

    Args:
        problem: a question for a budget, channels as in `restrictions`.
        restrictions: with the rows of the budget.
        spends: plans to be held against each draw's own optimum.
        deadline: for draws that are solved one by one; those that are not reached are left out.

    Returns:
        Money, one per spend.
    """
    program = build_program(problem, replace(restrictions, targets=()))
    worth = worth_by_draw(problem, restrictions)
    joins = any(len(set(weights)) > 1 for weights in program.weights.tolist())
    chosen = _spread(worth.count, MOST_PROGRAMS if joins else MOST_DRAWS)
    worth = WorstDraws(worth.grids, tuple(table[chosen] for table in worth.draws), 1.0)
    best = _one_by_one(program, worth, deadline) if joins else _all_at_once(program, worth)
    reached = best.shape[0]
    return tuple(float((best - worth.totals(spend)[:reached]).mean()) for spend in spends)


def _spread(count: int, most: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _one_by_one(program: Program, worth: WorstDraws, deadline: Deadline) -> FloatArray:
    """Bounds of the draws' optima, as many as time allows and at least one."""
    bounds: list[float] = []
    for draw in range(worth.count):
        own = Valuation(worth.grids, tuple(table[draw] for table in worth.draws))
        try:
            mixture = best_mixture(replace(program.with_heights(own), constant=0.0), deadline)
        except DeadlineExceeded:
            break
        bounds.append(mixture.bound if mixture is not None else np.nan)
        if deadline.is_over:
            break
    return np.array(bounds or [np.nan])


def _all_at_once(program: Program, worth: WorstDraws) -> FloatArray:
    """Where only the total is limited: one price per draw, made best by tangents to the convex dual, all at once."""
    lower, upper = _total_limits(program)
    points = [curve.breakpoints for curve in program.curves]
    tables = [worth.table_at(channel, at) for channel, at in enumerate(points)]
    slopes = [np.diff(table, axis=1) / np.diff(at) for table, at in zip(tables, points, strict=True)]
    steepest = max(float(np.abs(slope).max(initial=0.0)) for slope in slopes)
    low, high = np.full(worth.count, -steepest - 1e-9), np.full(worth.count, steepest + 1e-9)
    at_low, at_high = (_dual(tables, points, price, (lower, upper)) for price in (low, high))
    best = np.minimum(at_low[0], at_high[0])
    for _ in range(TANGENTS):
        rise = at_high[1] - at_low[1]
        meet = (at_low[0] - at_high[0] + at_high[1] * high - at_low[1] * low) / np.where(rise > 0, rise, 1.0)
        price = np.where(rise > 0, np.clip(meet, low, high), low)
        value, slope = _dual(tables, points, price, (lower, upper))
        best = np.minimum(best, value)
        left = slope <= 0
        low, high = np.where(left, price, low), np.where(left, high, price)
        at_low = np.where(left, value, at_low[0]), np.where(left, slope, at_low[1])
        at_high = np.where(left, at_high[0], value), np.where(left, at_high[1], slope)
    return best


def _total_limits(program: Program) -> tuple[float, float]:
    lower, upper = program.limits
    everything = float(sum(curve.breakpoints[-1] for curve in program.curves))
    return float(lower.max(initial=0.0)), float(min(upper.min(initial=np.inf), everything))


def _dual(
    tables: list[FloatArray], points: list[FloatArray], price: FloatArray, limits: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Value and slope of the dual by draw at one price each, `(D,)`: each channel's best point when spend costs it."""
    limit = np.where(price > 0, limits[1], limits[0])
    value, slope = price * limit, limit.copy()
    for table, at in zip(tables, points, strict=True):
        reduced = table - price[:, None] * at
        best = reduced.argmax(axis=1)
        value += np.take_along_axis(reduced, best[:, None], axis=1)[:, 0]
        slope -= at[best]
    return value, slope
