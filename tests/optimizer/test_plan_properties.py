"""What must hold for every plan, on problems drawn at random."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from optimizer.allocate import allocate as allocate_with_costs
from optimizer.plan import PlanStatus
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, Rules
from optimizer.solver import SolverSettings

SOLVER_GAP = 4e-6  # two optima, each proven to 1e-6, and cents
PATIENT = SolverSettings(deadline_seconds=300.0, costs_seconds=0.0)
"""A busy machine must not turn a proven optimum into the best found in time."""


def allocate(problem, how=PATIENT):
    """The plan without the costs of its rules, which take most of the time."""
    return allocate_with_costs(problem, how)


thorough = settings(
    max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def channel_rules(draw):
    kind = draw(st.sampled_from(["none", "range", "change", "fixed", "viable", "step", "step and viable"]))
    money = st.floats(0, 120).map(lambda x: round(x, draw(st.sampled_from([0, 1, 2, 5]))))
    if kind == "range":
        low, high = sorted((draw(money), draw(money)))
        return ChannelRule(min=low, max=high)
    if kind == "change":
        return ChannelRule(max_change=draw(st.floats(0, 1.5)))
    if kind == "fixed":
        return ChannelRule(fixed=round(draw(money), 2))
    viable = draw(st.floats(1, 90)) if "viable" in kind else None
    step = draw(st.sampled_from([0.05, 1.0, 7.77, 25.0])) if "step" in kind else None
    return ChannelRule(minimum_viable=viable, step=step)


@st.composite
def group_rules(draw, names):
    members = draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names) - 1, unique=True))
    share = draw(st.one_of(st.floats(0, 1), st.just(1 / 3)))
    kind = draw(st.sampled_from(["min_share", "max_share", "min", "max", "exact"]))
    if kind == "exact":
        return GroupRule(tuple(members), min_share=share, max_share=share)
    return GroupRule(tuple(members), **{kind: share if "share" in kind else 300 * share})


@st.composite
def problems(draw, world, with_rules=True):
    channels = draw(st.integers(2, 6))
    curves = world(draw(st.integers(0, 10_000)), channels, slopes=(draw(st.sampled_from([1.0, 2.0])), 3.0)).curves()
    budget = draw(st.floats(10, 150 * channels))
    if not with_rules:
        return PlanProblem(curves, budget)
    ruled = draw(st.lists(st.sampled_from(curves.channels), unique=True))
    rules = {name: draw(channel_rules()) for name in ruled}
    groups = tuple(draw(st.lists(group_rules(curves.channels), max_size=2)))
    return PlanProblem(curves, budget, Rules(rules, groups))


@thorough
@given(data=st.data())
def test_no_rule_is_broken_and_the_total_is_exact(hill_world, rules_broken, data):
    problem = data.draw(problems(hill_world))
    plan = allocate(problem)
    if plan.status is PlanStatus.INFEASIBLE:
        assert plan.conflicts
        assert plan.total is None
        return
    assert rules_broken(problem, plan) == []
    cents = [round(line.spend * 100) for line in plan.lines]
    assert all(abs(line.spend * 100 - whole) < 1e-6 for line, whole in zip(plan.lines, cents, strict=True))
    assert sum(cents) == round(plan.total.spend * 100)
    assert sum(cents) + round(plan.total.unspent * 100) == problem.budget_cents
    for line in plan.lines:
        weekly = [round(entry.spend * 100) for entry in plan.schedule if entry.channel == line.channel]
        assert sum(weekly) == round(line.spend * 100)
    assert plan.bound >= plan.objective
    assert plan.gap == pytest.approx((plan.bound - plan.objective) / plan.bound if plan.bound else 0.0, abs=1e-12)


@thorough
@given(data=st.data())
def test_more_budget_never_sells_less(hill_world, data):
    problem = data.draw(problems(hill_world, with_rules=False))
    rules = Rules({problem.curves.channels[0]: data.draw(channel_rules())})
    smaller = allocate(replace(problem, rules=rules))
    larger = allocate(replace(problem, rules=rules, budget=problem.budget * data.draw(st.floats(1.0, 1.5))))
    assume(smaller.total and larger.total)
    assert larger.objective >= smaller.objective * (1 - SOLVER_GAP) - 0.05


@thorough
@given(data=st.data())
def test_the_order_of_channels_does_not_matter(hill_world, data):
    problem = data.draw(problems(hill_world))
    curves = problem.curves
    order = data.draw(st.permutations(range(len(curves.channels))))
    shuffled = replace(
        curves,
        channels=tuple(curves.channels[i] for i in order),
        spend_grid=curves.spend_grid[order],
        incremental=curves.incremental[:, order],
        carry_over_weights=curves.carry_over_weights[:, order],
        current_spend=curves.current_spend[order],
        largest_observed_spend=curves.largest_observed_spend[order],
        verdicts=tuple(curves.verdicts[i] for i in order),
    )
    first, second = allocate(problem), allocate(replace(problem, curves=shuffled))
    assert {line.channel: line.spend for line in first.lines} == {line.channel: line.spend for line in second.lines}
    if second.total is not None:
        assert [line.channel for line in second.lines] == list(shuffled.channels)
    assert first.status is second.status


@thorough
@given(data=st.data())
def test_adding_a_restriction_never_improves_the_optimum(hill_world, data):
    problem = data.draw(problems(hill_world))
    more = (*problem.rules.groups, data.draw(group_rules(problem.curves.channels)))
    free, bound = allocate(problem), allocate(replace(problem, rules=replace(problem.rules, groups=more)))
    if free.total is None:
        assert bound.total is None
    elif bound.total is not None:
        assert bound.objective <= free.objective * (1 + SOLVER_GAP) + 0.05
        assert bound.objective <= free.bound + 0.05


@thorough
@given(data=st.data(), scale=st.sampled_from([0.1, 1e3, 1e6]))
def test_the_unit_of_money_does_not_matter(hill_world, data, scale):
    """Curves and budget in pence or in millions: the same shares, as far as cents allow."""
    problem = data.draw(problems(hill_world, with_rules=False))
    assume(problem.budget * scale >= 20)  # in a budget of a few cents, cents are all that matters
    curves = problem.curves
    scaled = replace(
        curves,
        spend_grid=curves.spend_grid * scale,
        incremental=curves.incremental * scale,
        current_spend=curves.current_spend * scale,
        largest_observed_spend=curves.largest_observed_spend * scale,
    )
    plan, other = allocate(problem, PATIENT), allocate(PlanProblem(scaled, problem.budget * scale), PATIENT)
    assert other.objective / scale == pytest.approx(plan.objective, rel=2e-3 if scale < 1 else 1e-4)
    assert other.bound / scale == pytest.approx(plan.bound, rel=2e-3 if scale < 1 else 1e-4)
