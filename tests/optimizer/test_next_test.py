"""What a test is worth: against the closed form for two linear channels, and against what must hold of any value."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from measurement.curves import ResponseCurves
from measurement.report import Verdict
from optimizer.errors import BadProblem
from optimizer.informed_plans import Replanner
from optimizer.next_test import (
    PossibleTest,
    chances_of_results,
    value_of_knowing,
    value_of_test,
)
from optimizer.placement import place
from optimizer.problem import ChannelRule, PlanProblem, PlanRules, Risk, Rules
from optimizer.regret import expected_regret
from optimizer.rules import as_a_buyer_means
from optimizer.solver import Deadline, SolverSettings

BUDGET, DRAWS = 100.0, 4000
MEANS, SDS = np.array([1.0, 1.1]), np.array([0.3, 0.2])


def normal_slopes(count: int = DRAWS) -> NDArray[np.float64]:
    """Draws `(count, 2)` whose quantiles are exact in each channel, in an order that chance set."""
    rng = np.random.default_rng(7)
    scores = norm.ppf((np.arange(count) + 0.5) / count)
    return MEANS + SDS * np.stack([rng.permutation(scores), rng.permutation(scores)], axis=1)


def linear(slopes: NDArray[np.float64], verdicts: tuple[Verdict, ...] = (Verdict.MEASURED,) * 2) -> ResponseCurves:
    """Channels whose every unit of money brings the same, by draw."""
    channels = slopes.shape[1]
    grid = np.tile(np.linspace(0, BUDGET, 5), (channels, 1))
    return ResponseCurves(
        channels=tuple("ab"[:channels]),
        spend_grid=grid,
        incremental=slopes[:, :, None] * grid,
        carry_over_weights=np.ones((len(slopes), channels, 1)),
        current_spend=np.full(channels, BUDGET / channels),
        largest_observed_spend=np.full(channels, BUDGET),
        verdicts=verdicts,
        weeks=13,
        model_id="hand-made",
    )


def planner_of(curves: ResponseCurves, rules: Rules | None = None) -> Replanner:
    planner = Replanner.of(PlanProblem(curves, BUDGET, rules or Rules()), SolverSettings())
    assert planner is not None
    return planner


def a_test(slopes: NDArray[np.float64], standard_error: float) -> PossibleTest:
    """A test of the first channel that reports its slope, as the lift of one unit of money."""
    return PossibleTest("a", slopes[:, 0], standard_error, slopes[:, 0])


def unit_normal_loss(sd: float) -> float:
    """Expected gain of all money where it brings most, when the difference of slopes becomes known up to `sd`."""
    z = abs(MEANS[1] - MEANS[0]) / sd
    return float(BUDGET * sd * (norm.pdf(z) - z * norm.sf(z)))


@pytest.mark.parametrize("standard_error", [0.1, 0.3, 0.6])
def test_two_linear_channels_agree_with_the_closed_form(standard_error: float) -> None:
    slopes = normal_slopes()
    found = value_of_test(planner_of(linear(slopes)), a_test(slopes, standard_error)).worth
    learnt = SDS[0] ** 2 / np.hypot(SDS[0], standard_error)
    assert found.error < 0.15 * unit_normal_loss(learnt)
    assert found.gain == pytest.approx(unit_normal_loss(learnt), abs=2.5 * found.error)


def test_knowing_a_channel_agrees_with_the_closed_form_and_bounds_every_test_of_it() -> None:
    slopes = normal_slopes()
    planner = planner_of(linear(slopes))
    for channel, sd in zip("ab", SDS, strict=True):
        known = value_of_knowing(planner, channel)
        assert known.gain == pytest.approx(unit_normal_loss(sd), rel=0.1)
    tested = value_of_test(planner, a_test(slopes, 0.1)).worth
    known = value_of_knowing(planner, "a")
    assert tested.gain < known.gain + 2 * tested.error
    problem = PlanProblem(linear(slopes), BUDGET)
    restrictions = place(problem, Deadline.after(30)).restrictions
    (everything,) = expected_regret(problem, restrictions, [np.array([0.0, 100.0 * BUDGET])], Deadline.after(30))
    assert everything == pytest.approx(unit_normal_loss(np.hypot(*SDS)), rel=0.15)
    assert known.gain < everything


def test_a_sharper_test_is_worth_more_and_one_that_tells_nothing_is_worth_nothing() -> None:
    slopes = normal_slopes()
    planner = planner_of(linear(slopes))
    gains = [value_of_test(planner, a_test(slopes, error)) for error in (0.05, 0.2, 0.5, np.inf)]
    assert all(sharp.worth.gain > blunt.worth.gain for sharp, blunt in pairwise(gains))
    assert all(sharp.narrowing > blunt.narrowing for sharp, blunt in pairwise(gains))
    assert gains[-1].worth.gain == 0.0
    assert gains[-1].probability_plan_changes == 0.0
    assert gains[0].narrowing > 0.6


def test_a_channel_that_is_known_already_is_worth_nothing() -> None:
    slopes = normal_slopes()
    slopes[:, 0] = MEANS[0]
    planner = planner_of(linear(slopes))
    assert value_of_test(planner, a_test(slopes, 0.01)).worth.gain == 0.0
    assert value_of_knowing(planner, "a").gain == pytest.approx(0.0, abs=1e-9)


def test_what_no_rule_lets_the_plan_use_is_worth_nothing() -> None:
    slopes = normal_slopes(400)
    fixed = Rules(channels={"a": ChannelRule(fixed=30.0), "b": ChannelRule(fixed=70.0)})
    planner = planner_of(linear(slopes), fixed)
    assert value_of_test(planner, a_test(slopes, 0.01)).worth.gain == 0.0
    assert value_of_knowing(planner, "a").gain == 0.0


def test_a_margin_scales_the_value() -> None:
    slopes = normal_slopes(400)
    plain = value_of_test(planner_of(linear(slopes)), a_test(slopes, 0.1)).worth.gain
    half = value_of_test(planner_of(linear(slopes), Rules(plan=PlanRules(margin=0.5))), a_test(slopes, 0.1)).worth.gain
    assert half == pytest.approx(0.5 * plain)


def test_a_held_channel_is_freed_by_a_test_that_narrows_it_enough() -> None:
    slopes = normal_slopes(800)
    planner = planner_of(linear(slopes, (Verdict.NOT_MEASURABLE, Verdict.MEASURED)))
    blunt, sharp = (value_of_test(planner, a_test(slopes, error)) for error in (1.0, 0.1))
    assert 0.0 < blunt.narrowing < 0.15
    assert blunt.worth.gain == 0.0
    assert blunt.probability_plan_changes == 0.0
    assert sharp.worth.gain > 3 * sharp.worth.error


@pytest.mark.parametrize("rules", [Rules(), as_a_buyer_means(Rules())], ids=["mean", "gain"])
def test_values_are_not_below_nothing_on_saturating_curves(hill_world: Callable[..., Any], rules: Rules) -> None:
    curves = hill_world(3, 3, slopes=(0.8, 1.2)).with_(draws=120).curves()
    planner = Replanner.of(PlanProblem(curves, float(curves.current_spend.sum()), rules), SolverSettings())
    assert planner is not None
    slope = curves.incremental[:, 0, -1]
    for error in (0.1, 1.0, 5.0):
        found = value_of_test(planner, PossibleTest(curves.channels[0], slope, error * float(slope.std()), slope))
        assert found.worth.gain >= -2 * found.worth.error


def test_results_are_about_equally_likely_and_follow_the_lift() -> None:
    lift = np.linspace(-3.0, 3.0, 300)
    chances = chances_of_results(lift, 0.5)
    assert chances.sum(axis=1) == pytest.approx(1.0)
    assert chances.mean(axis=0) == pytest.approx(1 / chances.shape[1], abs=0.02)
    assert chances[0].argmax() == 0
    assert chances[-1].argmax() == chances.shape[1] - 1


def test_weighted_draws_plan_as_repeated_ones_do() -> None:
    slopes = normal_slopes(60)
    weights = np.random.default_rng(2).integers(1, 4, 60)
    rules = Rules(plan=PlanRules(risk=Risk.GAIN, risk_level=0.5))
    shape = linear(slopes)
    grid = shape.spend_grid
    curves = replace(shape, incremental=slopes[:, :, None] * 10 * np.sqrt(grid))
    weighted = planner_of(curves, rules).by_weights(weights.astype(np.float64))
    repeated = planner_of(curves, rules).by_draws(np.repeat(curves.incremental, weights, axis=0))
    assert weighted is not None
    assert repeated is not None
    assert weighted == pytest.approx(repeated, rel=1e-4)


@pytest.mark.parametrize("weights", [np.ones(3), np.zeros(60), np.full(60, -1.0), np.full(60, np.nan)])
def test_weights_of_draws_must_make_sense(weights: NDArray[np.float64]) -> None:
    with pytest.raises(BadProblem, match="draw_weights"):
        PlanProblem(linear(normal_slopes(60)), BUDGET, draw_weights=weights)


def test_money_that_only_a_freed_channel_can_take_is_taken_off_its_value() -> None:
    slopes = normal_slopes(800)
    curves = linear(slopes, (Verdict.NOT_MEASURABLE, Verdict.MEASURED))
    planner = planner_of(curves, Rules(channels={"b": ChannelRule(fixed=20.0)}))
    more = BUDGET - 20.0 - curves.current_spend[0]
    found = value_of_test(planner, a_test(slopes, 0.1)).worth
    assert found.gain == pytest.approx(more * (MEANS[0] - 1.0), abs=1e-3)
