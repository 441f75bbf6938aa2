"""The default inference: a comparison in, a Bayesian synthetic control out whose spread is calibrated twice.

Before the window, blocks of its length are left out and predicted, and forecast from what came before; in the window,
sets of donors are treated as if they had been. Where any errs more than predicted, the interval widens. Interval and
p-value are of one t distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from measurement.geotest.bayesian import Prediction, gap_of, predict
from measurement.geotest.clipping import clipped, without_spikes
from measurement.geotest.comparison import Comparison, FloatArray, IntArray
from measurement.geotest.finding import Finding, Placebos, Range

DONOR_SETS = 24
BLOCK_DEGREES = 1.33
"""Degrees of freedom of a mean over half-overlapping blocks, per whole block that fits before the window."""
PRIOR_SETS = 8
"""The calibration in the window starts from this many sets that err as predicted."""
MOST_DEGREES = 60
FEW_WIDTHS, WIDE = 2, 2.0


@dataclass(frozen=True)
class Calibration:
    """How far the predictive spread is stretched and how sure that is.

    Attributes:
        in_time: mean squared standardised error of blocks before the window, shrunk towards the donor sets'.
        in_window: the same of the donor sets in the test window.
        degrees_of_freedom: of the t distribution.
    """

    in_time: float
    in_window: float
    degrees_of_freedom: float

    @property
    def stretch(self) -> float:
        """Factor of the standard deviation; never below 1."""
        return float(np.sqrt(max(1.0, self.in_time, self.in_window)))


def calibrated_finding(comparison: Comparison, level: float, seed: int) -> Finding:
    """Lift with interval and p-value."""
    mended, cut = clipped(comparison)
    own = _prediction(mended.average, mended.donors, mended.periods_before)
    sets = donor_sets(len(mended.donors), len(mended.treated), np.random.default_rng(seed))
    others = [predict_set(mended.donors, rows, mended.periods_before) for rows in sets]
    apart = independent_sets(len(mended.donors), len(mended.treated))
    calibration = calibrate(own, others, comparison.periods_before, comparison.periods, apart)
    error = own.sd * calibration.stretch
    unit = float(mended.average[: mended.periods_before].mean()) * len(mended.treated)
    half = float(stats.t.ppf(0.5 + level / 2, calibration.degrees_of_freedom)) * error
    counterfactual, weights = _implied(own, mended, comparison.average)
    return Finding(
        lift=Range(own.effect * unit, (own.effect - half) * unit, (own.effect + half) * unit),
        p_value=_p_value(own.effect, error, calibration.degrees_of_freedom),
        counterfactual=counterfactual,
        weights=weights,
        inference="Gaussian-process synthetic control, calibrated on blocks before the window and on donors in it",
        notes=_notes(comparison, calibration, cut),
    )


def calibrated_placebos(outcome: FloatArray, sets: Sequence[IntArray], periods_before: int) -> Placebos:
    """The same inference for sets of geos that were not treated, each calibrated on the others.

    Args:
        outcome: all geos up to the end of the placebo window, `(G, T)`.
        sets: rows of each placement.
        periods_before: periods before the placebo window.
    """
    mended = without_spikes(outcome, periods_before)
    found = [predict_set(mended, rows, periods_before) for rows in sets]
    length = outcome.shape[1] - periods_before
    apart = independent_sets(len(outcome), len(sets[0]) if len(sets) else 1)
    p_values, lifts = [], []
    for number, own in enumerate(found):
        calibration = calibrate(own, found[:number] + found[number + 1 :], periods_before, length, apart)
        p_values.append(_p_value(own.effect, own.sd * calibration.stretch, calibration.degrees_of_freedom))
        sold = mended[sets[number]].mean(axis=0)
        observed = float(sold[periods_before:].sum() / sold[:periods_before].mean())
        lifts.append(own.effect / (observed - own.effect))
    return Placebos(np.array(lifts), np.array(p_values))


def calibrate(
    own: Prediction, others: Sequence[Prediction], periods_before: int, periods: int, independent: float = np.inf
) -> Calibration:
    """Both calibrations from the test's own prediction and those of the donor sets.

    Args:
        own, others: predictions of the test and of the donor sets.
        periods_before, periods: before the window, and in it.
        independent: as how many sets that share no geo the donor sets count. Where their errors in the window set the
            spread, it is known no better than from that many.
    """
    degrees = BLOCK_DEGREES * max(1, periods_before // periods)
    prior_degrees, prior = _common_ratio(np.array([other.block_ratio for other in others]), degrees)
    in_time = prior
    if np.isfinite(prior_degrees):
        in_time = (prior_degrees * prior + degrees * own.block_ratio) / (prior_degrees + degrees)
    squares = [(other.effect / other.sd) ** 2 for other in others if other.sd > 0]
    in_window = (sum(squares) + PRIOR_SETS) / (len(squares) + PRIOR_SETS)
    known = min(prior_degrees + degrees, periods_before - 1, MOST_DEGREES)
    if in_window >= max(1.0, in_time):
        known = min(known, PRIOR_SETS + min(independent, len(squares)))
    return Calibration(in_time, in_window, known)


def independent_sets(donors: int, size: int) -> float:
    """As how many sets without a geo in common the donor sets of `donor_sets` count."""
    return min(DONOR_SETS, donors / max(1, min(size, donors // 3)))


def donor_sets(donors: int, size: int, generator: np.random.Generator) -> list[IntArray]:
    """Sets of donors to treat as if they had been: of the treated geos' number, at most a third of the donors."""
    size = max(1, min(size, donors // 3))
    if size == 1:
        return [np.array([row]) for row in generator.permutation(donors)[:DONOR_SETS]]
    return [np.sort(generator.choice(donors, size, replace=False)) for _ in range(DONOR_SETS)]


def predict_set(outcome: FloatArray, rows: IntArray, periods_before: int) -> Prediction:
    """The window of some geos of `outcome` `(G, T)`, as if treated, from all the others."""
    rest = np.setdiff1d(np.arange(len(outcome)), rows)
    return _prediction(outcome[rows].mean(axis=0), outcome[rest], periods_before)


def _prediction(treated: FloatArray, donors: FloatArray, periods_before: int) -> Prediction:
    return predict(gap_of(treated, donors, periods_before))


def _p_value(effect: float, error: float, degrees: float) -> float:
    if error <= 0:
        return 1.0 if effect == 0 else 0.0
    return float(2 * stats.t.sf(abs(effect) / error, degrees))


def _common_ratio(ratios: FloatArray, degrees: float) -> tuple[float, float]:
    """Prior degrees of freedom and prior value of mean squares, by the moments of their logs (Smyth 2004, "limma").

    The degrees are infinite where the ratios differ no more than chance makes them.
    """
    if len(ratios) < 2:
        return 0.0, float(ratios.mean()) if len(ratios) else 1.0
    logs = np.log(np.maximum(ratios, 1e-8)) - special.digamma(degrees / 2) + np.log(degrees / 2)
    spread = float(logs.var(ddof=1)) - float(special.polygamma(1, degrees / 2))
    if spread <= 0:
        return np.inf, float(np.exp(logs.mean()))
    half = _inverse_trigamma(spread)
    return 2 * half, float(np.exp(logs.mean() + special.digamma(half) - np.log(half)))


def _inverse_trigamma(value: float) -> float:
    """x with trigamma(x) = value > 0, by Newton's method on 1 / trigamma, which is convex."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if abs(step) < 1e-9 * x:
            break
    return x


def _implied(own: Prediction, mended: Comparison, observed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The counterfactual as weights of the donors give it, shifted in the window to agree with the lift, and weights.

    A weight multiplies a donor's series relative to its own mean; together they are about 1.
    """
    before = slice(0, mended.periods_before)
    level = float(mended.average[before].mean())
    volumes = mended.donors[:, before].mean(axis=1)
    shares = volumes / volumes.sum()
    weights = shares * (1 + own.shared_slope - own.movements.sum()) + own.movements
    series = weights @ (mended.donors / volumes[:, None])
    counterfactual = level * (1 + series - series[before].mean())
    gap = (observed - counterfactual)[mended.periods_before :].sum()
    counterfactual[mended.periods_before :] += (gap - own.effect * level) / mended.periods
    return counterfactual, weights


def _notes(comparison: Comparison, calibration: Calibration, cut: int) -> tuple[str, ...]:
    notes = []
    if calibration.in_window > WIDE:
        notes.append(
            f"control geos moved {np.sqrt(calibration.in_window):.1f} times as far as expected in the test's own "
            "window; the interval is widened by that, and a shock shared by them cannot be told from lift"
        )
    if comparison.share_treated > 1 / 3:
        notes.append(f"{comparison.share_treated:.0%} of the geos are treated: more than a third leaves few controls")
    if comparison.periods_before < FEW_WIDTHS * comparison.periods:
        notes.append(
            f"there are only {comparison.periods_before} periods before a window of {comparison.periods}: intervals "
            "may be too narrow"
        )
    if cut:
        notes.append(f"{cut} geo-periods beyond 3.5 robust standard deviations were cut back before fitting")
    return tuple(notes)
