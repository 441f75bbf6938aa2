"""The Gaussian process in closed form against a dense Gaussian written down again, and its calibration."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import special, stats

from measurement.geotest import bayesian
from measurement.geotest.bayesian import AUTOCORRELATIONS, DRIFTS, WEIGHT_SCALES, gap_of, predict
from measurement.geotest.calibrated import (
    _common_ratio,
    calibrate,
    calibrated_finding,
    donor_sets,
    independent_sets,
)
from measurement.geotest.clipping import clipped
from measurement.geotest.comparison import Comparison

Simulated = Callable[..., Comparison]


def _dense(comparison: Comparison) -> tuple[float, float]:
    """Effect and variance of the window's sum, from the formula of the process and nothing shared with the code."""
    before = comparison.periods_before
    y = comparison.average / comparison.average[:before].mean()
    volumes = comparison.donors[:, :before].mean(axis=1)
    shares = volumes / volumes.sum()
    x = comparison.donors / volumes[:, None]
    mean = shares @ x
    z = y - mean
    z = z - z[:before].mean()
    d = x - mean
    d = d - d[:, :before].mean(axis=1)[:, None]
    m = mean - mean[:before].mean()
    scale = np.mean([sum(shares[j] * d[j, t] ** 2 for j in range(len(d))) for t in range(before)])
    moved = sum(shares[j] * np.outer(d[j], d[j]) for j in range(len(d))) / scale
    found = []
    noises = [(rho, 0.0, np.log(0.95 / 5)) for rho in AUTOCORRELATIONS] + [(0.2, q, np.log(0.05 / 3)) for q in DRIFTS]
    for rho, drift, prior in noises:
        for tau in WEIGHT_SCALES:
            k = np.array([[rho ** abs(s - t) if rho or s != t else 1.0 for s in range(len(z))] for t in range(len(z))])
            k = k + np.array([[drift * min(s, t) for s in range(len(z))] for t in range(len(z))])
            k = k + 0.5 * tau**2 * moved + 0.15**2 * np.outer(m, m) / z[:before].var() + 100
            inner, cross, outer = k[:before, :before], k[before:, :before], k[before:, before:]
            alpha = np.linalg.solve(inner, z[:before])
            square = z[:before] @ alpha
            evidence = prior - 0.5 * np.linalg.slogdet(inner)[1] - before / 2 * np.log(square)
            left = outer - cross @ np.linalg.solve(inner, cross.T)
            found.append((evidence, (z[before:] - cross @ alpha).sum(), square / before * left.sum()))
    evidence, effects, variances = np.array(found).T
    weights = np.exp(evidence - special.logsumexp(evidence))
    effect = weights @ effects
    return float(effect), float(weights @ (variances + (effects - effect) ** 2))


def test_prediction_is_that_of_the_dense_gaussian(simulated: Simulated) -> None:
    comparison = simulated(1, geos=8, treated=2, before=30, periods=6)
    prediction = predict(gap_of(comparison.average, comparison.donors, comparison.periods_before))
    effect, variance = _dense(comparison)
    assert prediction.effect == pytest.approx(effect, rel=2e-3)
    assert prediction.sd == pytest.approx(np.sqrt(variance), rel=2e-3)


def _only(monkeypatch: pytest.MonkeyPatch) -> None:
    """One covariance in place of the grid."""
    monkeypatch.setattr(bayesian, "AUTOCORRELATIONS", np.array([0.4]))
    monkeypatch.setattr(bayesian, "WEIGHT_SCALES", np.array([1.0]))
    monkeypatch.setattr(bayesian, "DRIFTS", np.zeros(0))


def _block_errors(gap: bayesian.Gap, starts: Sequence[int], length: int, *, forward: bool) -> float:
    """Mean squared standardised error of blocks, each by a regression on the other periods, or on those before it."""
    count = gap.periods_before
    covariance, values = bayesian._covariances(gap)[0][0][:count, :count], gap.values[:count]
    scale = values @ np.linalg.solve(covariance, values) / count
    found = []
    for start in starts:
        block = np.arange(start, start + length)
        rest = np.arange(start) if forward else np.setdiff1d(np.arange(count), block)
        across = covariance[np.ix_(block, rest)] @ np.linalg.inv(covariance[np.ix_(rest, rest)])
        error = (values[block] - across @ values[rest]).sum()
        left = covariance[np.ix_(block, block)] - across @ covariance[np.ix_(rest, block)]
        found.append(error**2 / (scale * left.sum()))
    return float(np.mean(found))


