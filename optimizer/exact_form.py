"""A program -> arrays for the solver: a spend is a mixture of the breakpoints of one concave run per channel.

A binary chooses the run: the disaggregated convex combination, whose relaxation is the convex hull of all curves and
values at once (Vielma, Mixed integer linear programming formulation techniques, SIAM Review 57, 2015). Where each
channel has one run, nothing is integer and the form is that relaxation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.formulation import SpendFormulation
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


def exact_form(program: Program, cuts: Sequence[Valuation] = ()) -> SpendFormulation:
    """The program over the curves themselves; rows come in the order spend, values, cuts.

    Variables: weights of breakpoints, a binary per run where a channel has several, the number of steps where spend
    comes in steps, and, where there are cuts, the objective itself.

    Args:
        program: what is solved.
        cuts: the objective is then the least of these valuations instead of the sum of the curves.
    """
    points = _points(program)
    integers = _Integers.of(program, points)
    count = points.count + integers.count + bool(cuts)
    spend_of = sparse.csr_matrix(
        (points.at, (points.channel, np.arange(points.count))), shape=(len(program.curves), count)
    )
    lower, upper = program.limits
    values = [row.valuation for row in program.value_rows]
    blocks = [
        sparse.csr_matrix(program.weights) @ spend_of,
        *(_heights(valuation, points, count) for valuation in values),
        *(_heights(cut, points, count, -1.0) for cut in cuts),
        integers.rows(program, points, spend_of),
    ]
    own_lower, own_upper = integers.limits()
    least = [row.least for row in program.value_rows] + [0.0] * len(cuts)
    return SpendFormulation(
        Formulation(
            objective=np.append(np.zeros(count - 1), 1.0) if cuts else _padded(points.worth, count),
            lower=_lower(count, points, cuts),
            upper=_upper(count, points, integers, cuts),
            is_integer=integers.is_integer(points, count),
            rows=sparse.csr_matrix(sparse.vstack(blocks)),
            row_lower=np.concatenate([lower, least, own_lower]),
            row_upper=np.concatenate([upper, np.full(len(least), np.inf), own_upper]),
        ),
        spend_of,
        np.zeros(len(program.curves)),
    )


def relaxed_form(program: Program, cuts: Sequence[Valuation] = ()) -> SpendFormulation:
    """The linear program over the convex hull of curves and values: no runs, no steps."""
    curves = tuple(curve.merged() for curve in program.curves)
    return exact_form(replace(program, curves=curves, steps=tuple(0 for _ in curves)), cuts)


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


def _heights(valuation: Valuation, points: _Points, count: int, objective: float = 0.0) -> sparse.csr_matrix:
    row = np.zeros(count)
    for channel in range(len(valuation.grids)):
        mine = np.flatnonzero(points.channel == channel)
        row[mine] = valuation.at(channel, points.at[mine])
    if objective:
        row[-1] = objective
    return sparse.csr_matrix(row)


def _lower(count: int, points: _Points, cuts: Sequence[Valuation]) -> FloatArray:
    lower = np.zeros(count)
    if cuts:
        lower[-1] = -_reach(cuts)
    return lower


def _upper(count: int, points: _Points, integers: _Integers, cuts: Sequence[Valuation]) -> FloatArray:
    upper = np.ones(count)
    first_step = points.count + len(integers.runs)
    upper[first_step : first_step + len(integers.stepped)] = integers.most_steps
    if cuts:
        upper[-1] = _reach(cuts)
    return upper


def _reach(cuts: Sequence[Valuation]) -> float:
    """No objective lies further from zero."""
    return 1.0 + sum(float(max(np.abs(cut.heights[c]).max() for cut in cuts)) for c in range(len(cuts[0].heights)))


def _padded(values: FloatArray, count: int) -> FloatArray:
    return np.concatenate([values, np.zeros(count - len(values))])
