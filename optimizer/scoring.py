"""A plan in money -> what it sells by each posterior draw, read from the draw's own interpolated curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves

FloatArray = NDArray[np.float64]
SLOPE_SPAN = 0.05  # the slope is taken this share of the spend to both sides, but at least one grid cell
TIE_TOLERANCE = 1e-6  # relative to sales: a gain this small, a few cents moved, is no gain


@dataclass(frozen=True)
class PlanDraws:
    """What a plan brings, by draw.

    Attributes:
        incremental: `(D, C)`, in money.
        marginal_iroas: slope of each draw's curve at the plan, `(D, C)`.
        gain: sales of the plan less those of today's proportions, `(D,)`, in money.
        probability_better: share of draws in which the gain is above 0; a tie counts half, so a plan that is
            today's split scores 0.5.
    """

    incremental: FloatArray
    marginal_iroas: FloatArray
    gain: FloatArray
    baseline: FloatArray
    probability_better: float


def score(curves: ResponseCurves, spend: FloatArray, baseline_spend: FloatArray) -> PlanDraws:
    """Score a spend `(C,)` against another `(C,)`, both in money over the planned weeks."""
    incremental = sales(curves, spend)
    baseline = sales(curves, baseline_spend).sum(axis=1)
    gain = incremental.sum(axis=1) - baseline
    better = share_better(gain, float(np.abs(baseline).mean()))
    return PlanDraws(incremental, _slopes(curves, spend), gain, baseline, better)


def share_better(gain: FloatArray, level: float) -> float:
    """Share of draws `(D,)` above 0; a gain that is nothing against sales of `level` is a tie and counts half."""
    tie = TIE_TOLERANCE * level
    return float((gain > tie).mean() + 0.5 * (np.abs(gain) <= tie).mean())


def sales(curves: ResponseCurves, spend: FloatArray) -> FloatArray:
    """Incremental sales by draw and channel, `(D, C)`, at a spend `(C,)`; flat beyond the grid."""
    columns = []
    for channel, amount in enumerate(spend):
        grid = curves.spend_grid[channel]
        cell = min(int(np.searchsorted(grid, amount, side="right")) - 1, len(grid) - 2)
        share = min((amount - grid[cell]) / (grid[cell + 1] - grid[cell]), 1.0)
        left, right = curves.incremental[:, channel, cell], curves.incremental[:, channel, cell + 1]
        columns.append(left + share * (right - left))
    return np.stack(columns, axis=1)


def _slopes(curves: ResponseCurves, spend: FloatArray) -> FloatArray:
    """Mean slope over a span around the plan inside the grid, forwards only at the least that can be spent."""
    grid = curves.spend_grid
    cells = [
        min(int(np.searchsorted(row, x, side="right")) - 1, len(row) - 2) for row, x in zip(grid, spend, strict=True)
    ]
    width = np.array([row[cell + 1] - row[cell] for row, cell in zip(grid, cells, strict=True)])
    span = np.maximum(SLOPE_SPAN * spend, width)
    least = 0.0 if curves.already_spent is None else np.minimum(curves.already_spent, spend)
    before = np.maximum(spend - span, least)
    after = np.minimum(spend + span, np.maximum(grid[:, -1], spend))
    slopes: FloatArray = (sales(curves, after) - sales(curves, before)) / (after - before)
    return slopes
