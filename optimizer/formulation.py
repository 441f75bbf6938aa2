"""Piecewise curves and labelled rows -> arrays for the solver.

`envelope_form` is a linear program over the upper concave envelopes: a bound, and exact where curves are concave.
`spend_form` knows no curves: spend alone, for questions of feasibility. The exact form is in `optimizer.exact_form`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.piecewise import upper_hull
from optimizer.program import Program, limits_of
from optimizer.restrictions import Restrictions
from optimizer.solver import Formulation

FloatArray = NDArray[np.float64]


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
