"""What a plan tells: lines, holds, gains, marginals, schedule, advice, notes."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from optimizer.allocate import allocate
from optimizer.errors import DeadlineExceeded
from optimizer.plan import PlanStatus
from optimizer.problem import Asked, ChannelRule, GroupRule, PlanProblem, PlanRules, Question, Risk, Rules
from optimizer.solver import SolverSettings

KEYS = {
    "status": None,
    "gap": None,
    "bound": None,
    "objective": None,
    "budget": None,
    "weeks": None,
    "lines": {
        *("channel", "current_spend", "spend", "change", "incremental", "iroas", "marginal_iroas"),
        *("extrapolated", "held", "without_history"),
    },
    "total": {
        *("spend", "unspent", "incremental", "gain", "probability_better"),
        *("expected_regret", "expected_regret_today", "worst_incremental"),
    },
    "schedule": {"week", "channel", "spend"},
    "binding": {"rule", "shadow_price", "cost", "words"},
    "conflicts": {"rules", "relaxation"},
    "advice": None,
    "question": None,
    "grid_error": None,
    "notes": None,
    "flighting": None,
}


def spends(plan):
    return {line.channel: line.spend for line in plan.lines}


def test_keys_are_those_of_the_public_json(concave_world):
    answer = allocate(PlanProblem(concave_world.curves(), 250.0)).to_json()
    assert answer.keys() == KEYS.keys()
    for key in ("lines", "schedule", "binding"):
        assert all(entry.keys() == KEYS[key] for entry in answer[key])
    assert answer["total"].keys() == KEYS["total"]
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_intervals_are_those_of_the_draws_own_curves(hill_world, sales_at):
    curves = hill_world(1, 4).curves()
    plan = allocate(PlanProblem(curves, 250.0))
    spend = [line.spend for line in plan.lines]
    today = curves.current_spend / curves.current_spend.sum() * 250.0
    by_draw = [replace(curves, incremental=draw[None]) for draw in curves.incremental]
    sold = np.array([sales_at(one, spend) for one in by_draw])
    gain = sold - np.array([sales_at(one, today) for one in by_draw])
    assert plan.total.incremental.mean == pytest.approx(sold.mean())
    assert plan.total.incremental.p90 == pytest.approx(np.percentile(sold, 90))
    assert plan.total.gain.mean == pytest.approx(gain.mean(), abs=0.05)
    assert plan.total.probability_better == pytest.approx((gain > 0).mean())
    assert plan.objective == pytest.approx(sold.mean())
    for index, line in enumerate(plan.lines):
        if line.spend:
            own = [np.interp(line.spend, curves.spend_grid[index], draw[index]) for draw in curves.incremental]
            assert line.iroas.p50 == pytest.approx(np.median(own) / line.spend)
        else:
            assert line.iroas is None


def test_marginal_iroas_is_the_slope_of_the_formula(hill_world):
    world = hill_world(2, 4).with_(points=400, noise=0.0, draws=3)
    curves = world.curves()
    rules = Rules({name: ChannelRule(fixed=x) for name, x in zip(curves.channels, (0.0, 50, 120, 400), strict=True)})
    plan = allocate(PlanProblem(curves, 570.0, rules))
    for index, line in enumerate(plan.lines):
        top, half, slope = world.top[index], world.half[index], world.slope[index]
        ends = (max(line.spend * 0.999, 0), line.spend * 1.001) if line.spend else (0.0, 1.0)
        if line.spend == world.end:
            ends = (world.end * 0.96, world.end)
        a, b = (top * x**slope / (x**slope + half**slope) for x in ends)
        assert line.marginal_iroas.mean == pytest.approx((b - a) / (ends[1] - ends[0]), rel=0.05, abs=0.02)


def test_an_unmeasurable_channel_is_held_and_the_test_that_would_tell_is_named(concave_world):
    curves = concave_world.with_(unmeasurable=(2,)).curves()
    plan = allocate(PlanProblem(curves, 300.0))
    assert spends(plan)["channel_2"] == 120.0
    assert [line.held for line in plan.lines] == [False, False, True]
    assert "geo test of it" in plan.advice
    assert "channel_2 is held" in plan.advice
    free = allocate(PlanProblem(curves, 300.0, hold_unmeasurable=False))
    assert spends(free)["channel_2"] < 120.0


def test_a_rule_that_says_where_it_may_go_frees_a_held_channel(concave_world):
    curves = concave_world.with_(unmeasurable=(2,)).curves()
    freed = allocate(PlanProblem(curves, 300.0, Rules({"channel_2": ChannelRule(min=60.0)})))
    assert spends(freed)["channel_2"] == 60.0
    assert not freed.lines[2].held
    limited = allocate(PlanProblem(curves, 300.0, Rules({"channel_2": ChannelRule(max_change=0.5)})))
    assert spends(limited)["channel_2"] == 120.0
    stepped = allocate(PlanProblem(curves, 300.0, Rules({"channel_2": ChannelRule(step=50.0)})))
    assert spends(stepped)["channel_2"] == 100.0
    assert stepped.lines[2].held


def test_a_hold_that_cannot_be_afforded_falls_to_its_share_of_the_budget(concave_world):
    curves = concave_world.with_(unmeasurable=(2,)).curves()
    plan = allocate(PlanProblem(curves, 100.0))
    assert spends(plan)["channel_2"] == 48.0
    assert any("share of the budget" in note for note in plan.notes)
    rules = Rules({"channel_2": ChannelRule(max_change=0.5)})
    refused = allocate(PlanProblem(curves, 100.0, rules))
    assert refused.status is PlanStatus.INFEASIBLE
    assert any("max_change" in rule for rule in refused.conflicts[0].rules)


def test_money_that_cannot_be_placed_is_said(concave_world):
    rules = Rules({name: ChannelRule(max=50.0) for name in ("channel_0", "channel_1", "channel_2")})
    plan = allocate(PlanProblem(concave_world.curves(), 200.0, rules))
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.total.spend == 150.0
    assert plan.total.unspent == 50.0
    assert "50.00 of the budget stays unspent" in plan.advice
    assert any("150.00 at most" in note for note in plan.notes)


def test_budget_beyond_the_curves_and_a_contract_beyond_one(concave_world):
    curves = concave_world.curves()
    plan = allocate(PlanProblem(curves, 2000.0))
    assert plan.total.spend == 1200.0
    contract = allocate(PlanProblem(curves, 900.0, Rules({"channel_0": ChannelRule(min=500.0)})))
    assert spends(contract)["channel_0"] == 500.0
    assert contract.lines[0].extrapolated
    at_the_end = allocate(PlanProblem(curves, 400.0, Rules({"channel_0": ChannelRule(fixed=400.0)})))
    assert contract.lines[0].incremental.mean == pytest.approx(at_the_end.lines[0].incremental.mean)


def test_todays_split_is_neither_better_nor_worse_than_itself(concave_world):
    curves = concave_world.curves()
    rules = Rules({name: ChannelRule(max_change=0.0) for name in curves.channels})
    plan = allocate(PlanProblem(curves, 250.0, rules))
    assert spends(plan) == {"channel_0": 50.0, "channel_1": 80.0, "channel_2": 120.0}
    assert plan.total.probability_better == 0.5
    assert plan.advice.startswith("Staying as you are would be as good")
    assert "Biggest moves" not in plan.advice


def test_advice_moves_where_it_pays_and_not_where_it_does_not(concave_world):
    clear = allocate(PlanProblem(concave_world.curves(), 250.0))
    assert clear.advice.startswith("Move to this plan")
    assert "channel_0 +" in clear.advice
    same = concave_world.with_(top=(300, 300, 300), current=(84, 83, 83), noise=0.01)
    assert allocate(PlanProblem(same.curves(), 250.0)).advice.startswith("Staying as you are would be as good")
    unsure = concave_world.with_(top=(300, 250, 230), current=(60, 95, 95), noise=0.5, draws=400)
    assert allocate(PlanProblem(unsure.curves(), 250.0)).advice.startswith("Move partly")
    forced = Rules({"channel_2": ChannelRule(min=200.0)})
    assert "less than the same budget" in allocate(PlanProblem(concave_world.curves(), 250.0, forced)).advice


def test_nothing_spent_today(concave_world):
    curves = concave_world.with_(current=(0, 0, 0)).curves()
    plan = allocate(PlanProblem(curves, 100.0, Rules({"channel_0": ChannelRule(max_change=0.2)})))
    assert spends(plan)["channel_0"] == 0.0
    assert all(line.change is None for line in plan.lines)
    assert any("even split" in note for note in plan.notes)
    assert any("max_change keeps it there" in note for note in plan.notes)


def test_weeks_are_even_to_the_cent(concave_world):
    plan = allocate(PlanProblem(concave_world.curves(), 250.0))
    assert sorted({entry.week for entry in plan.schedule}) == list(range(1, 14))
    for line in plan.lines:
        weekly = [round(entry.spend * 100) for entry in plan.schedule if entry.channel == line.channel]
        assert max(weekly) - min(weekly) <= 1
        assert sum(weekly) == round(line.spend * 100)


def test_one_channel_and_one_cent(concave_world):
    one = concave_world.with_(top=(500,), half=(100,), slope=(2,), current=(50,)).curves()
    assert spends(allocate(PlanProblem(one, 123.45))) == {"channel_0": 123.45}
    assert allocate(PlanProblem(concave_world.curves(), 0.01)).total.spend == 0.01


def test_reserve_is_kept_only_where_spending_would_lose(concave_world):
    curves = concave_world.curves()
    rich = allocate(PlanProblem(curves, 100.0, Rules(plan=PlanRules(reserve=0.3))))
    assert rich.total.unspent == 0.0
    poor = allocate(PlanProblem(curves, 1000.0, Rules(plan=PlanRules(reserve=0.3))))
    assert poor.total.unspent == 300.0
    assert any("kept in reserve" in note for note in poor.notes)


def test_a_group_that_holds_by_share_binds_at_a_price(concave_world):
    rules = Rules(groups=(GroupRule(("channel_2",), name="guarantee", min_share=0.4),))
    plan = allocate(PlanProblem(concave_world.curves(), 250.0, rules))
    assert spends(plan)["channel_2"] == 100.0
    assert any(entry.rule.startswith("group guarantee: min_share") and entry.shadow_price > 0 for entry in plan.binding)


def test_the_deadline_holds_and_its_plan_is_told_as_it_is(hill_world):
    curves = hill_world(9, 40, slopes=(2.0, 3.0)).curves()
    groups = tuple(GroupRule(tuple(f"channel_{i}" for i in range(k, 40, 5)), max_share=0.21) for k in range(5))
    problem = PlanProblem(curves, 1500.0, Rules(groups=groups))
    started = time.monotonic()
    try:
        plan = allocate(problem, SolverSettings(gap_limit=0.0, exact_form_above=0.0, deadline_seconds=0.3))
    except DeadlineExceeded:
        plan = None
    assert time.monotonic() - started < 3.0
    if plan is not None:
        assert plan.bound >= plan.objective


@pytest.mark.parametrize("question", ["budget", "worst draws", "target_sales", "out of reach"])
def test_the_deadline_holds_for_every_question(hill_world, question):
    curves = hill_world(9, 30, slopes=(2.0, 3.0)).with_(draws=200, noise=0.6).curves()
    hurry = SolverSettings(gap_limit=0.0, exact_form_above=0.0, deadline_seconds=0.3)
    if question in ("target_sales", "out of reach"):
        most = 4000.0 if question == "target_sales" else 1e6
        problem = PlanProblem.reaching(Question(Asked.TARGET_SALES, most), curves)
    else:
        risk = Risk.CVAR if question == "worst draws" else Risk.MEAN
        problem = PlanProblem(curves, 1500.0, Rules(plan=PlanRules(risk=risk)))
    started = time.process_time()
    try:
        plan = allocate(problem, hurry)
    except DeadlineExceeded:
        plan = None
    assert time.process_time() - started < 3.0
    if plan is not None and plan.bound is not None:
        assert (plan.bound <= plan.objective) if problem.makes_least else (plan.bound >= plan.objective)


def test_a_coarse_grid_is_told(hill_world):
    coarse = allocate(PlanProblem(hill_world(3, 4).with_(points=9).curves(), 300.0))
    assert coarse.grid_error > 1e-3
    assert any("known on a grid" in note for note in coarse.notes)
    fine = allocate(PlanProblem(hill_world(3, 4).with_(points=400).curves(), 300.0))
    assert fine.grid_error < 1e-4
    assert fine.notes == ()


def test_five_channels_and_five_hundred_draws_take_no_time(hill_world):
    curves = hill_world(4, 5).with_(draws=500).curves()
    problem = PlanProblem(curves, 300.0, Rules({name: ChannelRule(max_change=0.5) for name in curves.channels}))
    allocate(problem)
    started = time.process_time()
    allocate(problem)
    assert time.process_time() - started < 0.3
