"""Sales by geo and a test's size in, the set of geos that is measured best and its standard error out.

The error is what the analysis says in past windows of the test's length, in which nothing was treated; half of the
windows choose the set, the other half say its error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from measurement.geotest.candidates import candidates
from measurement.geotest.comparison import LEAST_BEFORE, FloatArray, IntArray, PlaceboWindows
from measurement.geotest.market import market_without_wishes
from measurement.geotest.power import Rehearsal, RehearsalSettings, rehearse

ONE_SD = 0.6827
"""Level of an interval whose half-width is one standard error."""
MOST_SETS, MOST_WINDOWS, LEAST_WINDOWS = 6, 6, 2


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
    windows = _windows(outcome, periods)
    if not sets or len(windows.starts) < LEAST_WINDOWS:
        return None
    market = market_without_wishes(outcome, np.arange(len(outcome)), periods)
    rehearsal = rehearse(market, [(rows,) for rows in sets], windows, RehearsalSettings(ONE_SD, seed=seed))
    half_widths = rehearsal.half_widths[:, 0]
    choosing, held_back = np.arange(0, len(windows.starts), 2), np.arange(1, len(windows.starts), 2)
    best = int(np.argmin(half_widths[:, choosing].mean(axis=1)))
    share = float(half_widths[best, held_back].mean()) * _understated(rehearsal)
    return Precision(sets[best], share * float(outcome[sets[best], -periods:].sum()))


def _understated(rehearsal: Rehearsal) -> float:
    """How much larger the errors of sets without treatment were than their intervals promised; never below 1."""
    return max(1.0, float(np.sqrt((rehearsal.noise**2).mean())))


def _windows(outcome: FloatArray, periods: int) -> PlaceboWindows:
    """Past windows half a length apart, spread over the panel after its first third."""
    total = outcome.shape[1]
    earliest = max(LEAST_BEFORE, periods, total // 3)
    starts = list(range(total - periods, earliest - 1, -max(1, periods // 2)))
    starts = [start for start in starts if (outcome[:, :start].mean(axis=1) > 0).all()]
    if len(starts) > MOST_WINDOWS:
        starts = [starts[place] for place in np.linspace(0, len(starts) - 1, MOST_WINDOWS).round().astype(int)]
    return PlaceboWindows(tuple(starts), periods)
