"""What spend laid out by week will sell, by posterior draw: the weekly counterpart of `ResponseCurves`.

Where a plan starts and which weeks are open to it in, sales of schedules out; who asks need not know the formula.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from measurement.future import CHANNEL_DRAWS, Horizon, planned_sales, scheduled_sales
from measurement.preparation import LAGS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class WeeklyResponse:
    """Sales of C channels over W planned weeks, and through carry-out after them.

    Attributes:
        horizon: where the plan starts.
        draws: `CHANNEL_DRAWS` by name, first axis the D draws, second the channels.
        first_day: of the first planned week.
        open_weeks: weeks in which the plan may place a channel's spend, `(C, W)`.
        spent: money that is spent already in weeks that are not open, else 0, `(C, W)`.
        largest_week: largest spend of any week in the panel, `(C,)`.
    """

    horizon: Horizon
    draws: Mapping[str, FloatArray]
    first_day: np.datetime64
    open_weeks: BoolArray
    spent: FloatArray
    largest_week: FloatArray

    @property
    def weeks(self) -> int:
        """Number of planned weeks."""
        return self.horizon.weeks

    def even(self, totals: FloatArray) -> FloatArray:
        """Totals `(C,)`, what is spent already included, with the rest even over the open weeks, `(C, W)`."""
        return _evenly(self, totals[:, None])[:, :, 0]

    def sales(self, spend: FloatArray) -> FloatArray:
        """Incremental sales of spend by week `(C, W)`, `(D, C)`, in money."""
        return scheduled_sales(self.horizon, self.draws, spend[:, :, None])[:, :, 0]

    def sales_of_totals(self, totals: FloatArray) -> FloatArray:
        """Incremental sales of totals `(C, K)` laid out evenly over the open weeks, `(D, C, K)`, in money."""
        is_free = np.asarray(self.open_weeks.all(axis=1), dtype=np.bool_)
        sales = np.empty((len(self.draws["drift"]), *totals.shape))
        if is_free.any():
            free = self.only(is_free)
            sales[:, is_free] = planned_sales(free.horizon, free.draws, totals[is_free])
        if not is_free.all():
            part = self.only(~is_free)
            sales[:, ~is_free] = scheduled_sales(part.horizon, part.draws, _evenly(part, totals[~is_free]))
        return sales

    def only(self, chosen: BoolArray | NDArray[np.int64]) -> "WeeklyResponse":
        """The same of some channels: a mask `(C,)`, or their places in the order wanted."""
        whole = self.horizon
        horizon = replace(whole, dose_per_spend=whole.dose_per_spend[chosen], recent=whole.recent[chosen])
        return replace(
            self,
            horizon=horizon,
            draws={name: values[:, chosen] for name, values in self.draws.items()},
            open_weeks=self.open_weeks[chosen],
            spent=self.spent[chosen],
            largest_week=self.largest_week[chosen],
        )

    def mean_open_week(self, spend: FloatArray) -> FloatArray:
        """Mean of a schedule `(C, W)` over the open weeks, `(C,)`; 0 where none is open."""
        mean: FloatArray = (spend * self.open_weeks).sum(axis=1) / np.maximum(self.open_weeks.sum(axis=1), 1)
        return mean

    def continued(self, per_week: FloatArray) -> "WeeklyResponse":
        """The plan and the weeks that its last one reaches into, in which spend `(C,)` goes on and is not planned."""
        tail = LAGS - 1
        after = np.repeat(per_week[:, None], tail, axis=1)
        return replace(
            self,
            horizon=replace(self.horizon, weeks=self.weeks + tail),
            open_weeks=np.concatenate([self.open_weeks, np.zeros(after.shape, dtype=bool)], axis=1),
            spent=np.concatenate([self.spent, after], axis=1),
        )


def open_response(
    horizon: Horizon, draws: Mapping[str, FloatArray], first_day: np.datetime64, largest_week: FloatArray
) -> WeeklyResponse:
    """The response of a plan that may spend in every week and has spent nothing yet."""
    cells = (len(horizon.dose_per_spend), horizon.weeks)
    kept = {name: draws[name] for name in CHANNEL_DRAWS}
    return WeeklyResponse(horizon, kept, first_day, np.ones(cells, dtype=bool), np.zeros(cells), largest_week)


def _evenly(response: WeeklyResponse, totals: FloatArray) -> FloatArray:
    """Totals `(C, K)` -> `(C, W, K)`; what is spent already is the least that a total can be."""
    rest = np.maximum(totals - response.spent.sum(axis=1)[:, None], 0.0)
    share = response.open_weeks / np.maximum(response.open_weeks.sum(axis=1, keepdims=True), 1)
    laid: FloatArray = response.spent[:, :, None] + share[:, :, None] * rest[:, None, :]
    return laid
