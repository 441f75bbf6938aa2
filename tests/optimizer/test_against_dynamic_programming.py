"""S-curves against exact dynamic programming on a fine grid of spends, and integer rules against brute force."""

from itertools import product

import numpy as np
import pytest

from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, PlanRules, Rules
from optimizer.solver import SolverSettings


def dynamic_programme(curves, budget, ranges, units):
    """Best expected sales when every channel spends a multiple of budget / units; an honest lower bound."""
    mean = curves.incremental.mean(axis=0)
    spend = np.arange(units + 1) * budget / units
    best = np.full(units + 1, -np.inf)
    best[0] = 0.0
    for channel, (low, high) in enumerate(ranges):
        sells = np.interp(spend, curves.spend_grid[channel], mean[channel])
        sells[(spend < low - 1e-9) | (spend > high + 1e-9)] = -np.inf
        following = np.full(units + 1, -np.inf)
        for here in np.flatnonzero(np.isfinite(sells)):
            reached = best[: units + 1 - here] + sells[here]
            following[here:] = np.maximum(following[here:], reached)
        best = following
    return float(best[units])


@pytest.mark.parametrize("seed", range(24))
def test_captures_the_optimum_of_s_curves_and_states_an_honest_gap(hill_world, seed):
    channels = 4 + seed % 5
    world = hill_world(100 + seed, channels)
    curves = world.curves()
    budget = float(round(40.0 * channels))
    change = (None, 1.0, 0.5, 0.3)[seed % 4]
    rules, ranges = Rules(), [(0.0, world.end)] * channels
    if change is not None:
        # today's spend in whole units of the grid of spends, so that both methods see the same ranges
        curves = world.with_(current=tuple(40.0 for _ in range(channels))).curves()
        rules = Rules({name: ChannelRule(max_change=change) for name in curves.channels})
        ranges = [(40.0 * (1 - change), 40.0 * (1 + change))] * channels
    plan = allocate(PlanProblem(curves, budget, rules))
    best = dynamic_programme(curves, budget, ranges, units=100 * channels)
    assert plan.objective >= 0.999 * best
    assert plan.bound >= best * (1 - 1e-12)
    assert plan.gap >= (best - plan.objective) / best - 1e-9
    assert plan.status.value == "optimal"


def test_the_envelope_alone_is_told_as_it_is(hill_world):
    """With the exact form switched off, bound and gap still hold for what was found."""
    settings = SolverSettings(gap_limit=0.0, exact_form_above=1.0)
    for seed in range(8):
        curves = hill_world(200 + seed, 5, slopes=(2.5, 3.0)).curves()
        plan = allocate(PlanProblem(curves, 150.0), settings)
        best = dynamic_programme(curves, 150.0, [(0.0, 400.0)] * 5, units=600)
        assert plan.bound >= best * (1 - 1e-12)
        assert plan.gap >= (best - plan.objective) / best - 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_steps_and_minimum_viable_equal_brute_force(hill_world, seed):
    curves = hill_world(300 + seed, 3).curves()
    steps, viable, budget = (25.0, 40.0, 15.0), (60.0, 0.0, 45.0), 205.0
    rules = Rules(
        {
            name: ChannelRule(step=step, minimum_viable=least or None)
            for name, step, least in zip(curves.channels, steps, viable, strict=True)
        },
        (GroupRule(("channel_0", "channel_2"), max_share=0.75),),
    )
    mean = curves.incremental.mean(axis=0)
    ranges = [np.arange(0.0, 400.0, step) for step in steps]
    candidates = [
        x
        for x in product(*ranges)
        if sum(x) <= budget
        and all(a == 0 or a >= least for a, least in zip(x, viable, strict=True))
        and x[0] + x[2] <= 0.75 * sum(x)
    ]
    most = max(sum(x) for x in candidates)
    expected = max(
        sum(float(np.interp(a, curves.spend_grid[c], mean[c])) for c, a in enumerate(x))
        for x in candidates
        if sum(x) >= most - 1e-9
    )
    plan = allocate(PlanProblem(curves, budget, rules))
    assert plan.total.spend == pytest.approx(most)
    assert plan.objective == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_minimum_viable_equals_the_best_choice_of_channels(hill_world, seed):
    """Brute force over which channels are on; each choice is a dynamic programme of its own."""
    world = hill_world(400 + seed, 4).with_(current=(30.0, 30.0, 30.0, 30.0))
    curves = world.curves()
    viable, budget = (30.0, 50.0, 70.0, 40.0), 120.0
    rules = Rules(
        {name: ChannelRule(minimum_viable=v) for name, v in zip(curves.channels, viable, strict=True)},
    )
    best = -np.inf
    for on in product((False, True), repeat=4):
        ranges = [(v, 400.0) if use else (0.0, 0.0) for v, use in zip(viable, on, strict=True)]
        if any(on) and sum(low for low, _ in ranges) <= budget:
            best = max(best, dynamic_programme(curves, budget, ranges, units=1200))
    plan = allocate(PlanProblem(curves, budget, rules))
    assert plan.objective >= best * (1 - 1e-6)
    assert plan.bound >= best * (1 - 1e-12)
    assert plan.objective <= best * (1 + 2e-3)


@pytest.mark.parametrize("seed", range(6))
def test_reserve_keeps_what_would_not_return_its_cost(hill_world, seed):
    """Profit (margin x sales - spend) against a search over the amounts that may be spent."""
    curves = hill_world(500 + seed, 3).curves()
    margin, budget = 0.4, 300.0
    rules = Rules(plan=PlanRules(reserve=0.6, margin=margin))
    plan = allocate(PlanProblem(curves, budget, rules))
    values = [
        margin * dynamic_programme(curves, spent, [(0.0, 400.0)] * 3, units=300) + budget - spent
        for spent in np.arange(120.0, 301.0, 4.0)
    ]
    assert plan.objective >= max(values) * (1 - 1e-6)
    assert plan.objective <= max(values) * (1 + 2e-3)
    assert plan.total.spend >= 120.0
