"""A log density in, coordinates out in which it is nearly round: the mode, and the curvature there.

Sampling in them starts with the scales that warm-up would otherwise spend most of its gradients to find. They change
no density, only the way to it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

FloatArray = NDArray[np.float64]
Density = Callable[[FloatArray], tuple[float, FloatArray]]
"""Position `(P,)` to log density and its gradient `(P,)`."""

STEPS = 150
DIFFERENCE = 1e-3
LEAST_CURVATURE = 0.5
"""Parameters are scores or logs with priors of a unit or less; a flatter direction is no wider than the prior."""
START_WIDTH = 2.0
"""Chains start uniformly this many standard deviations around the mode, apart from each other."""
OUT_OF_REACH = 1e12


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Positions as `centre + root @ y`, with y near a standard normal: centre `(P,)`, root `(P, P)`."""

    centre: FloatArray
    root: FloatArray

    def position(self, y: FloatArray) -> FloatArray:
        """The position of a point in these coordinates."""
        position: FloatArray = self.centre + self.root @ y
        return position

    def gradient(self, gradient: FloatArray) -> FloatArray:
        """A gradient by position as one by y."""
        by_y: FloatArray = np.ascontiguousarray(self.root.T @ gradient)
        return by_y

    def start(self, seed: int) -> FloatArray:
        """Where a chain of that seed starts, as y."""
        return np.random.default_rng(seed).uniform(-START_WIDTH, START_WIDTH, len(self.centre))


def round_coordinates(density: Density, start: FloatArray) -> Coordinates:
    """Coordinates around the density's mode; around the start, where no mode is found.

    Args:
        density: log density and gradient.
        start: where to look from, `(P,)`.
    """

    def downhill(position: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = density(position)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return OUT_OF_REACH, np.zeros_like(position)
        return -value, -gradient

    found = minimize(downhill, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    curvature = _curvature(downhill, found.x)
    if not np.isfinite(curvature).all():
        return Coordinates(start, np.eye(len(start)))
    values, vectors = np.linalg.eigh(curvature)
    return Coordinates(found.x, vectors / np.sqrt(np.maximum(values, LEAST_CURVATURE)))


def _curvature(downhill: Density, centre: FloatArray) -> FloatArray:
    """Hessian by central differences of the gradient, `(P, P)`."""
    steps = DIFFERENCE * np.eye(len(centre))
    rows = [downhill(centre + step)[1] - downhill(centre - step)[1] for step in steps]
    hessian = np.stack(rows) / (2.0 * DIFFERENCE)
    return (hessian + hessian.T) / 2.0
