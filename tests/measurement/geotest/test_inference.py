"""Inference: p-value and interval never contradict each other, tests hold their size, and what is exact is exact."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from measurement.geotest.comparison import Comparison
from measurement.geotest.conformal import block_p_value, conformal_p_value
from measurement.geotest.estimators import find, resolve
from measurement.geotest.placebos import placebo_record
from measurement.geotest.randomisation import randomisation_finding
from measurement.geotest.specification import Estimator
from measurement.geotest.synthetic_control import counterfactual, plain_weights
from measurement.geotest.trimmed_match import trimmed_match

Simulated = Callable[..., Comparison]
ESTIMATORS = [estimator for estimator in Estimator if estimator is not Estimator.AUTO]


def paired(comparison: Comparison) -> Comparison:
    """The first geos in pairs with the first controls."""
    count = len(comparison.treated)
    return replace(comparison, pairs=np.stack([np.arange(count), np.arange(count)], axis=1))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("lift", [-0.05, 0.0, 0.02, 0.04, 0.08])
def test_p_value_and_interval_agree(simulated: Simulated, estimator: Estimator, lift: float) -> None:
    for seed in range(4):
        comparison = paired(simulated(seed, treated=8, before=40, lift=lift))
        for level in (0.8, 0.95):
            finding = find(estimator, comparison, level, seed)
            significant = finding.p_value <= 1 - level + 1e-9
            assert significant == (not finding.lift.touches(0.0)), (finding, level)
            assert finding.lift.low <= finding.lift.estimate <= finding.lift.high


@pytest.mark.parametrize(
    "estimator", [estimator for estimator in ESTIMATORS if estimator is not Estimator.TRIMMED_MATCH]
)
def test_a_large_lift_is_found(simulated: Simulated, estimator: Estimator) -> None:
    comparison = simulated(11, geos=30, treated=5, lift=0.25)
    without = simulated(11, geos=30, treated=5)
    truth = float((comparison.treated - without.treated).sum())
    finding = find(estimator, comparison, 0.9, 0)
    assert finding.p_value < 0.05
    assert finding.lift.estimate == pytest.approx(truth, rel=0.25)
    gap = (comparison.average - finding.counterfactual)[comparison.periods_before :].sum() * len(comparison.treated)
    assert gap == pytest.approx(finding.lift.estimate, rel=1e-6)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_same_seed_gives_the_same_finding(simulated: Simulated, estimator: Estimator) -> None:
    comparison = paired(simulated(12, treated=6))
    first, second = (find(estimator, comparison, 0.9, 5) for _ in range(2))
    assert (first.lift, first.p_value) == (second.lift, second.p_value)


def test_randomisation_is_the_share_of_all_assignments(simulated: Simulated) -> None:
    """p-value and both ends of the interval, each recomputed by going through all 210 assignments."""
    comparison = simulated(13, geos=10, treated=4, before=20, periods=5, lift=0.05)
    finding = randomisation_finding(comparison, 0.9, 0)
    outcome, before = comparison.everyone(), comparison.periods_before
    volumes = outcome[:, :before].mean(axis=1)

    def p_value(effect: float) -> float:
        change = outcome[:, before:].mean(axis=1) / volumes - effect * (np.arange(10) < 4)
        statistics = []
        for rows in combinations(range(10), 4):
            inside = np.isin(np.arange(10), rows)
            statistics.append(
                np.average(change[inside], weights=volumes[inside])
                - np.average(change[~inside], weights=volumes[~inside])
            )
        extreme = np.abs(statistics) >= abs(statistics[0]) - 1e-12
        return float(extreme.mean())

    unit = comparison.average[:before].mean() * comparison.cells
    assert finding.p_value == pytest.approx(p_value(0.0))
    for end, inward in ((finding.lift.low, 1), (finding.lift.high, -1)):
        assert p_value(end / unit + 1e-6 * inward) > 0.1
        assert p_value(end / unit - 1e-6 * inward) <= 0.1


def test_randomised_tests_hold_their_size(simulated: Simulated) -> None:
    p_values = [randomisation_finding(simulated(seed, geos=16, treated=8), 0.9, seed).p_value for seed in range(300)]
    # Three standard errors around the nominal shares.
    assert 0.05 <= np.mean(np.array(p_values) <= 0.1) <= 0.152
    assert 0.012 <= np.mean(np.array(p_values) <= 0.05) <= 0.088


def test_pairs_are_flipped_within_pairs(simulated: Simulated) -> None:
    comparison = paired(simulated(14, geos=12, treated=6, lift=0.3))
    assert randomisation_finding(comparison, 0.9, 0).p_value == pytest.approx(2 / 2**6)


def test_block_p_value_counts_wrapped_blocks() -> None:
    residuals = np.array([0.0, 1.0, -2.0, 0.5, 3.0, 1.0])
    sums = [abs(sum(residuals[(start + step) % 6] for step in range(2))) for start in range(6)]
    assert block_p_value(residuals, 2) == pytest.approx(np.mean(np.array(sums) >= sums[4]))


def test_conformal_tests_hold_their_size(simulated: Simulated) -> None:
    p_values = [conformal_p_value(simulated(seed, treated=1), plain_weights) for seed in range(200)]
    assert np.mean(np.array(p_values) <= 0.1) <= 0.165


def test_a_permuted_gap_that_was_fitted_once_does_not(simulated: Simulated) -> None:
    """The error that refitting avoids, shown so that nobody takes it for a short cut."""
    found = []
    for seed in range(100):
        comparison = simulated(seed, treated=1, geos=40, before=30)
        found.append(block_p_value(comparison.average - counterfactual(comparison, plain_weights)[1], 10) <= 0.1)
    assert np.mean(found) > 0.25


def test_the_default_holds_its_size_and_covers(simulated: Simulated) -> None:
    lift, held, missed = 0.04, [], []
    for seed in range(60):
        comparison, without = simulated(seed, before=40, lift=lift), simulated(seed, before=40)
        finding = find(Estimator.BAYESIAN_SCM, comparison, 0.9, seed)
        truth = float((comparison.treated - without.treated).sum())
        held.append(finding.lift.low <= truth <= finding.lift.high)
        missed.append((finding.lift.estimate - truth) / truth)
    # 60 draws at 0.9: three standard errors are 0.116.
    assert np.mean(held) >= 0.784
    assert abs(np.mean(missed)) < 0.15


def test_the_default_is_fixed_by_the_design(simulated: Simulated) -> None:
    few, half = simulated(1, geos=20, treated=4), simulated(1, geos=20, treated=10)
    assert resolve(Estimator.AUTO, few, 0.9) is Estimator.BAYESIAN_SCM
    assert resolve(Estimator.AUTO, half, 0.9) is Estimator.RANDOMISATION
    assert resolve(Estimator.AUTO, paired(few), 0.9) is Estimator.RANDOMISATION
    assert resolve(Estimator.AUTO, paired(few), 0.95) is Estimator.BAYESIAN_SCM, "16 flips cannot reach 5 %"
    assert resolve(Estimator.SCM, half, 0.9) is Estimator.SCM


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_placebo_record_has_its_placements(simulated: Simulated, estimator: Estimator) -> None:
    comparison = paired(simulated(15, geos=24, treated=8))
    record = placebo_record(estimator, comparison, 0)
    assert record.windows == 7
    assert len(record.p_values) == len(record.relative_lift) == (91 if estimator is Estimator.SDID else 175)
    assert np.abs(record.relative_lift).max() < 0.5
    rate = record.false_positive_rate(0.9)
    assert rate is not None
    assert 0.0 <= rate <= 0.5


def test_the_record_does_not_see_the_test(simulated: Simulated) -> None:
    calm, lifted = simulated(16), simulated(16, lift=0.5)
    first, second = (placebo_record(Estimator.BAYESIAN_SCM, comparison, 0) for comparison in (calm, lifted))
    np.testing.assert_array_equal(first.p_values, second.p_values)


def test_placebo_windows_begin_once_every_geo_sells(simulated: Simulated) -> None:
    comparison = simulated(18)
    assert min(comparison.placebo_windows().starts) == 20
    late = comparison.donors.copy()
    late[3, :33] = 0.0
    starts = replace(comparison, donors=late).placebo_windows().starts
    assert starts == (50, 45, 40, 35)


def test_no_room_for_placebos_is_an_empty_record(simulated: Simulated) -> None:
    record = placebo_record(Estimator.BAYESIAN_SCM, simulated(17, before=12, periods=4), 0)
    assert record.false_positive_rate(0.9) is None


@pytest.mark.parametrize("seed", range(5))
def test_trimmed_match_ends_are_where_the_statistic_crosses(seed: int) -> None:
    """Ends of the interval against a fine grid of the studentised trimmed mean, written down again."""
    rng = np.random.default_rng(seed)
    spend = rng.gamma(4, 1, 15)
    response = 2 * spend + rng.standard_t(2, 15)
    found = trimmed_match(response, spend, 0.9)
    m, n = found.trimmed_per_side, 15

    def accepted(ratio: float) -> bool:
        ordered = np.sort(response - ratio * spend)
        kept = ordered[m : n - m]
        cut = np.clip(ordered, kept[0], kept[-1])
        error = np.sqrt(((cut - cut.mean()) ** 2).sum() / (n - 2 * m - 1) / (n - 2 * m))
        return bool(abs(kept.mean()) <= 1.6448536 * error)

    grid = np.linspace(found.ratio.low - 1, found.ratio.high + 1, 4001)
    inside = grid[[accepted(ratio) for ratio in grid]]
    step = grid[1] - grid[0]
    assert inside.min() == pytest.approx(found.ratio.low, abs=step)
    assert inside.max() == pytest.approx(found.ratio.high, abs=step)
