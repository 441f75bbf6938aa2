"""What a bidder could earn that knows all but click values: the oracle's own where these are true, less where not."""

import numpy as np
import pytest

from benchmarks.bid_bound import with_right_increases
from bidding.simulator.conversions import new_share
from bidding.simulator.market import Market, open_market
from bidding.simulator.oracle import oracle
from bidding.simulator.spec import MarketKind, MarketSpec


@pytest.fixture(scope="module")
def opened() -> Market:
    return open_market(MarketSpec(MarketKind.AIRLINE, targets=80, seed=3, history_days=20, days=8))


def true_values(market: Market, days: range) -> np.ndarray:
    """Profit of one more click each day, `(days, N)`."""
    world = market.world
    each = world.spec.profile.margin * world.conversion_rate * world.order_value * new_share(world)
    return market.demand.conversion[days][:, None] * each


def test_true_values_earn_what_the_oracle_earns(opened: Market) -> None:
    days = range(opened.today, opened.world.spec.horizon)
    budget = 8 * float(opened.truths[-1].cost)
    best = oracle(opened, days, budget, spend_all=True)
    found = oracle(opened, days, budget, True, true_values(opened, days))
    assert found.profit == pytest.approx(best.profit, rel=2e-3)
    assert found.cost <= budget * (1 + 1e-9)


def test_wrong_values_earn_less(opened: Market) -> None:
    days = range(opened.today, opened.world.spec.horizon)
    budget = 8 * float(opened.truths[-1].cost)
    true = true_values(opened, days)
    wrong = true * np.exp(np.random.default_rng(0).normal(0, 1.0, true.shape[1]))
    by_wrong, by_true = (oracle(opened, days, budget, True, told).profit for told in (wrong, true))
    assert by_wrong < 0.97 * by_true


def test_increases_that_follow_conversion_earn_more_than_those_found(opened: Market) -> None:
    days = range(opened.today, opened.world.spec.horizon)
    budget, before = 8 * float(opened.truths[-1].cost), opened.modifiers.copy()
    right = with_right_increases(opened)
    np.testing.assert_array_equal(opened.modifiers, before)
    assert right.modifiers.min() == 0.0
    assert oracle(right, days, budget, spend_all=True).profit > oracle(opened, days, budget, spend_all=True).profit
