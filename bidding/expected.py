"""What bids are expected to bring: response, click values and bids in; clicks, cost and incremental sales per day out.

Between candidate bids the response is linear, below the lowest it falls to nothing in proportion. Spreads are those of
what one does not know; `intervals.with_chance` adds chance. Intervals are gamma, of the same mean and sd.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bidding.outlook import BidResponse, ClickValues
from measurement.interval import PERCENTILES, Interval

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CHUNK = 100_000


@dataclass(frozen=True, eq=False)
class Outlook:
    """Per day, mean and standard deviation; all arrays `(N,)`, money but for clicks."""

    clicks: FloatArray
    clicks_sd: FloatArray
    cost: FloatArray
    cost_sd: FloatArray
    sales: FloatArray
    sales_sd: FloatArray


def expect(response: BidResponse, values: ClickValues, bids: FloatArray) -> Outlook:
    """What bids `(N,)` in money bring; a bid that is not known (NaN) brings what its current column says."""
    count = len(bids)
    clicks, spread, cost = np.empty(count), np.empty(count), np.empty(count)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        clicks[part], spread[part], cost[part] = _interpolate(response, bids, part)
    sales = clicks * values.incremental
    with np.errstate(divide="ignore", invalid="ignore"):
        per_click = np.where(clicks > 0, cost / clicks, 0.0)
    variance = (spread * values.incremental) ** 2 + (clicks**2 + spread**2) * values.incremental_sd**2
    return Outlook(clicks, spread, cost, spread * per_click, sales, np.sqrt(variance))


def _interpolate(response: BidResponse, bids: FloatArray, part: slice) -> tuple[FloatArray, FloatArray, FloatArray]:
    grid, rows = response.bids[part], np.arange(len(response.bids[part]))
    last = grid.shape[1] - 1
    at = np.where(np.isfinite(bids[part]), bids[part], grid[rows, response.current[part]])
    right = np.clip((grid < at[:, None]).sum(axis=1), 0, last)
    left = np.maximum(right - 1, 0)
    width = grid[rows, right] - grid[rows, left]
    share = np.where(width > 0, (at - grid[rows, left]) / np.where(width > 0, width, 1.0), 1.0)
    share = np.clip(share, 0.0, 1.0)
    below = np.minimum(at / grid[:, 0], 1.0)

    def between(table: FloatArray) -> FloatArray:
        found: FloatArray = below * (table[part][rows, left] * (1 - share) + table[part][rows, right] * share)
        return found

    return between(response.clicks), between(response.clicks_sd), between(response.cost) * below


def interval(mean: float, sd: float) -> Interval:
    """Summary of a quantity that is not negative, from its mean and standard deviation."""
    if not (np.isfinite(mean) and np.isfinite(sd) and mean > 0 and sd > 0):
        return Interval(mean, sd, *(mean,) * len(PERCENTILES))
    shape = (mean / sd) ** 2
    quantiles = special.gammaincinv(shape, np.array(PERCENTILES) / 100) * mean / shape
    return Interval(float(mean), float(sd), *(float(q) for q in quantiles))
