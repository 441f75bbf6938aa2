"""Questions for a budget: each against the frontier that dynamic programming draws on a fine grid of spends."""

import numpy as np
import pytest

from optimizer.allocate import allocate
from optimizer.errors import BadProblem, BadRules
from optimizer.plan import PlanStatus
from optimizer.problem import Asked, ChannelRule, GroupRule, PlanProblem, PlanRules, Question, Risk, Rules
from tests.optimizer.conftest import HillWorld

UNIT = 1.0


def frontier(curves, most):
    """Best expected sales for every budget 0, 1, 2 ... `most`."""
    mean, spend = curves.incremental.mean(axis=0), np.arange(int(most) + 1) * UNIT
    best = np.full(len(spend), -np.inf)
    best[0] = 0.0
    for channel in range(len(curves.channels)):
        sells = np.where(
            spend <= curves.spend_grid[channel, -1],
            np.interp(spend, curves.spend_grid[channel], mean[channel]),
            -np.inf,
        )
        best = np.array([(best[: b + 1] + sells[b::-1]).max() for b in range(len(spend))])
    return spend, best


def ask(asked, value, curves, rules=None):
    return allocate(PlanProblem.reaching(Question(asked, value), curves, rules))


@pytest.mark.parametrize("seed", range(8))
def test_the_least_budget_for_target_sales(hill_world, seed):
    curves = hill_world(700 + seed, 3).curves()
    spend, best = frontier(curves, 500)
    target = float(np.interp(180 + 20 * seed, spend, best))
    least = spend[np.argmax(best >= target - 1e-9)]
    plan = ask(Asked.TARGET_SALES, target, curves)
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.total.incremental.mean >= target - 0.01
    assert plan.budget == plan.total.spend == pytest.approx(plan.objective)
    assert plan.budget <= least + 0.01
    assert plan.budget >= least - 2 * UNIT
    assert plan.bound <= plan.budget
    assert plan.gap == pytest.approx((plan.budget - plan.bound) / plan.budget, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_the_largest_budget_at_an_average(hill_world, seed):
    curves = hill_world(720 + seed, 3).curves()
    spend, best = frontier(curves, 900)
    target = float(best[300] / 300 * (0.8 + 0.05 * seed))
    largest = spend[np.flatnonzero(best[1:] >= target * spend[1:] - 1e-9)[-1] + 1]
    plan = ask(Asked.TARGET_IROAS, target, curves)
    assert plan.total.incremental.mean >= target * plan.total.spend - 0.01
    assert largest - 0.01 <= plan.total.spend <= largest + UNIT + 0.01
    assert plan.bound >= plan.objective
    same_budget = allocate(PlanProblem(curves, plan.budget))
    assert plan.total.incremental.mean == pytest.approx(same_budget.total.incremental.mean, rel=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_the_budget_up_to_which_further_money_returns_a_target(hill_world, seed):
    curves = hill_world(740 + seed, 3).curves()
    spend, best = frontier(curves, 1200)
    target = (0.3, 0.6, 1.0, 1.4)[seed % 4]
    profit = best - target * spend
    plan = ask(Asked.MARGINAL_IROAS, target, curves)
    if profit.max() <= 0:
        assert plan.status is PlanStatus.INFEASIBLE
        return
    assert plan.objective == pytest.approx(profit.max(), rel=2e-3)
    assert plan.objective >= profit.max() * (1 - 1e-9)
    further = best[int(plan.total.spend) + 1 :] - plan.total.incremental.mean
    assert (further <= target * (spend[int(plan.total.spend) + 1 :] - plan.total.spend) + 1e-6).all()


def test_answers_agree_with_each_other(concave_world):
    curves = concave_world.with_(points=300).curves()
    plan = allocate(PlanProblem(curves, 250.0))
    sales = plan.total.incremental.mean
    assert ask(Asked.TARGET_SALES, sales, curves).budget == pytest.approx(250.0, abs=0.02)
    assert ask(Asked.TARGET_IROAS, sales / 250.0, curves).budget == pytest.approx(250.0, abs=0.05)
    price = next(entry.shadow_price for entry in plan.binding if entry.rule.startswith("budget "))
    assert ask(Asked.MARGINAL_IROAS, price * 0.999, curves).budget >= 250.0 - 0.01
    assert ask(Asked.MARGINAL_IROAS, price * 1.02, curves).budget < 250.0


def test_rules_hold_in_answers(concave_world, rules_broken):
    curves = concave_world.with_(unmeasurable=(2,)).curves()
    rules = Rules(
        {"channel_0": ChannelRule(step=25.0), "channel_1": ChannelRule(minimum_viable=60.0)},
        (GroupRule(("channel_1", "channel_2"), name="pair", min_share=0.5),),
    )
    for asked, value in ((Asked.TARGET_SALES, 400.0), (Asked.TARGET_IROAS, 1.2), (Asked.MARGINAL_IROAS, 0.5)):
        problem = PlanProblem.reaching(Question(asked, value), curves, rules)
        plan = allocate(problem)
        assert plan.status is PlanStatus.OPTIMAL
        assert rules_broken(problem, plan) == []
        assert {line.channel: line.spend for line in plan.lines}["channel_2"] == 120.0


def test_target_iroas_as_a_rule(concave_world):
    """The rule holds at the mean; with a reserve the plan spends less; without one the conflict tells."""
    curves = concave_world.with_(points=200).curves()
    free = allocate(PlanProblem(curves, 500.0))
    average = free.total.incremental.mean / free.total.spend
    kept = allocate(PlanProblem(curves, 500.0, Rules(plan=PlanRules(target_iroas=average * 0.99))))
    assert kept.status is PlanStatus.OPTIMAL
    assert kept.objective == pytest.approx(free.objective)
    refused = allocate(PlanProblem(curves, 500.0, Rules(plan=PlanRules(target_iroas=average * 1.2))))
    assert refused.status is PlanStatus.INFEASIBLE
    (conflict,) = refused.conflicts
    assert "the budget is to be spent" in conflict.rules
    assert any(rule.startswith("target_iroas") for rule in conflict.rules)
    assert conflict.relaxation == pytest.approx(500 * 0.2 * average, rel=1e-3)
    assert f"fall to {np.floor(average * 1000) / 1000:.3f}" in refused.advice
    reserve = Rules(plan=PlanRules(target_iroas=average * 1.2, reserve=0.9))
    less = allocate(PlanProblem(curves, 500.0, reserve))
    assert less.total.incremental.mean >= average * 1.2 * less.total.spend - 0.01
    largest = ask(Asked.TARGET_IROAS, average * 1.2, curves)
    assert less.total.spend <= largest.total.spend + 0.01


def test_what_is_possible_is_told_with_all_other_rules_kept(concave_world):
    """The held channel costs the average, but is no part of the smallest set."""
    curves = concave_world.with_(points=200, unmeasurable=(2,)).curves()
    refused = allocate(PlanProblem(curves, 300.0, Rules(plan=PlanRules(target_iroas=9.0))))
    (conflict,) = refused.conflicts
    assert set(conflict.rules) == {"the budget is to be spent", "target_iroas 9"}
    best = allocate(PlanProblem(curves, 300.0)).total.incremental.mean / 300.0
    assert f"fall to {np.floor(best * 1000) / 1000:.3f}" in refused.advice
    assert conflict.relaxation == pytest.approx((9.0 - best) * 300.0, abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_target_iroas_forces_a_better_average_out_of_s_curves(hill_world, seed):
    """Against a search: with a margin per outcome the best-paid split is not the one that sells most."""
    from dataclasses import replace

    curves = hill_world(760 + seed, 2).curves()
    rng = np.random.default_rng(seed)
    share = rng.uniform(0.1, 0.9, 2)[None, :, None]
    both = replace(
        curves,
        outcomes=("shop", "stores"),
        by_outcome=np.stack([share * curves.incremental, (1 - share) * curves.incremental]),
    )
    margins = {"shop": 0.9, "stores": 0.1}
    x = np.arange(0.0, 200.01, 0.5)
    mean = both.by_outcome.mean(axis=1)
    sales = [np.interp(a, curves.spend_grid[i], mean.sum(axis=0)[i]) for i, a in enumerate((x, 200 - x))]
    worth = [
        np.interp(a, curves.spend_grid[i], 0.9 * mean[0, i] + 0.1 * mean[1, i]) for i, a in enumerate((x, 200 - x))
    ]
    total, value = sum(sales), sum(worth)
    target = float(0.5 * (total[np.argmax(value)] + total.max()) / 200)
    best = value[total >= 200 * target].max()
    plan = allocate(PlanProblem(both, 200.0, Rules(plan=PlanRules(target_iroas=target, margins=margins))))
    assert plan.total.incremental.mean >= 200 * target - 0.01
    assert plan.objective >= best * (1 - 1e-6)
    assert plan.objective <= best * 1.01


@pytest.mark.parametrize(
    ("asked", "value", "words"),
    [
        (Asked.TARGET_SALES, 5000.0, "target_sales 5,000.00"),
        (Asked.TARGET_IROAS, 50.0, "target_iroas 50"),
        (Asked.MARGINAL_IROAS, 50.0, "marginal_iroas 50"),
    ],
)
def test_what_no_budget_reaches_is_refused_with_what_could_be(concave_world, asked, value, words):
    curves = concave_world.with_(points=200).curves()
    plan = ask(asked, value, curves)
    assert plan.status is PlanStatus.INFEASIBLE
    assert any(words in rule for rule in plan.conflicts[0].rules)
    mean = curves.incremental.mean(axis=0)
    if asked is Asked.TARGET_SALES:
        assert plan.conflicts[0].relaxation == pytest.approx(5000 - mean[:, -1].sum(), abs=0.02)
        nearly = ask(asked, float(mean[:, -1].sum()) - 0.01, curves)
        assert nearly.status is PlanStatus.OPTIMAL
    else:
        steepest = (mean[:, 1] / curves.spend_grid[:, 1]).max()
        assert f"fall to {np.floor(steepest * 1000) / 1000:.3f}" in plan.advice
        assert ask(asked, np.floor(steepest * 1000) / 1000, curves).status is PlanStatus.OPTIMAL


@pytest.mark.parametrize("unit", [1.0, 1e5])
def test_an_average_that_no_budget_returns_is_told_in_any_unit_of_money(unit):
    world = HillWorld(
        top=(900 * unit, 500 * unit),
        half=(100 * unit, 60 * unit),
        slope=(2.0, 2.5),
        current=(80 * unit, 50 * unit),
        end=40000 * unit,
        points=60,
    )
    plan = ask(Asked.TARGET_IROAS, 50.0, world.curves())
    mean = world.curves().incremental.mean(axis=0)
    best = (mean[:, 1:] / world.curves().spend_grid[:, 1:]).max()
    assert plan.status is PlanStatus.INFEASIBLE
    assert f"fall to {np.floor(best * 1000) / 1000:.3f}" in plan.advice
    assert "cent" not in plan.advice


@pytest.mark.parametrize("value", [0.0, -3.0, float("nan"), float("inf"), 1e14])
@pytest.mark.parametrize("asked", [Asked.TARGET_SALES, Asked.TARGET_IROAS, Asked.MARGINAL_IROAS])
def test_absurd_targets_are_refused(concave_world, asked, value):
    with pytest.raises(BadProblem, match=asked.value):
        ask(asked, value, concave_world.curves())


@pytest.mark.parametrize(
    ("asked", "plan", "said"),
    [
        (Asked.TARGET_SALES, {"reserve": 0.1}, "reserve is a share of a budget"),
        (Asked.TARGET_SALES, {"risk": Risk.CVAR}, "reached at the mean"),
        (Asked.TARGET_IROAS, {"target_iroas": 2.0}, "asked for already"),
    ],
)
def test_rules_that_do_not_go_with_a_target_are_refused(concave_world, asked, plan, said):
    with pytest.raises(BadRules, match=said):
        ask(asked, 2.0, concave_world.curves(), Rules(plan=PlanRules(**plan)))
