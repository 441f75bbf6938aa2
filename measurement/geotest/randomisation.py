"""Randomisation inference by the assignment rule: a comparison in, an exact p-value and interval out.

Treatment could have fallen on other geos: on the other geo of each pair, or on any set of as many. Under each effect
(a share of every treated geo's sales before the window) the statistic of all such assignments is compared with the
one that was drawn. The statistic is linear in the effect, so the inversion is exact and p-values fall on both sides.
"""

from itertools import combinations, product
from math import comb

import numpy as np

from measurement.geotest.comparison import PER_WINDOW, BoolArray, Comparison, FloatArray, PlaceboWindows
from measurement.geotest.finding import TIE, Finding, Placebos, Range

DRAWS = 4999
"""Random assignments where there are too many to go through."""


def randomisation_finding(comparison: Comparison, level: float, seed: int) -> Finding:
    """Lift with interval and p-value."""
    generator = np.random.default_rng(seed)
    assignments = _assignments(comparison, generator)
    low_ends, high_ends, effect = _accepted(comparison, assignments)
    low, high = accepted_interval(low_ends, high_ends, 1 - level)
    before = slice(0, comparison.periods_before)
    unit = float(comparison.average[before].mean()) * comparison.cells
    volumes = comparison.donors[:, before].mean(axis=1)
    weights = volumes / volumes.sum()
    counterfactual = comparison.average[before].mean() * comparison.donors.sum(axis=0) / volumes.sum()
    gap = (comparison.average - counterfactual)[comparison.periods_before :].mean()
    counterfactual[comparison.periods_before :] += gap - effect * unit / comparison.cells
    how = "within pairs" if len(comparison.pairs) else "of as many geos"
    return Finding(
        lift=Range(effect * unit, min(low, effect) * unit, max(high, effect) * unit),
        p_value=p_value_of(low_ends, high_ends),
        counterfactual=counterfactual,
        weights=weights,
        inference=f"randomisation test over {len(assignments):,} assignments {how}",
        notes=()
        if len(comparison.pairs)
        else (
            "the interval is exact if the treated geos were drawn at random; chosen by hand, it is an approximation",
        ),
    )


def randomisation_placebos(comparison: Comparison, windows: PlaceboWindows, seed: int) -> Placebos:
    """The same test with re-drawn assignments in windows before the test."""
    generator = np.random.default_rng(seed)
    assignments = _assignments(comparison, generator)
    p_values, lifts = [], []
    for start in windows.starts:
        for row in generator.choice(len(assignments), size=PER_WINDOW):
            placement = comparison.placebo(np.flatnonzero(assignments[row]), start, windows.periods)
            order = np.concatenate([np.flatnonzero(assignments[row]), np.flatnonzero(~assignments[row])])
            drawn_first = np.concatenate([assignments[row : row + 1], np.delete(assignments, row, axis=0)])
            low_ends, high_ends, effect = _accepted(placement, drawn_first[:, order])
            p_values.append(p_value_of(low_ends, high_ends))
            base = placement.treated[:, : placement.periods_before].mean()
            lifts.append(effect / (placement.treated[:, placement.periods_before :].mean() / base - effect))
    return Placebos(np.array(lifts), np.array(p_values), windows=len(windows.starts))


def assignment_count(comparison: Comparison) -> int:
    """How many assignments the rule could have drawn."""
    treated, geos = len(comparison.treated), len(comparison.treated) + len(comparison.donors)
    return int(2 ** len(comparison.pairs)) if len(comparison.pairs) else comb(geos, treated)


def _assignments(comparison: Comparison, generator: np.random.Generator) -> BoolArray:
    """Assignments that could have been drawn, the actual one first, `(R, N + J)`; geos in the order of `everyone()`."""
    treated, geos = len(comparison.treated), len(comparison.treated) + len(comparison.donors)
    actual = np.arange(geos) < treated
    if len(comparison.pairs):
        drawn = coin_flips(len(comparison.pairs), generator)
        made = np.zeros((len(drawn), geos), dtype=bool)
        for pair, (first, second) in enumerate(comparison.pairs):
            made[:, first], made[:, treated + second] = drawn[:, pair], ~drawn[:, pair]
    elif comb(geos, treated) <= DRAWS:
        rows = list(combinations(range(geos), treated))
        made = np.zeros((len(rows), geos), dtype=bool)
        made[np.arange(len(rows))[:, None], rows] = True
    else:
        made = generator.permuted(np.broadcast_to(actual, (DRAWS, geos)), axis=1)
        return np.vstack([actual, made])
    return np.vstack([actual, made[~(made == actual).all(axis=1)]])


def _accepted(comparison: Comparison, assignments: BoolArray) -> tuple[FloatArray, FloatArray, float]:
    """For every assignment the effects under which it is as extreme as the actual one, and the estimate."""
    outcome, before = comparison.everyone(), comparison.periods_before
    volumes = outcome[:, :before].mean(axis=1)
    change = outcome[:, before:].mean(axis=1) / volumes
    treated = assignments[0].astype(np.float64)
    inside = assignments * volumes
    inside = inside / inside.sum(axis=1, keepdims=True)
    outside = ~assignments * volumes
    outside = outside / outside.sum(axis=1, keepdims=True)
    contrast = inside - outside
    return accepted_effects(contrast @ change, contrast @ treated)


def accepted_effects(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Of statistics a - e b, the actual one first, the effects e under which each is as extreme as it; the estimate.

    |a - e b| >= |a0 - e b0| holds between the two effects at which the sides are equal. Low ends, high ends, `(R,)`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (a[0] - a) / (b[0] - b)
        second = (a[0] + a) / (b[0] + b)
    estimate = float(a[0] / b[0])
    same, opposite = np.isclose(b, b[0], rtol=1e-12, atol=1e-12), np.isclose(b, -b[0], rtol=1e-12, atol=1e-12)
    low, high = np.minimum(first, second), np.maximum(first, second)
    low[same | opposite], high[same | opposite] = -np.inf, np.inf
    slack = TIE * max(abs(estimate), TIE)
    return np.minimum(low, estimate) - slack, np.maximum(high, estimate) + slack, estimate


def p_value_of(low: FloatArray, high: FloatArray) -> float:
    """Share of the assignments that are as extreme as the actual one where nothing was caused."""
    return float(((low <= 0) & (high >= 0)).mean())


def accepted_interval(low: FloatArray, high: FloatArray, alpha: float) -> tuple[float, float]:
    """The effects under which more than a share `alpha` of the assignments is as extreme as the actual one."""
    needed = int(np.floor((alpha + TIE) * len(low)))
    return float(np.sort(low)[needed]), float(np.sort(high)[::-1][needed])


def coin_flips(pairs: int, generator: np.random.Generator) -> BoolArray:
    """Every outcome of a coin per pair, `(R, pairs)`, or random ones where there are too many."""
    if 2**pairs <= DRAWS:
        return np.array(list(product((True, False), repeat=pairs)))
    return generator.random((DRAWS, pairs)) < 0.5
