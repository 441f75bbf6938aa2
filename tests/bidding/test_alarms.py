"""Alerts on accounts made by hand, and how rarely ordinary days set one off."""

from dataclasses import replace

import numpy as np

from bidding.circumstances import Circumstances, Event
from bidding.expected_range import LEVEL, expected_range
from bidding.guardrails.tracking import fewer_than_chance
from bidding.propose import propose
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


def test_counts_are_negative_binomial_with_the_stated_variance() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.poisson(rng.gamma(1 / 0.2, 0.2 * 50, 200_000))
    for count in (20.0, 35.0):
        told = fewer_than_chance(np.array([count]), np.array([50.0]), np.array([0.2]))[0]
        assert abs(told - (drawn <= count).mean()) < 0.005