@pytest.mark.parametrize("seed", range(6))
def test_blocks_are_predicted_from_all_other_periods_and_from_those_before_them(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    _only(monkeypatch)
    comparison = simulated(seed, geos=6, treated=1, before=12, periods=12)
    gap = gap_of(comparison.average[:16], comparison.donors[:, :16], 12)
    left_out = _block_errors(gap, (8, 6, 4, 2, 0), 4, forward=False)
    forecast = _block_errors(gap, (8, 6), 4, forward=True)
    assert predict(gap).block_ratio == pytest.approx(max(left_out, forecast), rel=1e-6)


def test_a_drift_is_followed_and_widens_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of gaps that walk, the last days say most; without a drift in the process errors are larger and unforeseen."""
    errors = {}
    for name in ("drift", "none"):
        if name == "none":
            monkeypatch.setattr(bayesian, "DRIFTS", np.zeros(0))
        walks = np.cumsum(np.random.default_rng(12).normal(0, 0.6, (60, 100)), axis=1)
        series = 100 + walks + np.random.default_rng(13).standard_normal((60, 100))
        told = [predict(gap_of(one, np.zeros((0, 100)), 90)) for one in series]
        errors[name] = np.array([(one.effect, one.sd) for one in told])
    rms = {name: float(np.sqrt((found[:, 0] ** 2).mean())) for name, found in errors.items()}
    standardised = {name: float(((found[:, 0] / found[:, 1]) ** 2).mean()) for name, found in errors.items()}
    assert rms["drift"] < 0.9 * rms["none"]
    assert 0.6 < standardised["drift"] < 1.5 < standardised["none"]


def test_without_donors_it_is_an_autocorrelated_series() -> None:
    series = 100 + np.random.default_rng(4).standard_normal(40)
    prediction = predict(gap_of(series, np.zeros((0, 40)), 30))
    assert prediction.effect == pytest.approx(
        (series[30:].sum() - 10 * series[:30].mean()) / series[:30].mean(), abs=0.03
    )
    assert 0 < prediction.sd < 0.2


def test_a_series_that_never_moves_is_known_exactly() -> None:
    series = np.full(40, 7.0)
    series[30:] = 9.0
    prediction = predict(gap_of(series, np.zeros((0, 40)), 30))
    assert prediction.effect == pytest.approx(10 * 2 / 7)
    assert prediction.sd == 0.0


def test_shrinkage_finds_the_degrees_of_freedom_that_made_the_ratios() -> None:
    rng = np.random.default_rng(8)
    prior, degrees = 12.0, 8.0
    truth = 2.0 * prior / stats.chi2.rvs(prior, size=200_000, random_state=rng)
    ratios = truth * stats.chi2.rvs(degrees, size=200_000, random_state=rng) / degrees
    found, value = _common_ratio(ratios, degrees)
    assert found == pytest.approx(prior, rel=0.1)
    assert value == pytest.approx(2.0, rel=0.05)


def test_donors_that_err_more_than_expected_widen_the_interval(simulated: Simulated) -> None:
    calm = simulated(5)
    rng = np.random.default_rng(6)
    shaken = calm.donors.copy()
    shaken[:, calm.periods_before :] *= 1 + 0.2 * rng.standard_normal((len(shaken), 1))
    shocked = Comparison(calm.treated, shaken, calm.periods_before, calm.donor_names, calm.pairs)
    narrow, wide = (calibrated_finding(comparison, 0.9, 0) for comparison in (calm, shocked))
    assert wide.lift.high - wide.lift.low > 2 * (narrow.lift.high - narrow.lift.low)
    assert any("test's own window" in note for note in wide.notes)
    assert not any("test's own window" in note for note in narrow.notes)


def test_calibration_never_narrows(simulated: Simulated) -> None:
    comparison = simulated(7)
    own = predict(gap_of(comparison.average, comparison.donors, comparison.periods_before))
    modest = [bayesian.Prediction(0.0, 1.0, 0.1, np.zeros(1), 0.0)] * 5
    calibration = calibrate(own, modest, 60, 10)
    assert calibration.stretch == 1.0
    assert calibration.degrees_of_freedom <= 59


def test_a_spread_set_by_the_window_is_known_no_better_than_its_sets(simulated: Simulated) -> None:
    comparison = simulated(7)
    own = predict(gap_of(comparison.average, comparison.donors, comparison.periods_before))
    astray, modest = ([bayesian.Prediction(effect, 1.0, 1.0, np.zeros(1), 0.0)] * 20 for effect in (3.0, 0.1))
    assert calibrate(own, astray, 60, 5, 4.0).degrees_of_freedom == 12.0
    assert calibrate(own, astray, 60, 5).degrees_of_freedom == 28.0
    assert calibrate(own, modest, 60, 5, 4.0).degrees_of_freedom > 28.0
    assert independent_sets(35, 5) == 7.0
    assert independent_sets(39, 1) == 24.0


def test_donor_sets_are_of_the_treated_size_up_to_a_third_of_the_donors() -> None:
    rng = np.random.default_rng(0)
    assert {len(rows) for rows in donor_sets(30, 4, rng)} == {4}
    assert {len(rows) for rows in donor_sets(9, 8, rng)} == {3}
    singles = donor_sets(30, 1, rng)
    assert len({int(rows[0]) for rows in singles}) == len(singles) == 24


def test_a_spike_is_cut_back_and_a_lift_is_not(simulated: Simulated) -> None:
    comparison = simulated(9, lift=0.5)
    _, untouched = clipped(comparison)
    spiked = comparison.donors.copy()
    spiked[2, 7] *= 10
    mended, cut = clipped(
        Comparison(comparison.treated, spiked, comparison.periods_before, comparison.donor_names, comparison.pairs)
    )
    assert mended.donors[2, 7] < 0.5 * spiked[2, 7]
    assert cut >= untouched + 1
    kept = clipped(comparison)[0].treated[:, comparison.periods_before :]
    assert kept.sum() == pytest.approx(comparison.treated[:, comparison.periods_before :].sum(), rel=0.02)


def test_weights_add_up_to_about_one_and_give_the_counterfactual(simulated: Simulated) -> None:
    comparison = simulated(10)
    finding = calibrated_finding(comparison, 0.9, 0)
    assert finding.weights is not None
    assert finding.weights.sum() == pytest.approx(1.0, abs=0.3)
    gap = (comparison.average - finding.counterfactual)[: comparison.periods_before]
    assert np.sqrt((gap**2).mean()) < 0.06 * comparison.average.mean()
