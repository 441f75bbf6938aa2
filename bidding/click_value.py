"""A snapshot, its account and incremental shares in; what one more click on each target sells out.

Orders per click (Poisson, clicks counted as far as their orders have matured) and sales per order (a share of the
account's heavy tail kept) are shrunk by `shrinkage` towards ad group, campaign, kind, match and brand. Old days count
less. Attributed sales per click times the channel's marginal incremental share give incremental sales per click.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account, AccountChannel
from bidding.errors import BidError
from bidding.factors import Factor
from bidding.maturity import Maturity, learn_maturity
from bidding.outlook import ClickValues, Trust
from bidding.shrinkage import Nesting, Shrunk, nested, nesting_of, weighted
from bidding.snapshot import Performance, Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HALF_LIFE_DAYS = 60.0
"""A day's orders count half after two months: values drift with prices, reviews and rivals."""
USUAL_RATE = 0.03
USUAL_ORDER_VALUE = 30.0
TAIL = 0.995
"""Rows whose sales per order lie above this quantile of their channel are cut to it; the channel's total is kept."""
ORDER_VARIATION = (0.02, 4.0)
"""Range of the squared relative sd of one order's value."""
PART_WEIGHT = 30.0
"""Orders that the channel's own share of halo or new-to-brand sales is worth in every ad group."""


@dataclass(frozen=True, eq=False)
class ValueParts:
    """What `ClickValues` is made of, for whoever checks or explains it.

    Attributes:
        orders: orders per click.
        order_value: sales per order.
        maturity: completeness by age.
    """

    orders: Shrunk
    order_value: Shrunk
    maturity: Maturity


def value_clicks(
    snapshot: Snapshot, account: Account, factors: Sequence[Factor], parts: ValueParts | None = None
) -> ClickValues:
    """What one more click sells.

    Args:
        snapshot: the account this morning.
        account: margins and what counts as a sale.
        factors: `factors_of`; every channel of the snapshot needs one.
        parts: `learn_parts` of the same snapshot, where the caller has them already.

    Raises:
        BidError: a channel of the snapshot is not in the account, or has no factor.
    """
    channels = _channels(snapshot, account)
    parts = parts or learn_parts(snapshot, account)
    nesting = nesting_of(snapshot)
    rate, worth = parts.orders, parts.order_value
    attributed = rate.rate * worth.rate
    variation = rate.relative_variance + worth.relative_variance
    share, share_sd, trust = _shares(snapshot, factors)
    counted, premium = _switches(snapshot, channels, nesting)
    incremental = attributed * share * counted
    margin = np.array([channel.margin for channel in channels])[nesting.target_channel]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_share = np.where(share > 0, (share_sd / share) ** 2, 0.0)
    return ClickValues(
        conversion_rate=rate.rate,
        conversion_rate_sd=rate.rate * np.sqrt(rate.relative_variance),
        order_value=worth.rate,
        attributed=attributed,
        attributed_sd=attributed * np.sqrt(variation),
        share=share,
        share_sd=share_sd,
        incremental=incremental,
        incremental_sd=incremental * np.sqrt(variation + of_share),
        profit=incremental * premium * margin,
        trust=trust,
    )


def may_rise(values: ClickValues) -> BoolArray:
    """Whether a target's factor may raise its bid, `(N,)`."""
    return np.isin(values.trust, (Trust.TRUSTED, Trust.FACTOR_STATED))


def learn_parts(snapshot: Snapshot, account: Account) -> ValueParts:
    """Orders per click and sales per order of every target, matured and shrunk."""
    maturity, nesting = learn_maturity(snapshot, account), nesting_of(snapshot)
    rows = snapshot.performance
    channel = nesting.target_channel[rows.target]
    weight = recency(snapshot, HALF_LIFE_DAYS)
    count = len(snapshot.targets)
    matured = rows.clicks * maturity.of(channel, rows.age)
    orders, clicks = weighted(rows.target, weight, rows.orders, matured, count)
    rate = nested(orders, clicks, nesting, np.full(nesting.channels, USUAL_RATE))
    rate = _with_variance(rate, _immature(rows, channel, weight * matured, maturity, nesting)[nesting.target_channel])
    return ValueParts(rate, _order_values(rows, nesting, weight), maturity)


def recency(snapshot: Snapshot, half_life_days: float) -> FloatArray:
    """What a row counts: one yesterday, half of it a half-life earlier, `(R,)`."""
    behind = np.maximum(days_ago(snapshot) - 1, 0)
    weight: FloatArray = (0.5 ** (np.arange(behind.max(initial=0) + 1) / half_life_days))[behind]
    return weight


def days_ago(snapshot: Snapshot) -> IntArray:
    """Days between every row's day and today, `(R,)`."""
    ago: IntArray = (snapshot.today - snapshot.performance.day).astype(np.int64)
    return ago


def _immature(
    rows: Performance, channel: IntArray, matured: FloatArray, maturity: Maturity, nesting: Nesting
) -> FloatArray:
    """Relative variance of each channel's matured clicks that an uncertain completeness leaves, `(C,)`."""
    each = maturity.of(channel, rows.age)
    np.divide(matured, np.maximum(each, 1e-9, out=each), out=each)
    each *= maturity.complete_sd[channel, np.clip(rows.age, 0, maturity.complete.shape[1] - 1)]
    uncertain = np.bincount(channel, weights=each, minlength=nesting.channels)
    total = np.bincount(channel, weights=matured, minlength=nesting.channels)
    # Curves err as a whole, so the errors of all ages add up.
    relative: FloatArray = (uncertain / np.maximum(total, 1e-9)) ** 2
    return relative


