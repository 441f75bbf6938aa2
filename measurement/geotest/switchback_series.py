"""A panel in, the nation's series that a switchback is judged on out: outcome, spend and calendar columns.

The calendar columns are fixed by the dates alone, before any result is seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.calendar import DAYS_PER_YEAR, fourier_columns, holiday_columns
from measurement.errors import GeoTestError
from measurement.geotest.arrangement import outcome_of
from measurement.panel import Frequency, Panel
from measurement.panel_map import nearest

FloatArray = NDArray[np.float64]

SEASON_PAIRS = 2


@dataclass(frozen=True, eq=False)
class NationalSeries:
    """The nation's totals by period, `(T,)` each.

    Attributes:
        dates: first day of each period.
        sold: the outcome.
        level: what effects are shares of: logs of the outcome, or, where it is not above 0 throughout, the outcome
            over its mean.
        spend: of the tested channel.
        calendar: weekdays, season and holidays, `(T, K)`.
        outcome, channel: names.
        in_logs, in_money: of the outcome.
        days_per_period: 1 or 7.
    """

    dates: NDArray[np.datetime64]
    sold: FloatArray
    level: FloatArray
    spend: FloatArray
    calendar: FloatArray
    outcome: str
    channel: str
    in_logs: bool
    in_money: bool
    days_per_period: int

    def share(self, effect: float) -> float:
        """An effect on `level` as a share of what sells without it."""
        return float(np.expm1(effect)) if self.in_logs else effect


def national_series(panel: Panel, channel: str, outcome: str | None = None) -> NationalSeries:
    """Add the panel up over its geos. Raises GeoTestError for an unknown channel or outcome."""
    if channel not in panel.channel_names:
        known = nearest(channel, panel.channel_names) if panel.channels else "the panel has no spend column"
        raise GeoTestError(f"channel {channel!r} is not in the panel: {known}")
    name, values, in_money = outcome_of(panel, outcome)
    sold = values.sum(axis=0)
    if not sold.mean() > 0:
        raise GeoTestError(f"{name} adds up to {sold.sum():g} over the panel: there is nothing to measure")
    in_logs = bool((sold > 0).all())
    return NationalSeries(
        dates=panel.dates,
        sold=sold,
        level=np.log(sold) if in_logs else sold / sold.mean(),
        spend=panel.spend[:, :, panel.channel_names.index(channel)].sum(axis=0),
        calendar=_calendar(panel),
        outcome=name,
        channel=channel,
        in_logs=in_logs,
        in_money=in_money,
        days_per_period=7 if panel.frequency is Frequency.WEEKLY else 1,
    )


def _calendar(panel: Panel) -> FloatArray:
    days = 7 if panel.frequency is Frequency.WEEKLY else 1
    columns = [holiday_columns(panel.dates, panel.country, days)[1]]
    if days == 1:
        weekday = (panel.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
        columns.append((weekday[:, None] == np.arange(1, 7)).astype(np.float64))
    if len(panel.dates) * days >= DAYS_PER_YEAR:
        columns.append(fourier_columns(panel.dates, SEASON_PAIRS))
    return np.hstack(columns)
