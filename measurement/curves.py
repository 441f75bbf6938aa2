"""`ResponseCurves`: the only bridge from the posterior to the planner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.report import Verdict
from measurement.weekly_response import WeeklyResponse

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ResponseCurves:
    """Sales that a channel's spend over the planned weeks causes, in them and through carry-out after them.

    Attributes:
        channels: labels, length C.
        spend_grid: totals over the planned weeks, `(C, K)`, rising, first column 0, in money.
        incremental: incremental sales at the grid, `(D, C, K)`, first column 0.
        carry_over_weights: share of a week's effect felt l weeks later, `(D, C, L)`.
        current_spend: what the last 52 weeks spent, scaled to as many weeks as are planned, `(C,)`.
        largest_observed_spend: largest spend of any run of as many weeks in the panel, `(C,)`.
        verdicts: the gate's answer per channel.
        weeks: planned weeks.
        model_id: identifies the model the curves come from.
        currency: ISO code or "".
        outcomes: what `incremental` is the sum of, by name; "total" of several taken together.
        by_outcome: `incremental` split by outcome, `(O, D, C, K)`; `None` where there is one.
        already_spent: money that is spent already in the planned weeks, `(C,)`; no plan goes below it. `None` for none.
        weekly: what the same plan sells by week; `None` where only totals are known.
    """

    channels: tuple[str, ...]
    spend_grid: FloatArray
    incremental: FloatArray
    carry_over_weights: FloatArray
    current_spend: FloatArray
    largest_observed_spend: FloatArray
    verdicts: tuple[Verdict, ...]
    weeks: int
    model_id: str
    currency: str = ""
    outcomes: tuple[str, ...] = ("sales",)
    by_outcome: FloatArray | None = None
    already_spent: FloatArray | None = None
    weekly: WeeklyResponse | None = None
