"""The gate: each reason can be reached, each verdict has its rule, and convergence is told from made-up chains."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.diagnostics import (
    ESS_BULK_LIMIT,
    ESS_TAIL_LIMIT,
    IMPLAUSIBLE_MEDIANS,
    MEASURED_RELATIVE,
    MOVED,
    MOVED_DESPITE_DEMAND,
    NEVER_VARIES,
    RHAT_LIMIT,
    STILL_PRIOR,
    ChannelEvidence,
    Judgement,
    convergence,
    has_converged,
    is_implausible,
    judge,
    verdict_of,
)
from measurement.interval import Interval
from measurement.report import Baseline, Diagnostics, ModelStatus, Verdict

GOOD = Diagnostics(rhat_max=1.002, ess_bulk_min=900.0, ess_tail_min=700.0, divergences=0, seconds=50.0)
SOUND = Baseline(share=0.8, probability_negative=0.0)
MEASURED = {"search": Verdict.MEASURED, "tv": Verdict.WEAK}
DRAWS = 2000


def judged(
    found: Diagnostics = GOOD,
    baseline: Baseline = SOUND,
    inside: float = 0.9,
    verdicts: dict[str, Verdict] | None = None,
    implausible: tuple[str, ...] = (),
) -> Judgement:
    return judge(found, DRAWS, baseline, inside, MEASURED if verdicts is None else verdicts, implausible)


def test_a_sound_model_is_accepted() -> None:
    found = judged()
    assert found.status is ModelStatus.ACCEPTED
    assert len(found.reasons) == 1


REFUSALS = {
    "r-hat": (judged(replace(GOOD, rhat_max=RHAT_LIMIT)), "chains disagree"),
    "r-hat unknown": (judged(replace(GOOD, rhat_max=float("nan"))), "chains disagree"),
    "bulk": (judged(replace(GOOD, ess_bulk_min=ESS_BULK_LIMIT)), "Too few effective draws:"),
    "tail": (judged(replace(GOOD, ess_tail_min=ESS_TAIL_LIMIT)), "effective draws in the tails"),
    "divergences": (judged(replace(GOOD, divergences=DRAWS // 10)), "draws diverged"),
    "negative baseline": (judged(baseline=Baseline(0.1, 0.9)), "negative sales without advertising"),
    "no fit": (judged(inside=0.3), "does not describe the data"),
    "nothing measurable": (judged(verdicts={"tv": Verdict.NOT_MEASURABLE}), "No channel can be measured"),
}
CAUTIONS = {
    "baseline": (judged(baseline=Baseline(0.4, 0.2)), "may be negative"),
    "too narrow": (judged(inside=0.75), "75% of sales"),
    "too wide": (judged(inside=0.995), "of sales lie in their 90 % predictive interval"),
    "implausible": (judged(implausible=("tv",)), "iROAS of tv is far beyond"),
    "one channel": (judged(verdicts=MEASURED | {"radio": Verdict.NOT_MEASURABLE}), "radio cannot be measured"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_can_be_reached_and_says_why(name: str) -> None:
    found, words = REFUSALS[name]
    assert found.status is ModelStatus.REFUSED
    assert words in found.reasons[0]
    assert len(found.reasons) == 1


@pytest.mark.parametrize("name", CAUTIONS)
def test_each_warning_can_be_reached_and_says_why(name: str) -> None:
    found, words = CAUTIONS[name]
    assert found.status is ModelStatus.ACCEPTED_WITH_WARNINGS
    assert words in found.reasons[0]
    assert len(found.reasons) == 1


def test_a_refusal_keeps_the_warnings_after_its_own_reasons() -> None:
    found = judged(replace(GOOD, rhat_max=1.2, divergences=500), implausible=("tv",))
    assert found.status is ModelStatus.REFUSED
    assert [words in reason for words, reason in zip(("r-hat", "diverged", "tv"), found.reasons, strict=True)] == [
        True,
        True,
        True,
    ]


def interval(low: float, high: float, mean: float | None = None) -> Interval:
    middle = (low + high) / 2 if mean is None else mean
    return Interval(middle, (high - low) / 3.29, low, low + 0.1 * (high - low), middle, high - 0.1 * (high - low), high)


PRIOR = interval(0.0, 5.0, mean=1.1)
SHARP = ChannelEvidence(
    interval(1.5, 2.1), PRIOR, distance=0.4, variation=0.4, is_national=False, one_series=False, follows_demand=False
)


def test_a_sharp_interval_is_measured() -> None:
    verdict, reason = verdict_of(SHARP)
    assert verdict is Verdict.MEASURED
    assert "between regions" in reason


def test_a_wide_interval_that_has_learnt_something_is_weak() -> None:
    half = 1.4 * MEASURED_RELATIVE * 2.0
    verdict, reason = verdict_of(replace(SHARP, iroas=interval(2.0 - half, 2.0 + half)))
    assert verdict is Verdict.WEAK
    assert "wide" in reason


def test_a_channel_known_to_sell_next_to_nothing_is_measured() -> None:
    assert verdict_of(replace(SHARP, iroas=interval(0.0, 0.3, mean=0.08)))[0] is Verdict.MEASURED


def test_a_channel_that_never_varies_is_not_measurable_however_sharp() -> None:
    verdict, reason = verdict_of(replace(SHARP, variation=0.5 * NEVER_VARIES))
    assert verdict is Verdict.NOT_MEASURABLE
    assert "never varies" in reason


def test_an_interval_that_repeats_the_prior_is_not_measurable() -> None:
    barely = interval(0.0, 5.0 * (STILL_PRIOR + 0.02))
    verdict, reason = verdict_of(replace(SHARP, iroas=barely, distance=MOVED - 0.05))
    assert verdict is Verdict.NOT_MEASURABLE
    assert "test would tell" in reason
    assert verdict_of(replace(SHARP, iroas=interval(0.0, 5.0 * (STILL_PRIOR - 0.02))))[0] is not Verdict.NOT_MEASURABLE


def test_a_wide_interval_far_from_the_prior_is_weak_and_farther_still_where_spend_follows_demand() -> None:
    moved = replace(SHARP, iroas=interval(2.0, 8.0), distance=MOVED + 0.05)
    verdict, reason = verdict_of(moved)
    assert verdict is Verdict.WEAK
    assert "moved" in reason
    assert verdict_of(replace(moved, follows_demand=True))[0] is Verdict.NOT_MEASURABLE
    far = replace(moved, distance=MOVED_DESPITE_DEMAND + 0.05, follows_demand=True)
    assert verdict_of(far)[0] is Verdict.WEAK


def test_spend_that_follows_demand_is_never_better_than_weak() -> None:
    verdict, reason = verdict_of(replace(SHARP, follows_demand=True))
    assert verdict is Verdict.WEAK
    assert "follows demand" in reason
    assert "test" in reason
    assert verdict_of(replace(SHARP, follows_demand=True, variation=0.0))[0] is Verdict.NOT_MEASURABLE


def test_a_finished_test_lifts_what_demand_or_even_spend_would_hold_down() -> None:
    verdict, reason = verdict_of(replace(SHARP, follows_demand=True, tests=1))
    assert verdict is Verdict.MEASURED
    assert "a finished test" in reason
    assert verdict_of(replace(SHARP, variation=0.0, tests=2))[0] is Verdict.MEASURED
    repeats = replace(SHARP, iroas=PRIOR, distance=0.0, tests=1)
    assert verdict_of(repeats)[0] is Verdict.NOT_MEASURABLE


def test_what_is_known_nationally_says_so() -> None:
    national = verdict_of(replace(SHARP, is_national=True))[1]
    assert "nationally" in national
    assert "variation in time" in national
    assert "between regions and weeks" not in national
    assert "one series" in verdict_of(replace(SHARP, one_series=True))[1]
    assert "nationally" in verdict_of(replace(SHARP, is_national=True, follows_demand=True))[1]


def test_an_iroas_is_implausible_only_when_all_of_it_is_beyond_belief() -> None:
    limit = IMPLAUSIBLE_MEDIANS * PRIOR.p50
    assert is_implausible(replace(SHARP, iroas=interval(1.01 * limit, 2 * limit)))
    assert not is_implausible(replace(SHARP, iroas=interval(0.9 * limit, 9 * limit)))


def test_independent_draws_converge() -> None:
    rng = np.random.default_rng(1)
    draws = {"a": rng.standard_normal((4, 400)), "b": rng.gamma(2.0, size=(4, 400, 3))}
    found = convergence(draws, divergences=2, seconds=1.5)
    assert found.rhat_max < RHAT_LIMIT
    assert 1000 < found.ess_bulk_min < 1700
    assert (found.divergences, found.seconds) == (2, 1.5)
    assert has_converged(found, 1600)


@pytest.mark.parametrize("place", range(3))
def test_one_shifted_chain_in_one_entry_fails(place: int) -> None:
    rng = np.random.default_rng(2)
    draws = {"a": rng.standard_normal((4, 400)), "b": rng.standard_normal((4, 400, 3))}
    draws["b"][2, :, place] += 1.0
    found = convergence(draws, 0, 1.0)
    assert found.rhat_max > 1.05
    assert not has_converged(found, 1600)


def test_slow_chains_have_few_effective_draws() -> None:
    """AR(1) with coefficient .9: the effective number is the number over 19."""
    rng = np.random.default_rng(3)
    series = rng.standard_normal((4, 2000))
    for step in range(1, 2000):
        series[:, step] = 0.9 * series[:, step - 1] + np.sqrt(1 - 0.81) * series[:, step]
    found = convergence({"a": series, "b": rng.standard_normal((4, 2000))}, 0, 1.0)
    assert found.ess_bulk_min == pytest.approx(8000 / 19, rel=0.35)


def test_chains_that_stand_still_apart_do_not_pass() -> None:
    rng = np.random.default_rng(4)
    stuck = np.repeat(np.arange(4.0)[:, None], 400, axis=1)
    found = convergence({"a": rng.standard_normal((4, 400)), "stuck": stuck}, 0, 1.0)
    assert not has_converged(found, 1600)


def test_what_is_the_same_in_every_draw_needs_no_convergence() -> None:
    """A channel that sells nothing in any draw: its iROAS is zero throughout, and nobody disagrees."""
    rng = np.random.default_rng(5)
    draws = {"score": rng.standard_normal((4, 400, 2)), "iroas": np.zeros((4, 400, 2))}
    draws["iroas"][:, :, 0] = rng.gamma(2.0, size=(4, 400))
    found = convergence(draws, 0, 1.0)
    assert found.rhat_max < RHAT_LIMIT
    assert has_converged(found, 1600)
