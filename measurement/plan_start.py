"""Response curves of a plan that starts anywhere: weeks closed to a channel and weeks spent already in, curves out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.weekly_response import WeeklyResponse

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def with_closed_weeks(curves: ResponseCurves, closed: BoolArray) -> ResponseCurves:
    """The curves of totals spread evenly over the weeks that are left open.

    Args:
        curves: with their weekly response.
        closed: weeks in which a channel spends nothing, `(C, W)`; each channel keeps an open one.
    """
    weekly = _weekly(curves)
    changed = np.asarray((closed & weekly.open_weeks).any(axis=1), dtype=np.bool_)
    weekly = replace(weekly, open_weeks=weekly.open_weeks & ~closed)
    incremental = curves.incremental.copy()
    if changed.any():
        incremental[:, changed] = _curve(weekly.only(changed), curves.spend_grid[changed])
    return replace(curves, incremental=incremental, weekly=weekly)


def after_actuals(curves: ResponseCurves, spend: FloatArray) -> ResponseCurves:
    """The curves of totals whose first weeks are spent already and whose rest is spread evenly over the others.

    Totals still count the whole plan. A curve's points are nothing, what is spent already, and then today's grid cut to
    the weeks that are left; between the first two it means nothing, and `already_spent` keeps plans from there.

    Args:
        curves: with their weekly response, all weeks open.
        spend: money of the first A weeks, `(A, C)`, fewer than the plan's.
    """
    weekly, weeks = _weekly(curves), len(spend)
    open_weeks, spent = weekly.open_weeks.copy(), weekly.spent.copy()
    open_weeks[:, :weeks], spent[:, :weeks] = False, spend.T
    weekly = replace(weekly, open_weeks=open_weeks, spent=spent)
    already = spent.sum(axis=1)
    ran = curves.largest_observed_spend > 0  # what never ran is capped on the whole plan
    rest = curves.spend_grid * np.where(ran, 1 - weeks / weekly.weeks, 1.0)[:, None]
    second = np.where(already > 0, already, rest[:, 1] / 2)
    grid = np.concatenate([np.zeros((len(already), 1)), second[:, None], already[:, None] + rest[:, 1:]], axis=1)
    return replace(curves, spend_grid=grid, incremental=_curve(weekly, grid), already_spent=already, weekly=weekly)


def _curve(weekly: WeeklyResponse, grid: FloatArray) -> FloatArray:
    """Sales at the grid `(C, K)`, `(D, C, K)`; nothing at nothing, even where something is spent already."""
    sales = weekly.sales_of_totals(grid)
    sales[:, :, 0] = 0.0
    return sales


def _weekly(curves: ResponseCurves) -> WeeklyResponse:
    if curves.weekly is None:
        raise ValueError("the curves have no weekly response")
    return curves.weekly
