"""Sets of clashing rules: they clash, no part of them does, and the stated relaxation mends them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from optimizer.allocate import allocate
from optimizer.plan import PlanStatus
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, Rules


def can_hold(problem, labels):
    """Whether some spend keeps these rules: SciPy, from the labels and the rules' own numbers."""
    names = problem.curves.channels
    rows, limits = [], []

    def at_most(weights, limit):
        rows.append(weights)
        limits.append(limit)

    def unit(*members):
        return np.array([1.0 if name in members else 0.0 for name in names])

    everything = np.ones(len(names))
    for name, rule in problem.rules.channels.items():
        if rule.min is not None and f"{name}: min {rule.min:,.2f}" in labels:
            at_most(-unit(name), -rule.min)
        if rule.max is not None and f"{name}: max {rule.max:,.2f}" in labels:
            at_most(unit(name), rule.max)
    for group in problem.rules.groups:
        members = unit(*group.channels)
        if f"group {group.label}: min_share {group.min_share}" in labels:
            at_most(group.min_share * everything - members, 0.0)
        if f"group {group.label}: max_share {group.max_share}" in labels:
            at_most(members - group.max_share * everything, 0.0)
    if f"budget {problem.budget:,.2f}" in labels:
        at_most(everything, problem.budget)
    if "the budget is to be spent" in labels:
        at_most(-everything, -problem.budget)
    for name, end in zip(names, problem.curves.spend_grid[:, -1], strict=True):
        if f"{name}: its response curve is known only up to {end:,.2f}" in labels:
            at_most(unit(name), end)
    if not rows:
        return True
    return linprog(np.zeros(len(names)), A_ub=np.array(rows), b_ub=np.array(limits), method="highs-ds").status == 0


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_conflicts_are_minimal(hill_world, data):
    curves = hill_world(1, 4).curves()
    names = curves.channels
    rules = {}
    for name in data.draw(st.lists(st.sampled_from(names), unique=True)):
        low = float(data.draw(st.integers(0, 120)))
        rules[name] = ChannelRule(min=low, max=low + data.draw(st.integers(0, 80)))
    groups = []
    for index in range(data.draw(st.integers(0, 3))):
        members = tuple(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)))
        share = data.draw(st.sampled_from([0.2, 0.4, 0.6, 0.8]))
        side = data.draw(st.sampled_from(["min_share", "max_share"]))
        groups.append(GroupRule(members, name=f"group {index}", **{side: share}))
    problem = PlanProblem(curves, 200.0, Rules(rules, tuple(groups)))
    plan = allocate(problem)
    for conflict in plan.conflicts:
        assert not can_hold(problem, conflict.rules)
        for left_out in conflict.rules:
            assert can_hold(problem, set(conflict.rules) - {left_out})
        assert conflict.relaxation > 0
    assert (plan.status is PlanStatus.INFEASIBLE) == bool(plan.conflicts)


def test_relaxation_is_the_least_that_mends(concave_world):
    curves = concave_world.curves()

    def plan(first_min):
        rules = Rules({"channel_0": ChannelRule(min=first_min), "channel_1": ChannelRule(min=60.0)})
        return allocate(PlanProblem(curves, 100.0, rules))

    refused = plan(70.0)
    assert refused.status is PlanStatus.INFEASIBLE
    (conflict,) = refused.conflicts
    assert set(conflict.rules) == {"channel_0: min 70.00", "channel_1: min 60.00", "budget 100.00"}
    assert conflict.relaxation == pytest.approx(30.0)
    assert "30.00" in refused.advice
    assert plan(70.0 - conflict.relaxation).status is PlanStatus.OPTIMAL
    assert plan(70.0 - conflict.relaxation + 0.01).status is PlanStatus.INFEASIBLE


def test_two_conflicts_that_share_nothing_are_both_told(concave_world):
    rules = Rules(
        {"channel_0": ChannelRule(fixed=10.0, min=20.0), "channel_1": ChannelRule(fixed=30.0, max=5.0)},
    )
    plan = allocate(PlanProblem(concave_world.curves(), 300.0, rules))
    assert [set(conflict.rules) for conflict in plan.conflicts] == [
        {"channel_0: fixed 10.00", "channel_0: min 20.00"},
        {"channel_1: fixed 30.00", "channel_1: max 5.00"},
    ]
    assert [conflict.relaxation for conflict in plan.conflicts] == [10.0, 25.0]


def test_steps_can_clash(concave_world):
    rules = Rules({"channel_0": ChannelRule(step=30.0, min=35.0, max=55.0)})
    plan = allocate(PlanProblem(concave_world.curves(), 300.0, rules))
    (conflict,) = plan.conflicts
    assert set(conflict.rules) == {"channel_0: step 30.00", "channel_0: min 35.00", "channel_0: max 55.00"}
    assert conflict.relaxation == pytest.approx(5.0)


def test_shares_that_leave_no_room_for_any_spend_clash_with_the_budget(concave_world):
    groups = (GroupRule(("channel_0",), max_share=0.3), GroupRule(("channel_1", "channel_2"), max_share=0.3))
    plan = allocate(PlanProblem(concave_world.curves(), 300.0, Rules(groups=groups)))
    assert plan.status is PlanStatus.INFEASIBLE
    (conflict,) = plan.conflicts
    assert "the budget is to be spent" in conflict.rules
    assert len(conflict.rules) == 3
    assert conflict.relaxation == pytest.approx(120.0)


def test_a_refusal_has_every_key_of_the_answer(concave_world):
    curves = concave_world.curves()
    refused = allocate(PlanProblem(curves, 10.0, Rules({"channel_0": ChannelRule(min=20.0)}))).to_json()
    assert refused.keys() == allocate(PlanProblem(curves, 10.0)).to_json().keys()
    assert refused["lines"] == []
    assert refused["total"] is None
