"""A panel in, what `rmo check` says of it out: coverage, variation and collinearity per channel, and a forecast."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import numpy as np

from measurement.forecast import ChannelForecast, forecast_channels, varies
from measurement.hidden_demand import captures_demand
from measurement.panel import ControlKind, Level, Panel
from measurement.priors import ChannelPrior
from measurement.resampling import to_weekly

"""Words in a channel's name that tell of advertising which follows what people already look for."""
GOOD_ERROR, POOR_ERROR = 0.35, 1.2
"""Standard errors of an iROAS below which it will likely be measured, and above which it will not."""
HIGH_CORRELATION = 0.9
WEEKS_FOR_A_SEASON = 104
FEW_GEOS = 10


class Outlook(Enum):
    """How well a channel's effect will likely be measured."""

    LIKELY = "likely measurable"
    HARD = "hard"
    NOT = "not measurable"


@dataclass(frozen=True)
class ChannelDescription:
    """One channel of a panel. Shares and correlations are fractions.

    Attributes:
        channel, level: its name, and how finely its spend is known: "geo" or "national".
        spend: total over the panel, in money.
        share_of_sales: spend over sales.
        share_of_geos_with_spend, share_of_periods_with_spend: of the weekly panel.
        variation: standard deviation of weekly spend over all geos and weeks, relative to its mean.
        variation_within: the same after what geos and weeks have in common, on spend per head; of the national total
            less trend and season where only time tells.
        highest_correlation, correlated_with: the other channel that moves most like this one, so cleaned.
        explained_by_others: share of its variation that other channels and controls explain (R squared).
        iroas_standard_error: expected at today's spend; None if it cannot be told.
        outlook, reason: the forecast, in words.
    """

    channel: str
    level: str
    spend: float
    share_of_sales: float
    share_of_geos_with_spend: float
    share_of_periods_with_spend: float
    variation: float
    variation_within: float
    highest_correlation: float
    correlated_with: str
    explained_by_others: float
    iroas_standard_error: float | None
    outlook: str
    reason: str


