"""The simulator's report by placement: sums equal the targets' own, placements convert as stated, no draw has moved."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bid_play import play
from benchmarks.bid_rivals import NoChange, TargetAcos
from bidding.outlook import FloatArray
from bidding.reports.placements import LATE_DAYS
from bidding.simulator.market import PRICE_SPREAD, Market, open_market
from bidding.simulator.reports import PLACEMENT_DAYS
from bidding.simulator.spec import MarketKind, MarketSpec
from bidding.simulator.world import PLACEMENT_CONVERSION
from bidding.snapshot import Placement, PlacementResults, Snapshot

SPEC = MarketSpec(MarketKind.HOTEL, targets=150, seed=1, history_days=45, days=20)
OTHER_DRAWS = {
    "no change": (1256.3861909570512, 1602.0099326550812, 493.3368057832797),
    "target ACoS": (2287.7122472697865, 2422.6383141515294, 3034.3038105046994),
}
"""Spend, expected and realised profit of 20 days, from the simulator as it was before it knew of placements' clicks."""


@pytest.fixture(scope="module")
def opened() -> Market:
    return open_market(SPEC)


def placements_of(snapshot: Snapshot) -> PlacementResults:
    assert snapshot.placements is not None
    return snapshot.placements


def test_what_placements_brought_moves_no_other_draw(opened: Market) -> None:
    for policy, told in zip((NoChange(), TargetAcos(0.3)), OTHER_DRAWS.values(), strict=True):
        played = play(opened, policy)
        assert (played.spend, played.profit, played.realised_profit) == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize("days", [0, 20])
def test_placements_sum_to_what_the_campaigns_targets_show_so_far(opened: Market, days: int) -> None:
    """After 20 days more the first five days of history are older than the 60 that are added up."""
    market = opened.copy()
    for _ in range(days):
        market.run_day(market.bids)
    snapshot = market.morning() if days < SPEC.days else _morning_after(market)
    rows, placed = snapshot.performance, placements_of(snapshot)
    late = rows.day >= snapshot.today - np.timedelta64(LATE_DAYS, "D")
    assert late.all() == (days == 0)
    campaign = snapshot.targets.campaign[rows.target[late]]
    for name in ("clicks", "cost", "orders", "sales"):
        own = np.bincount(campaign, getattr(rows, name)[late], minlength=len(snapshot.campaigns.ids))
        assert getattr(placed, name).sum(axis=1) == pytest.approx(own), name
        assert (getattr(placed, name) >= 0).all()


def _morning_after(market: Market) -> Snapshot:
    """The last morning of the horizon but one."""
    spare = open_market(replace(SPEC, days=SPEC.days + 1))
    while spare.today < market.today:
        spare.run_day(spare.bids)
    return spare.morning()


def test_the_window_is_the_one_that_reports_are_read_over() -> None:
    assert PLACEMENT_DAYS == LATE_DAYS


def by_placement(values: FloatArray) -> FloatArray:
    return values.sum(axis=0)


def test_placements_convert_as_stated() -> None:
    """Targets alike in conversion, all at half an order per click, so that chance is small and mixes do not matter."""
    market = open_market(replace(SPEC, targets=400, history_days=1, days=80))
    market.world = replace(market.world, conversion_rate=np.full(400, 0.4))
    for _ in range(75):
        market.run_day(market.bids, budgets=np.full_like(market.budgets, 1e9))
    placed = placements_of(market.morning())
    clicks, orders = by_placement(placed.clicks), by_placement(placed.orders)
    rate = orders / clicks
    chance = np.sqrt(1 / orders + 1 / orders[Placement.REST_OF_SEARCH])
    off = np.abs(rate / rate[Placement.REST_OF_SEARCH] / PLACEMENT_CONVERSION - 1)
    assert (off <= 4 * chance + 1e-12).all()
    assert chance.max() < 0.04


@pytest.mark.parametrize("increase", [0.0, 3.0])
def test_clicks_and_cost_by_placement_are_what_the_auction_expects(opened: Market, increase: float) -> None:
    """With and without an increase at the top of search; chance of a click's price included."""
    market, days = opened.copy(), range(SPEC.history_days, SPEC.history_days + 15)
    modifiers = np.zeros_like(opened.modifiers)
    modifiers[:, Placement.TOP_OF_SEARCH] = increase
    expected = np.zeros((2, len(Placement)))
    for day in days:
        bought = list(market.world.buys_by_placement(opened.bids, modifiers, market.demand.price_index[day]))
        whole = market.world.buys(opened.bids, modifiers, market.demand.price_index[day])
        for place, part in enumerate(whole):
            assert sum(each[place] for each in bought) == pytest.approx(part)
        expected += np.array([[market.demand.searches[day] @ each[which] for each in bought] for which in (1, 2)])
        market.run_day(opened.bids, modifiers, budgets=np.full_like(market.budgets, 1e9))
    placed = market.ledger.placed[:2, days].sum(axis=(1, 2))
    chance = np.sqrt(1 + PRICE_SPREAD**2) / np.sqrt(expected[0])
    assert (np.abs(placed / expected - 1) <= 4 * chance).all()
    assert chance.max() < 0.06
