"""Piecewise curves and labelled rows -> arrays for the solver, in three forms.

`envelope_form` is a linear program over the upper concave envelopes: a bound, and exact where curves are concave.
`exact_form` chooses one concave run per channel with a binary each: the disjunctive formulation, whose relaxation is
the envelope (Vielma, Mixed integer linear programming formulation techniques, SIAM Review 57, 2015).
`spend_form` knows no curves: spend alone, for questions of feasibility.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.piecewise import Piecewise, upper_hull
from optimizer.restrictions import Restrictions, Row
from optimizer.solver import Formulation

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """Best sum of the curves' values under the rows.

    Attributes:
        curves: one per channel, on the spends that the channel's own rules allow.
        rows: rules that join channels.
        steps: cents, 0 for none, length C.
        constant: money that counts whatever is spent.
    """

    curves: tuple[Piecewise, ...]
    rows: tuple[Row, ...]
    steps: tuple[int, ...]
    constant: float = 0.0

    @property
    def weights(self) -> FloatArray:
        """Coefficients of the rows on the channels' spend, `(M, C)`."""
        return np.array([row.weights(len(self.curves)) for row in self.rows]).reshape(-1, len(self.curves))

    @property
    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits of the rows in cents, `(M,)` each."""
        return limits_of(self.rows)

    def value(self, spend_cents: FloatArray) -> float:
        """Objective at a spend `(C,)`, in money."""
        pairs = zip(self.curves, spend_cents, strict=True)
        return self.constant + float(sum(np.interp(x, curve.breakpoints, curve.values) for curve, x in pairs))


@dataclass(frozen=True)
class SpendFormulation:
    """A formulation whose variables give the channels' spend as `offset + spend_of @ values`, `(C,)`, in cents."""

    formulation: Formulation
    spend_of: sparse.csr_matrix
    offset: FloatArray

    def spend(self, values: FloatArray) -> FloatArray:
        """Spend per channel in cents."""
        result: FloatArray = self.offset + self.spend_of @ values
        return result


