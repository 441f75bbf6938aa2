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
    weekly = replace(weekly, open_weeks=weekly.open_weeks & ~closed)
    changed = np.asarray(closed.any(axis=1), dtype=np.bool_)
    incremental = curves.incremental.copy()
    if changed.any():
        incremental[:, changed] = weekly.only(changed).sales_of_totals(curves.spend_grid[changed])
    return replace(curves, incremental=incremental, weekly=weekly)


def _weekly(curves: ResponseCurves) -> WeeklyResponse:
    if curves.weekly is None:
        raise ValueError("the curves have no weekly response")
    return curves.weekly
