"""What is expected of chosen bids in; predictive intervals of clicks, cost, orders and incremental sales out.

Two kinds of doubt: what is not known about a target (its curve, its rate), and chance (a target's own counts, days that
scatter more than counts do, and the whole channel's traffic, which moves together and does not cancel in totals).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from bidding.expected import Outlook as Expected
from bidding.landscape import HALF_LIFE_DAYS, click_noise
from bidding.outlook import BidResponse, ClickValues
from bidding.snapshot import Performance, Snapshot
from measurement.interval import PERCENTILES, Interval

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TRAFFIC_PRIOR, TRAFFIC_PRIOR_WEEKS = 0.06, 4.0
"""A channel's week against what recent weeks promised: relative sd, and in how many weeks it is believed."""
WEEK_DAYS = 7.0
COST_VARIATION, VALUE_VARIATION = 0.15, 0.6
"""Squared relative sd of one click's cost and of one order's value."""


@dataclass(frozen=True, eq=False)
class Spread:
    """A quantity by target or by channel: mean and variance, `(n,)` each; never negative."""

    mean: FloatArray
    variance: FloatArray

    def percentiles(self, wanted: tuple[int, ...] = PERCENTILES) -> FloatArray:
        """Percentiles of a gamma distribution of this mean and variance, `(n, len(wanted))`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            shape = np.where(self.variance > 0, self.mean**2 / self.variance, np.inf)
            columns = [gammaincinv(shape, q / 100) * self.mean / shape for q in wanted]
        made = np.stack(columns, axis=1)
        return np.where(np.isfinite(made), made, self.mean[:, None])

    def interval(self, row: int) -> Interval:
        """One row as every answer carries it."""
        one = Spread(self.mean[row : row + 1], self.variance[row : row + 1])
        return Interval(float(one.mean[0]), float(np.sqrt(one.variance[0])), *map(float, one.percentiles()[0]))


@dataclass(frozen=True, eq=False)
class Outlook:
    """Predictive distributions over some days: of counts and money as they will be once matured.

    Attributes:
        clicks, cost, orders, sales, incremental_sales: `sales` are attributed ones.
    """

    clicks: Spread
    cost: Spread
    orders: Spread
    sales: Spread
    incremental_sales: Spread


@dataclass(frozen=True, eq=False)
class Chance:
    """How much more than counting noise the days scatter.

    Attributes:
        noise: a target's clicks from day to day, at least 1.
        traffic: relative variance of a channel's week around what recent weeks promised, `(C,)`.
    """

    noise: float
    traffic: FloatArray


def learn_chance(snapshot: Snapshot) -> Chance:
    """Learn it from the days of a snapshot."""
    traffic = [_traffic(snapshot.performance, snapshot, place) for place in range(len(snapshot.channels))]
    return Chance(click_noise(snapshot), np.array(traffic))


def outlook_intervals(
    values: ClickValues,
    response: BidResponse,
    column: IntArray,
    chance: Chance,
    channel: IntArray,
    days: float = WEEK_DAYS,
) -> tuple[Outlook, Outlook]:
    """What chosen bids will bring: by target, `(N,)`, and in all by channel, `(C,)`.

    Args:
        values, response: of every target.
        column: chosen options, `(N,)`.
        chance: `learn_chance`.
        channel: of every target, `(N,)`.
        days: how many, within the budget.
    """
    rows = np.arange(len(column))
    per_day = response.clicks[rows, column]
    relative = (response.clicks_sd[rows, column] / np.maximum(per_day, 1e-12)) ** 2
    clicks = days * per_day
    cost = days * response.cost[rows, column]
    of_rate = (values.conversion_rate_sd / np.maximum(values.conversion_rate, 1e-12)) ** 2
    of_sales = (values.attributed_sd / np.maximum(values.attributed, 1e-12)) ** 2
    of_increment = (values.incremental_sd / np.maximum(values.incremental, 1e-12)) ** 2
    orders = clicks * values.conversion_rate
    one_order = values.order_value * (1.0 + VALUE_VARIATION)
    each = np.divide(cost, clicks, out=np.zeros_like(cost), where=clicks > 0)
    parts = {
        "clicks": (clicks, chance.noise * clicks, relative),
        "cost": (cost, cost * each * (chance.noise + COST_VARIATION), relative),
        "orders": (orders, orders * (1.0 + chance.noise * values.conversion_rate), relative + of_rate),
        "sales": (clicks * values.attributed, clicks * values.attributed * one_order, relative + of_sales),
        "incremental_sales": (
            clicks * values.incremental,
            clicks * values.incremental * one_order * values.share,
            relative + of_increment,
        ),
    }
    shared = {
        "incremental_sales": _shared(values.share_sd, values.share, clicks * values.incremental, channel, chance),
    }
    targets, totals = {}, {}
    for name, (mean, own, doubt) in parts.items():
        targets[name] = Spread(mean, own + mean**2 * (doubt + chance.traffic[channel]))
        totals[name] = _total(mean, own + mean**2 * doubt, channel, chance, shared.get(name))
    return Outlook(**targets), Outlook(**totals)


def with_chance(outlook: Expected, values: ClickValues, chance: Chance, channel: IntArray) -> Expected:
    """The same means with the spread of what the next seven days will bring, as an average day of them.

    Args:
        outlook: per day and target, `(N,)`; its spread is that of what one does not know.
        values, chance, channel: as for `outlook_intervals`.
    """
    only = np.zeros(len(channel), dtype=np.int64)
    per_day = (outlook.clicks, outlook.clicks_sd, outlook.cost)
    clicks, clicks_sd, cost = (each[:, None] for each in per_day)
    response = BidResponse(np.zeros_like(clicks), clicks, clicks_sd, cost, only, np.ones(len(only)))
    week, _ = outlook_intervals(values, response, only, chance, channel, WEEK_DAYS)
    clicks_sd, cost_sd, sales_sd = (
        np.sqrt(spread.variance) / WEEK_DAYS for spread in (week.clicks, week.cost, week.incremental_sales)
    )
    return replace(outlook, clicks_sd=clicks_sd, cost_sd=cost_sd, sales_sd=sales_sd)


def _total(mean: FloatArray, own: FloatArray, channel: IntArray, chance: Chance, shared: FloatArray | None) -> Spread:
    """Sums by channel: targets' own doubts add up as variances, the channel's as one."""
    size = len(chance.traffic)
    total: FloatArray = np.bincount(channel, weights=mean, minlength=size).astype(np.float64)
    variance = np.bincount(channel, weights=own, minlength=size) + total**2 * chance.traffic
    return Spread(total, variance if shared is None else variance + shared)


def _shared(sd: FloatArray, share: FloatArray, mean: FloatArray, channel: IntArray, chance: Chance) -> FloatArray:
    """Variance of a channel's total from its incremental share, which is one number for all its targets."""
    relative = sd / np.maximum(share, 1e-12)
    together = np.bincount(channel, weights=mean * relative, minlength=len(chance.traffic)).astype(np.float64)
    variance: FloatArray = together**2
    return variance


def _traffic(rows: Performance, snapshot: Snapshot, place: int) -> float:
    """Relative variance of weeks around the weighted mean of the days before each, less what counting explains."""
    mine = snapshot.channel_of_targets()[rows.target] == place
    behind = (snapshot.today - rows.day[mine]).astype(np.int64)
    prior = TRAFFIC_PRIOR**2
    if not len(behind) or behind.max() < 28:
        return prior
    length = int(behind.max()) // 7 * 7
    daily = np.bincount(behind, weights=rows.clicks[mine], minlength=length + 1)[1 : length + 1][::-1]
    found = []
    for start in range(21, length - 6, 7):
        weight = 0.5 ** (np.arange(start)[::-1] / HALF_LIFE_DAYS)
        promised = 7.0 * (weight * daily[:start]).sum() / weight.sum()
        week = daily[start : start + 7].sum()
        if promised > 0:
            found.append(((week - promised) ** 2 - 1.5 * (week + promised)) / promised**2)
    if not found:
        return prior
    # The mean of a variance that few weeks tell is above the weeks' own: one fewer divides.
    return float(max((sum(found) + TRAFFIC_PRIOR_WEEKS * prior) / (len(found) + TRAFFIC_PRIOR_WEEKS - 1.0), 1e-4))
