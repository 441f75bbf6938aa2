"""Placement modifiers, ceilings and smart-bidding levers, against small cases worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.click_value import value_clicks
from bidding.factors import factors_of
from bidding.levers import Lever, PlacementResults, bid_ceiling, choose_modifiers, smart_levers, worst_multiple
from bidding.optimize import Spending
from bidding.snapshot import Strategy
from tests.bidding.build_snapshot import TODAY, Size, build


def test_modifiers_lift_the_lowest_placements_bid_to_the_others_value() -> None:
    clicks = np.full((4, 3), 50_000.0)
    sales = clicks * np.array([1.5, 1.0, 0.5])
    made = choose_modifiers(PlacementResults(clicks, sales))
    np.testing.assert_allclose(made.increase, np.tile([2.0, 1.0, 0.0], (4, 1)), atol=0.02)
    np.testing.assert_allclose(made.base, 0.5, atol=0.01)
    np.testing.assert_allclose(made.base[:, None] * (1 + made.increase), np.tile([1.5, 1.0, 0.5], (4, 1)), atol=0.02)


def test_few_clicks_lean_on_the_accounts_own_ratios() -> None:
    clicks = np.array([[50_000.0, 50_000.0, 50_000.0], [2.0, 2.0, 2.0]])
    sales = clicks * np.array([[1.5, 1.0, 0.5], [0.0, 0.0, 40.0]])
    made = choose_modifiers(PlacementResults(clicks, sales))
    assert made.increase[1, 0] > 0.3
    nothing = choose_modifiers(PlacementResults(np.zeros((2, 3)), np.zeros((2, 3))))
    assert np.isfinite(nothing.increase).all()


def test_modifiers_stay_between_nothing_and_nine_hundred_percent() -> None:
    clicks = np.full((1, 3), 1e6)
    made = choose_modifiers(PlacementResults(clicks, clicks * np.array([100.0, 1.0, 0.01])))
    assert made.increase.min() >= 0
    assert made.increase.max() == 9


def test_no_click_can_cost_more_than_the_ceiling() -> None:
    snapshot = build(Size(campaigns=3, ad_groups=1, targets=2, days=2)).snapshot
    modifiers = np.array([[0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 1.0]])
    strategy = np.array([int(Strategy.FIXED), int(Strategy.UP_AND_DOWN), int(Strategy.UP_AND_DOWN)])
    campaigns = replace(snapshot.campaigns, modifiers=modifiers, strategy=strategy)
    np.testing.assert_allclose(worst_multiple(campaigns), [1.5, 3.0, 3.0])
    ceiling = bid_ceiling(replace(snapshot, campaigns=campaigns), np.array([6.0]))
    np.testing.assert_allclose(ceiling, [4.0, 4.0, 2.0, 2.0, 2.0, 2.0])
    assert np.isinf(bid_ceiling(snapshot, np.array([np.inf]))).all()


@pytest.mark.parametrize("spending", list(Spending))
def test_smart_campaigns_are_steered_to_the_price_of_money(spending: Spending) -> None:
    built = build(Size(campaigns=3, ad_groups=1, targets=2, days=30, clicks_per_day=20))
    strategy = np.array([int(Strategy.FIXED), int(Strategy.SMART), int(Strategy.SMART)])
    snapshot = replace(built.snapshot, campaigns=replace(built.snapshot.campaigns, strategy=strategy))
    values = value_clicks(snapshot, built.account, factors_of(built.account, TODAY))
    price = np.array([0.6 if spending is Spending.PLAN else -0.4])
    fresh = (np.full(3, np.nan), np.zeros(3, dtype=int))
    roas = smart_levers(Lever.TARGET_ROAS, snapshot, values, price, fresh, spending)
    assert roas.campaign.tolist() == [1, 2]
    np.testing.assert_allclose(roas.value, 0.6 / (0.5 * 0.3) / 0.8, rtol=1e-3)
    cap = smart_levers(Lever.COST_CAP, snapshot, values, price, fresh, spending)
    mine = [values.conversion_rate[snapshot.targets.campaign == c] for c in (1, 2)]
    sold = [values.attributed[snapshot.targets.campaign == c] for c in (1, 2)]
    expected = [s.sum() / r.sum() / v for s, r, v in zip(sold, mine, roas.value, strict=True)]
    np.testing.assert_allclose(cap.value, expected)
    assert cap.edit.all()


def test_levers_move_a_little_and_twice_a_week_at_most() -> None:
    built = build(Size(campaigns=3, ad_groups=1, targets=2, days=30, clicks_per_day=20))
    campaigns = replace(built.snapshot.campaigns, strategy=np.full(3, int(Strategy.SMART)))
    snapshot = replace(built.snapshot, campaigns=campaigns)
    values = value_clicks(snapshot, built.account, factors_of(built.account, TODAY))
    now = (np.array([1.0, 1.0, 5.0]), np.array([0, 2, 0]))
    found = smart_levers(Lever.TARGET_ROAS, snapshot, values, np.array([0.6]), now)
    np.testing.assert_allclose(found.value, [1.2, 1.2, 5.0], rtol=1e-3)
    assert found.edit.tolist() == [True, False, False]
