"""A plan and its proof -> how far the curves between their grid points could move plan or bound, in money.

The interpolant of a smooth curve misses it by at most |f''| h^2 / 8 in a cell of width h; the curvature is read from
how far each grid point lies from the line through its neighbours. An estimate, held against known curves in the tests.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.problem import PlanProblem
from optimizer.program import Program, grids_of, objective_of
from optimizer.proof import Optimum, priced_out
from optimizer.restrictions import Restrictions

FloatArray = NDArray[np.float64]


def grid_error(problem: PlanProblem, restrictions: Restrictions, program: Program, optimum: Optimum) -> float:
    """What bound and plan may be wrong by, together, because curves are known on a grid only.

    The bound is taken again with every cell raised by its error, at the same prices, so that only cells in which an
    optimum could lie count.
    """
    grids = grids_of(problem, restrictions)
    if program.risk is None:
        heights = objective_of(problem, grids).heights
    else:
        heights = program.risk.weighted(program.risk.weights(program.risk.totals(optimum.spend))).heights
    values = optimum.row_prices[len(program.rows) :]
    _, reduced = priced_out(program.at_worst(optimum.spend), optimum.row_prices)
    total = 0.0
    for channel, curve in enumerate(program.curves):
        shape = heights[channel] - sum(
            price * row.valuation.heights[channel] for row, price in zip(program.value_rows, values, strict=True)
        )
        errors = _on_breakpoints(grids[channel], cell_errors(grids[channel], shape), curve.breakpoints)
        if not len(errors):
            continue
        raised = np.maximum(reduced[channel][:-1], reduced[channel][1:]) + errors
        total += max(float(raised.max() - reduced[channel].max()), 0.0)
        total += _at(curve.breakpoints, errors, float(optimum.spend[channel]))
    return total


def cell_errors(grid: FloatArray, heights: FloatArray) -> FloatArray:
    """Largest error of the interpolant in each cell, `(K - 1,)`, from the curvature at both of its ends."""
    if len(grid) < 3:
        return np.zeros(len(grid) - 1)
    widths = np.diff(grid)
    slopes = np.diff(heights) / widths
    bend = 2.0 * np.abs(np.diff(slopes)) / (widths[:-1] + widths[1:])
    curvature = np.maximum(np.append(bend, bend[-1]), np.insert(bend, 0, bend[0]))
    errors: FloatArray = curvature * widths**2 / 8.0
    return errors


def _on_breakpoints(grid: FloatArray, errors: FloatArray, points: FloatArray) -> FloatArray:
    """The errors of the cells between breakpoints, which may be parts of the grid's cells."""
    middle, width = (points[:-1] + points[1:]) / 2, np.diff(points)
    cell = np.clip(np.searchsorted(grid, middle, side="right") - 1, 0, len(errors) - 1)
    part: FloatArray = errors[cell] * np.minimum(width / np.diff(grid)[cell], 1.0) ** 2
    return part


def _at(points: FloatArray, errors: FloatArray, spend_cents: float) -> float:
    """The error at a spend: none at a breakpoint, all of it half-way between two."""
    cell = int(np.clip(np.searchsorted(points, spend_cents, side="right") - 1, 0, len(errors) - 1))
    share = np.clip((spend_cents - points[cell]) / (points[cell + 1] - points[cell]), 0.0, 1.0)
    return float(4.0 * share * (1.0 - share) * errors[cell])
