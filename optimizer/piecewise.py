"""A channel's mean curve on its grid -> breakpoints where spend may lie, split into concave runs.

The function that is optimised is the linear interpolant of the posterior-mean curve on the grid. Beyond the last
grid point nothing more is assumed to be sold: the curve goes on flat.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SLOPE_TOLERANCE = 1e-9  # relative to the steepest slope: two slopes this close count as equal


@dataclass(frozen=True)
class Piecewise:
    """A piecewise linear function on a union of intervals.

    Attributes:
        breakpoints: allowed spends in cents, `(P,)`, rising.
        values: objective there, `(P,)`, in money.
        runs: first and last index of each maximal stretch on which the function is defined and concave; a run with
            first == last is a single allowed point. Neighbouring runs may share a point.
    """

    breakpoints: FloatArray
    values: FloatArray
    runs: tuple[tuple[int, int], ...]

    @property
    def is_concave(self) -> bool:
        """Whether one run covers everything."""
        return len(self.runs) == 1

    def run_at(self, spend_cents: float) -> int:
        """Index of the run nearest to a spend."""
        x = self.breakpoints
        distances = [max(x[first] - spend_cents, spend_cents - x[last], 0.0) for first, last in self.runs]
        return int(np.argmin(distances))

    def only_run(self, run: int) -> "Piecewise":
        """This function on one of its runs."""
        first, last = self.runs[run]
        part = slice(first, last + 1)
        return Piecewise(self.breakpoints[part], self.values[part], ((0, last - first),))

    def concave_also(self, heights: FloatArray) -> "Piecewise":
        """Runs cut further, so that another function with these heights at the breakpoints is concave on each, too."""
        runs: list[tuple[int, int]] = []
        for first, last in self.runs:
            part = slice(first, last + 1)
            runs.extend((first + a, first + b) for a, b in _concave_runs(self.breakpoints[part], heights[part]))
        return replace(self, runs=tuple(runs))

    def stretch(self, first: int, last: int) -> "Piecewise":
        """The function between two of its breakpoints, by their indices."""
        runs = tuple(
            (max(a, first) - first, min(b, last) - first)
            for a, b in self.runs
            if max(a, first) < min(b, last) or (a == b and first <= a <= last)
        )
        return Piecewise(self.breakpoints[first : last + 1], self.values[first : last + 1], runs or ((0, 0),))

    def contains(self, spend_cents: float, tolerance_cents: float) -> bool:
        """Whether a spend lies in the union of intervals."""
        first, last = self.runs[self.run_at(spend_cents)]
        low, high = self.breakpoints[first], self.breakpoints[last]
        return bool(low - tolerance_cents <= spend_cents <= high + tolerance_cents)


def only_multiples(curve: Piecewise, step: int) -> Piecewise:
    """The function on those multiples of `step` cents that lie in its intervals, each a point by itself."""
    last = int(curve.breakpoints[-1]) // step
    points = np.array([k * step for k in range(last + 1) if curve.contains(k * step, 0.0)], dtype=np.float64)
    heights = interpolate(curve.breakpoints, curve.values, points)
    return Piecewise(points, heights, tuple((index, index) for index in range(len(points))))


def interpolate(grid: FloatArray, values: FloatArray, spend: FloatArray | float) -> FloatArray:
    """The linear interpolant of `values` (K,) on `grid` (K,), flat beyond its ends."""
    result: FloatArray = np.asarray(np.interp(spend, grid, values), dtype=np.float64)
    return result


def restrict(grid_cents: FloatArray, values: FloatArray, lower: int, upper: int, minimum_viable: int) -> Piecewise:
    """The curve between `lower` and `upper` cents, and nothing between 0 and `minimum_viable`.

    Args:
        grid_cents: `(K,)`, rising.
        values: objective at the grid, `(K,)`.
        lower: least spend.
        upper: largest spend, at least `lower`.
        minimum_viable: 0 where there is no such rule.
    """
    from_here = max(lower, minimum_viable)
    if from_here > upper:
        return _stretch(grid_cents, values, lower, lower)
    stretch = _stretch(grid_cents, values, from_here, upper)
    if lower > 0 or from_here == 0:
        return stretch
    points = np.concatenate([[0.0], stretch.breakpoints])
    heights = np.concatenate([interpolate(grid_cents, values, 0.0)[None], stretch.values])
    return Piecewise(points, heights, ((0, 0), *((a + 1, b + 1) for a, b in stretch.runs)))


def _stretch(grid: FloatArray, values: FloatArray, lower: int, upper: int) -> Piecewise:
    inner = grid[(grid > lower) & (grid < upper)]
    points = np.array([lower, *inner, upper] if upper > lower else [lower], dtype=np.float64)
    heights = interpolate(grid, values, points)
    return Piecewise(points, heights, _concave_runs(points, heights))


def _concave_runs(points: FloatArray, heights: FloatArray) -> tuple[tuple[int, int], ...]:
    if len(points) == 1:
        return ((0, 0),)
    slopes = np.diff(heights) / np.diff(points)
    tolerance = SLOPE_TOLERANCE * float(np.abs(slopes).max(initial=0.0))
    turns = np.flatnonzero(np.diff(slopes) > tolerance) + 1
    ends = [0, *turns.tolist(), len(points) - 1]
    return tuple((int(a), int(b)) for a, b in pairwise(ends))
