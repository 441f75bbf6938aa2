"""A daily panel in, the weekly one out; weekly panels pass through."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError
from measurement.panel import Frequency, Panel

FloatArray = NDArray[np.float64]
DAYS_PER_WEEK = 7


def to_weekly(panel: Panel) -> tuple[Panel, tuple[str, ...]]:
    """Sum days to whole weeks that start on the weekday of the first date; controls are averaged.

    Outcomes, spend, exposure and attributed sales are sums over the week (attributed sales over the days that have
    one). Controls are means, a demand control the mean of its logs. Days after the last whole week are left out, and
    the message says which.

    Returns:
        The weekly panel, and messages.

    Raises:
        PanelError: less than one whole week.
    """
    if panel.frequency is Frequency.WEEKLY:
        return panel, ()
    weeks, spare = divmod(len(panel.dates), DAYS_PER_WEEK)
    if weeks == 0:
        raise PanelError(f"the panel has {len(panel.dates)} days, not one whole week: add days")
    whole_days = weeks * DAYS_PER_WEEK
    weekly = replace(
        panel,
        dates=panel.dates[:whole_days:DAYS_PER_WEEK],
        outcome_values=_by_week(panel.outcome_values, weeks).sum(axis=2),
        spend=_by_week(panel.spend, weeks).sum(axis=2),
        exposure=_by_week(panel.exposure, weeks).sum(axis=2),
        attributed_sales=_sum_of_known(_by_week(panel.attributed_sales, weeks)),
        control_values=_by_week(panel.control_values, weeks).mean(axis=2),
        frequency=Frequency.WEEKLY,
    )
    if not spare:
        return weekly, ()
    left_out = f"{panel.dates[whole_days]} to {panel.dates[-1]}" if spare > 1 else str(panel.dates[-1])
    return weekly, (f"days were summed to weeks; the last {spare} day(s), {left_out}, make no whole week: left out",)


def _by_week(values: FloatArray, weeks: int) -> FloatArray:
    """`(G, days, X)` -> `(G, weeks, 7, X)`."""
    whole = values[:, : weeks * DAYS_PER_WEEK]
    return whole.reshape(values.shape[0], weeks, DAYS_PER_WEEK, values.shape[2])


def _sum_of_known(by_week: FloatArray) -> FloatArray:
    """Sum over the days that have a value; NaN where none has."""
    total: FloatArray = np.nansum(by_week, axis=2)
    return np.where(np.isnan(by_week).all(axis=2), np.nan, total)
