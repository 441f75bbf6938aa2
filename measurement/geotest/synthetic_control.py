"""Synthetic control with and without ridge augmentation: a comparison in, weights of the donors out.

Series are centred on their pre-period means ("fixed effects"), so donors need match the movements, not the level.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from measurement.geotest.comparison import Comparison, FloatArray
from measurement.geotest.simplex import simplex_weights

WeightRule = Callable[[FloatArray, FloatArray], FloatArray]
"""Centred donors `(J, T)` and a centred target `(T,)` in, weights `(J,)` out."""

PENALTIES = 20
SMALLEST_PENALTY = 1e-8
"""Relative to the largest; the grid has `PENALTIES` steps between them."""


def plain_weights(donors: FloatArray, target: FloatArray) -> FloatArray:
    """Weights on the simplex, Abadie, Diamond and Hainmueller (2010), on centred series."""
    return simplex_weights(donors @ donors.T, donors @ target)


@dataclass(frozen=True)
class RidgeRule:
    """Weights on the simplex, moved by a ridge regression of what they leave unexplained (Ben-Michael et al. 2021).

    Attributes:
        penalty: relative to the largest eigenvalue of the donors' Gram matrix.
    """

    penalty: float

    def __call__(self, donors: FloatArray, target: FloatArray) -> FloatArray:
        """Weights that add up to one and may be negative, `(J,)`."""
        base = plain_weights(donors, target)
        shared = donors.mean(axis=0)
        moves = _ridge_moves(donors - shared, target - shared, base, np.array([self.penalty]))
        weights: FloatArray = base + moves[0]
        return weights


def chosen_ridge(donors: FloatArray, target: FloatArray) -> RidgeRule:
    """The rule with the largest penalty whose leave-one-period-out error is within one standard error of the least.

    Each period in turn but the last is left out, and predicted with weights of the others, as augsynth does.
    """
    shared = donors.mean(axis=0)
    inner, aim = donors - shared, target - shared
    relative = SMALLEST_PENALTY ** (np.arange(PENALTIES + 1) / PENALTIES)
    largest = _largest(inner)
    start = plain_weights(donors, target)
    errors = np.zeros((donors.shape[1] - 1, len(relative)))
    for left_out in range(len(errors)):
        kept = np.arange(donors.shape[1]) != left_out
        base = simplex_weights(inner[:, kept] @ inner[:, kept].T, inner[:, kept] @ aim[kept], start)
        moves = _ridge_moves(inner[:, kept], aim[kept], base, relative * largest / _largest(inner[:, kept]))
        errors[left_out] = (aim[left_out] - (base + moves) @ inner[:, left_out]) ** 2
    mean = errors.mean(axis=0)
    best = int(mean.argmin())
    spread = errors[:, best].std(ddof=1) / np.sqrt(len(errors))
    return RidgeRule(float(relative[mean <= mean[best] + spread].max()))


def counterfactual(comparison: Comparison, rule: WeightRule) -> tuple[FloatArray, FloatArray]:
    """Weights `(J,)` fitted before the window, and the treated geos' mean as they predict it, `(T,)`."""
    before = slice(0, comparison.periods_before)
    level = comparison.average[before].mean()
    target = comparison.average[before] - level
    donors = comparison.donors - comparison.donors[:, before].mean(axis=1, keepdims=True)
    weights = rule(donors[:, before], target)
    return weights, level + weights @ donors


def _largest(donors: FloatArray) -> float:
    return float(np.linalg.eigvalsh(donors @ donors.T)[-1])


def _ridge_moves(donors: FloatArray, target: FloatArray, base: FloatArray, penalties: FloatArray) -> FloatArray:
    """How far ridge regression moves the weights, one row per relative penalty, `(P, J)`."""
    values, vectors = np.linalg.eigh(donors @ donors.T)
    aimed = vectors.T @ (donors @ (target - base @ donors))
    moves: FloatArray = (aimed / (np.maximum(values, 0.0) + penalties[:, None] * values[-1])) @ vectors.T
    return moves