@dataclass(frozen=True)
class PanelDescription:
    """A panel in figures and words; dates are ISO, the last one the first day of the last period."""

    periods: int
    geos: int
    frequency: str
    first_date: str
    last_date: str
    currency: str
    outcomes: tuple[str, ...]
    controls: tuple[str, ...]
    total_sales: float
    channels: tuple[ChannelDescription, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        plain = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def describe_panel(panel: Panel) -> PanelDescription:
    """Describe a panel of at least one whole week; days are summed to weeks first, for all but the counts.

    Raises:
        PanelError: less than one whole week.
    """
    weekly, messages = to_weekly(panel)
    forecasts = forecast_channels(weekly)
    channels = tuple(_describe_channel(weekly, index, forecast) for index, forecast in enumerate(forecasts))
    return PanelDescription(
        periods=len(panel.dates),
        geos=len(panel.geos),
        frequency=panel.frequency.value,
        first_date=str(panel.dates[0]),
        last_date=str(panel.dates[-1]),
        currency=panel.currency,
        outcomes=tuple(outcome.name for outcome in panel.outcomes),
        controls=tuple(control.name for control in panel.controls),
        total_sales=float(weekly.sales.sum()),
        channels=channels,
        notes=(*messages, *_notes(weekly, channels)),
    )


def _describe_channel(panel: Panel, index: int, forecast: ChannelForecast) -> ChannelDescription:
    spend, sales = panel.spend[:, :, index], float(panel.sales.sum())
    mean = float(spend.mean())
    outlook, reason = _outlook(panel, index, forecast)
    return ChannelDescription(
        channel=panel.channels[index].name,
        level=panel.channels[index].level.value,
        spend=float(spend.sum()),
        share_of_sales=float(spend.sum()) / sales if sales > 0 else 0.0,
        share_of_geos_with_spend=float((spend > 0).any(axis=1).mean()),
        share_of_periods_with_spend=float((spend > 0).any(axis=0).mean()),
        variation=float(spend.std()) / mean if mean > 0 else 0.0,
        variation_within=forecast.variation,
        highest_correlation=forecast.correlation,
        correlated_with=forecast.correlated_with,
        explained_by_others=forecast.explained,
        iroas_standard_error=forecast.standard_error if np.isfinite(forecast.standard_error) else None,
        outlook=outlook.value,
        reason=reason,
    )


def _outlook(panel: Panel, index: int, forecast: ChannelForecast) -> tuple[Outlook, str]:
    error = forecast.standard_error
    if not panel.spend[:, :, index].any():
        return Outlook.NOT, "it never spends"
    if not varies(panel, index):
        return Outlook.NOT, "its spend never changes, so nothing shows what sales would be with less or more of it"
    if not np.isfinite(error):
        return Outlook.NOT, f"nothing of its own is left to learn from: {_cause(panel, index, forecast)}"
    expected = f"expected standard error of its iROAS {error:.2f}"
    if error < GOOD_ERROR:
        outlook, meaning = Outlook.LIKELY, "a return of 1 could be told from 0"
    elif error < POOR_ERROR:
        outlook, meaning = Outlook.HARD, "the interval will be wide"
    else:
        outlook, meaning = (
            Outlook.NOT,
            "a return of 1 could not be told from 0; a geo test or more varied spend would help",
        )
    cause = _cause(panel, index, forecast)
    return outlook, f"{expected}: {meaning}" + (f"; {cause}" if cause else "")


def _cause(panel: Panel, index: int, forecast: ChannelForecast) -> str:
    """What makes a channel hard to measure, empty where nothing stands out."""
    causes = []
    if panel.channels[index].level is Level.NATIONAL:
        causes.append("known only nationally, it is learnt from its ups and downs in time")
    elif forecast.time_only and len(panel.geos) > 1:
        causes.append("it does not differ between geos and is learnt from its ups and downs in time")
    if abs(forecast.correlation) > HIGH_CORRELATION:
        causes.append(f"it moves with {forecast.correlated_with} (correlation {forecast.correlation:.2f})")
    elif forecast.explained > HIGH_CORRELATION**2:
        causes.append(f"other channels and controls explain {forecast.explained:.0%} of its variation")
    if forecast.variation < 0.1:
        causes.append(f"its own variation is only {forecast.variation:.0%} of its mean")
    return ", ".join(causes)


def _notes(panel: Panel, channels: tuple[ChannelDescription, ...]) -> tuple[str, ...]:
    """What concerns the panel as a whole; the panel is weekly."""
    notes = []
    pairs = {
        tuple(sorted((one.channel, one.correlated_with))): one.highest_correlation
        for one in channels
        if abs(one.highest_correlation) > HIGH_CORRELATION
    }
    for (first, second), correlation in pairs.items():
        notes.append(
            f"{first} and {second} move together (correlation {correlation:.2f}): their effects can hardly be told "
            "apart; vary one of them alone, or merge them"
        )
    weeks = len(panel.dates)
    if weeks < WEEKS_FOR_A_SEASON:
        notes.append(f"{weeks} weeks are less than two years: season cannot be told from trend; add earlier weeks")
    notes += _demand_notes(panel)
    if len(panel.geos) == 1:
        notes.append("one series without geos: all is learnt from ups and downs in time, which season and demand share")
    elif len(panel.geos) < FEW_GEOS:
        notes.append(f"only {len(panel.geos)} geos: little to learn from differences between them")
    if not any(outcome.in_money for outcome in panel.outcomes):
        notes.append("no outcome is in money: returns are units per unit of money, and the forecasts' thresholds rough")
    return tuple(notes)


def _demand_notes(panel: Panel) -> list[str]:
    if any(control.kind is ControlKind.DEMAND for control in panel.controls):
        return []
    following = [name for name in panel.channel_names if captures_demand(name, ChannelPrior())]
    if not following:
        return []
    return [
        f"{', '.join(following)} may follow demand, and no control stands for it: the measured effect would take "
        "demand for its own; add a column of query volume (<name>_queries)"
    ]
