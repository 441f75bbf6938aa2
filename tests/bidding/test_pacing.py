"""Pacing: months close on plan, whatever the days did; campaigns keep to what is left."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.errors import BidError
from bidding.pacing import Period, campaign_budgets, correction, money_of_usual_day, pace, slack_of, weekday_shape
from bidding.snapshot import Snapshot
from tests.bidding.build_snapshot import TODAY, Size, build

MARCH = Period(np.datetime64("2026-03-01"), np.datetime64("2026-03-31"))


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return build(Size(campaigns=2, ad_groups=1, targets=3, days=56)).snapshot


def spent(snapshot: Snapshot, today: np.datetime64, costs: np.ndarray) -> Snapshot:
    """The same account on another day, with one row a day before it."""
    days = today - np.arange(len(costs), 0, -1).astype("timedelta64[D]")
    rows = snapshot.performance
    short = {name: getattr(rows, name)[: len(costs)] for name in vars(rows)}
    changed = replace(rows, **short | {"day": days, "cost": costs.astype(float), "target": np.zeros(len(costs), int)})
    return replace(snapshot, today=today, performance=changed)


def test_a_month_closes_on_plan_though_days_spend_too_much_or_too_little(snapshot: Snapshot) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        costs: list[float] = []
        asked: list[float] = []
        bias = rng.uniform(0.8, 1.2)
        for number in range(31):
            today = MARCH.start + np.timedelta64(number, "D")
            state = spent(snapshot, today, np.array(costs)) if costs else replace(snapshot, today=today)
            budget = pace(state, {"amazon": 3100.0}, MARCH)[0]
            asked.append(budget.today * correction(np.array(asked), np.array(costs)))
            costs.append(asked[-1] * bias * rng.uniform(0.75, 1.25))
        assert sum(costs) == pytest.approx(3100.0, rel=0.02)


def test_overspend_is_taken_from_all_later_days(snapshot: Snapshot) -> None:
    today = np.datetime64("2026-03-11")
    even = spent(snapshot, today, np.full(10, 100.0))
    over = spent(snapshot, today, np.append(np.full(9, 100.0), 310.0))
    usual, less = (pace(each, {"amazon": 3100.0}, MARCH)[0] for each in (even, over))
    assert less.ahead > 0.15
    assert 0.85 < less.today / usual.today < 0.93
    assert less.days_left == 21


def test_a_channel_far_behind_spends_at_most_twice_its_day_and_one_far_ahead_stays_visible(snapshot: Snapshot) -> None:
    today = np.datetime64("2026-03-29")
    behind = pace(spent(snapshot, today, np.full(28, 1.0)), {"amazon": 3100.0}, MARCH)[0]
    assert behind.today == pytest.approx(2 * behind.by_plan)
    ahead = pace(spent(snapshot, today, np.full(28, 200.0)), {"amazon": 3100.0}, MARCH)[0]
    assert 0 < ahead.today < 0.06 * ahead.by_plan


def test_the_shape_of_the_week_and_events_move_days(snapshot: Snapshot) -> None:
    days = np.arange(TODAY - np.timedelta64(56, "D"), TODAY)
    weekend = np.isin((days.astype(int) + 3) % 7, (5, 6))
    state = spent(snapshot, TODAY, np.where(weekend, 200.0, 100.0))
    shape = weekday_shape(state, 0)
    assert shape.mean() == pytest.approx(1.0)
    assert shape[5] / shape[0] > 1.5
    event = np.ones(31)
    event[0] = 3.0
    usual = pace(state, {"amazon": 3100.0}, MARCH)[0]
    busy = pace(state, {"amazon": 3100.0}, MARCH, {"amazon": event})[0]
    assert busy.today == pytest.approx(usual.today * 3 * 31 / (31 + 2 * shape[6]), rel=0.02)


def test_a_busy_weekdays_money_is_that_of_a_usual_day_to_a_response_that_is_one(snapshot: Snapshot) -> None:
    week = np.array([100.0, 100, 100, 100, 100, 200, 200])
    asked = {}
    for day in ("2026-03-26", "2026-03-28"):
        today = np.datetime64(day)
        weekday = (today.astype(int) + 3 - np.arange(56, 0, -1)) % 7
        state = spent(snapshot, today, week[weekday])
        budget = pace(state, {"amazon": 3100.0}, Period(today, today))
        assert budget[0].today == pytest.approx(3100.0)
        asked[day] = money_of_usual_day(state, budget)["amazon"]
    # Eight weeks believed against four even ones: Thursday 7/9 -> 0.852, Saturday 14/9 -> 1.370 of a usual day.
    assert asked["2026-03-26"] == pytest.approx(3100.0 / 0.852, rel=1e-3)
    assert asked["2026-03-28"] == pytest.approx(3100.0 / 1.370, rel=1e-3)


def test_campaigns_have_room_but_cannot_run_through_what_is_left(snapshot: Snapshot) -> None:
    early = pace(replace(snapshot, today=MARCH.start), {"amazon": 3100.0}, MARCH)[0]
    expected = np.array([60.0, 40.0, 0.0])
    budgets = campaign_budgets(early, expected, least=1.0)
    room = 0.03 * max(100.0, early.today)
    np.testing.assert_allclose(budgets, 3 * expected + room, atol=0.01)
    np.testing.assert_array_equal(campaign_budgets(early, np.array([1e-6, 1.0]), least=5.0)[0], 5.0)


@pytest.mark.parametrize("over", [0.0, 0.02, -0.3])
def test_twice_all_budgets_of_the_last_day_are_little_more_than_is_left(snapshot: Snapshot, over: float) -> None:
    last = pace(spent(snapshot, MARCH.end, np.full(30, (1 + over) * 100.0)), {"amazon": 3100.0}, MARCH)[0]
    left = 3100.0 * 1.01 - last.spent
    doubled = 2 * campaign_budgets(last, np.array([60.0, 40.0]), least=0.0).sum()
    assert doubled <= 1.1 * left + 0.01
    assert doubled > 1.09 * left or over < 0


def test_the_last_days_may_leave_the_steady_price_and_need_not_meet_the_days_money(snapshot: Snapshot) -> None:
    days = (np.datetime64("2026-03-10"), np.datetime64("2026-03-20"), np.datetime64("2026-03-30"), MARCH.end)
    costs = (np.full(9, 100.0), np.full(19, 100.0), np.full(29, 100.0), np.full(30, 100.0))
    early, twelfth, last_but_one, last = (
        slack_of(pace(spent(snapshot, day, cost), {"amazon": 3100.0}, MARCH))
        for day, cost in zip(days, costs, strict=True)
    )
    assert early.leeway[0] == twelfth.leeway[0] == 1.0
    assert 1.3 < last_but_one.leeway[0] < last.leeway[0] < 2.5
    np.testing.assert_allclose([early.miss[0], twelfth.miss[0], last.miss[0]], [31 / 2200, 31 / 1200, 0.31])


def test_what_a_month_has_overspent_is_no_reason_for_a_higher_steady_price(snapshot: Snapshot) -> None:
    def steady(spent_a_day: float) -> tuple[float, float]:
        today = pace(spent(snapshot, MARCH.end, np.full(30, spent_a_day)), {"amazon": 3100.0}, MARCH)[0]
        return today.today, float(slack_of([today]).steady[0] * today.today) / today.by_plan

    (usual, as_usual), (little, as_little) = steady(100.0), steady(103.0)
    assert as_usual * 100 == pytest.approx(usual, rel=0.3)
    assert little < 0.2 * usual
    assert as_little == pytest.approx(0.5)


def test_the_correction_follows_what_was_spent_with_care() -> None:
    assert correction(np.array([]), np.array([])) == 1.0
    one, many = correction(np.full(1, 100.0), np.full(1, 80.0)), correction(np.full(20, 100.0), np.full(20, 80.0))
    assert 1 < one < many < 1.25
    assert correction(np.full(50, 100.0), np.full(50, 1.0)) == 1.5


def test_a_sale_does_not_pass_for_bids_that_cost_more_than_expected() -> None:
    expected, spent = np.full(14, 100.0), np.full(14, 100.0)
    spent[4:9] = 190.0
    assert 0.9 < correction(expected, spent) < 1.0
    always = correction(expected, np.full(14, 190.0))
    assert always == pytest.approx(1 / 1.5)


def test_a_day_outside_the_plan_and_a_channel_without_money_are_refused(snapshot: Snapshot) -> None:
    with pytest.raises(BidError, match="outside the plan's period"):
        pace(replace(snapshot, today=np.datetime64("2026-04-01")), {"amazon": 1.0}, MARCH)
    with pytest.raises(BidError, match="budget of 0"):
        pace(replace(snapshot, today=MARCH.start), {"amazon": 0.0}, MARCH)
    with pytest.raises(BidError, match="swap them"):
        Period(MARCH.end, MARCH.start)
