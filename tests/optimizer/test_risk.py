"""CVaR over draws: against the direct linear program, and against a search where draws are S-shaped."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from optimizer.allocate import allocate
from optimizer.errors import BadRules
from optimizer.plan import PlanStatus
from optimizer.problem import Asked, ChannelRule, GroupRule, PlanProblem, PlanRules, Question, Risk, Rules
from optimizer.rules import as_a_buyer_means
from optimizer.solver import SolverSettings

CLOSE = SolverSettings(gap_limit=1e-6, exact_form_above=1e-7, deadline_seconds=120.0)


def risky(level, **plan):
    return PlanRules(risk=Risk.CVAR, risk_level=level, **plan)


def own_shapes(seed, channels, draws, slopes, scale=1.0):
    """Curves whose draws differ in top, half saturation and slope: crossing, some S-shaped; up to 300 x `scale`."""
    from measurement.curves import ResponseCurves
    from measurement.report import Verdict

    rng = np.random.default_rng(seed)
    grid = np.tile(np.linspace(0.0, 300.0, 21), (channels, 1))
    top = rng.uniform(100, 900, channels) * np.exp(0.5 * rng.standard_normal((draws, channels)))
    half = rng.uniform(40, 200, channels) * np.exp(0.4 * rng.standard_normal((draws, channels)))
    slope = rng.uniform(*slopes, (draws, channels))[:, :, None]
    sales = top[:, :, None] * grid**slope / (grid**slope + half[:, :, None] ** slope)
    current = rng.uniform(40, 120, channels)
    return ResponseCurves(
        channels=tuple(f"channel_{index}" for index in range(channels)),
        spend_grid=grid * scale,
        incremental=sales * scale,
        carry_over_weights=np.ones((draws, channels, 1)),
        current_spend=current * scale,
        largest_observed_spend=current * scale * 2,
        verdicts=(Verdict.MEASURED,) * channels,
        weeks=13,
        model_id="own shapes",
    )


def worst_mean(totals, level):
    """Mean of the worst share, by sorting; the share holds a whole number of draws."""
    return float(np.sort(totals)[: round(level * len(totals))].mean())


def totals_at(curves, spend):
    return sum(
        np.array([np.interp(x, curves.spend_grid[c], draw[c]) for draw in curves.incremental])
        for c, x in enumerate(spend)
    )


def direct_linear_program(curves, budget, level, share):
    """Rockafellar and Uryasev's program with a variable per draw, by SciPy; concave draws, group of the first two."""
    draws, channels, points = curves.incremental.shape
    widths = np.diff(curves.spend_grid, axis=1)
    gains = np.diff(curves.incremental, axis=2)
    fills, count = channels * (points - 1), channels * (points - 1) + 1 + draws
    objective = np.concatenate([np.zeros(fills), [-1.0], np.full(draws, 1 / (level * draws))])
    short = np.hstack([-gains.reshape(draws, fills), np.ones((draws, 1)), -np.eye(draws)])
    spend = np.concatenate([widths.ravel(), np.zeros(count - fills)])
    first_two = spend * np.concatenate([np.repeat(np.arange(channels) < 2, points - 1), np.zeros(count - fills)])
    answer = linprog(
        objective,
        A_ub=np.vstack([short, spend, first_two - share * spend]),
        b_ub=np.concatenate([np.zeros(draws), [budget, 0.0]]),
        bounds=[(0, 1)] * fills + [(None, None)] + [(0, None)] * draws,
        method="highs",
    )
    return -answer.fun


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", [0.1, 0.5])
def test_the_same_as_the_direct_linear_program(seed, level):
    curves = own_shapes(seed, 5, 60, (1.0, 1.0), scale=1e4)
    rules = Rules(groups=(GroupRule(("channel_0", "channel_1"), max_share=0.4),), plan=risky(level))
    plan = allocate(PlanProblem(curves, 3e6, rules), CLOSE)
    assert plan.objective == pytest.approx(direct_linear_program(curves, 3e6, level, 0.4), rel=2e-6)
    assert plan.bound >= plan.objective
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_s_shaped_draws_against_a_search(seed):
    curves = own_shapes(40 + seed, 2, 40, (1.0, 4.0), scale=1e4)
    budget = 1e4 * (150.0 + 20 * seed)
    plan = allocate(PlanProblem(curves, budget, Rules(plan=risky(0.25))), CLOSE)
    first = np.arange(max(0.0, budget - 3e6), min(3e6, budget) + 0.01, 2500.0)
    best = max(worst_mean(totals_at(curves, (x, budget - x)), 0.25) for x in first)
    assert plan.objective == pytest.approx(worst_mean(totals_at(curves, [line.spend for line in plan.lines]), 0.25))
    assert plan.objective >= best * (1 - 1e-5)
    assert plan.bound >= best * (1 - 1e-12)
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_steps_and_minimum_viable_with_risk_equal_brute_force(seed):
    curves = own_shapes(60 + seed, 3, 30, (1.0, 3.0))
    steps, viable, budget = (25.0, 40.0, 15.0), (50.0, 0.0, 60.0), 200.0
    rules = Rules(
        {
            name: ChannelRule(step=step, minimum_viable=least or None)
            for name, step, least in zip(curves.channels, steps, viable, strict=True)
        },
        plan=risky(0.2),
    )
    candidates = [
        x
        for x in product(*(np.arange(0.0, 300.1, step) for step in steps))
        if sum(x) <= budget and all(a == 0 or a >= least for a, least in zip(x, viable, strict=True))
    ]
    most = max(sum(x) for x in candidates)
    best = max(worst_mean(totals_at(curves, x), 0.2) for x in candidates if sum(x) >= most - 1e-9)
    plan = allocate(PlanProblem(curves, budget, rules), CLOSE)
    assert plan.total.spend == pytest.approx(most)
    assert plan.objective == pytest.approx(best, rel=1e-6)


