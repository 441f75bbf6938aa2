"""Costs of rules, what more budget returns, regret and the grid's error: each against another way to get at it."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.allocate import allocate
from optimizer.grid_error import cell_errors
from optimizer.problem import Asked, ChannelRule, GroupRule, PlanProblem, PlanRules, Question, Risk, Rules
from optimizer.sensitivity import budget_step


def binding(plan):
    return {entry.rule: entry for entry in plan.binding}


@pytest.mark.parametrize(
    ("cents", "step"), [(100, 1), (12_345, 100), (100_000_000, 1_000_000), (99_999_999, 500_000), (30_000, 200)]
)
def test_one_more_is_a_round_amount(cents, step):
    assert budget_step(cents) == step


@pytest.mark.parametrize("seed", range(4))
def test_costs_are_the_difference_to_the_plan_without_the_rule(hill_world, seed):
    curves = hill_world(800 + seed, 4).curves()
    rules = {
        "channel_0": ChannelRule(min=120.0),
        "channel_1": ChannelRule(max=15.0),
        "channel_2": ChannelRule(step=35.0),
    }
    group = GroupRule(("channel_3",), name="guarantee", min_share=0.3)
    plan = allocate(PlanProblem(curves, 320.0, Rules(rules, (group,))))
    told = binding(plan)
    for name in rules:
        others = {other: kept for other, kept in rules.items() if other != name}
        free = allocate(PlanProblem(curves, 320.0, Rules(others, (group,))))
        entry = next((entry for label, entry in told.items() if label.startswith(name)), None)
        gain = free.objective - plan.objective
        assert (entry.cost if entry else 0.0) == pytest.approx(gain, abs=0.03)
    free = allocate(PlanProblem(curves, 320.0, Rules(rules)))
    entry = told.get("group guarantee: min_share 0.3")
    assert (entry.cost if entry else 0.0) == pytest.approx(free.objective - plan.objective, abs=0.03)


def test_what_more_budget_returns_is_what_the_larger_plan_sells(hill_world):
    curves = hill_world(5, 4).curves()
    plan, more = allocate(PlanProblem(curves, 300.0)), allocate(PlanProblem(curves, 302.0))
    assert binding(plan)["budget 300.00"].words == f"One more 2 returns {more.objective - plan.objective:,.2f}."
    assert plan.binding[0].rule == "budget 300.00"


def test_words_name_the_measure(concave_world):
    rules = Rules({"channel_2": ChannelRule(min=150.0)}, plan=PlanRules(margin=0.5, risk=Risk.CVAR, risk_level=0.2))
    plan = allocate(PlanProblem(concave_world.curves(), 250.0, rules))
    assert binding(plan)["channel_2: min 150.00"].words.endswith("of margin in the worst 20 % of cases.")
    held = allocate(PlanProblem(concave_world.with_(unmeasurable=(2,)).curves(), 250.0))
    entry = next(entry for label, entry in binding(held).items() if "held" in label)
    assert "a test would tell" in entry.words
    assert entry.cost > 0


def test_a_reserve_too_small_is_told(concave_world):
    rules = Rules(plan=PlanRules(reserve=0.1, margin=0.5))
    plan = allocate(PlanProblem(concave_world.with_(points=200).curves(), 600.0, rules))
    less = allocate(
        PlanProblem(concave_world.with_(points=200).curves(), 600.0, Rules(plan=PlanRules(0.11, margin=0.5)))
    )
    entry = binding(plan)["the budget is to be spent"]
    assert plan.total.spend == 540.0
    assert entry.shadow_price == pytest.approx((less.objective - plan.objective) / 6.0, rel=0.02)
    assert f"worth {1 - entry.shadow_price:.2f} of margin" in entry.words


def test_a_rule_raises_the_budget_that_a_target_takes(concave_world):
    curves = concave_world.with_(points=200).curves()
    question = Question(Asked.TARGET_SALES, 300.0)
    free = allocate(PlanProblem.reaching(question, curves))
    bound = allocate(PlanProblem.reaching(question, curves, Rules({"channel_2": ChannelRule(min=80.0)})))
    entry = binding(bound)["channel_2: min 80.00"]
    assert entry.cost == pytest.approx(bound.budget - free.budget, abs=0.03)
    assert "raises the budget by" in entry.words
    price = binding(free)["target_sales 300.00"].shadow_price
    more = allocate(PlanProblem.reaching(Question(Asked.TARGET_SALES, 303.0), curves))
    assert price == pytest.approx((more.budget - free.budget) / 3.0, rel=0.03)


@pytest.mark.parametrize("rules", [Rules(), Rules(groups=(GroupRule(("channel_0",), max_share=0.3),))])
def test_regret_is_against_each_draws_own_optimum(concave_world, rules):
    """Concave draws: each draw planned for by itself, under the same rules."""
    curves = concave_world.with_(draws=30, noise=0.6).curves()
    plan = allocate(PlanProblem(curves, 250.0, rules))
    spend = [line.spend for line in plan.lines]
    lost = []
    for draw in curves.incremental:
        alone = replace(curves, incremental=draw[None])
        best = allocate(PlanProblem(alone, 250.0, rules)).objective
        lost.append(best - sum(np.interp(x, curves.spend_grid[c], draw[c]) for c, x in enumerate(spend)))
    assert plan.total.expected_regret == pytest.approx(np.mean(lost), abs=0.02)
    assert plan.total.expected_regret < plan.total.expected_regret_today


def test_a_known_world_has_no_regret(hill_world):
    curves = hill_world(7, 5).with_(noise=0.0, draws=3).curves()
    total = allocate(PlanProblem(curves, 300.0)).total
    assert 0.0 <= total.expected_regret <= 0.01 * total.incremental.mean  # an S-curve's own optimum is bounded only


@pytest.mark.parametrize("slope", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("points", [21, 41, 81])
def test_the_grids_error_is_estimated_near_the_truth(slope, points):
    grid = 400.0 * np.linspace(0.0, 1.0, points) ** 1.5

    def sales(x):
        return 500.0 * x**slope / (x**slope + 100.0**slope)

    told = cell_errors(grid, sales(grid))
    inside = np.linspace(grid[:-1], grid[1:], 41)
    true = np.abs(np.interp(inside, grid, sales(grid)) - sales(inside)).max(axis=0)
    around = np.maximum.reduce([true[:-2], true[1:-1], true[2:]])
    assert (told[1:-1] >= 0.8 * true[1:-1]).all()
    assert (told[1:-1] <= 4.0 * around).all()


@pytest.mark.parametrize("seed", range(12))
def test_gap_and_grid_error_hold_on_the_curves_themselves(hill_world, seed):
    """The true optimum of the formulas, by dynamic programming, is no further away than is told."""
    world = hill_world(900 + seed, 4).with_(noise=0.0, draws=1, points=21)
    curves = world.curves()
    plan = allocate(PlanProblem(curves, 240.0))
    spend = np.arange(0.0, 240.01, 0.5)
    best = np.full(len(spend), -np.inf)
    best[0] = 0.0
    for top, half, slope in zip(world.top, world.half, world.slope, strict=True):
        sells = top * spend**slope / (spend**slope + half**slope)
        best = np.array([(best[: b + 1] + sells[b::-1]).max() for b in range(len(spend))])
    reached = sum(
        top * line.spend**slope / (line.spend**slope + half**slope)
        for line, top, half, slope in zip(plan.lines, world.top, world.half, world.slope, strict=True)
    )
    missed = (best[-1] - reached) / reached
    assert missed <= plan.gap + plan.grid_error
    assert plan.grid_error <= 0.05
