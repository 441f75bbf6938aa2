"""Concave instances against SciPy's SLSQP on the formula itself, from many starts."""

import numpy as np
import pytest
from scipy.optimize import minimize

from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, Rules


def slsqp_optimum(world, budget, bounds, constraints=()):
    """Best expected sales on the Hill formulas under bounds and linear constraints; the budget is spent."""
    curves = world.curves()
    half = np.asarray(world.half)
    tops = curves.incremental[:, :, -1].mean(axis=0) * (world.end + half) / world.end

    def loss(x):
        return -float((tops * x / (x + half)).sum()) / 1000

    everything = [{"type": "eq", "fun": lambda x: (x.sum() - budget) / 100}, *constraints]
    best = -np.inf
    rng = np.random.default_rng(0)
    for _ in range(8):
        start = rng.dirichlet(np.ones(len(half))) * budget
        answer = minimize(loss, start, method="SLSQP", bounds=bounds, constraints=everything, options={"ftol": 1e-12})
        if answer.success:
            best = max(best, -answer.fun * 1000)
    assert np.isfinite(best)
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("change", [None, 0.5])
def test_same_as_slsqp_on_concave_curves(hill_world, seed, change):
    world = hill_world(seed, 5, slopes=(1.0, 1.0)).with_(points=600)
    curves = world.curves()
    budget = float(np.round(curves.current_spend.sum(), 2))
    current = curves.current_spend
    rules, bounds = Rules(), [(0.0, world.end)] * 5
    if change is not None:
        rules = Rules({name: ChannelRule(max_change=change) for name in curves.channels})
        bounds = [(x * (1 - change), x * (1 + change)) for x in current]
    plan = allocate(PlanProblem(curves, budget, rules))
    assert plan.objective == pytest.approx(slsqp_optimum(world, budget, bounds), rel=2e-5)
    assert plan.gap < 2e-6


@pytest.mark.parametrize("seed", range(4))
def test_same_as_slsqp_with_a_group_share(hill_world, seed):
    world = hill_world(seed, 5, slopes=(1.0, 1.0)).with_(points=600)
    rules = Rules(groups=(GroupRule(("channel_0", "channel_3"), min_share=0.7),))
    plan = allocate(PlanProblem(world.curves(), 350.0, rules))
    share = {"type": "ineq", "fun": lambda x: (x[0] + x[3] - 0.7 * x.sum()) / 100}
    expected = slsqp_optimum(world, 350.0, [(0.0, world.end)] * 5, [share])
    assert plan.objective == pytest.approx(expected, rel=2e-5)


def test_shadow_prices_are_what_one_more_unit_brings(hill_world):
    """The budget's and a rule's price against solving again with a little more room."""
    world = hill_world(3, 5, slopes=(1.0, 1.0)).with_(points=400)
    curves = world.curves()

    def best(budget, most):
        rules = Rules({"channel_2": ChannelRule(max=most)})
        return allocate(PlanProblem(curves, budget, rules))

    plan = best(300.0, 60.0)
    prices = {entry.rule: entry.shadow_price for entry in plan.binding}
    more_budget = (best(300.4, 60.0).objective - plan.objective) / 0.4
    more_room = (best(300.0, 60.4).objective - plan.objective) / 0.4
    assert prices["budget 300.00"] == pytest.approx(more_budget, rel=0.02)
    assert prices["channel_2: max 60.00"] == pytest.approx(more_room, rel=0.02)
