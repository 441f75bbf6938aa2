"""Alerts on accounts made by hand, and how rarely ordinary days set one off."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.circumstances import Circumstances, Event
from bidding.expected_range import LEVEL, expected_range
from bidding.guardrails.tracking import fewer_than_chance
from bidding.night import Budgets
from bidding.pacing import DailyBudget
from bidding.propose import propose
from bidding.snapshot import Restatement
from tests.bidding.worlds import TODAY, make_night, make_snapshot

YESTERDAY = TODAY - np.timedelta64(1, "D")


def test_ordinary_days_rarely_leave_their_range() -> None:
    rng = np.random.default_rng(2)
    days, count = 56, 4000
    weekday = np.arange(days) % 7
    season = 1 + 0.3 * np.sin(weekday)
    outside = 0
    for _ in range(count):
        series = 500 * season * np.exp(0.1 * rng.standard_normal(days))
        new = 500 * season[0] * np.exp(0.1 * rng.standard_normal())
        found = expected_range(series, weekday, 0, np.full(days, 1e9))
        assert found is not None
        outside += not found.holds(new)
    # Four thousand days at one in a thousand: 4 are due, and more than 12 come with probability 0.0003.
    assert outside <= 12 * LEVEL / 1e-3


def test_a_day_far_out_is_told_with_its_range_and_an_event_explains_it() -> None:
    snapshot = make_snapshot()
    rows = snapshot.performance
    wild = rows.day == YESTERDAY
    tripled = replace(
        snapshot,
        performance=replace(rows, clicks=np.where(wild, 3, 1) * rows.clicks, cost=np.where(wild, 3, 1) * rows.cost),
    )
    alerts = {alert.code: alert for alert in propose(make_night(snapshot=tripled)).alerts}
    assert {"spend", "clicks"} <= set(alerts)
    assert "cost_per_click" not in alerts
    spend = alerts["spend"]
    assert spend.low is not None
    assert spend.high is not None
    assert spend.observed is not None
    assert spend.low < spend.high < spend.observed
    event = Event(YESTERDAY, YESTERDAY, "sale", "", 3.0)
    explained = propose(make_night(snapshot=tripled, circumstances=Circumstances(events=(event,))))
    assert "spend" not in {alert.code for alert in explained.alerts}


def test_a_budget_that_ran_out_is_told_by_campaign() -> None:
    snapshot = make_snapshot()
    rows = snapshot.performance
    out = (rows.day == YESTERDAY) & (snapshot.targets.campaign[rows.target] == 2)
    night = make_night(snapshot=replace(snapshot, performance=replace(rows, out_of_budget=np.where(out, 0.4, 0.0))))
    told = [alert for alert in propose(night).alerts if alert.code == "budget_exhausted"]
    assert [alert.entity for alert in told] == ["c2"]
    assert "out of budget for 40 %" in told[0].message


def test_a_daily_budget_that_was_all_spent_is_told_where_no_report_tells_for_how_long() -> None:
    snapshot = make_snapshot()
    cost = snapshot.performance.cost[snapshot.performance.day == YESTERDAY]
    spent = np.bincount(snapshot.targets.campaign, cost)
    budget = np.array([spent[0], 2 * spent[1], np.nan])
    night = make_night(snapshot=replace(snapshot, campaigns=replace(snapshot.campaigns, daily_budget=budget)))
    told = [alert for alert in propose(night).alerts if alert.code == "budget_exhausted"]
    assert [(alert.entity, alert.observed) for alert in told] == [("c0", pytest.approx(spent[0]))]
    assert "may have run out early" in told[0].message


def test_a_plan_that_is_spent_before_its_end_is_told() -> None:
    plan = DailyBudget("amazon", planned=1000.0, spent=1010.0, today=5.0, by_plan=50.0, days_left=6, ahead=0.4)
    told = propose(make_night(budgets=Budgets(np.array([5.0]), None, (plan,)))).alerts
    (alert,) = (alert for alert in told if alert.code == "budget_exhausted" and not alert.entity)
    assert (alert.channel, alert.observed, alert.high) == ("amazon", 1010.0, 1000.0)
    assert "6 days early" in alert.message


@pytest.mark.parametrize(("times", "is_told"), [(1.0, False), (0.6, True), (1.5, True)])
def test_orders_out_of_their_range_are_told_as_a_rate(times: float, is_told: bool) -> None:
    snapshot = make_snapshot()
    rows = snapshot.performance
    late = rows.day >= TODAY - np.timedelta64(7, "D")
    due = 0.1 * rows.clicks * np.where(late, times, 1.0)
    vintages = Restatement(
        channel=np.zeros(600, dtype=np.int64),
        day=np.repeat(TODAY - np.arange(20, 50), 20),
        age=np.tile(np.arange(1, 21), 30),
        clicks=np.full(600, 200.0),
        orders=np.full(600, 20.0),
        sales=np.full(600, 600.0),
    )
    changed = replace(snapshot, performance=replace(rows, orders=np.round(due, 1)), restatement=vintages)
    told = [alert for alert in propose(make_night(snapshot=changed)).alerts if alert.code == "conversion_rate"]
    assert bool(told) is is_told
    for alert in told:
        assert alert.low is not None
        assert alert.high is not None
        assert alert.observed is not None
        assert alert.observed == pytest.approx(0.1 * times, rel=0.1)
        assert alert.low < 0.1 < alert.high
        assert not alert.low <= alert.observed <= alert.high


def test_counts_are_negative_binomial_with_the_stated_variance() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.poisson(rng.gamma(1 / 0.2, 0.2 * 50, 200_000))
    for count in (20.0, 35.0):
        told = fewer_than_chance(np.array([count]), np.array([50.0]), np.array([0.2]))[0]
        assert abs(told - (drawn <= count).mean()) < 0.005
