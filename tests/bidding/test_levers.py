"""Levers of smart-bidding campaigns: steered to the price of money, against small cases worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.levers import (
    LARGEST_RESPONSE,
    SALES_ELASTICITY,
    smart_levers,
    spend_after_cap,
    spend_after_roas,
    worth_an_edit,
)
from bidding.optimize import Return, ReturnTarget
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.snapshot import Snapshot, Strategy
from tests.bidding.worlds import make_choice, make_response, make_snapshot, make_values

FIXED, SMART = int(Strategy.FIXED), int(Strategy.SMART)


def account(*strategies: int) -> tuple[Snapshot, ClickValues, BidResponse]:
    """Two targets a campaign; attributed sales per click are twice the incremental ones in the first campaign."""
    snapshot = make_snapshot(targets=2 * len(strategies), campaigns=len(strategies))
    snapshot = replace(snapshot, campaigns=replace(snapshot.campaigns, strategy=np.array(strategies)))
    values = make_values(len(snapshot.targets))
    more = np.where(snapshot.targets.campaign == 0, 2.0, 1.0)
    return snapshot, replace(values, attributed=more * values.attributed), make_response(len(snapshot.targets))


def choice_at(response: BidResponse, price: float) -> BidChoice:
    made = make_choice(len(response.bids), column=int(response.current[0]))
    cost = response.cost[np.arange(len(response.bids)), made.column].sum()
    return replace(made, shadow_price=np.array([price]), cost=np.array([cost]))


def test_smart_campaigns_are_steered_to_the_price_of_the_bids_beside_them() -> None:
    snapshot, values, response = account(SMART, FIXED, SMART)
    levers = smart_levers(snapshot, values, response, choice_at(response, 0.6), np.array([1000.0]))
    assert levers.price[0] == 0.6
    ratio = values.attributed / values.profit
    for campaign in (0, 2):
        mine = np.flatnonzero(snapshot.targets.campaign == campaign)
        assert levers.campaign_roas[campaign] == pytest.approx(0.6 * ratio[mine[0]] / SALES_ELASTICITY)
        np.testing.assert_allclose(levers.target_roas[mine], levers.campaign_roas[campaign])
        # Of the money that an order brings in, the cap is what a target on return leaves for it.
        per_order = values.attributed[mine] / values.conversion_rate[mine]
        np.testing.assert_allclose(levers.cap[mine], per_order / levers.campaign_roas[campaign])
    assert np.isnan(levers.campaign_roas[1])
    assert np.isnan(levers.cap[snapshot.targets.campaign == 1]).all()


@pytest.mark.parametrize("kind", list(Return))
def test_no_lever_goes_below_the_channels_own_target(kind: Return) -> None:
    snapshot, values, response = account(SMART, SMART)
    choice, money = choice_at(response, 0.1), np.array([1000.0])
    free = smart_levers(snapshot, values, response, choice, money)
    held = smart_levers(snapshot, values, response, choice, money, (ReturnTarget(kind, 5.0),))
    sales = np.bincount(snapshot.targets.campaign, values.attributed)
    ratio = sales / np.bincount(snapshot.targets.campaign, values.incremental)
    least = 5.0 if kind is Return.ATTRIBUTED else 5.0 * ratio
    assert (free.campaign_roas < least).all()
    np.testing.assert_allclose(held.campaign_roas, least)
    np.testing.assert_allclose(held.cap * held.target_roas, values.attributed / values.conversion_rate)


@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_without_bids_beside_them_the_price_is_where_the_budget_is_spent(share: float) -> None:
    snapshot, values, response = account(SMART, SMART, SMART)
    values = replace(values, profit=values.profit * np.array([0.5, 1.0, 2.0])[snapshot.targets.campaign])
    choice = choice_at(response, 0.0)
    levers = smart_levers(snapshot, values, response, choice, share * choice.cost)
    rows = np.arange(len(snapshot.targets))
    cost = np.bincount(snapshot.targets.campaign, response.cost[rows, response.current])
    assert (cost * levers.appetite).sum() == pytest.approx(share * cost.sum())
    profit = np.bincount(snapshot.targets.campaign, (response.clicks[rows, response.current]) * values.profit)
    # Sales grow as spend to the power of 0.8: the slope of profit in spend at the wanted spend is the price.
    slope = SALES_ELASTICITY * profit * levers.appetite ** (SALES_ELASTICITY - 1.0) / cost
    np.testing.assert_allclose(slope, levers.price[0])


def test_a_campaign_that_sells_nothing_has_no_lever_to_set() -> None:
    snapshot, values, response = account(SMART)
    nothing = replace(values, profit=np.zeros(2), attributed=np.zeros(2))
    levers = smart_levers(snapshot, nothing, response, choice_at(response, 0.0), np.array([100.0]))
    assert np.isnan(levers.campaign_roas).all()
    assert np.isnan(levers.cap).all()


def test_spend_follows_a_lever_by_the_power_of_the_sales_and_never_far() -> None:
    power = 1 / (1 - SALES_ELASTICITY)
    old, new, now = np.array([4.0, 4.0, np.nan]), np.array([4.1, 2.0, 4.0]), np.array([4.0, 2.0, 4.0])
    np.testing.assert_allclose(spend_after_roas(old, new, now), [(4.0 / 4.1) ** power, LARGEST_RESPONSE, 1.0])
    least = spend_after_cap(1 / old, 1 / new, 1 / now)
    np.testing.assert_allclose(least, [(4.0 / 4.1) ** power, LARGEST_RESPONSE, 1.0])


def test_a_target_that_holds_nothing_back_moves_nothing_until_it_does() -> None:
    power = 1 / (1 - SALES_ELASTICITY)
    now = np.full(3, 5.0)
    found = spend_after_roas(np.array([2.5, 2.5, 6.0]), np.array([3.0, 4.7, 5.8]), now)
    np.testing.assert_allclose(found, [1.0, (4.5 / 4.7) ** power, (6.0 / 5.8) ** power])


def test_small_edits_are_not_worth_learning_anew() -> None:
    old = np.array([4_000_000, 4_000_000, 0])
    assert worth_an_edit(old, np.array([4_110_000, 4_120_000, 10_000])).tolist() == [False, True, True]
