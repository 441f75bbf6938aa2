"""Arrays of a panel in, refusals and warnings out: what the file's cells alone do not show."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError
from measurement.panel import Frequency, Level, Panel

FloatArray = NDArray[np.float64]

LEAST_WEEKS = 26
LEAST_PERIODS = {Frequency.WEEKLY: LEAST_WEEKS, Frequency.DAILY: 7 * LEAST_WEEKS}
SAME = 1e-9
"""Relative difference below which two amounts are the same."""


def refuse_unfit(panel: Panel) -> None:
    """Refuse a panel that no model can be fitted to.

    Raises:
        PanelError: too short, no channel, a channel that never spends or repeats another, sales that are all zero in a
            geo or never change.
    """
    least = LEAST_PERIODS[panel.frequency]
    if len(panel.dates) < least:
        raise PanelError(
            f"the panel has {len(panel.dates)} {panel.frequency.value} periods, from {panel.dates[0]} to "
            f"{panel.dates[-1]}: a fit needs at least {least}; add earlier rows"
        )
    if not panel.channels:
        raise PanelError(
            "the file has no channel: name the columns of money spent <channel>_spend, or name them in a map under "
            "[[channel]]"
        )
    _refuse_idle_channels(panel)
    _refuse_repeated_channels(panel)
    _refuse_dead_sales(panel)


def warn_of_oddities(panel: Panel) -> tuple[str, ...]:
    """What a reader should know of an admissible panel: negative sales, national totals read as local spend."""
    warnings = []
    for index, outcome in enumerate(panel.outcomes):
        negative = np.argwhere(panel.outcome_values[:, :, index] < 0)
        if len(negative):
            geo, period = negative[0]
            warnings.append(
                f"outcome {outcome.name!r} is negative in {len(negative)} row(s), first in geo {panel.geos[geo]!r} on "
                f"{panel.dates[period]}: fine if returns outweighed sales, otherwise correct it"
            )
    for index, channel in enumerate(panel.channels):
        if channel.level is Level.GEO and same_in_all_geos(panel.spend[:, :, index]):
            warnings.append(
                f"channel {channel.name!r} spends the same in every geo on every date: if that is the national total "
                'repeated, declare level = "national" in a map; as it stands it counts once per geo'
            )
    return tuple(warnings)


def same_in_all_geos(values: FloatArray) -> bool:
    """Whether `(G, T)` values are one series repeated in each of several geos; all-zero values are not."""
    if values.shape[0] < 2 or not np.nan_to_num(values).any():
        return False
    return bool(np.allclose(values, values[:1], rtol=SAME, atol=0.0, equal_nan=True))


def name_list(names: Sequence[str], longest: int = 12) -> str:
    """Names for a message, the rest of a long list as a number."""
    shown = ", ".join(" ".join(name.split()) for name in names[:longest])
    return shown if len(names) <= longest else f"{shown} and {len(names) - longest} more"


def _refuse_idle_channels(panel: Panel) -> None:
    for index, channel in enumerate(panel.channels):
        if not panel.spend[:, :, index].any():
            raise PanelError(
                f"channel {channel.name!r} never spends: nothing can be learnt of it; delete its spend column or leave "
                "it out of the map"
            )


def _refuse_repeated_channels(panel: Panel) -> None:
    for first in range(len(panel.channels)):
        for second in range(first + 1, len(panel.channels)):
            if np.allclose(panel.spend[:, :, first], panel.spend[:, :, second], rtol=SAME, atol=0.0):
                names = f"{panel.channels[first].name!r} and {panel.channels[second].name!r}"
                raise PanelError(
                    f"channels {names} have identical spend in every row: no data can tell the two apart; merge them "
                    "into one column or drop one"
                )


def _refuse_dead_sales(panel: Panel) -> None:
    for index, outcome in enumerate(panel.outcomes):
        if not panel.outcome_values[:, :, index].any():
            raise PanelError(f"outcome {outcome.name!r} is zero in every row: leave its column out or correct it")
    for geo, sales in zip(panel.geos, panel.sales, strict=True):
        if not sales.any():
            raise PanelError(f"geo {geo!r} has no sales in any period: leave its rows out or correct them")
    if np.ptp(panel.sales, axis=1).max() == 0:
        raise PanelError("sales are the same in every period: nothing can be learnt from them; correct the column")
