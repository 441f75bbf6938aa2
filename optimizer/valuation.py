"""Heights on each channel's grid -> what a spend is worth, summed over channels. Also the worst draws of many such.

Grids and spends are in cents, heights in money. Between grid points heights are interpolated; beyond they are flat.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
DUST = 1e-12


@dataclass(frozen=True)
class Valuation:
    """One function of spend per channel.

    Attributes:
        grids: cents, C arrays `(K_c,)`, rising.
        heights: money there, C arrays `(K_c,)`.
    """

    grids: tuple[FloatArray, ...]
    heights: tuple[FloatArray, ...]

    def at(self, channel: int, cents: FloatArray) -> FloatArray:
        """Heights of one channel at some spends."""
        result: FloatArray = np.interp(cents, self.grids[channel], self.heights[channel])
        return result

    def total(self, spend_cents: FloatArray) -> float:
        """Sum over the channels at a spend `(C,)`."""
        return float(sum(self.at(channel, cents) for channel, cents in enumerate(spend_cents)))

    def less_spend(self, price: float) -> "Valuation":
        """The same less `price` for every unit of money spent."""
        pairs = zip(self.heights, self.grids, strict=True)
        return Valuation(self.grids, tuple(heights - price * grid / 100 for heights, grid in pairs))


@dataclass(frozen=True)
class WorstDraws:
    """Draws of a valuation; the mean of the worst share of them is what counts (CVaR: Rockafellar and Uryasev 2000).

    Attributes:
        grids: cents, C arrays `(K_c,)`.
        draws: money, C arrays `(D, K_c)`.
        share: of draws, in (0, 1].
        chances: of the draws, `(D,)`, 1 in sum; `None` where all are as likely.
    """

    grids: tuple[FloatArray, ...]
    draws: tuple[FloatArray, ...]
    share: float
    chances: FloatArray | None = None

    @property
    def count(self) -> int:
        """Number of draws."""
        return len(self.draws[0])

    def totals(self, spend_cents: FloatArray) -> FloatArray:
        """Sum over channels at a spend `(C,)`, by draw `(D,)`."""
        total = np.zeros(self.count)
        for channel, cents in enumerate(spend_cents):
            total += self.by_draw(channel, float(cents))
        return total

    def by_draw(self, channel: int, cents: float) -> FloatArray:
        """Heights of one channel at one spend, by draw `(D,)`."""
        return self.table_at(channel, np.array([cents]))[:, 0]

    def table_at(self, channel: int, cents: FloatArray) -> FloatArray:
        """Heights of one channel at several spends `(P,)`, by draw `(D, P)`."""
        grid, table = self.grids[channel], self.draws[channel]
        cell = np.clip(np.searchsorted(grid, cents, side="right") - 1, 0, len(grid) - 2)
        part = np.clip((cents - grid[cell]) / (grid[cell + 1] - grid[cell]), 0.0, 1.0)
        result: FloatArray = table[:, cell] + part * (table[:, cell + 1] - table[:, cell])
        return result

    def weights(self, totals: FloatArray) -> FloatArray:
        """The weights on draws `(D,)` that make `totals` worst."""
        return worst_weights(totals, self.share, self.chances)

    def worst(self, spend_cents: FloatArray) -> float:
        """Mean of the worst share of draws at a spend `(C,)`."""
        totals = self.totals(spend_cents)
        return float(self.weights(totals) @ totals)

    def weighted(self, weights: FloatArray) -> Valuation:
        """The valuation by the draws' weighted mean: never below the worst mean, and equal to it where its own."""
        return Valuation(self.grids, tuple(_without_dust(weights @ table) for table in self.draws))

    @cached_property
    def mean(self) -> Valuation:
        """The valuation by the mean of all draws."""
        return self.weighted(np.full(self.count, 1.0 / self.count) if self.chances is None else self.chances)


def _without_dust(heights: FloatArray) -> FloatArray:
    """What rounding left of nothing is nothing: as a coefficient it would break a linear program's scaling."""
    return np.where(np.abs(heights) < DUST * np.abs(heights).max(), 0.0, heights)


def worst_weights(totals: FloatArray, share: float, chances: FloatArray | None = None) -> FloatArray:
    """Weights `(D,)` on the worst `share` of draws, at most their chance / share each and 1 in sum."""
    count = len(totals)
    order = np.argsort(totals, kind="stable")
    most = (np.full(count, 1.0 / count) if chances is None else chances[order]) / share
    weights = np.zeros(count)
    weights[order] = np.clip(1.0 - np.concatenate([[0.0], np.cumsum(most)[:-1]]), 0.0, most)
    return weights
