"""A small made-up account, the same for the same seed: `make_snapshot(targets=..., days=...)` gives its `Snapshot`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bidding.ledger_file import FileLedger
from bidding.propose import propose
from bidding.run import BidRun
from bidding.snapshot import (
    Campaigns,
    Match,
    Performance,
    Platform,
    Restatement,
    Snapshot,
    Strategy,
    TargetKind,
    Targets,
)
from tests.bidding.live_account import LiveAccount
from tests.bidding.worlds import make_night

TODAY = np.datetime64("2026-05-11", "D")
TARGETS_PER_CAMPAIGN = 6
ATTRIBUTION_DAYS = 14
ORDER_VALUE = 30.0


def build_snapshot(
    targets: int = 24,
    days: int = 60,
    platforms: tuple[Platform, ...] = (Platform.AMAZON,),
    clicks_per_day: float = 4.0,
    today: np.datetime64 = TODAY,
    seed: int = 0,
) -> Snapshot:
    """One channel per platform, named as it; six targets per campaign, dealt to the channels in turn.

    Clicks are Poisson, heavier for some targets; 5 % of clicks order; orders of young days are still incomplete and
    `restatement` shows how they grew. Every bid is known on every day.
    """
    rng = np.random.default_rng(seed)
    campaigns = _campaigns(-(-targets // TARGETS_PER_CAMPAIGN), len(platforms))
    made = _targets(targets, rng)
    performance = _performance(made, days, clicks_per_day, today, rng)
    channel = campaigns.channel[made.campaign]
    return Snapshot(
        today=today,
        channels=tuple(platform.value for platform in platforms),
        platforms=platforms,
        campaigns=campaigns,
        targets=made,
        performance=performance,
        restatement=_restatement(performance, channel, len(platforms)),
        rejected=(),
        warnings=(),
        source_hashes={"made-up.csv": "0" * 64},
    )


@pytest.fixture
def make_snapshot() -> Callable[..., Snapshot]:
    """`build_snapshot`, for tests in other files."""
    return build_snapshot


def texts(values: list[str]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _campaigns(count: int, channels: int) -> Campaigns:
    numbers = np.arange(count)
    return Campaigns(
        ids=texts([f"90000000000{number:03d}" for number in numbers]),
        names=texts([f"SP - campaign {number}" for number in numbers]),
        portfolios=texts(["70000000000001" if number % 2 == 0 else "" for number in numbers]),
        channel=numbers % channels,
        product=texts(["SP"] * count),
        strategy=np.where(numbers % 3 == 0, Strategy.DOWN_ONLY, Strategy.FIXED).astype(np.int64),
        daily_budget=np.full(count, 50.0),
        modifiers=np.tile([0.5, 0.0, 0.0], (count, 1)),
        enabled=np.ones(count, dtype=bool),
        end=np.full(count, np.datetime64("NaT", "D")),
    )


def _targets(count: int, rng: np.random.Generator) -> Targets:
    numbers = np.arange(count)
    ad_groups = -(-count // 3)
    branded = numbers % 8 == 0
    return Targets(
        ids=texts([f"30000000000{number:03d}" for number in numbers]),
        texts=texts([f"{'acme ' if own else ''}shoes {number}" for number, own in zip(numbers, branded, strict=True)]),
        campaign=numbers // TARGETS_PER_CAMPAIGN,
        ad_group=numbers // 3,
        ad_group_ids=texts([f"50000000000{number:03d}" for number in range(ad_groups)]),
        kind=np.full(count, TargetKind.KEYWORD, dtype=np.int64),
        match=np.array([Match.EXACT, Match.PHRASE, Match.BROAD], dtype=np.int64)[numbers % 3],
        branded=branded,
        bid=np.round(rng.uniform(0.4, 2.0, count), 2),
        enabled=np.ones(count, dtype=bool),
        sku=texts([f"SKU-{number % 5}" for number in numbers]),
        ad_group_names=texts([f"ad group {number}" for number in range(ad_groups)]),
    )


def _performance(
    made: Targets, days: int, clicks_per_day: float, today: np.datetime64, rng: np.random.Generator
) -> Performance:
    count = len(made)
    target = np.repeat(np.arange(count), days)
    age = np.tile(np.arange(days, 0, -1), count)
    weight = rng.lognormal(0.0, 0.8, count)
    clicks = rng.poisson(clicks_per_day * weight[target]).astype(float)
    cost = np.round(clicks * 0.6 * made.bid[target], 2)
    complete = 1 - 0.5 ** (1 + age / 3)
    orders = rng.binomial(clicks.astype(int), 0.05 * complete).astype(float)
    sales = np.round(orders * ORDER_VALUE, 2)
    return Performance(
        target=target,
        day=today - age.astype("timedelta64[D]"),
        impressions=clicks * 20 + rng.poisson(5, len(target)),
        clicks=clicks,
        cost=cost,
        orders=orders,
        sales=sales,
        new_to_brand_sales=np.full(len(target), np.nan),
        halo_sales=np.round(0.2 * sales, 2),
        age=age,
        bid=made.bid[target].copy(),
        out_of_budget=np.zeros(len(target)),
    )


def _restatement(performance: Performance, channel: np.ndarray, channels: int) -> Restatement:
    """What each of a day's pulls, aged 1 to 42 days, showed: final orders times the same completeness curve."""
    rows: list[tuple[int, np.datetime64, int, float, float, float]] = []
    for place in range(channels):
        mine = channel[performance.target] == place
        for day in np.unique(performance.day[mine]):
            here = mine & (performance.day == day)
            oldest = int(performance.age[here][0])
            clicks, orders = performance.clicks[here].sum(), performance.orders[here].sum()
            final = orders / (1 - 0.5 ** (1 + oldest / 3))
            for age in range(1, min(oldest, 42) + 1):
                shown = round(final * (1 - 0.5 ** (1 + age / 3)))
                rows.append((place, day, age, float(clicks), float(shown), shown * ORDER_VALUE))
    columns = list(zip(*rows, strict=True))
    return Restatement(
        channel=np.array(columns[0], dtype=np.int64),
        day=np.array(columns[1], dtype="datetime64[D]"),
        age=np.array(columns[2], dtype=np.int64),
        clicks=np.array(columns[3]),
        orders=np.array(columns[4]),
        sales=np.array(columns[5]),
    )


TICKS = iter(range(10**6))


def clock() -> str:
    return f"2025-06-30T04:00:{next(TICKS):02d}+00:00"


@pytest.fixture
def ledger(tmp_path: Path) -> FileLedger:
    return FileLedger(tmp_path / "ledger", clock)


@pytest.fixture
def run(ledger: FileLedger) -> BidRun:
    made = propose(make_night(targets=40, column=4))
    ledger.save_run(made)
    return made


@pytest.fixture
def live(tmp_path: Path, run: BidRun) -> LiveAccount:
    account = LiveAccount(tmp_path / "live.jsonl")
    account.start({str(name): "1.00" for name in run.written.targets.ids})
    return account
