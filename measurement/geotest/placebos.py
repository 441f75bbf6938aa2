"""The placebo record: the same inference on this very panel where nothing was treated, in windows before the test."""

from collections.abc import Callable

import numpy as np

from measurement.geotest.calibrated import calibrated_placebos
from measurement.geotest.comparison import PER_WINDOW, Comparison, FloatArray, IntArray, PlaceboWindows
from measurement.geotest.conformal import conformal_p_value
from measurement.geotest.estimators import ridge_rule, sdid_effect, t_p_value
from measurement.geotest.finding import Placebos
from measurement.geotest.randomisation import randomisation_placebos
from measurement.geotest.specification import Estimator
from measurement.geotest.synthetic_control import WeightRule, counterfactual, plain_weights
from measurement.geotest.tbr import time_based_regression
from measurement.geotest.trimmed_match import trimmed_match

NONE = Placebos(np.zeros(0), np.zeros(0), windows=0)


def placebo_record(estimator: Estimator, comparison: Comparison, seed: int) -> Placebos:
    """Placements of as many geos as were treated, in up to eight windows before the test, 25 in each.

    Windows are as long as the test's, shorter where the panel begins too late; they overlap by half. The ridge penalty
    of augmented synthetic control is that of the test itself; synthetic difference-in-differences, which is slow,
    makes half as many placements. Empty where no window fits.
    """
    windows = comparison.placebo_windows()
    if not windows.starts:
        return NONE
    if estimator is Estimator.RANDOMISATION:
        return randomisation_placebos(comparison, windows, seed)
    generator = np.random.default_rng(seed)
    if estimator is Estimator.TRIMMED_MATCH:
        return _trimmed_placebos(comparison, windows, generator)
    of_window = _of_window(estimator, comparison)
    found = []
    for start in windows.starts:
        sets = _sets(comparison, generator)
        found.append(of_window(sets, start, windows.periods))
    return Placebos(
        np.concatenate([placebos.relative_lift for placebos in found]),
        np.concatenate([placebos.p_values for placebos in found]),
        windows=len(windows.starts),
    )


def _sets(comparison: Comparison, generator: np.random.Generator) -> list[IntArray]:
    """Sets of the treated geos' number among all geos; every geo once at most where one is treated."""
    size, geos = len(comparison.treated), len(comparison.treated) + len(comparison.donors)
    if size == 1:
        return [np.array([row]) for row in generator.permutation(geos)[:PER_WINDOW]]
    return [np.sort(generator.choice(geos, size, replace=False)) for _ in range(PER_WINDOW)]


def _of_window(estimator: Estimator, comparison: Comparison) -> Callable[[list[IntArray], int, int], Placebos]:
    """A function that judges all placements of one window."""
    if estimator is Estimator.BAYESIAN_SCM:
        outcome = comparison.everyone()
        return lambda sets, start, periods: calibrated_placebos(outcome[:, : start + periods], sets, start)
    if estimator is Estimator.SDID:
        return lambda sets, start, periods: _sdid_window(
            [comparison.placebo(rows, start, periods) for rows in sets[::2]]
        )
    if estimator is Estimator.TBR:
        return lambda sets, start, periods: _each([comparison.placebo(rows, start, periods) for rows in sets], _tbr)
    rule = plain_weights if estimator is Estimator.SCM else ridge_rule(comparison)
    return lambda sets, start, periods: _each(
        [comparison.placebo(rows, start, periods) for rows in sets], lambda placement: _conformal(placement, rule)
    )


def _each(placements: list[Comparison], judge: Callable[[Comparison], tuple[float, float]]) -> Placebos:
    judged = np.array([judge(placement) for placement in placements])
    return Placebos(judged[:, 0], judged[:, 1])


def _tbr(placement: Comparison) -> tuple[float, float]:
    effect = time_based_regression(
        placement.treated.sum(axis=0), placement.donors.sum(axis=0), placement.periods_before
    )
    share = effect.estimate / float(effect.counterfactual[placement.periods_before :].sum())
    return share, t_p_value(effect.estimate, effect.standard_error, effect.degrees_of_freedom)


def _conformal(placement: Comparison, rule: WeightRule) -> tuple[float, float]:
    """The p-value of no effect alone: at most the one a finding reports, so it errs towards more false positives."""
    _, predicted = counterfactual(placement, rule)
    window = slice(placement.periods_before, None)
    share = float((placement.average - predicted)[window].sum() / predicted[window].sum())
    return share, conformal_p_value(placement, rule)


def _sdid_window(placements: list[Comparison]) -> Placebos:
    """Every placement against the spread of the others in its window."""
    effects = np.array([sdid_effect(placement) for placement in placements])
    count = len(effects)
    p_values = [
        t_p_value(float(effect), float(np.sqrt(np.mean(np.delete(effects, place) ** 2))), count - 2)
        for place, effect in enumerate(effects)
    ]
    return Placebos(effects, np.array(p_values))


def _trimmed_placebos(comparison: Comparison, windows: PlaceboWindows, generator: np.random.Generator) -> Placebos:
    """The pairs' differences with the coin thrown again; whether there is an effect does not depend on spend."""
    first, second = comparison.pairs.T
    difference = comparison.treated[first] - comparison.donors[second]
    both = comparison.treated[first] + comparison.donors[second]
    ones, lifts, p_values = np.ones(len(first)), [], []
    for start in windows.starts:
        window = slice(start, start + windows.periods)
        sums: FloatArray = difference[:, window].sum(axis=1)
        for _ in range(PER_WINDOW):
            found = trimmed_match(sums * generator.choice((-1.0, 1.0), len(sums)), ones, 0.9)
            p_values.append(found.p_value)
            lifts.append(found.ratio.estimate * len(sums) / (both[:, window].sum() / 2))
    return Placebos(np.array(lifts), np.array(p_values), windows=len(windows.starts))
