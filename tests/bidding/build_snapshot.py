"""A made-up account with known truth: rates, order values, delays and auctions are drawn, a snapshot is counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account, AccountChannel, BidLimits
from bidding.snapshot import (
    Campaigns,
    Performance,
    Platform,
    Restatement,
    Snapshot,
    Strategy,
    TargetKind,
    Targets,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TODAY = np.datetime64("2026-03-01")
CELL_EFFECT = (1.4, 1.0, 0.7)
EARLY, LATE_DAYS = 0.45, 6.0


@dataclass(frozen=True)
class Size:
    """How large: campaigns, ad groups in each, targets in each, days; how much the channel's weeks swing, in logs."""

    campaigns: int = 12
    ad_groups: int = 4
    targets: int = 8
    days: int = 60
    clicks_per_day: float = 1.0
    seed: int = 0
    traffic_sd: float = 0.0


@dataclass(frozen=True, eq=False)
class Truth:
    """What was drawn, by target: orders per click, money per order, clicks a day at the bid in force, click curve."""

    rate: FloatArray
    order_value: FloatArray
    clicks_per_day: FloatArray
    steepness: float
    position: FloatArray
    cost_share: FloatArray
    complete: FloatArray


@dataclass(frozen=True, eq=False)
class Built:
    """A snapshot, its account and the truth."""

    snapshot: Snapshot
    account: Account
    truth: Truth


def completeness(age: FloatArray) -> FloatArray:
    """Share of orders known at an age, in truth: a third at once, an exponential tail."""
    return EARLY + (1 - EARLY) * -np.expm1(-np.asarray(age, dtype=float) / LATE_DAYS)


def build(size: Size = Size(), vintages: bool = True, jitter: float = 0.0, out_of_budget: float = 0.0) -> Built:
    """Draw an account and count its days; orders older than 42 days are complete."""
    rng = np.random.default_rng(size.seed)
    groups = size.campaigns * size.ad_groups
    count = groups * size.targets
    ad_group = np.repeat(np.arange(groups), size.targets)
    campaign = ad_group // size.ad_groups
    match = rng.integers(1, 4, count)
    level = rng.gamma(4, 1 / 4, size.campaigns)[campaign] * rng.gamma(5, 1 / 5, groups)[ad_group]
    rate = 0.05 * np.array(CELL_EFFECT)[match - 1] * level * rng.gamma(2, 1 / 2, count)
    value = 30.0 * np.exp(0.3 * rng.standard_normal(size.campaigns)[campaign] + 0.2 * rng.standard_normal(count))
    bid = np.round(np.exp(np.log(0.8) + 0.4 * rng.standard_normal(count)), 2) + 0.1
    busy = size.clicks_per_day * rng.gamma(0.5, 2.0, count)
    position = 0.8 * rng.standard_normal(count)
    share = np.clip(0.55 * np.exp(0.2 * rng.standard_normal(count)), 0.1, 1.0)
    truth = Truth(rate, value, busy, 2.0, position, share, completeness(np.arange(43)))
    performance, final = _days(rng, size, truth, bid, jitter, out_of_budget, campaign)
    targets = Targets(
        ids=np.array([f"t{i}" for i in range(count)], dtype=object),
        texts=np.array([f"term {i}" for i in range(count)], dtype=object),
        campaign=campaign,
        ad_group=ad_group,
        ad_group_ids=np.array([f"g{i}" for i in range(groups)], dtype=object),
        kind=np.full(count, int(TargetKind.KEYWORD)),
        match=match,
        branded=np.zeros(count, dtype=bool),
        bid=bid,
        enabled=np.ones(count, dtype=bool),
        sku=np.full(count, "", dtype=object),
    )
    snapshot = Snapshot(
        today=TODAY,
        channels=("amazon",),
        platforms=(Platform.AMAZON,),
        campaigns=_campaigns(size.campaigns),
        targets=targets,
        performance=performance,
        restatement=_vintages(rng, performance, final) if vintages else _no_vintages(),
        rejected=(),
        warnings=(),
        source_hashes={},
    )
    limits = BidLimits(daily_change=0.2, weekly_change=0.4)
    channel = AccountChannel("amazon", Platform.AMAZON, margin=0.3, incremental_share=0.5, limits=limits)
    return Built(snapshot, Account("acme", "USD", "US", "America/New_York", (channel,)), truth)


