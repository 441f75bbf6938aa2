"""What every estimator is given: treated geos beside their controls, from the first period to the window's end."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEAST_BEFORE = 10
"""Periods before a window, real or placebo."""
MOST_WINDOWS = 8
PER_WINDOW = 25
"""Placements in each placebo window."""


@dataclass(frozen=True)
class PlaceboWindows:
    """Windows before a test in which nothing was treated: their first periods, and their common length."""

    starts: tuple[int, ...]
    periods: int


@dataclass(frozen=True)
class Comparison:
    """N treated geos and J controls ("donors") over T0 periods before the window and h in it, T = T0 + h in all.

    Attributes:
        treated, donors: outcome, `(N, T)` and `(J, T)`; pre-period means are positive.
        periods_before: T0.
        donor_names: labels of the donors, length J.
        pairs: which treated geo is matched with which donor, `(P, 2)`; P = 0 without pairs.
        blocks: within which coins fell: units of each block, as rows of `everyone()`; () where they are not known.
        treated_spend, donor_spend: spend of the tested channel, as `treated` and `donors`; None where not given.
    """

    treated: FloatArray
    donors: FloatArray
    periods_before: int
    donor_names: tuple[str, ...]
    pairs: IntArray
    treated_spend: FloatArray | None = None
    donor_spend: FloatArray | None = None
    blocks: tuple[tuple[tuple[int, ...], ...], ...] = ()

    @property
    def periods(self) -> int:
        """Length of the window, h."""
        return int(self.treated.shape[1]) - self.periods_before

    @property
    def cells(self) -> int:
        """Treated geos times periods of the window."""
        return len(self.treated) * self.periods

    @property
    def average(self) -> FloatArray:
        """Mean of the treated geos by period, `(T,)`."""
        mean: FloatArray = self.treated.mean(axis=0)
        return mean

    @property
    def share_treated(self) -> float:
        """Share of the geos that is treated."""
        return len(self.treated) / (len(self.treated) + len(self.donors))

    def placebo_windows(self) -> PlaceboWindows:
        """Windows of the test's length, half a length apart, or shorter ones where the panel has too few periods.

        Every geo has sold something before each.
        """
        before = self.periods_before
        periods = min(self.periods, before // 3)
        earliest = max(LEAST_BEFORE, periods, before // 3)
        starts = list(range(before - periods, earliest - 1, -max(1, periods // 2)))
        starts = [start for start in starts if (self.everyone()[:, :start].mean(axis=1) > 0).all()]
        if len(starts) > MOST_WINDOWS:
            chosen = np.linspace(0, len(starts) - 1, MOST_WINDOWS).round().astype(int)
            starts = [starts[place] for place in chosen]
        return PlaceboWindows(tuple(starts), periods)

    def everyone(self) -> FloatArray:
        """All geos' outcome, treated first, `(N + J, T)`."""
        return np.concatenate([self.treated, self.donors])

    def placebo(self, treated: IntArray, window_start: int, periods: int) -> "Comparison":
        """The same panel with other geos as if treated, in a window before the test.

        Args:
            treated: rows of `everyone()`.
            window_start: first period of the window; everything after the window is dropped.
            periods: the window's length.
        """
        outcome = self.everyone()[:, : window_start + periods]
        rest = np.setdiff1d(np.arange(len(outcome)), treated)
        return replace(
            self,
            treated=outcome[treated],
            donors=outcome[rest],
            periods_before=window_start,
            donor_names=tuple(f"geo {row}" for row in rest),
            pairs=np.zeros((0, 2), dtype=np.int64),
            treated_spend=None,
            donor_spend=None,
            blocks=(),
        )
