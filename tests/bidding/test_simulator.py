"""The auction market against independent computation: drawn auctions, counted money, counted days, equal seeds."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from bidding.errors import BidError
from bidding.simulator.auction import GRID, RESERVE, SLOT_CLICKS, Rivals, auction_table
from bidding.simulator.conversions import claimed_share, delay_shares, new_share, shown_by_age
from bidding.simulator.market import LARGEST_DAY, Market, open_market
from bidding.simulator.spec import MarketKind, MarketSpec
from bidding.snapshot import Snapshot

SPEC = MarketSpec(MarketKind.HOTEL, targets=120, seed=3, history_days=45, days=10)


@pytest.fixture(scope="module")
def opened() -> Market:
    return open_market(SPEC)


def drawn_auctions(rivals: Rivals, log_bid: float, searches: int) -> tuple[float, float, float]:
    """Shown, clicks and cost per search of one target, by drawing every rival's bid and ranking them."""
    rng = np.random.default_rng(11)
    shape = (searches, rivals.presence.shape[1])
    bids = np.exp(rivals.log_mean[0] + rivals.log_sd[0] * rng.normal(size=shape))
    bids[rng.random(shape) >= rivals.presence[0]] = 0.0
    own = np.exp(log_bid)
    above = (bids > own).sum(axis=1)
    price = np.maximum(np.where(bids > own, 0.0, bids).max(axis=1), RESERVE)
    clicks = np.append(SLOT_CLICKS, np.zeros(shape[1] + 1 - len(SLOT_CLICKS)))[above]
    return float((above < len(SLOT_CLICKS)).mean()), float(clicks.mean()), float((clicks * price).mean())


@pytest.mark.parametrize("log_bid", [GRID[10], GRID[16], GRID[22], -0.1, 0.9])
def test_integrated_auctions_are_those_that_are_drawn(log_bid: float) -> None:
    rng = np.random.default_rng(2)
    rivals = Rivals(rng.normal(-0.2, 0.8, (1, 6)), rng.uniform(0.3, 0.9, (1, 6)), rng.uniform(0.2, 0.9, (1, 6)))
    integrated = [float(part[0]) for part in auction_table(rivals).at(np.array([log_bid]))]
    assert integrated == pytest.approx(drawn_auctions(rivals, log_bid, 400_000), rel=0.02)


def test_more_bid_never_buys_less_and_no_click_costs_more_than_its_bid(opened: Market) -> None:
    table = opened.world.table
    assert (np.diff(table.clicks) >= -1e-12).all()
    assert (np.diff(table.cost) >= -1e-12).all()
    assert (table.cost <= table.clicks * np.exp(GRID) + 1e-12).all()


def test_clicks_and_cost_average_to_what_is_expected(opened: Market) -> None:
    """The same day played with many chances, budgets out of the way."""
    sums = np.zeros(3)
    for seed in range(60):
        market = opened.copy()
        market.world = replace(opened.world, spec=replace(SPEC, seed=seed))
        market.run_day(market.bids, budgets=np.full_like(market.budgets, 1e9))
        day = market.today - 1
        sums += [market.ledger.clicks[day].sum(), market.ledger.cost[day].sum(), market.truths[-1].incremental_sales]
    bought = opened.world.buys(opened.bids, opened.modifiers, opened.demand.price_index[opened.today])
    clicks, cost, converting = (float(opened.demand.searches[opened.today] @ part) for part in bought[1:])
    assert sums[:2] / 60 == pytest.approx([clicks, cost], rel=0.03)
    per_click = opened.world.conversion_rate * opened.world.order_value * new_share(opened.world)
    sales = opened.demand.searches[opened.today] * bought[3] * opened.demand.conversion[opened.today] @ per_click
    assert sums[2] / 60 == pytest.approx(sales, rel=0.1)
    assert converting > 0


def test_no_campaign_spends_more_than_twice_its_budget_nor_more_than_its_month_allows(opened: Market) -> None:
    market = opened.copy()
    small = market.budgets * 0.2
    for _ in range(SPEC.days):
        market.run_day(market.bids, budgets=small)
    campaign = market.world.targets.campaign
    spent = np.stack([np.bincount(campaign, row, minlength=len(small)) for row in market.ledger.cost[45:55]])
    assert (spent <= LARGEST_DAY * small + 1e-9).all()
    months = market.demand.days.astype("datetime64[M]")
    for month in np.unique(months):
        played = months == month
        in_month = np.array(
            [np.bincount(campaign, row, minlength=len(small)) for row in market.ledger.cost[:55][played]]
        )
        assert (in_month.sum(axis=0) <= market.ledger.budgets[:55][played].sum(axis=0) + 1e-6).all()
    assert (market.ledger.out_of_budget[45:55] > 0).any()


