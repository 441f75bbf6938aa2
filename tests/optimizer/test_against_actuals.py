"""A plan against the weeks spent under it: who has left it, and in which words."""

import json

import numpy as np
import pytest

from measurement.actuals import Actuals
from measurement.interval import summarise
from optimizer.against_actuals import AgainstActuals, SalesSoFar, last_day, spend_so_far
from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, PlanProblem, Rules
from optimizer.weekly_plan import lay_out_weeks

UNTOLD = SalesSoFar(None, None, "Sales are not judged.")


@pytest.fixture
def against(weekly_world):
    """Planned 100, 50 and 0 a week; two weeks spent."""
    curves = weekly_world(1, 3).with_(unmeasurable=(0, 1, 2)).curves()
    rules = Rules({f"channel_{i}": ChannelRule(fixed=x) for i, x in enumerate((1300.0, 650.0, 0.0))})
    problem = PlanProblem(curves, 1950.0, rules)
    plan = lay_out_weeks(problem, allocate(problem))

    def told(*spend, sales=UNTOLD):
        dates = np.array(["2026-01-05", "2026-01-12"], dtype="datetime64[D]")
        actuals = Actuals(dates, np.array(spend), None)
        return AgainstActuals(2, last_day(actuals), spend_so_far(plan, actuals), sales)

    return told


def test_a_channel_leaves_the_plan_when_it_is_a_tenth_off(against):
    told = against([110.0, 40.0, 0.0], [109.0, 40.0, 0.0])
    assert [one.planned for one in told.spend] == [200.0, 100.0, 0.0]
    assert [one.actual for one in told.spend] == [219.0, 80.0, 0.0]
    assert [one.has_left_plan for one in told.spend] == [False, True, False]
    assert told.spend[1].difference == pytest.approx(-0.2)
    assert told.in_words.startswith("2 weeks are spent, through 2026-01-18: 299 where 300 was planned (-0 %).")
    assert "Spend has left the plan: channel_1 (-20 %)." in told.in_words


def test_spend_that_was_never_planned_has_left_the_plan(against):
    told = against([100.0, 50.0, 30.0], [100.0, 50.0, 0.0])
    assert told.spend[2].difference is None
    assert "channel_2 (not planned)" in told.in_words
    assert json.loads(json.dumps(told.to_json()))["spend"][2]["left_plan"] is True
    assert "within 10 % of its plan" in against([100.0, 50.0, 0.0], [100.0, 50.0, 0.0]).in_words


def test_sales_leave_the_interval_outside_nine_tenths():
    expected = summarise(np.linspace(0, 100, 1001))
    for actual, left in ((3.0, True), (50.0, False), (97.0, True)):
        assert SalesSoFar(actual, expected, "").has_left_interval is left
    assert SalesSoFar(None, expected, "").has_left_interval is None
    assert SalesSoFar(5.0, None, "").to_json()["left_interval"] is None