def test_a_share_that_is_no_whole_number_of_draws_weighs_the_last_in_part():
    curves = own_shapes(3, 2, 7, (1.0, 1.0))
    plan = allocate(PlanProblem(curves, 200.0, Rules(plan=risky(0.4))), CLOSE)
    ranked = np.sort(totals_at(curves, [line.spend for line in plan.lines]))
    assert plan.objective == pytest.approx((ranked[0] + ranked[1] + 0.8 * ranked[2]) / 2.8)


def test_all_draws_are_the_mean():
    curves = own_shapes(5, 4, 50, (1.0, 2.0))
    whole = allocate(PlanProblem(curves, 250.0, Rules(plan=risky(1.0))))
    mean = allocate(PlanProblem(curves, 250.0))
    assert [line.spend for line in whole.lines] == [line.spend for line in mean.lines]


def test_risk_prefers_the_channel_that_is_known(concave_world):
    """Two channels sell the same on average; the first is certain."""
    base = concave_world.with_(top=(300, 300), half=(100, 100), slope=(1, 1), current=(100, 100), noise=0.0).curves()
    rng = np.random.default_rng(0)
    unsure = base.incremental.copy()
    factor = np.exp(0.8 * rng.standard_normal(len(unsure)))
    unsure[:, 1] *= (factor / factor.mean())[:, None]
    curves = replace(base, incremental=unsure)
    at_the_mean, safe = (allocate(PlanProblem(curves, 200.0, Rules(plan=plan))) for plan in (PlanRules(), risky(0.2)))
    assert at_the_mean.lines[0].spend == pytest.approx(100.0, abs=6.0)
    assert safe.lines[0].spend > 130.0
    assert safe.advice.startswith(f"Planned for the worst 20 % of cases, in which it sells {safe.objective:,.0f} on")
    assert at_the_mean.total.worst_incremental is None
    assert safe.total.incremental.p5 > at_the_mean.total.incremental.p5
    assert safe.total.incremental.mean <= at_the_mean.total.incremental.mean + 1e-6


