"""Least squares with weights not below zero that add up to one: a Gram matrix and a target in, exact weights out."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_RIDGE = 1e-12
"""Relative to the mean diagonal; only breaks ties between donors that are copies of each other."""


def simplex_weights(gram: FloatArray, target: FloatArray, start: FloatArray | None = None) -> FloatArray:
    """Minimise w'Gw/2 - t'w over the simplex, by the active-set method of Lawson and Hanson (1974) with one equality.

    Args:
        gram: G, `(J, J)`, positive semi-definite.
        target: t, `(J,)`.
        start: weights of a like problem, from which fewer steps are needed.

    Returns:
        The weights, `(J,)`.
    """
    count = len(target)
    ridge = _RIDGE * max(float(np.trace(gram)) / count, np.finfo(float).tiny)
    weights = np.zeros(count)
    if start is None:
        weights[int(np.argmin(0.5 * np.diag(gram) - target))] = 1.0
    else:
        weights[:] = start
    free = weights > 0
    tolerance = 1e-11 * max(float(np.abs(gram).max()), float(np.abs(target).max()))
    for _ in range(20 * count + 20):
        rows = np.flatnonzero(free)
        wanted, multiplier = _unconstrained(gram[np.ix_(rows, rows)], target[rows], ridge)
        if wanted.min() > 0 or len(rows) == 1:
            weights[:] = 0.0
            weights[rows] = wanted
            slope = gram @ weights - target + multiplier
            slope[rows] = 0.0
            steepest = int(np.argmin(slope))
            if slope[steepest] >= -tolerance:
                break
            free[steepest] = True
        else:
            _step_towards(weights, free, rows, wanted)
    total: FloatArray = weights / weights.sum()
    return total


def _unconstrained(gram: FloatArray, target: FloatArray, ridge: float) -> tuple[FloatArray, float]:
    """The minimum over the free weights that add up to one, and the multiplier of that sum."""
    size = len(target)
    system = np.ones((size + 1, size + 1))
    system[:size, :size] = gram
    system[np.arange(size), np.arange(size)] += ridge
    system[size, size] = 0.0
    solution = np.linalg.solve(system, np.append(target, 1.0))
    return solution[:size], float(solution[size])


def _step_towards(weights: FloatArray, free: NDArray[np.bool_], rows: NDArray[np.int64], wanted: FloatArray) -> None:
    """Move the free weights towards `wanted` until the first of them reaches zero, and fix that one."""
    here = weights[rows]
    falling = wanted <= 0
    share = here[falling] / np.maximum(here[falling] - wanted[falling], np.finfo(float).tiny)
    step = float(share.min())
    weights[rows] = np.maximum(here + step * (wanted - here), 0.0)
    fixed = rows[falling][share <= step]
    weights[fixed] = 0.0
    free[fixed] = False
