"""Sales by geo and a test's size in, the set of geos that is measured best and its standard error out.

The error is what the analysis says in past windows of the test's length, in which nothing was treated; the earlier
windows choose the set, the later ones, which share no day with them, say its error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurement.geotest.candidates import candidates
from measurement.geotest.comparison import FloatArray, IntArray
from measurement.geotest.market import market_without_wishes
from measurement.geotest.power import Rehearsal, RehearsalSettings, rehearse
from measurement.geotest.rehearsal_windows import rehearsal_windows

ONE_SD = 0.6827
"""Level of an interval whose half-width is one standard error."""
MOST_SETS = 6


@dataclass(frozen=True)
class Precision:
    """Geos to treat, as rows, and the standard error of the lift over the whole window in money."""

    geos: IntArray
    standard_error: float


def worth_rehearsing(outcome: FloatArray, eligible: IntArray, size: int, seed: int) -> list[IntArray]:
    """A few sets of `size` geos, as rows, that could be treated; the same for tests of any length."""
    found = candidates(market_without_wishes(outcome, eligible, 1), size, 1, seed)
    return [one.rows for one in found[:MOST_SETS]]


def best_measured(outcome: FloatArray, sets: Sequence[IntArray], periods: int, seed: int) -> Precision | None:
    """The set whose lift is measured best, or None where there is none or the panel has too few past windows.

    Args:
        outcome: sales `(G, T)`.
        sets: geos that could be treated, as rows, all of one size.
        periods: length of the window, cooldown included.
        seed: of the sets without treatment that the analysis is calibrated on.
    """
    windows = rehearsal_windows(outcome, periods)
    if not sets or not windows.enough:
        return None
    market = market_without_wishes(outcome, np.arange(len(outcome)), periods)
    settings = RehearsalSettings(ONE_SD, seed=seed)
    one_cell = [(rows,) for rows in sets]
    choosing = rehearse(market, one_cell, windows.choosing, settings)
    best = int(np.argmin(choosing.half_widths[:, 0].mean(axis=1)))
    told = rehearse(market, [one_cell[best]], windows.held_back, settings)
    share = float(told.half_widths[0, 0].mean()) * _understated(told)
    return Precision(sets[best], share * float(outcome[sets[best], -periods:].sum()))


def _understated(rehearsal: Rehearsal) -> float:
    """How much larger the errors of sets without treatment were than their intervals promised; never below 1."""
    return max(1.0, float(np.sqrt((rehearsal.noise**2).mean())))
