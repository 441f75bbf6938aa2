"""An estimator's name and a comparison in, its finding out: each estimator has one inference that belongs to it."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from measurement.errors import GeoTestError
from measurement.geotest.calibrated import calibrated_finding, donor_sets
from measurement.geotest.comparison import Comparison, FloatArray
from measurement.geotest.conformal import conformal_range
from measurement.geotest.finding import Finding, Range
from measurement.geotest.randomisation import assignment_count, randomisation_finding
from measurement.geotest.sdid import synthetic_difference_in_differences
from measurement.geotest.specification import Estimator
from measurement.geotest.synthetic_control import WeightRule, chosen_ridge, counterfactual, plain_weights
from measurement.geotest.tbr import time_based_regression
from measurement.geotest.trimmed_match import LEAST_PAIRS, TrimmedMatch, trimmed_match

LARGEST_SHARE = 1 / 3
"""Share of treated geos up to which the default compares with donors; beyond it, with re-drawn assignments."""


def resolve(estimator: Estimator, comparison: Comparison, level: float) -> Estimator:
    """What `auto` stands for, by the design alone: the outcome plays no part.

    Raises:
        GeoTestError: an estimator that the design does not admit.
    """
    if estimator is Estimator.TRIMMED_MATCH and len(comparison.pairs) < LEAST_PAIRS:
        raise GeoTestError(
            f"trimmed_match compares matched pairs and needs at least {LEAST_PAIRS} of them: give --pairs FILE or "
            "another --estimator"
        )
    if estimator is not Estimator.AUTO:
        return estimator
    randomised = bool(len(comparison.pairs)) or comparison.share_treated > LARGEST_SHARE
    can_reach = assignment_count(comparison) * (1 - level) >= 1
    return Estimator.RANDOMISATION if randomised and can_reach else Estimator.BAYESIAN_SCM


def find(estimator: Estimator, comparison: Comparison, level: float, seed: int) -> Finding:
    """Lift over the window with its interval at `level` and its p-value; `estimator` is not `auto`."""
    found: dict[Estimator, Callable[[], Finding]] = {
        Estimator.BAYESIAN_SCM: lambda: calibrated_finding(comparison, level, seed),
        Estimator.RANDOMISATION: lambda: randomisation_finding(comparison, level, seed),
        Estimator.SCM: lambda: _conformal_finding(comparison, level, plain_weights),
        Estimator.ASCM: lambda: _conformal_finding(comparison, level, ridge_rule(comparison)),
        Estimator.SDID: lambda: _sdid_finding(comparison, level, seed),
        Estimator.TBR: lambda: _tbr_finding(comparison, level),
        Estimator.TRIMMED_MATCH: lambda: _trimmed_finding(comparison, level),
    }
    return found[estimator]()


def ridge_rule(comparison: Comparison) -> WeightRule:
    """The augmented rule with its penalty chosen before the window."""
    before = slice(0, comparison.periods_before)
    donors = comparison.donors[:, before]
    target = comparison.average[before]
    return chosen_ridge(donors - donors.mean(axis=1, keepdims=True), target - target.mean())


def _conformal_finding(comparison: Comparison, level: float, rule: WeightRule) -> Finding:
    weights, predicted = counterfactual(comparison, rule)
    effect = float((comparison.average - predicted)[comparison.periods_before :].mean())
    interval, p_value = conformal_range(comparison, rule, effect, 1 - level)
    return Finding(
        lift=interval.times(comparison.cells),
        p_value=p_value,
        counterfactual=predicted,
        weights=weights,
        inference="conformal test with blocks, refitted under every effect",
    )


def sdid_effect(comparison: Comparison) -> float:
    """Effect per treated geo and period, as a share of their mean before the window."""
    predicted = synthetic_difference_in_differences(comparison).counterfactual
    gap = float((comparison.average - predicted)[comparison.periods_before :].mean())
    return gap / float(comparison.average[: comparison.periods_before].mean())


def _sdid_finding(comparison: Comparison, level: float, seed: int) -> Finding:
    """The standard error is the spread of placebo effects among the donors, as shares of each set's own level."""
    fit = synthetic_difference_in_differences(comparison)
    window = slice(comparison.periods_before, None)
    effect = float((comparison.average - fit.counterfactual)[window].mean())
    sets = donor_sets(len(comparison.donors), len(comparison.treated), np.random.default_rng(seed))
    controls = Comparison(
        comparison.donors[:0],
        comparison.donors,
        comparison.periods_before,
        comparison.donor_names,
        comparison.pairs[:0],
    )
    spread = [sdid_effect(controls.placebo(rows, comparison.periods_before, comparison.periods)) for rows in sets]
    error = float(np.sqrt(np.mean(np.square(spread))) * comparison.average[: comparison.periods_before].mean())
    degrees = len(sets) - 1
    half = float(stats.t.ppf(0.5 + level / 2, degrees)) * error
    return Finding(
        lift=Range(effect, effect - half, effect + half).times(comparison.cells),
        p_value=t_p_value(effect, error, degrees),
        counterfactual=fit.counterfactual,
        weights=fit.weights,
        inference=f"placebo variance over {len(sets)} sets of control geos",
    )