def test_worst_draws_with_a_target_of_the_next_unit():
    """The worst draws' sales less the target for every unit spent, against a search."""
    curves = own_shapes(8, 2, 40, (1.0, 1.0))
    rules = Rules(plan=risky(0.25))
    plan = allocate(PlanProblem.reaching(Question(Asked.MARGINAL_IROAS, 0.7), curves, rules), CLOSE)
    spends = product(np.arange(0.0, 300.1, 5.0), repeat=2)
    best = max(worst_mean(totals_at(curves, x), 0.25) - 0.7 * sum(x) for x in spends)
    assert plan.objective >= best - 1e-6
    assert plan.objective == pytest.approx(best, rel=5e-3)


def test_shares_that_clash_are_told_with_risk_too():
    curves = own_shapes(9, 3, 20, (1.0, 3.0))
    rules = Rules({"channel_0": ChannelRule(min=100.0)}, plan=risky(0.2, target_iroas=60.0))
    plan = allocate(PlanProblem(curves, 200.0, rules))
    assert plan.status is PlanStatus.INFEASIBLE
    assert any("target_iroas" in rule for rule in plan.conflicts[0].rules)


def cautious(**plan):
    return PlanRules(risk=Risk.GAIN, **plan)


def gains(curves, spend, budget):
    today = curves.current_spend * budget / curves.current_spend.sum()
    sold_today = totals_at(curves, today)
    return totals_at(curves, spend) - sold_today, float(sold_today.mean())


@pytest.mark.parametrize("seed", range(6))
def test_the_gain_that_most_draws_agree_on_is_as_good_as_a_search(seed):
    """Three S-shaped channels: no split on a lattice has a better mean over the draws with the smallest gains."""
    curves, budget, level = own_shapes(seed, 3, 20, (1.0, 3.0), scale=1e4), 3e6, 0.7
    plan = allocate(PlanProblem(curves, budget, Rules(plan=cautious())), CLOSE)
    spend = np.array([line.spend for line in plan.lines])
    gain, today = gains(curves, spend, budget)
    assert plan.objective == pytest.approx(today + worst_mean(gain, level), rel=1e-6)
    lattice = (np.array([a, b, 40 - a - b]) * 7.5e4 for a, b in product(range(41), repeat=2) if a + b <= 40)
    best = max(worst_mean(gains(curves, split, budget)[0], level) for split in lattice)
    assert plan.objective >= today + best - 1e-6 * today
    assert plan.objective <= plan.bound
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_a_cautious_plan_is_never_expected_to_lose(seed):
    """Today's split is a plan, too: its gain is nothing in every draw."""
    curves = own_shapes(seed, 4, 20, (1.0, 2.0), scale=1e4)
    plan = allocate(PlanProblem(curves, 2.5e6, Rules(plan=cautious(risk_level=0.1))), CLOSE)
    gain, _ = gains(curves, np.array([line.spend for line in plan.lines]), 2.5e6)
    assert worst_mean(gain, 0.1) >= -1.0
    assert plan.total.gain.mean >= -1.0


def test_a_buyer_who_says_nothing_of_risk_is_planned_for_cautiously():
    assert as_a_buyer_means(Rules()).plan.risk is Risk.GAIN
    stated = Rules(plan=PlanRules(risk=Risk.MEAN))
    assert as_a_buyer_means(stated) is stated


def test_a_gain_over_a_budget_in_todays_proportions_is_no_target():
    with pytest.raises(BadRules, match='risk = "gain"'):
        PlanProblem.reaching(
            Question(Asked.TARGET_SALES, 10.0), own_shapes(0, 3, 10, (1.0, 1.0)), Rules(plan=cautious())
        )
