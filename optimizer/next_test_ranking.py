"""A planner and the tests that could be run → the tests in order of what they bring, with cost and advice."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from measurement.feasible_tests import FeasibleTest, NotTestable
from measurement.geotest.design_question import ExperimentKind
from measurement.interval import summarise
from optimizer.informed_plans import Replanner
from optimizer.next_test import PossibleTest, ValueOfTest, Worth, value_of_knowing, value_of_test
from optimizer.next_test_advice import advise_on_tests, assumptions_of
from optimizer.next_test_answer import NextTest, RankedTest
from optimizer.problem import PlanProblem

Progress = Callable[[str], None]


def rank_tests(
    planner: Replanner,
    feasible: tuple[Sequence[FeasibleTest], Sequence[NotTestable]],
    horizon_weeks: int,
    progress: Progress = lambda _: None,
) -> NextTest:
    """Value, cost and order of tests.

    Args:
        planner: of the plan that would be made without a test.
        feasible: tests by the draws of the planner's curves, and the channels without any.
        horizon_weeks: how long what is learnt is used.
        progress: told what is being computed.
    """
    tests, without = feasible
    weeks = planner.problem.curves.weeks
    bounds: dict[str, Worth] = {}
    ranked = []
    for number, test in enumerate(tests, 1):
        channel = test.test.channel
        if channel not in bounds:
            progress(f"{channel}: what knowing it exactly would be worth")
            bounds[channel] = value_of_knowing(planner, channel)
        progress(f"test {number} of {len(tests)}: {channel}, {test.test.kind.value}, {test.test.weeks} weeks")
        found = value_of_test(planner, _as_possible(test))
        ranked.append(_ranked(test, found, bounds[channel], horizon_weeks / weeks, _margin(planner.problem)))
    ranked.sort(key=lambda one: -one.net_value)
    recommended = 0 if ranked and ranked[0].net_value > 0 else None
    budget = planner.problem.budget_cents / 100
    answer = NextTest(budget, weeks, horizon_weeks, tuple(ranked), recommended, tuple(without), "", ())
    return replace(answer, advice=advise_on_tests(answer), assumptions=assumptions_of(answer))


def _as_possible(test: FeasibleTest) -> PossibleTest:
    return PossibleTest(test.test.channel, test.effect.lift, test.standard_error, test.iroas)


def _ranked(test: FeasibleTest, found: ValueOfTest, bound: Worth, scale: float, margin: float) -> RankedTest:
    """One test over the horizon, which holds `scale` plans."""
    effect, kind = test.effect, test.test.kind
    value = scale * found.worth.gain
    lost = margin * max(0.0, -float(effect.sales_change.mean()))
    cost = max(0.0, effect.spend_change) if kind is ExperimentKind.HEAVY_UP else lost
    return RankedTest(
        channel=test.test.channel,
        kind=kind,
        weeks=test.test.weeks,
        cooldown_weeks=test.test.cooldown_weeks,
        geos=test.geos,
        value=value,
        value_error=scale * found.worth.error,
        value_per_plan=found.worth.gain,
        upper_bound=scale * bound.gain,
        upper_bound_error=scale * bound.error,
        cost=cost,
        net_value=value - cost,
        spend_change=effect.spend_change,
        sales_change=summarise(effect.sales_change),
        expected_lift=summarise(effect.lift),
        standard_error=test.standard_error,
        narrowing=found.narrowing,
        probability_plan_changes=found.probability_plan_changes,
    )


def _margin(problem: PlanProblem) -> float:
    plan = problem.rules.plan
    return plan.margins[problem.curves.outcomes[0]] if plan.margins else plan.margin
