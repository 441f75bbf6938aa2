"""The oracle against exhaustive search, and against what any bids in the market can reach."""

from itertools import product

import numpy as np
import pytest

from bidding.simulator.conversions import new_share
from bidding.simulator.market import Market, open_market
from bidding.simulator.oracle import BID_STEPS, oracle
from bidding.simulator.spec import MarketKind, MarketSpec

SPEC = MarketSpec(MarketKind.AIRLINE, targets=60, seed=5, history_days=10, days=6)


@pytest.fixture(scope="module")
def opened() -> Market:
    return open_market(SPEC)


def of_one_day(market: Market, bids: np.ndarray) -> tuple[float, float]:
    """Expected profit and cost of bids on the first day to come, budgets aside, from the parts."""
    world, day = market.world, market.today
    _, _, cost, converting = world.buys(bids, market.modifiers, market.demand.price_index[day])
    worth = world.spec.profile.margin * world.conversion_rate * world.order_value * new_share(world)
    searches = market.demand.searches[day]
    sold = float(searches @ (worth * converting)) * float(market.demand.conversion[day])
    spent = float(searches @ cost)
    return sold - spent, spent


def test_no_bids_earn_more_within_the_same_budget(opened: Market) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        bids = opened.bids * np.exp(rng.normal(0, 0.6, SPEC.targets))
        profit, spent = of_one_day(opened, bids)
        best = oracle(opened, range(opened.today, opened.today + 1), spent)
        # The oracle bids on a grid and leaves what no whole step can use.
        assert best.profit >= profit - 0.02 * abs(profit)
        assert best.cost <= spent * (1 + 1e-9)


def test_without_a_budget_each_target_is_best_by_itself(opened: Market) -> None:
    """Three targets alone, every combination of bids tried."""
    day = opened.today
    price = opened.world.price * opened.demand.price_index[day]
    base = np.full(SPEC.targets, 1e-6)
    alone = oracle(opened, range(day, day + 1), 1e12)
    assert alone.shadow_price == 0.0
    chosen = np.flatnonzero(opened.demand.searches[day] > 0)[:3]
    steps = BID_STEPS[::5]
    tried = []
    for combination in product(steps, repeat=3):
        bids = base.copy()
        bids[chosen] = price[chosen] * combination
        tried.append(of_one_day(opened, bids)[0])
    apart = 0.0
    for target in chosen:
        bids = np.tile(base, (len(steps), 1))
        bids[:, target] = price[target] * steps
        apart += max(of_one_day(opened, each)[0] for each in bids)
    assert max(tried) == pytest.approx(apart)
    assert alone.profit >= max(tried)


def test_a_tighter_budget_earns_less_and_makes_money_dearer(opened: Market) -> None:
    days = range(opened.today, opened.today + SPEC.days)
    free = oracle(opened, days, 1e12)
    half, quarter = oracle(opened, days, free.cost / 2), oracle(opened, days, free.cost / 4)
    assert free.profit > half.profit > quarter.profit
    assert 0 < half.shadow_price < quarter.shadow_price
    assert half.cost == pytest.approx(free.cost / 2, rel=0.05)


def test_an_oracle_that_must_spend_everything_does_and_earns_no_more(opened: Market) -> None:
    days = range(opened.today, opened.today + SPEC.days)
    free = oracle(opened, days, 1e12)
    forced = oracle(opened, days, 1.3 * free.cost, spend_all=True)
    assert forced.cost == pytest.approx(1.3 * free.cost, rel=0.02)
    assert forced.shadow_price < 0
    assert forced.profit < free.profit
    assert oracle(opened, days, 0.5 * free.cost, spend_all=True).profit == pytest.approx(
        oracle(opened, days, 0.5 * free.cost).profit, rel=1e-3
    )
