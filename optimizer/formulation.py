"""Restrictions -> arrays for the solver that know no curves: spend alone, for questions of feasibility."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.program import limits_of
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
