"""The plan with its weeks: scored again as it would be spent, beside a proof that stays that of the totals."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.new_channel import NewChannel, with_new_channels
from measurement.plan_start import after_actuals
from measurement.priors import ChannelPrior, Spread
from optimizer.allocate import allocate
from optimizer.blackouts import close_weeks
from optimizer.errors import BadRules
from optimizer.new_channels import capped
from optimizer.problem import ChannelRule, PlanProblem, PlanRules, Rules
from optimizer.weekly_plan import lay_out_weeks


def weeks_of(plan, channel):
    return np.array([entry.spend for entry in plan.schedule if entry.channel == channel])


def schedule_of(plan, channels):
    return np.stack([weeks_of(plan, channel) for channel in channels])


def test_lines_and_total_are_what_the_schedule_sells_by_every_draw(weekly_world):
    curves = weekly_world(5, 4).curves()
    problem = PlanProblem(curves, 4000.0)
    totals = allocate(problem)
    plan = lay_out_weeks(problem, totals)
    sold = curves.weekly.sales(schedule_of(plan, curves.channels))
    today = curves.weekly.sales(np.full((4, 13), 4000.0 / 4 / 13))
    assert plan.total.incremental.mean == pytest.approx(sold.sum(axis=1).mean(), rel=1e-6)
    assert plan.total.incremental.p5 == pytest.approx(np.percentile(sold.sum(axis=1), 5), rel=1e-6)
    gain = sold.sum(axis=1) - today.sum(axis=1)
    assert plan.total.gain.mean == pytest.approx(gain.mean(), rel=1e-3, abs=0.5)
    assert plan.total.probability_better == pytest.approx((gain > 0).mean(), abs=0.05)
    for index, line in enumerate(plan.lines):
        assert weeks_of(plan, line.channel).sum() == pytest.approx(line.spend, abs=1e-6)
        assert line.incremental.p90 == pytest.approx(np.percentile(sold[:, index], 90), rel=1e-5, abs=1e-5)
    assert (plan.objective, plan.bound, plan.gap) == (totals.objective, totals.bound, totals.gap)
    assert plan.flighting.starts == "2026-01-05"
    assert plan.flighting.gain_over_even.mean >= 0
    assert "no season" in plan.flighting.reason


def test_an_s_shaped_line_is_laid_out_unevenly_and_named(s_shaped_weeks):
    curves = s_shaped_weeks.with_(recent_dose=0.0).curves()
    problem = PlanProblem(curves, 2000.0, Rules({"channel_0": ChannelRule(fixed=1300.0)}))
    plan = lay_out_weeks(problem, allocate(problem))
    assert plan.flighting.uneven == ("channel_0",)
    assert plan.total.incremental.mean > allocate(problem).total.incremental.mean * 1.05
    floored = replace(problem, rules=replace(problem.rules, plan=PlanRules(min_weekly_spend_share=0.5)))
    assert weeks_of(lay_out_weeks(floored, allocate(floored)), "channel_0").min() >= 50.0 - 0.01
    even = replace(problem, rules=replace(problem.rules, plan=PlanRules(min_weekly_spend_share=1.0)))
    assert lay_out_weeks(even, allocate(even)).flighting.uneven == ()


def test_a_channel_that_cannot_be_measured_stays_even(s_shaped_weeks):
    curves = s_shaped_weeks.with_(recent_dose=0.0, unmeasurable=(0,)).curves()
    problem = PlanProblem(curves, 2600.0)
    plan = lay_out_weeks(problem, allocate(problem))
    assert plan.lines[0].held
    assert plan.flighting.uneven == ()


def test_curves_that_know_no_weeks_keep_their_even_schedule(concave_world):
    problem = PlanProblem(concave_world.curves(), 250.0)
    plan = allocate(problem)
    assert lay_out_weeks(problem, plan) is plan
    assert plan.to_json()["flighting"] is None


def test_the_order_of_channels_changes_nothing(weekly_world):
    curves = weekly_world(7, 4).curves()
    order = [2, 0, 3, 1]
    turned = replace(
        curves,
        channels=tuple(curves.channels[i] for i in order),
        spend_grid=curves.spend_grid[order],
        incremental=curves.incremental[:, order],
        current_spend=curves.current_spend[order],
        largest_observed_spend=curves.largest_observed_spend[order],
        weekly=curves.weekly.only(np.array(order)),
    )
    plans = [
        lay_out_weeks(problem, allocate(problem)) for problem in (PlanProblem(c, 3500.0) for c in (curves, turned))
    ]
    for channel in curves.channels:
        np.testing.assert_array_equal(weeks_of(plans[0], channel), weeks_of(plans[1], channel))


def test_blackout_weeks_are_dark_and_the_curve_knows(weekly_world):
    curves = weekly_world(8, 3).curves()
    rules = Rules({"channel_1": ChannelRule(min=300.0, blackout=(1, np.datetime64("2026-02-04").item()))})
    dark = close_weeks(rules, curves)
    problem = PlanProblem(dark, 3000.0, rules)
    plan = lay_out_weeks(problem, allocate(problem))
    spent = weeks_of(plan, "channel_1")
    assert spent[[0, 4]].tolist() == [0.0, 0.0]
    assert spent.sum() == pytest.approx(plan.lines[1].spend)
    even = np.where(np.isin(np.arange(13), (0, 4)), 0.0, 650.0 / 11)
    expected = curves.weekly.sales(np.stack([np.zeros(13), even, np.zeros(13)]))[:, 1]
    found = [np.interp(650.0, dark.spend_grid[1], draw) for draw in dark.incremental[:, 1]]
    np.testing.assert_allclose(found, expected, rtol=5e-3)
    np.testing.assert_array_equal(dark.incremental[:, [0, 2]], curves.incremental[:, [0, 2]])


def test_blackouts_need_curves_of_their_weeks(weekly_world, concave_world):
    curves = weekly_world(8, 3).curves()
    rules = Rules({"channel_1": ChannelRule(blackout=(2,))})
    with pytest.raises(BadRules, match="computed for other weeks"):
        PlanProblem(curves, 3000.0, rules)
    with pytest.raises(BadRules, match="know totals only"):
        PlanProblem(concave_world.curves(), 100.0, rules)


@pytest.mark.parametrize(
    ("blackout", "said"),
    [((0,), "weeks 1 to 13"), ((14,), "weeks 1 to 13"), (tuple(range(1, 14)), "leaves no week")],
)
def test_blackouts_outside_the_plan_or_of_all_of_it_are_refused(weekly_world, blackout, said):
    with pytest.raises(BadRules, match=said):
        close_weeks(Rules({"channel_1": ChannelRule(blackout=blackout)}), weekly_world(8, 3).curves())


def test_a_day_just_outside_the_plan_is_refused_and_the_plan_named(weekly_world):
    for day in ("2026-01-04", "2026-04-06"):
        rules = Rules({"channel_1": ChannelRule(blackout=(np.datetime64(day).item(),))})
        with pytest.raises(BadRules, match=f"{day} lies outside the plan, weeks 1 to 13, 2026-01-05 to 2026-04-05"):
            close_weeks(rules, weekly_world(8, 3).curves())


@pytest.fixture
def begun(weekly_world):
    """Four channels of which three weeks are spent: more, less, nothing, as much as today."""
    curves = weekly_world(9, 4).curves()
    return after_actuals(curves, np.tile(np.array([180.0, 40.25, 0.0, 100.0]), (3, 1)))


def test_a_quarter_that_has_begun_keeps_what_is_spent_and_splits_the_rest(begun):
    problem = PlanProblem(begun, 5200.0)
    plan = lay_out_weeks(problem, allocate(problem))
    schedule = schedule_of(plan, begun.channels)
    assert schedule[:, :3].tolist() == [[180.0] * 3, [40.25] * 3, [0.0] * 3, [100.0] * 3]
    assert schedule.sum() == pytest.approx(5200.0)
    for line, weeks in zip(plan.lines, schedule, strict=True):
        assert line.spend == pytest.approx(weeks.sum(), abs=1e-6)
    sold = begun.weekly.sales(schedule).sum(axis=1)
    assert plan.total.incremental.mean == pytest.approx(sold.mean(), rel=1e-6)
    baseline = schedule.copy()
    baseline[:, 3:] = (5200.0 - schedule[:, :3].sum()) / 40
    gain = sold - begun.weekly.sales(baseline).sum(axis=1)
    assert plan.total.gain.mean == pytest.approx(gain.mean(), rel=1e-3, abs=0.5)


def test_rules_on_totals_count_what_is_spent_already(begun):
    rules = Rules(
        {
            "channel_0": ChannelRule(max=600.0),
            "channel_1": ChannelRule(step=100.0, min=150.0),
            "channel_2": ChannelRule(minimum_viable=700.0),
            "channel_3": ChannelRule(max_change=0.5),
        }
    )
    problem = PlanProblem(begun, 3000.0, rules)
    spend = {line.channel: line.spend for line in allocate(problem).lines}
    assert 540.0 <= spend["channel_0"] <= 600.0
    assert spend["channel_1"] % 100 == pytest.approx(0.0)
    assert spend["channel_1"] >= 200.0
    assert spend["channel_2"] == 0.0 or spend["channel_2"] >= 700.0
    assert 650.0 <= spend["channel_3"] <= 1950.0


def test_a_rule_below_what_is_spent_already_is_a_conflict_that_says_so(begun):
    plan = allocate(PlanProblem(begun, 5200.0, Rules({"channel_0": ChannelRule(max=500.0)})))
    assert plan.status.value == "infeasible"
    (conflict,) = plan.conflicts
    assert set(conflict.rules) == {"channel_0: 540.00 is spent already", "channel_0: max 500.00"}
    assert conflict.relaxation == pytest.approx(40.0)
    assert '"channel_0: max 500.00" would have to rise by 40.00' in plan.advice
    overspent = allocate(PlanProblem(begun, 900.0))
    assert any("budget 900.00" in rule for rule in overspent.conflicts[0].rules)
    assert overspent.conflicts[0].relaxation == pytest.approx(540 + 120.75 + 300 - 900)


def test_a_held_channel_is_held_at_today_or_at_what_is_spent(weekly_world):
    curves = weekly_world(9, 2).with_(unmeasurable=(0,)).curves()
    for per_week, expected in ((50.0, 1300.0), (500.0, 1500.0)):
        begun = after_actuals(curves, np.tile(np.array([per_week, 100.0]), (3, 1)))
        plan = allocate(PlanProblem(begun, 3500.0))
        assert plan.lines[0].spend == expected
        assert plan.lines[0].held


def test_nothing_left_in_the_budget_leaves_the_weeks_that_were_spent(begun):
    problem = PlanProblem(begun, 960.75)
    plan = lay_out_weeks(problem, allocate(problem))
    assert schedule_of(plan, begun.channels)[:, 3:].sum() == pytest.approx(0.0)
    assert plan.total.gain.mean == pytest.approx(0.0, abs=1e-6)


def test_blackouts_after_actuals_close_what_is_left(begun):
    rules = Rules({"channel_1": ChannelRule(min=300.0, blackout=(2, 5))})
    problem = PlanProblem(close_weeks(rules, begun), 4000.0, rules)
    spent = weeks_of(lay_out_weeks(problem, allocate(problem)), "channel_1")
    assert spent[:3].tolist() == [40.25] * 3
    assert spent[4] == 0.0
    all_that_is_left = Rules({"channel_1": ChannelRule(blackout=tuple(range(4, 14)))})
    with pytest.raises(BadRules, match=r"Write max = 120\.75"):
        close_weeks(all_that_is_left, begun)


@pytest.mark.parametrize(("median", "spends"), [(50.0, True), (0.001, False)])
def test_a_channel_without_history_is_capped_flagged_and_never_in_bursts(weekly_world, median, spends):
    new = NewChannel("instacart", 200.0, 300.0, ChannelPrior(iroas=Spread(median, 3 * median), slope=Spread(3.0, 4.0)))
    rules = Rules(capped({}, (new,)), new_channels=(new,))
    problem = PlanProblem(with_new_channels(weekly_world(5, 3).curves(), (new,)), 3900.0, rules)
    plan = lay_out_weeks(problem, allocate(problem))
    line = plan.lines[3]
    assert (line.channel, line.without_history, line.held, line.change) == ("instacart", True, False, None)
    assert line.spend <= 300.0
    assert (line.spend == 300.0) is spends
    assert line.extrapolated is spends
    assert "instacart" not in plan.flighting.uneven
    assert "instacart has no history" in plan.advice
    assert ("hold it out of others" if spends else "does without it") in plan.advice
    beyond = [said for said in plan.advice.split(". ") if "more than ever observed" in said]
    assert not any("instacart" in said for said in beyond)
    assert not any(other.without_history for other in plan.lines[:3])


def test_rules_name_a_new_channel_whose_curve_is_missing(weekly_world):
    new = NewChannel("instacart", 200.0, 300.0)
    with pytest.raises(BadRules, match="instacart"):
        PlanProblem(weekly_world(5, 3).curves(), 3900.0, Rules(capped({}, (new,)), new_channels=(new,)))
