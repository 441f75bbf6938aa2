"""Synthetic difference-in-differences: a comparison in, the effect and the counterfactual out.

Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021): donors are weighted to move like the treated geos, periods
before the window to look like the window, and the difference of differences is taken with both weights.
"""

from dataclasses import dataclass

import numpy as np

from measurement.geotest.comparison import Comparison, FloatArray
from measurement.geotest.simplex import simplex_weights

TIME_RIDGE = 1e-6
"""Of the noise scale; makes the period weights unique."""


@dataclass(frozen=True)
class DifferenceInDifferences:
    """Weights of donors `(J,)` and of periods before the window `(T0,)`, and the counterfactual `(T,)` they give."""

    weights: FloatArray
    period_weights: FloatArray
    counterfactual: FloatArray


def synthetic_difference_in_differences(comparison: Comparison) -> DifferenceInDifferences:
    """Fit both sets of weights before the window and place the counterfactual."""
    before = slice(0, comparison.periods_before)
    donors, window = comparison.donors, slice(comparison.periods_before, None)
    noise = float(np.diff(donors[:, before], axis=1).std(ddof=1))
    count = len(comparison.treated) * comparison.periods
    weights = _ridge_simplex(donors[:, before].T, comparison.average[before], count**0.25 * noise)
    period_weights = _ridge_simplex(donors[:, before], donors[:, window].mean(axis=1), TIME_RIDGE * noise)
    synthetic = weights @ donors
    level = period_weights @ (comparison.average[before] - synthetic[before])
    return DifferenceInDifferences(weights, period_weights, synthetic + level)


def _ridge_simplex(columns: FloatArray, target: FloatArray, ridge: float) -> FloatArray:
    """Weights on the simplex of columns `(N, K)` for `target` `(N,)`, free in level, with penalty N ridge^2 |w|^2."""
    centred = columns - columns.mean(axis=0)
    gram = centred.T @ centred + len(target) * ridge**2 * np.eye(columns.shape[1])
    return simplex_weights(gram, centred.T @ (target - target.mean()))
