"""A program -> arrays for the solver: a spend is a mixture of the breakpoints of one concave run per channel.

A binary chooses the run: the disaggregated convex combination, whose relaxation is the convex hull of all curves and
values at once (Vielma, Mixed integer linear programming formulation techniques, SIAM Review 57, 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.formulation import SpendFormulation
from optimizer.piecewise import Piecewise
from optimizer.program import Program
from optimizer.solver import Formulation
from optimizer.valuation import Valuation

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class _Points:
    """Breakpoints as variables: `channel`, `run` (counted over all channels) and `at` (cents), `(N,)` each."""

    channel: IntArray
    run: IntArray
    at: FloatArray
    worth: FloatArray
    run_channel: IntArray
    run_size: IntArray

    @property
    def count(self) -> int:
        return len(self.at)


def exact_form(program: Program) -> SpendFormulation:
    """The program over the curves themselves; rows on spend come first, then those on values.

    Variables: weights of breakpoints, a binary per run where a channel has several, the number of steps where spend
    comes in steps too many to be listed.
    """
    points = _points(program)
    integers = _Integers.of(program, points)
    count = points.count + integers.count
    spend_of = sparse.csr_matrix(
        (points.at, (points.channel, np.arange(points.count))), shape=(len(program.curves), count)
    )
    lower, upper = program.limits
    blocks = [
        sparse.csr_matrix(program.weights) @ spend_of,
        *(_heights(row.valuation, points, count) for row in program.value_rows),
        integers.rows(program, points, spend_of),
    ]
    own_lower, own_upper = integers.limits()
    least = [row.least for row in program.value_rows]
    return SpendFormulation(
        Formulation(
            objective=np.concatenate([points.worth, np.zeros(integers.count)]),
            lower=np.zeros(count),
            upper=np.concatenate([np.ones(points.count + len(integers.runs)), integers.most_steps]),
            is_integer=integers.is_integer(points, count),
            rows=sparse.csr_matrix(sparse.vstack(blocks)),
            row_lower=np.concatenate([lower, least, own_lower]),
            row_upper=np.concatenate([upper, np.full(len(least), np.inf), own_upper]),
        ),
        spend_of,
        np.zeros(len(program.curves)),
    )


def relaxed_form(program: Program, cuts: Sequence[Valuation] = ()) -> SpendFormulation:
    """The linear program over the convex hull of curves and values: the weights of each channel's breakpoints sum to 1.

    Built as one dense block, which is quickest at the size of a node.
    """
    curves, channels = program.curves, len(program.curves)
    sizes = [len(curve.breakpoints) for curve in curves]
    channel = np.repeat(np.arange(channels), sizes)
    at = np.concatenate([curve.breakpoints for curve in curves])
    values = [_along(row.valuation, curves) for row in program.value_rows]
    lines = [*(program.weights[:, channel] * at), *values, *(_along(cut, curves) for cut in cuts)]
    rows = np.vstack([*lines, *(channel == c for c in range(channels))]).astype(np.float64)
    if cuts:
        theta = np.zeros(len(rows))
        theta[len(lines) - len(cuts) : len(lines)] = -1.0
        rows = np.column_stack([rows, theta])
    count, ones = rows.shape[1], np.ones(channels)
    least = [row.least for row in program.value_rows] + [0.0] * len(cuts)
    lower, upper = program.limits
    reach = _reach(cuts) if cuts else 1.0
    worth = np.concatenate([curve.values for curve in curves])
    spend_of = sparse.csr_matrix((at, (channel, np.arange(len(at)))), shape=(channels, count))
    return SpendFormulation(
        Formulation(
            objective=np.append(np.zeros(count - 1), 1.0) if cuts else worth,
            lower=np.append(np.zeros(count - 1), -reach if cuts else 0.0),
            upper=np.append(np.ones(count - 1), reach),
            is_integer=np.zeros(count, dtype=bool),
            rows=sparse.csr_matrix(rows),
            row_lower=np.concatenate([lower, least, ones]),
            row_upper=np.concatenate([upper, np.full(len(least), np.inf), ones]),
        ),
        spend_of,
        np.zeros(channels),
    )


def _along(valuation: Valuation, curves: Sequence[Piecewise]) -> FloatArray:
    """Heights at all breakpoints, channel by channel."""
    return np.concatenate([valuation.at(c, curve.breakpoints) for c, curve in enumerate(curves)])


def _points(program: Program) -> _Points:
    pieces = [(channel, *run) for channel, curve in enumerate(program.curves) for run in curve.runs]
    sizes = np.array([last - first + 1 for _, first, last in pieces])
    owner = np.array([channel for channel, _, _ in pieces])
    return _Points(
        channel=np.repeat(owner, sizes),
        run=np.repeat(np.arange(len(pieces)), sizes),
        at=np.concatenate([program.curves[c].breakpoints[first : last + 1] for c, first, last in pieces]),
        worth=np.concatenate([program.curves[c].values[first : last + 1] for c, first, last in pieces]),
        run_channel=owner,
        run_size=sizes,
    )


@dataclass(frozen=True)
class _Integers:
    """Which runs have a binary of their own, and which channels count steps.

    A run of a single point needs none: the point's weight is the binary.
    """

    runs: IntArray
    lone_points: IntArray
    stepped: IntArray
    most_steps: FloatArray
    channels: int

    @classmethod
    def of(cls, program: Program, points: _Points) -> "_Integers":
        choices = np.bincount(points.run_channel, minlength=len(program.curves))[points.run_channel] > 1
        runs = np.flatnonzero(choices & (points.run_size > 1))
        lone = np.flatnonzero((choices & (points.run_size == 1))[points.run])
        stepped = np.array([c for c, curve in enumerate(program.curves) if _counts_steps(program, c)], dtype=np.int64)
        most = np.array([program.curves[c].breakpoints[-1] // program.steps[c] for c in stepped], dtype=np.float64)
        return cls(runs, lone, stepped, most, len(program.curves))

    @property
    def count(self) -> int:
        return len(self.runs) + len(self.stepped)

    def is_integer(self, points: _Points, count: int) -> NDArray[np.bool_]:
        flags = np.zeros(count, dtype=bool)
        flags[points.count : points.count + self.count] = True
        flags[self.lone_points] = True
        return flags

    def rows(self, program: Program, points: _Points, spend_of: sparse.csr_matrix) -> sparse.csr_matrix:
        """One choice per channel; weights in a run only if it is chosen; spend a multiple of the step."""
        count = spend_of.shape[1]
        one_each = sparse.csr_matrix(
            (np.ones(points.count), (points.channel, np.arange(points.count))), shape=(self.channels, count)
        )
        place = np.full(len(points.run_size), -1)
        place[self.runs] = np.arange(len(self.runs))
        chosen = np.flatnonzero(place[points.run] >= 0)
        in_runs = sparse.csr_matrix(
            (np.ones(len(chosen)), (place[points.run[chosen]], chosen)), shape=(len(self.runs), count)
        ) - sparse.csr_matrix(
            (np.ones(len(self.runs)), (np.arange(len(self.runs)), points.count + np.arange(len(self.runs)))),
            shape=(len(self.runs), count),
        )
        steps = np.array([program.steps[c] for c in self.stepped], dtype=np.float64)
        numbers = points.count + len(self.runs) + np.arange(len(self.stepped))
        in_steps = spend_of[self.stepped] - sparse.csr_matrix(
            (steps, (np.arange(len(steps)), numbers)), shape=(len(steps), count)
        )
        return sparse.csr_matrix(sparse.vstack([one_each, in_runs, in_steps]))

    def limits(self) -> tuple[FloatArray, FloatArray]:
        tied = np.zeros(self.count)
        both = np.concatenate([np.ones(self.channels), tied])
        return both, both


def _counts_steps(program: Program, channel: int) -> bool:
    curve, step = program.curves[channel], program.steps[channel]
    return step > 0 and any(first < last for first, last in curve.runs)


def _heights(valuation: Valuation, points: _Points, count: int) -> sparse.csr_matrix:
    row = np.zeros(count)
    for channel in range(len(valuation.grids)):
        mine = np.flatnonzero(points.channel == channel)
        row[mine] = valuation.at(channel, points.at[mine])
    return sparse.csr_matrix(row)


def _reach(cuts: Sequence[Valuation]) -> float:
    """No objective lies further from zero."""
    return 1.0 + sum(float(max(np.abs(cut.heights[c]).max() for cut in cuts)) for c in range(len(cuts[0].heights)))
