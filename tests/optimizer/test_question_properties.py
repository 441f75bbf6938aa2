"""What must hold for every question, with risk and with a least average, on problems drawn at random."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.allocate import allocate
from optimizer.plan import PlanStatus
from optimizer.problem import Asked, ChannelRule, GroupRule, PlanProblem, PlanRules, Question, Risk, Rules
from optimizer.solver import SolverSettings

PATIENT = SolverSettings(deadline_seconds=300.0, costs_seconds=0.0)
CENTS = 0.05  # what rounding to cents may cost
thorough = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def own_rules(draw, names):
    rules = {}
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=3)):
        kind = draw(st.sampled_from(["range", "change", "viable", "step"]))
        low = round(draw(st.floats(0, 60)), 2)
        rules[name] = {
            "range": ChannelRule(min=low, max=low + draw(st.integers(1, 80))),
            "change": ChannelRule(max_change=draw(st.floats(0.1, 1.5))),
            "viable": ChannelRule(minimum_viable=low + 1.0),
            "step": ChannelRule(step=draw(st.sampled_from([5.0, 7.77, 25.0]))),
        }[kind]
    return rules


@st.composite
def problems(draw, world, kinds=tuple(Asked)):
    channels = draw(st.integers(2, 5))
    curves = world(draw(st.integers(0, 10_000)), channels, slopes=(draw(st.sampled_from([1.0, 1.8])), 3.0)).curves()
    asked = draw(st.sampled_from(kinds))
    risky = asked in (Asked.BUDGET, Asked.MARGINAL_IROAS) and draw(st.booleans())
    plan = PlanRules(risk=Risk.CVAR, risk_level=draw(st.sampled_from([0.1, 0.37]))) if risky else PlanRules()
    if asked in (Asked.BUDGET, Asked.TARGET_SALES) and draw(st.booleans()):
        plan = replace(plan, target_iroas=draw(st.floats(0.2, 3.0)))
    if asked is Asked.BUDGET and draw(st.booleans()):
        plan = replace(plan, reserve=draw(st.floats(0.1, 1.0)), margin=draw(st.floats(0.1, 2.0)))
    members = draw(st.lists(st.sampled_from(curves.channels), min_size=1, max_size=channels - 1, unique=True))
    groups = (GroupRule(tuple(members), min_share=draw(st.floats(0.0, 0.6))),) if draw(st.booleans()) else ()
    rules = Rules(draw(own_rules(curves.channels)), groups, plan)
    if asked is Asked.BUDGET:
        return PlanProblem(curves, draw(st.floats(20, 120 * channels)), rules)
    value = draw(st.floats(10, 400 * channels)) if asked is Asked.TARGET_SALES else draw(st.floats(0.2, 4.0))
    return PlanProblem.reaching(Question(asked, value), curves, rules)


@thorough
@given(data=st.data())
def test_no_rule_is_broken_and_targets_are_met(hill_world, rules_broken, data):
    problem = data.draw(problems(hill_world))
    plan = allocate(problem, PATIENT)
    if plan.status is PlanStatus.INFEASIBLE:
        assert plan.conflicts
        return
    assert rules_broken(problem, plan) == []
    sold, spent = plan.total.incremental.mean, plan.total.spend
    assert spent == pytest.approx(sum(line.spend for line in plan.lines))
    if problem.rules.plan.target_iroas is not None:
        assert sold >= problem.rules.plan.target_iroas * spent - 0.01
    if problem.target is not None:
        assert plan.budget == spent
        if problem.target.asked is Asked.TARGET_SALES:
            assert sold >= problem.target.value - 0.01
        if problem.target.asked is Asked.TARGET_IROAS:
            assert sold >= problem.target.value * spent - 0.01
    better_bound = plan.bound <= plan.objective if problem.makes_least else plan.bound >= plan.objective
    assert better_bound


@thorough
@given(data=st.data())
def test_adding_a_restriction_never_improves_the_answer(hill_world, data):
    problem = data.draw(problems(hill_world))
    channel = problem.curves.channels[0]
    rule = replace(problem.rules.channels.get(channel, ChannelRule()), max=70.0, min=None)
    stricter = replace(problem.rules, channels={**problem.rules.channels, channel: rule})
    loose = {**problem.rules.channels, channel: replace(rule, max=None)}
    free = allocate(replace(problem, rules=replace(problem.rules, channels=loose)), PATIENT)
    bound = allocate(replace(problem, rules=stricter), PATIENT)
    if free.total is None:
        assert bound.total is None
        return
    keeps_money = problem.rules.plan.reserve > 0  # what cannot be placed is then kept, and worth something
    if bound.total is not None and (bound.total.spend >= free.total.spend - CENTS or not keeps_money):
        sign = -1.0 if problem.makes_least else 1.0
        assert sign * bound.objective <= sign * free.bound + CENTS


@thorough
@given(data=st.data())
def test_the_order_of_channels_does_not_matter_to_any_question(hill_world, data):
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
    first, second = (allocate(asked, PATIENT) for asked in (problem, replace(problem, curves=shuffled)))
    assert {line.channel: line.spend for line in first.lines} == {line.channel: line.spend for line in second.lines}
    assert first.status is second.status


@thorough
@given(data=st.data())
def test_more_is_never_cheaper(hill_world, data):
    """More sales take no less budget; a higher average or marginal return allows no more."""
    problem = data.draw(problems(hill_world, (Asked.TARGET_SALES, Asked.TARGET_IROAS)))
    more = replace(problem.target, value=problem.target.value * data.draw(st.floats(1.0, 1.5)))
    easy, hard = (allocate(asked, PATIENT) for asked in (problem, replace(problem, target=more)))
    if easy.total is None:
        assert hard.total is None
    elif hard.total is not None:
        first, last = (hard, easy) if problem.target.asked is Asked.TARGET_IROAS else (easy, hard)
        assert first.budget <= last.budget * (1 + 1e-6) + CENTS