def _tbr_finding(comparison: Comparison, level: float) -> Finding:
    geos = len(comparison.treated)
    effect = time_based_regression(
        comparison.treated.sum(axis=0), comparison.donors.sum(axis=0), comparison.periods_before
    )
    half = float(stats.t.ppf(0.5 + level / 2, effect.degrees_of_freedom)) * effect.standard_error
    return Finding(
        lift=Range(effect.estimate, effect.estimate - half, effect.estimate + half),
        p_value=t_p_value(effect.estimate, effect.standard_error, effect.degrees_of_freedom),
        counterfactual=effect.counterfactual / geos,
        weights=None,
        inference="time-based regression with errors taken as independent over time",
        notes=("intervals of time-based regression are too narrow where errors last: see the placebo record",),
    )


def _trimmed_finding(comparison: Comparison, level: float) -> Finding:
    found, unit = trimmed(comparison, level)
    volumes = comparison.donors[comparison.pairs[:, 1]].mean(axis=0)
    gap = (comparison.average - volumes)[comparison.periods_before :].mean()
    predicted = volumes.copy()
    predicted[comparison.periods_before :] += gap - found.ratio.estimate * unit / comparison.cells
    return Finding(
        lift=found.ratio.times(unit),
        p_value=found.p_value,
        counterfactual=predicted,
        weights=None,
        inference="trimmed match: studentised trimmed mean of the pairs",
        notes=(f"{len(found.trimmed)} of {len(comparison.pairs)} pairs are trimmed",),
    )


def trimmed(comparison: Comparison, level: float) -> tuple[TrimmedMatch, float]:
    """Trimmed match over the pairs, and what turns its ratio into the lift: the spend change, or the count of pairs."""
    first, second = comparison.pairs.T
    window = slice(comparison.periods_before, None)

    def difference(treated: FloatArray, donors: FloatArray) -> FloatArray:
        left: FloatArray = treated[first][:, window].sum(axis=1) - donors[second][:, window].sum(axis=1)
        return left

    response = difference(comparison.treated, comparison.donors)
    spend = np.ones(len(response))
    if comparison.treated_spend is not None and comparison.donor_spend is not None:
        spent = difference(comparison.treated_spend, comparison.donor_spend)
        spend = spent if abs(spent.sum()) > 0 else spend
    return trimmed_match(response, spend, level), float(spend.sum())


def t_p_value(effect: float, error: float, degrees: float) -> float:
    """Two-sided; 0 for an effect without error."""
    if error <= 0:
        return 1.0 if effect == 0 else 0.0
    return float(2 * stats.t.sf(abs(effect) / error, degrees))
