"""Ranked tests → what to do, in plain sentences: which test to run, or that none pays; and what was assumed."""

from measurement.geotest.design_question import ExperimentKind
from optimizer.next_test import RESULTS
from optimizer.next_test_answer import NextTest, RankedTest

_DOING = {
    ExperimentKind.HOLDOUT: "keep it out of",
    ExperimentKind.GO_DARK: "stop it in",
    ExperimentKind.HEAVY_UP: "double it in",
}
SURE_ERRORS = 2.0
"""A net value within this many Monte Carlo errors of nothing is called uncertain."""
GEOS_NAMED = 6


def advise_on_tests(answer: NextTest) -> str:
    """The test to run first and what it brings, or why none is."""
    if not answer.tests:
        return " ".join(["No geo test can be run on this panel.", *_instead(answer)])
    best = answer.tests[0]
    if answer.recommended is None:
        return " ".join([_none_pays(best, answer), *_too_blunt(answer), *_instead(answer)])
    sentences = [
        f"Test {best.channel} first: {_DOING[best.kind]} {_where(best.geos)} for {best.weeks} weeks, and count sales "
        f"for {best.cooldown_weeks} weeks more.",
        f"Knowing the result is expected to add {_money(best.value)} over the next {answer.horizon_weeks} "
        f"weeks ({_money(best.value_per_plan)} per plan of {answer.weeks} weeks) and the test costs "
        f"{_money(best.cost)}{_cost_of_what(best)}.",
    ]
    if best.net_value < SURE_ERRORS * best.value_error:
        sentences.append(
            f"That is uncertain: the value is computed to within {_money(best.value_error)} (one standard error)."
        )
    return " ".join([*sentences, *_instead(answer)])


def assumptions_of(answer: NextTest) -> tuple[str, ...]:
    """What the figures rest on."""
    return (
        f"What is learnt is used for {answer.horizon_weeks} weeks: {answer.horizon_weeks / answer.weeks:g} plans like "
        f"this one, of {answer.weeks} weeks each, made after the result is known. Effects are taken to last as long.",
        "The cost is the sales lost, at the plan's margin, where spend is stopped, and the extra spend where it is "
        "doubled; spend saved and sales gained by the test itself are not set against it.",
        "A test reports its lift with the standard error that the analysis had in this panel's past, in windows of the "
        "same length without treatment.",
        f"Results are told apart in {RESULTS} ranges, and plans are judged by draws they were not made from: a test "
        "sharper than that is worth somewhat more than is said.",
        "Values are what the plans gain by the model's own draws: a model that is wrong is wrong about these, too.",
    )


def _none_pays(best: RankedTest, answer: NextTest) -> str:
    return (
        f"No test pays for itself at this budget: the nearest, of {best.channel} ({_DOING[best.kind]} "
        f"{_where(best.geos)} for {best.weeks} weeks), is expected to add {_money(best.value)} over the next "
        f"{answer.horizon_weeks} weeks and costs {_money(best.cost)}{_cost_of_what(best)}."
    )


def _too_blunt(answer: NextTest) -> list[str]:
    """The channel that would be worth knowing, and how inexactly these tests would report it."""
    known = max(answer.tests, key=lambda test: test.upper_bound)
    sharpest = max(
        (test for test in answer.tests if test.channel == known.channel),
        key=lambda test: abs(test.expected_lift.mean) / test.standard_error,
    )
    if known.upper_bound <= sharpest.cost:
        return []
    return [
        f"Knowing {known.channel} exactly would be worth up to {_money(known.upper_bound)}, but the sharpest of these "
        f"tests, whose lift is expected at {_money(abs(sharpest.expected_lift.mean))}, reports it with a standard "
        f"error of {_money(sharpest.standard_error)}: more geos, or sales of less noise, would make it pay."
    ]


def _cost_of_what(test: RankedTest) -> str:
    return " of extra spend" if test.kind is ExperimentKind.HEAVY_UP else " in sales lost"


def _instead(answer: NextTest) -> list[str]:
    """Channels that no geo test can tell about, together where the reason is the same."""
    reasons = dict.fromkeys((one.reason, one.instead) for one in answer.not_testable)
    grouped = [
        ([one.channel for one in answer.not_testable if (one.reason, one.instead) == why], *why) for why in reasons
    ]
    return [f"{', '.join(channels)}: {reason}; {instead}." for channels, reason, instead in grouped]


def _where(geos: tuple[str, ...]) -> str:
    shown = ", ".join(geos[:GEOS_NAMED])
    return shown if len(geos) <= GEOS_NAMED else f"{shown} and {len(geos) - GEOS_NAMED} more geos"


def _money(value: float) -> str:
    return f"{value:,.0f}"
