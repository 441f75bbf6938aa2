"""A plan's channel totals and each geo's response -> whole cents per channel and geo, with a bound.

Totals come first and stay; each channel's total is then spread so that it is expected to sell most, every geo within
half of its spend in today's shares, where the data have been. By the concave envelopes of the geos' curves that is a
merge of their pieces by slope (a fractional knapsack, Dantzig 1957); the price of the last piece proves the bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.geo_response import GeoResponse
from measurement.interval import Interval, summarise
from optimizer.proportions import split_in_proportion
from optimizer.scoring import share_better

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RATIOS = np.linspace(0.5, 1.5, 11)
CLEAR = 0.8


@dataclass(frozen=True)
class GeoSplit:
    """Spend by channel and geo.

    Attributes:
        cents, today_cents: `(C, G)`; today's shares of the same totals.
        value: expected sales on the geos' interpolated curves, of the channels that may move.
        bound: no spread within the limits reaches more on them.
    """

    cents: IntArray
    today_cents: IntArray
    value: float
    bound: float


@dataclass(frozen=True)
class GeoPlan:
    """A split with what it brings against today's shares of the same totals."""

    response: GeoResponse
    split: GeoSplit
    gain: Interval
    probability_better: float

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        bound = self.split.bound
        return {
            "lines": self._lines(),
            "gain": self.gain.to_json(),
            "probability_better": self.probability_better,
            "gap": (bound - self.split.value) / bound if bound > 0 else 0.0,
            "not_spread": self._not_spread(),
            "advice": self.advice,
        }

    def _lines(self) -> list[dict[str, Any]]:
        found = []
        for c, channel in enumerate(self.response.channels):
            for g, geo in enumerate(self.response.geos):
                today, spend = (int(table[c, g]) / 100 for table in (self.split.today_cents, self.split.cents))
                change = spend / today - 1 if today else None
                found.append({"channel": channel, "geo": geo, "todays_share": today, "spend": spend, "change": change})
        return found

    def _not_spread(self) -> list[str]:
        pairs = zip(self.response.channels, self.response.can_move, strict=True)
        return [channel for channel, moves in pairs if not moves]

    @property
    def advice(self) -> str:
        """Whether to spread otherwise than today, in a sentence or two."""
        gain, left = self.gain.mean, self._not_spread()
        if self.probability_better >= CLEAR:
            words = f"Spread over geos as listed, the same totals are expected to sell {gain:,.0f} more"
        else:
            words = f"Today's shares over geos are as good: spreading otherwise is expected to bring {gain:+,.0f}"
        words += f" ({self.probability_better:.0%} sure)."
        if left:
            words += f" Not spread, for want of targeting or of a measurement: {', '.join(left)}."
        return words


def split_over_geos(response: GeoResponse) -> GeoSplit:
    """The best spread of each total that may move; today's shares for the others."""
    channels, geos = response.shares.shape
    cents, today = np.zeros((channels, geos), dtype=np.int64), np.zeros((channels, geos), dtype=np.int64)
    value = bound = 0.0
    for channel in range(channels):
        total = round(100 * float(response.totals[channel]))
        today[channel] = split_in_proportion(total, response.shares[channel])
        cents[channel] = today[channel]
        if not response.can_move[channel] or total == 0:
            continue
        points = 100 * response.totals[channel] * response.shares[channel][:, None] * response.ratios
        spend, most = _best_spread(points, response.sales[channel], total)
        cents[channel] = _whole(spend, total, points[:, -1])
        value += _worth(points, response.sales[channel], cents[channel])
        bound += most
    return GeoSplit(cents, today, value, max(bound, value))


def describe_split(response: GeoResponse, split: GeoSplit, spread: FloatArray, today: FloatArray) -> GeoPlan:
    """The plan with what it brings: sales `(D, C)` of the spread and of today's shares, by draw."""
    gain = (spread - today).sum(axis=1)
    level = float(np.abs(today.sum(axis=1)).mean())
    return GeoPlan(response, split, summarise(gain), share_better(gain, level))


def ratios_of(response: GeoResponse, split: GeoSplit) -> FloatArray:
    """The split as multiples of today's shares, `(C, G)`; 1 where nothing is spent."""
    today = 100 * response.totals[:, None] * response.shares
    ratios: FloatArray = np.where(today > 0, split.cents / np.where(today > 0, today, 1.0), 1.0)
    return ratios


def _best_spread(points: FloatArray, sales: FloatArray, total: int) -> tuple[FloatArray, float]:
    """Spend per geo `(G,)` in cents by the envelopes, and the bound; `points` and `sales` are `(G, K)`."""
    geo, width, gain = _pieces(points, sales)
    slope = gain / width
    order = np.argsort(-slope, kind="stable")
    room = total - points[:, 0].sum()
    filled = np.clip(room - (np.cumsum(width[order]) - width[order]), 0.0, width[order])
    spend = points[:, 0].copy()
    np.add.at(spend, geo[order], filled)
    partial = np.flatnonzero(filled < width[order])
    price = float(slope[order][partial[0]]) if len(partial) else 0.0
    bound = float((sales - price * points).max(axis=1).sum()) + price * total
    return spend, bound


def _pieces(points: FloatArray, sales: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Owner, width and gain of all pieces of the geos' upper envelopes; a geo without spend has none."""
    owners, widths, gains = [], [], []
    for geo in np.flatnonzero(points[:, -1] > points[:, 0]):
        corners = _envelope(points[geo], sales[geo])
        widths.append(np.diff(points[geo, corners]))
        gains.append(np.diff(sales[geo, corners]))
        owners.append(np.full(len(corners) - 1, geo))
    return np.concatenate(owners), np.concatenate(widths), np.concatenate(gains)


def _envelope(x: FloatArray, y: FloatArray) -> list[int]:
    """Indices on the upper concave envelope (Andrew's monotone chain)."""
    corners: list[int] = []
    for index in range(len(x)):
        while len(corners) >= 2 and _lies_under(x, y, (*corners[-2:], index)):
            corners.pop()
        corners.append(index)
    return corners


def _lies_under(x: FloatArray, y: FloatArray, three: Sequence[int]) -> bool:
    left, middle, right = three
    return bool((y[middle] - y[left]) * (x[right] - x[left]) <= (y[right] - y[left]) * (x[middle] - x[left]))


def _whole(spend: FloatArray, total: int, most: FloatArray) -> IntArray:
    """Whole cents with the exact total: floors, and a cent more for the largest remainders that have room."""
    cents = np.floor(spend + 1e-6).astype(np.int64)
    left = total - int(cents.sum())
    has_room = cents + 1 <= most + 1e-6
    order = np.lexsort((-(spend - cents), ~has_room))
    cents[order[:left]] += 1
    return cents


def _worth(points: FloatArray, sales: FloatArray, cents: IntArray) -> float:
    return float(sum(np.interp(amount, x, y) for amount, x, y in zip(cents, points, sales, strict=True)))