def limits_of(rows: tuple[Row, ...]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits in cents, infinite where a row has none."""
    lower = np.array([-np.inf if row.lower is None else row.lower for row in rows], dtype=np.float64)
    upper = np.array([np.inf if row.upper is None else row.upper for row in rows], dtype=np.float64)
    return lower, upper


def envelope_form(program: Program) -> SpendFormulation:
    """The linear program over the envelopes; a variable is the filled fraction of one piece of one envelope."""
    widths, gains, owner = [], [], []
    for channel, curve in enumerate(program.curves):
        hull = upper_hull(curve.breakpoints, curve.values)
        widths.append(np.diff(curve.breakpoints[hull]))
        gains.append(np.diff(curve.values[hull]))
        owner.append(np.full(len(hull) - 1, channel))
    width, gain, channel_of = np.concatenate(widths), np.concatenate(gains), np.concatenate(owner).astype(int)
    count = len(width)
    spend_of = sparse.csr_matrix((width, (channel_of, np.arange(count))), shape=(len(program.curves), count))
    offset = np.array([curve.breakpoints[0] for curve in program.curves])
    lower, upper = program.limits
    shift = program.weights @ offset
    formulation = Formulation(
        objective=gain,
        lower=np.zeros(count),
        upper=np.ones(count),
        is_integer=np.zeros(count, dtype=bool),
        rows=sparse.csr_matrix(sparse.csr_matrix(program.weights) @ spend_of),
        row_lower=lower - shift,
        row_upper=upper - shift,
    )
    return SpendFormulation(formulation, spend_of, offset)


def exact_form(program: Program) -> SpendFormulation:
    """The integer program over the curves themselves.

    Variables: per channel and concave run a binary, and the filled fraction of each of its pieces, at most the
    binary; per stepped channel the number of steps.
    """
    columns = _Columns(len(program.curves))
    for channel, curve in enumerate(program.curves):
        _add_runs(columns, channel, curve)
        if program.steps[channel]:
            _add_steps(columns, channel, program)
    return columns.close(program)


def spend_form(restrictions: Restrictions, objective: FloatArray) -> SpendFormulation:
    """Spend alone under all restrictions, with a linear objective `(C,)` per cent of money.

    Variables: the channels' spend; per jump an integer.
    """
    channels, jumps = len(restrictions.channels), restrictions.jumps
    count = channels + len(jumps)
    ends = np.array(restrictions.curve_ends, dtype=np.float64)
    lower, upper = limits_of(restrictions.rows)
    weights = np.array([row.weights(channels) for row in restrictions.rows]).reshape(-1, channels)
    blocks = [sparse.hstack([sparse.csr_matrix(weights), sparse.csr_matrix((len(lower), len(jumps)))])]
    most = np.ones(len(jumps))
    for index, jump in enumerate(jumps):
        end = ends[jump.channel]
        most[index] = end // jump.step if jump.step else 1
        low, high = (jump.step, jump.step) if jump.step else (jump.minimum_viable, end)
        block = sparse.lil_matrix((2, count))
        block[0, jump.channel] = block[1, jump.channel] = 1.0
        block[0, channels + index], block[1, channels + index] = -low, -high
        blocks.append(block)
        lower, upper = np.append(lower, [0.0, -np.inf]), np.append(upper, [np.inf, 0.0])
    formulation = Formulation(
        objective=np.concatenate([objective, np.zeros(len(jumps))]),
        lower=np.zeros(count),
        upper=np.concatenate([ends, most]),
        is_integer=np.arange(count) >= channels,
        rows=sparse.csr_matrix(sparse.vstack(blocks)),
        row_lower=lower,
        row_upper=upper,
    )
    return SpendFormulation(formulation, sparse.csr_matrix(sparse.eye(channels, count)), np.zeros(channels))


class _Columns:
    """Variables and rows of the exact form while they are collected."""

    def __init__(self, channels: int) -> None:
        self.objective: list[float] = []
        self.upper: list[float] = []
        self.is_integer: list[bool] = []
        self.spend: list[dict[int, float]] = [{} for _ in range(channels)]
        self.rows: list[dict[int, float]] = []
        self.limits: list[tuple[float, float]] = []

    def add(self, objective: float, upper: float, is_integer: bool) -> int:
        self.objective.append(objective)
        self.upper.append(upper)
        self.is_integer.append(is_integer)
        return len(self.objective) - 1

    def add_row(self, entries: dict[int, float], lower: float, upper: float) -> None:
        self.rows.append(entries)
        self.limits.append((lower, upper))

    def close(self, program: Program) -> SpendFormulation:
        count = len(self.objective)
        spend_of = _matrix(self.spend, count)
        lower, upper = program.limits
        own = np.array(self.limits, dtype=np.float64).reshape(-1, 2)
        formulation = Formulation(
            objective=np.array(self.objective),
            lower=np.zeros(count),
            upper=np.array(self.upper, dtype=np.float64),
            is_integer=np.array(self.is_integer, dtype=bool),
            rows=sparse.csr_matrix(
                sparse.vstack([sparse.csr_matrix(program.weights) @ spend_of, _matrix(self.rows, count)])
            ),
            row_lower=np.concatenate([lower, own[:, 0]]),
            row_upper=np.concatenate([upper, own[:, 1]]),
        )
        return SpendFormulation(formulation, spend_of, np.zeros(len(program.curves)))


def _add_runs(columns: _Columns, channel: int, curve: Piecewise) -> None:
    chosen = []
    for first, last in curve.runs:
        run = columns.add(float(curve.values[first]), 1.0, True)
        chosen.append(run)
        columns.spend[channel][run] = float(curve.breakpoints[first])
        for piece in range(first, last):
            gain = float(curve.values[piece + 1] - curve.values[piece])
            fill = columns.add(gain, 1.0, False)
            columns.spend[channel][fill] = float(curve.breakpoints[piece + 1] - curve.breakpoints[piece])
            columns.add_row({fill: 1.0, run: -1.0}, -np.inf, 0.0)
    columns.add_row(dict.fromkeys(chosen, 1.0), 1.0, 1.0)


def _add_steps(columns: _Columns, channel: int, program: Program) -> None:
    step, last = program.steps[channel], program.curves[channel].breakpoints[-1]
    number = columns.add(0.0, float(last // step), True)
    columns.add_row(dict(columns.spend[channel]) | {number: -float(step)}, 0.0, 0.0)


def _matrix(entries: list[dict[int, float]], columns: int) -> sparse.csr_matrix:
    triples = [(row, column, value) for row, entry in enumerate(entries) for column, value in entry.items()]
    if not triples:
        return sparse.csr_matrix((len(entries), columns))
    row, column, value = zip(*triples, strict=True)
    return sparse.csr_matrix((value, (row, column)), shape=(len(entries), columns))
