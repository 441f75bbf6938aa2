"""Advice on tests: the one to run, that none pays and why, what is uncertain, and what to do where no geo test can."""

from dataclasses import replace
from typing import Any

from measurement.feasible_tests import NotTestable
from measurement.geotest.design_question import ExperimentKind
from measurement.interval import Interval
from optimizer.next_test_advice import advise_on_tests, assumptions_of
from optimizer.next_test_answer import NextTest, RankedTest


def around(mean: float) -> Interval:
    return Interval(mean, 1.0, mean - 2, mean - 1, mean, mean + 1, mean + 2)


def ranked(**changes: Any) -> RankedTest:
    test = RankedTest(
        channel="search",
        kind=ExperimentKind.GO_DARK,
        weeks=8,
        cooldown_weeks=2,
        geos=("north", "south"),
        value=12_300.0,
        value_error=400.0,
        value_per_plan=3_075.0,
        upper_bound=50_000.0,
        upper_bound_error=900.0,
        cost=4_000.0,
        net_value=8_300.0,
        spend_change=-3_000.0,
        sales_change=around(-4_000.0),
        expected_lift=around(-3_900.0),
        standard_error=1_000.0,
        narrowing=0.4,
        probability_plan_changes=0.8,
    )
    return replace(test, **changes)


def answer(*tests: RankedTest, recommended: int | None = 0, without: tuple[NotTestable, ...] = ()) -> NextTest:
    return NextTest(1e6, 13, 52, tests, recommended, without, "", ())


def test_the_test_to_run_is_named_with_its_money() -> None:
    said = advise_on_tests(answer(ranked()))
    assert said.startswith("Test search first: stop it in north, south for 8 weeks, and count sales for 2 weeks more.")
    assert "add 12,300 over the next 52 weeks (3,075 per plan of 13 weeks)" in said
    assert "the test costs 4,000 in sales lost." in said
    assert "uncertain" not in said


def test_a_gain_within_the_error_of_its_computation_is_called_uncertain() -> None:
    said = advise_on_tests(answer(ranked(kind=ExperimentKind.HEAVY_UP, net_value=700.0)))
    assert "double it in north, south" in said
    assert "4,000 of extra spend" in said
    assert "uncertain: the value is computed to within 400" in said


def test_none_pays_says_what_would_be_worth_knowing_and_how_blunt_the_tests_are() -> None:
    dear = ranked(value=800.0, net_value=-3_200.0, standard_error=9_000.0)
    said = advise_on_tests(answer(dear, recommended=None))
    assert said.startswith("No test pays for itself at this budget: the nearest, of search")
    assert "Knowing search exactly would be worth up to 50,000" in said
    assert "standard error of 9,000" in said
    worthless = replace(dear, upper_bound=3_000.0)
    assert "Knowing" not in advise_on_tests(answer(worthless, recommended=None))


def test_channels_without_geo_tests_are_told_together_and_many_geos_shortened() -> None:
    without = tuple(
        NotTestable(name, "it cannot be targeted by geo", "switch it on and off") for name in ("tv", "radio")
    )
    said = advise_on_tests(answer(ranked(geos=tuple("abcdefghi")), without=without))
    assert "tv, radio: it cannot be targeted by geo; switch it on and off." in said
    assert "stop it in a, b, c, d, e, f and 3 more geos for" in said
    assert advise_on_tests(answer(recommended=None, without=without)).startswith("No geo test can be run")


def test_assumptions_state_the_horizon_in_plans() -> None:
    assert "52 weeks: 4 plans like this one, of 13 weeks each" in assumptions_of(answer(ranked()))[0]