def click_share(truth: Truth, log_bid_ratio: FloatArray, target: IntArray) -> FloatArray:
    """Clicks at a bid over clicks at the bid in force: the true curve."""
    at = truth.position[target]
    return (1 + np.exp(-at)) / (1 + np.exp(-at - truth.steepness * log_bid_ratio))


def _days(
    rng: np.random.Generator,
    size: Size,
    truth: Truth,
    bid: FloatArray,
    jitter: float,
    out_of_budget: float,
    campaign: IntArray,
) -> tuple[Performance, FloatArray]:
    count = len(bid)
    day = np.repeat(np.arange(size.days), count)
    target = np.tile(np.arange(count), size.days)
    week = day // 7
    moves = rng.choice((-1.0, 1.0), (size.days // 7 + 1, count)) * (rng.random((size.days // 7 + 1, count)) < 0.5)
    ratio = jitter * moves[week, target]
    shut = out_of_budget * (rng.random((size.days, size.campaigns)) < 0.5)[day, campaign[target]]
    open_share = 1.0 - shut
    mean = truth.clicks_per_day[target] * click_share(truth, ratio, target) * open_share
    swings = np.random.default_rng(size.seed + 1).standard_normal(size.days // 7 + 1)
    clicks = rng.poisson(mean * np.exp(size.traffic_sd * swings)[(size.days - 1 - day) // 7]).astype(float)
    final = rng.poisson(clicks * truth.rate[target]).astype(float)
    age = size.days - day
    orders = rng.binomial(final.astype(int), np.where(age > 42, 1.0, truth.complete[np.minimum(age, 42)])).astype(float)
    worth = truth.order_value[target] * rng.gamma(2.0 * np.maximum(orders, 1), 1 / (2.0 * np.maximum(orders, 1)))
    cost = clicks * bid[target] * np.exp(0.6 * ratio) * truth.cost_share[target] * rng.gamma(20, 1 / 20, len(day))
    kept = np.flatnonzero((clicks > 0) | (rng.random(len(day)) < 0.3))
    sales = orders * worth
    rows = Performance(
        target=target[kept],
        day=(TODAY - age.astype("timedelta64[D]"))[kept],
        impressions=np.round(clicks * 40 + 1)[kept],
        clicks=clicks[kept],
        cost=cost[kept],
        orders=orders[kept],
        sales=sales[kept],
        new_to_brand_sales=0.25 * sales[kept],
        halo_sales=0.1 * sales[kept],
        age=age[kept],
        bid=(bid[target] * np.exp(ratio))[kept],
        out_of_budget=shut[kept],
    )
    return rows, final[kept]


def _vintages(rng: np.random.Generator, rows: Performance, final: FloatArray) -> Restatement:
    """Every day's orders as daily pulls saw them grow, binomially from age to age."""
    days, place = np.unique(rows.day, return_inverse=True)
    total = np.bincount(place, weights=final)
    clicks = np.bincount(place, weights=rows.clicks)
    table: list[tuple[int, int, float, float]] = []
    for number, (day, orders) in enumerate(zip(days, total, strict=True)):
        last = int((TODAY - day).astype(int))
        known = orders
        seen = []
        for age in range(42, 0, -1):
            share = completeness(age - 1) / completeness(age) if age < 42 else completeness(41)
            if age <= last:
                seen.append((number, age, clicks[number], known))
            known = float(rng.binomial(int(known), share))
        table += seen[::-1]
    number, age, clicked, orders = (np.array(column) for column in zip(*table, strict=True))
    return Restatement(
        channel=np.zeros(len(number), dtype=np.int64),
        day=days[number],
        age=age.astype(np.int64),
        clicks=clicked.astype(float),
        orders=orders.astype(float),
        sales=30.0 * orders,
    )


def _no_vintages() -> Restatement:
    nothing = np.array([])
    return Restatement(
        channel=np.array([], dtype=np.int64),
        day=np.array([], dtype="datetime64[D]"),
        age=np.array([], dtype=np.int64),
        clicks=nothing,
        orders=nothing,
        sales=nothing,
    )


def _campaigns(count: int) -> Campaigns:
    names = np.array([f"c{i}" for i in range(count)], dtype=object)
    return Campaigns(
        ids=names,
        names=names,
        portfolios=np.full(count, "", dtype=object),
        channel=np.zeros(count, dtype=np.int64),
        product=np.full(count, "SP", dtype=object),
        strategy=np.full(count, int(Strategy.FIXED)),
        daily_budget=np.full(count, 50.0),
        modifiers=np.zeros((count, 3)),
        enabled=np.ones(count, dtype=bool),
        end=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
    )