def test_money_is_conserved(opened: Market) -> None:
    for day, truth in enumerate(opened.truths):
        assert truth.cost == pytest.approx(opened.ledger.cost[day].sum())
        assert truth.total_sales - truth.incremental_sales == pytest.approx(opened.world.organic)
        assert truth.claimed_sales <= truth.incremental_sales + truth.displaced_sales + 1e-6
    highest = opened.world.targets.bid * (1 + opened.modifiers.max(axis=1))[opened.world.targets.campaign]
    first = opened.ledger.cost[0] <= opened.ledger.clicks[0] * highest + 1e-9
    assert first.all()


def test_orders_are_shown_as_late_as_stated() -> None:
    market = open_market(replace(SPEC, targets=600, history_days=60, seed=8))
    clicked = slice(0, 60 - 44)
    told = market.ledger.vintages[clicked, :, 1]
    share = np.nansum(told, axis=0) / np.nansum(told[:, 43])
    stated = shown_by_age(SPEC.attribution_days)
    for age in (1, 2, 7, 14, 30):
        assert share[age] == pytest.approx(stated[age], abs=0.03)
    assert stated[42] == pytest.approx(1.0)
    assert delay_shares().sum() == pytest.approx(1.0)
    assert delay_shares()[0] == 0.5
    assert 0.9 < claimed_share(14) < 1.0


def test_what_the_platform_claims_comes_in_whole_in_the_end(opened: Market) -> None:
    market = open_market(replace(SPEC, history_days=50))
    claimed = sum(truth.claimed_sales for truth in market.truths[:6])
    assert market.ledger.sales[:6].sum() == pytest.approx(claimed)


def arrays_of(value: object) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if is_dataclass(value):
        return [array for field in fields(value) for array in arrays_of(getattr(value, field.name))]
    return []


def alike(one: Snapshot, other: Snapshot) -> bool:
    pairs = zip(arrays_of(one), arrays_of(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind in "fM") for a, b in pairs)


def test_equal_seeds_are_bit_identical_and_others_are_not(opened: Market) -> None:
    assert alike(opened.morning(), open_market(SPEC).morning())
    assert not alike(opened.morning(), open_market(replace(SPEC, seed=4)).morning())


def test_what_is_incremental_leaves_no_trace_in_the_reports(opened: Market) -> None:
    other = open_market(replace(SPEC, incremental_generic=0.2, incremental_brand=0.05))
    assert alike(opened.morning(), other.morning())
    new, usual = (sum(truth.incremental_sales for truth in market.truths) for market in (other, opened))
    assert new < 0.6 * usual


def test_reports_show_no_day_that_has_not_been(opened: Market) -> None:
    snapshot = opened.morning()
    assert snapshot.performance.day.max() == snapshot.today - 1
    assert snapshot.performance.age.min() == 1
    assert (snapshot.restatement.day + snapshot.restatement.age <= snapshot.today).all()


def test_a_copy_does_not_touch_the_market_it_came_from(opened: Market) -> None:
    before = arrays_of(opened.morning())
    twin = opened.copy()
    twin.run_day(twin.bids * 2)
    assert all(
        np.array_equal(a, b, equal_nan=a.dtype.kind in "fM")
        for a, b in zip(before, arrays_of(opened.morning()), strict=True)
    )
    assert opened.today == SPEC.history_days


def test_out_of_stock_days_have_no_clicks_and_a_person_changes_bids() -> None:
    market = open_market(replace(SPEC, targets=300))
    dry = market.demand.searches[:45] == 0
    assert dry.any()
    assert (market.ledger.clicks[:45][dry] == 0).all()
    assert (market.demand.person[:45] != 1).any()
    assert (market.ledger.bid[44] != market.ledger.bid[0]).any()


@pytest.mark.parametrize("bad", [np.nan, -0.1, np.inf])
def test_bids_that_are_no_money_are_refused(opened: Market, bad: float) -> None:
    bids = opened.bids.copy()
    bids[7] = bad
    with pytest.raises(BidError, match="bid"):
        opened.copy().run_day(bids)


def test_days_past_the_horizon_are_refused(opened: Market) -> None:
    market = opened.copy()
    for _ in range(SPEC.days):
        market.run_day(market.bids)
    with pytest.raises(BidError, match="ask for more days"):
        market.run_day(market.bids)


def test_specs_that_resemble_no_account_are_refused() -> None:
    with pytest.raises(BidError, match="50 or more"):
        MarketSpec(targets=10)
    with pytest.raises(BidError, match="at least one"):
        MarketSpec(days=0)