def _order_values(rows: Performance, nesting: Nesting, weight: FloatArray) -> Shrunk:
    """Sales per order: sums over orders of a variable whose relative variance is the channel's, as counts."""
    sold = np.flatnonzero((rows.orders > 0) & (rows.sales > 0))
    target, orders = rows.target[sold], rows.orders[sold]
    channel = nesting.target_channel[target]
    each = rows.sales[sold] / orders
    cut, mean, variation = each.copy(), np.empty(nesting.channels), np.empty(nesting.channels)
    for place in range(nesting.channels):
        mine = channel == place
        if not mine.any():
            mean[place], variation[place] = USUAL_ORDER_VALUE, 1.0
            continue
        cut[mine] = np.minimum(each[mine], np.quantile(each[mine], TAIL))
        cut[mine] *= (each[mine] * orders[mine]).sum() / (cut[mine] * orders[mine]).sum()
        mean[place] = (cut[mine] * orders[mine]).sum() / orders[mine].sum()
        variation[place] = _variation(cut[mine], orders[mine], target[mine])
    counted = orders / variation[channel]
    sales, counted = weighted(target, weight[sold], counted * cut / mean[channel], counted, len(nesting.ad_group))
    shrunk = nested(sales, counted, nesting, np.ones(nesting.channels))
    typical = mean[nesting.target_channel]
    return Shrunk(shrunk.rate * typical, shrunk.relative_variance, shrunk.own, shrunk.root * mean, shrunk.shapes)


def _variation(each: FloatArray, orders: FloatArray, target: IntArray) -> float:
    """Squared relative sd of one order's value, from how rows of one target scatter around its mean."""
    _, own = np.unique(target, return_inverse=True)
    total = np.bincount(own, weights=orders)
    mean = np.bincount(own, weights=orders * each) / total
    scatter = np.bincount(own, weights=orders * (each / mean[own] - 1.0) ** 2)
    free = np.bincount(own) - 1.0
    if free.sum() < 20:
        return 1.0
    return float(np.clip(scatter.sum() / free.sum(), *ORDER_VARIATION))


def _shares(snapshot: Snapshot, factors: Sequence[Factor]) -> tuple[FloatArray, FloatArray, IntArray]:
    """Share, its sd and the trust in it by target."""
    channel = snapshot.channel_of_targets()
    count = len(snapshot.targets)
    share, sd, trust = np.full(count, np.nan), np.zeros(count), np.zeros(count, dtype=np.int64)
    for factor in factors:
        if factor.channel not in snapshot.channels:
            continue
        served = channel == snapshot.channels.index(factor.channel)
        if factor.branded is not None:
            served &= snapshot.targets.branded == factor.branded
        share[served], sd[served], trust[served] = factor.share, factor.share_sd, factor.trust(snapshot.today)
    if np.isnan(share).any():
        lacking = snapshot.channels[channel[np.flatnonzero(np.isnan(share))[0]]]
        raise BidError(
            f"channel {lacking} has no incremental share: give --factors, or incremental_share in account.toml"
        )
    return share, sd, trust


def _switches(
    snapshot: Snapshot, channels: Sequence[AccountChannel], nesting: Nesting
) -> tuple[FloatArray, FloatArray]:
    """Share of attributed sales that counts, and what a counted sale is worth with its new-to-brand part, `(N,)`."""
    no_halo = np.array([not channel.value_halo for channel in channels])
    extra = np.array([channel.value_new_to_brand - 1.0 for channel in channels])
    counted, premium = np.ones(len(snapshot.targets)), np.ones(len(snapshot.targets))
    if no_halo.any():
        counted = 1.0 - no_halo[nesting.target_channel] * _part(snapshot, nesting, snapshot.performance.halo_sales)
    if (extra != 0).any():
        part = _part(snapshot, nesting, snapshot.performance.new_to_brand_sales)
        premium = 1.0 + extra[nesting.target_channel] * part
    return counted, premium


def _part(snapshot: Snapshot, nesting: Nesting, sales: FloatArray) -> FloatArray:
    """Which part of a target's sales is of a kind: its ad group's, leaning on its channel's, `(N,)`."""
    rows = snapshot.performance
    known = np.flatnonzero(np.isfinite(sales) & (rows.sales > 0))
    group, channel = nesting.ad_group[rows.target[known]], nesting.target_channel[rows.target[known]]
    of_kind = np.clip(sales[known], 0.0, rows.sales[known])
    groups, size = len(nesting.campaign), nesting.channels
    total = np.bincount(channel, weights=rows.sales[known], minlength=size)
    share = np.bincount(channel, weights=of_kind, minlength=size) / np.maximum(total, 1e-9)
    orders = np.bincount(channel, weights=rows.orders[known], minlength=size)
    lean = (PART_WEIGHT * total / np.maximum(orders, 1.0))[nesting.channel[nesting.campaign]]
    usual = share[nesting.channel[nesting.campaign]]
    own, whole = (np.bincount(group, weights=each, minlength=groups) for each in (of_kind, rows.sales[known]))
    part: FloatArray = ((own + lean * usual) / np.maximum(whole + lean, 1e-9))[nesting.ad_group]
    return part


def _channels(snapshot: Snapshot, account: Account) -> list[AccountChannel]:
    by_name = {channel.name: channel for channel in account.channels}
    lacking = [name for name in snapshot.channels if name not in by_name]
    if lacking:
        raise BidError(
            f"channel {lacking[0]} of the reports is not in account.toml; add [[channel]] name = {lacking[0]!r}"
        )
    return [by_name[name] for name in snapshot.channels]


def _with_variance(shrunk: Shrunk, more: FloatArray) -> Shrunk:
    return Shrunk(shrunk.rate, shrunk.relative_variance + more, shrunk.own, shrunk.root, shrunk.shapes)
