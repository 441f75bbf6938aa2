"""What a night asks beside bids: corrections of today's money, increases within reach, budgets of smart campaigns."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.changes import ChangeKind
from bidding.history import History
from bidding.in_force import in_force
from bidding.levers import smart_levers
from bidding.outlook import BidResponse
from bidding.pacing import DailyBudget, correction
from bidding.past_runs import Past
from bidding.reach import Reach, lifted
from bidding.snapshot import PlacementResults, Snapshot, Strategy
from bidding.steering import (
    LARGEST_APPETITE,
    LEAST_APPETITE,
    beside_increases,
    corrected,
    daily_budgets,
    increases_of,
    within_budget,
)
from tests.bidding.worlds import TODAY, make_account, make_choice, make_response, make_snapshot, make_values

DAY = np.timedelta64(1, "D")
CLICKS = np.full((3, 3), 50_000.0)
RESULTS = PlacementResults(CLICKS, CLICKS, CLICKS / 20, CLICKS * np.array([1.5, 1.0, 0.5]))
"""Increases of 200, 100 and 0 % are asked of every campaign."""


def past_of_nothing(snapshot: Snapshot, promised: dict[str, dict[str, float]] | None = None) -> Past:
    histories = {kind: History.none(len(in_force(snapshot, kind))) for kind in ChangeKind}
    return Past(histories, np.zeros(len(snapshot.campaigns.ids), dtype=np.int64), promised or {}, np.zeros(1))


def test_todays_money_is_corrected_by_what_runs_promised_and_days_cost() -> None:
    snapshot = make_snapshot()
    rows = snapshot.performance
    days = [TODAY - back * DAY for back in range(10, 0, -1)]
    spent = np.array([rows.cost[rows.day == day].sum() for day in days])
    promised = {str(day): {"amazon": 1.2 * cost} for day, cost in zip(days, spent, strict=True)}
    found = corrected({"amazon": 100.0}, snapshot, past_of_nothing(snapshot, promised))
    assert found["amazon"] == pytest.approx(100.0 * correction(1.2 * spent, spent))
    assert 105.0 < found["amazon"] < 120.0
    old = {str(TODAY - 30 * DAY): {"amazon": 1.0}, str(TODAY - DAY): {"meta": 1.0}}
    assert corrected({"amazon": 100.0}, snapshot, past_of_nothing(snapshot, old)) == {"amazon": 100.0}


def test_increases_lift_bids_by_what_a_day_lets_them() -> None:
    snapshot = replace(make_snapshot(), placements=RESULTS)
    asked = increases_of(snapshot, make_account(), past_of_nothing(snapshot))
    np.testing.assert_allclose(asked.wanted, np.tile([2.0, 1.0, 0.0], (3, 1)), atol=0.03)
    np.testing.assert_allclose(asked.lift, (1.2 + 1.2 + 1.0) / 3, atol=1e-6)
    near = increases_of(snapshot, make_account(daily_change=0.05), past_of_nothing(snapshot))
    np.testing.assert_allclose(near.lift, (1.05 + 1.05 + 1.0) / 3, atol=1e-6)
    without = increases_of(make_snapshot(), make_account(), past_of_nothing(snapshot))
    assert without.modifiers is None
    assert (without.lift == 1.0).all()


def test_an_increase_that_moved_this_week_lifts_nothing() -> None:
    snapshot = replace(make_snapshot(), placements=RESULTS)
    past = past_of_nothing(snapshot)
    moved = past.histories[ChangeKind.PLACEMENT]
    on = moved.applied_on.copy()
    on[[0, 3, 4]] = TODAY - np.array([6, 7, 2])
    past = replace(past, histories=dict(past.histories) | {ChangeKind.PLACEMENT: replace(moved, applied_on=on)})
    lift = increases_of(snapshot, make_account(), past).lift
    np.testing.assert_allclose(lift, [(1.0 + 1.2 + 1.0) / 3, (1.2 + 1.0 + 1.0) / 3, (1.2 + 1.2 + 1.0) / 3])


def test_reach_is_counted_in_bids_under_the_increases_in_force() -> None:
    snapshot = replace(make_snapshot(), placements=RESULTS)
    asked = replace(increases_of(snapshot, make_account(), past_of_nothing(snapshot)), lift=np.array([1.1, 0.8, 1.0]))
    base = np.full(len(snapshot.targets), 1.0)
    found = lifted(Reach(base, 0.8 * base, 1.2 * base), snapshot, asked)
    of = snapshot.targets.campaign
    np.testing.assert_allclose(found.low, np.array([0.88, 0.64, 0.8])[of])
    np.testing.assert_allclose(found.high, np.array([1.32, 1.0, 1.2])[of])


@pytest.mark.parametrize(("money", "rises"), [(1.1, True), (0.9, False)])
def test_increases_do_not_rise_where_the_lowest_bids_cost_too_much(money: float, rises: bool) -> None:
    snapshot = replace(make_snapshot(), placements=RESULTS)
    asked = increases_of(snapshot, make_account(), past_of_nothing(snapshot))
    response = make_response(len(snapshot.targets))
    lowest = np.full(len(snapshot.targets), 0.9)
    budget = {"amazon": money * float(response.cost[:, 2].sum())}
    found = within_budget(asked, snapshot, response, lowest, budget)
    assert (found.lift > 1.0).all() == rises
    assert (found.wanted > 0).any() == rises


@pytest.mark.parametrize(("money", "lifts"), [(1.1, True), (0.9, False)])
def test_bids_reach_as_far_as_the_increases_that_the_money_allows_lift_them(money: float, lifts: bool) -> None:
    snapshot = replace(make_snapshot(), placements=RESULTS)
    asked = increases_of(snapshot, make_account(), past_of_nothing(snapshot))
    response = make_response(len(snapshot.targets))
    base = np.full(len(snapshot.targets), 1.0)
    low = 0.9 / asked.lift[snapshot.targets.campaign]
    reach, budget = Reach(base, low, 1.2 * base), {"amazon": money * float(response.cost[:, 2].sum())}
    answered: list[Reach] = []

    def respond(within: Reach) -> BidResponse:
        answered.append(within)
        return response

    found, within, _ = beside_increases(snapshot, reach, asked, budget, respond)
    assert (found.lift > 1.0).all() == lifts
    np.testing.assert_allclose(within.high, 1.2 * found.lift[snapshot.targets.campaign])
    assert len(answered) == (1 if lifts else 2)
    assert answered[-1] is within


def test_the_budget_of_a_smart_campaign_follows_its_return_where_it_has_no_other_lever() -> None:
    snapshot = make_snapshot(targets=12, campaigns=3)
    roas = np.array([np.nan, np.nan, 4.0])
    campaigns = replace(snapshot.campaigns, strategy=np.full(3, int(Strategy.SMART)), target_roas=roas)
    snapshot = replace(snapshot, campaigns=campaigns)
    values, response, choice = make_values(12), make_response(12), make_choice(12, 3)
    worth = np.array([0.5, 2.0, 0.5])[snapshot.targets.campaign]
    values = replace(values, profit=worth * values.profit)
    choice = replace(choice, shadow_price=np.zeros(1), cost=np.array([response.cost[:, 3].sum()]))
    levers = smart_levers(snapshot, values, response, choice, choice.cost)
    today = (DailyBudget("amazon", 30_000.0, 0.0, 1000.0, 1000.0, 30, 0.0),)
    found = daily_budgets(snapshot, response, values, choice, today, levers)
    np.testing.assert_allclose(found[:2] / found[2], [LEAST_APPETITE, LARGEST_APPETITE], rtol=1e-3)
