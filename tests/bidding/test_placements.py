"""Placement increases and ceilings, against small cases worked out by hand."""

from dataclasses import replace

import numpy as np

from bidding.account import BidLimits
from bidding.money import UNBOUNDED
from bidding.placements import ceilings, choose_modifiers, increases_to_ask, worst_multiple
from bidding.snapshot import PlacementResults, Strategy
from tests.bidding.build_snapshot import Size, build


def results(clicks: np.ndarray, per_click: np.ndarray) -> PlacementResults:
    """Orders of 30 each; a click costs half a unit of money everywhere."""
    sales = clicks * per_click
    return PlacementResults(clicks, 0.5 * clicks, sales / 30.0, sales)


def test_modifiers_lift_the_lowest_placements_bid_to_the_others_value() -> None:
    made = choose_modifiers(results(np.full((4, 3), 50_000.0), np.array([1.5, 1.0, 0.5])))
    np.testing.assert_allclose(made.increase, np.tile([2.0, 1.0, 0.0], (4, 1)), atol=0.02)
    np.testing.assert_allclose(made.base, 0.5, atol=0.01)
    np.testing.assert_allclose(made.base[:, None] * (1 + made.increase), np.tile([1.5, 1.0, 0.5], (4, 1)), atol=0.02)
    # Bids times their average increase are those for the average click: no money moves between campaigns.
    np.testing.assert_allclose(made.base * made.average(made.increase), 1.0, atol=0.01)


def test_placements_are_not_taken_for_the_campaigns_that_show_there() -> None:
    """Campaigns worth a hundredth have their clicks at the top, dear ones at product pages; all convert alike by place.

    A small campaign of its own, that leans on the account, tells what the account's ratios were taken for.
    """
    clicks = np.array([[90_000.0, 6_000.0, 4_000.0], [2_000.0, 8_000.0, 40_000.0], [1.0, 1.0, 1.0]])
    clicks = np.concatenate([10 * clicks[:1].repeat(5, axis=0), 10 * clicks[1:2].repeat(5, axis=0), clicks[2:]])
    worth = np.array([0.05] * 5 + [5.0] * 5 + [1.0])
    made = choose_modifiers(results(clicks, np.array([1.5, 1.0, 0.5]) * worth[:, None]))
    np.testing.assert_allclose(made.increase[-1], [2.0, 1.0, 0.0], atol=0.05)


def test_few_orders_lean_on_the_accounts_own_ratios() -> None:
    clicks = np.array([[50_000.0, 50_000.0, 50_000.0], [60.0, 60.0, 60.0]])
    sales = clicks * np.array([[1.5, 1.0, 0.5], [0.0, 0.0, 2.0]])
    made = choose_modifiers(PlacementResults(clicks, clicks, sales / 30.0, sales))
    assert made.increase[1, 0] > 1.0, "four orders at the product page do not turn the account's ratios about"
    nothing = choose_modifiers(results(np.zeros((2, 3)), np.ones(3)))
    assert (nothing.increase == 0).all()
    assert np.isfinite(nothing.average(nothing.increase)).all()


def test_modifiers_stay_between_nothing_and_nine_hundred_percent() -> None:
    made = choose_modifiers(results(np.full((1, 3), 1e6), np.array([100.0, 1.0, 0.01])))
    assert made.increase.min() >= 0
    assert made.increase.max() == 9


def test_increases_that_would_hardly_move_stay() -> None:
    snapshot = build(Size(campaigns=2, ad_groups=1, targets=2, days=2)).snapshot
    made = choose_modifiers(results(np.full((2, 3), 50_000.0), np.array([1.5, 1.0, 0.5])))
    now = np.array([[1.95, 0.96, 0.0], [0.5, 0.0, 0.04]])
    changed = replace(snapshot, campaigns=replace(snapshot.campaigns, modifiers=now))
    asked = increases_to_ask(changed, made)
    assert asked[0].tolist() == now[0].tolist()
    np.testing.assert_allclose(asked[1], [2.0, 1.0, 0.04], atol=0.02)


def test_no_click_can_cost_more_than_the_ceiling() -> None:
    snapshot = build(Size(campaigns=3, ad_groups=1, targets=2, days=2)).snapshot
    modifiers = np.array([[0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 1.0]])
    strategy = np.array([int(Strategy.FIXED), int(Strategy.UP_AND_DOWN), int(Strategy.UP_AND_DOWN)])
    campaigns = replace(snapshot.campaigns, modifiers=modifiers, strategy=strategy)
    np.testing.assert_allclose(worst_multiple(modifiers, strategy), [1.5, 3.0, 3.0])
    changed, limits = replace(snapshot, campaigns=campaigns), [BidLimits(max_cost_per_click=6.0)]
    assert ceilings(changed, limits).tolist() == [4_000_000, 2_000_000, 2_000_000]
    higher = np.maximum(modifiers, 1.0)
    assert ceilings(changed, limits, higher).tolist() == [3_000_000, 1_500_000, 1_500_000]
    assert (ceilings(changed, [BidLimits()]) == UNBOUNDED).all()
