"""A program and prices for its rows -> what no plan can exceed; and the optimum with its proof, as a value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.program import Program

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Optimum:
    """The best spend found.

    Attributes:
        spend: cents per channel, not yet whole, `(C,)`.
        value: objective there, in money.
        bound: proven limit on the objective of any plan.
        row_prices: duals of the relaxation, one per row and value row, which prove its bound.
    """

    spend: FloatArray
    value: float
    bound: float
    row_prices: FloatArray


def relative_gap(bound: float, value: float) -> float:
    """Distance of `value` to `bound` as a fraction of the larger of the two in size."""
    size = max(abs(bound), abs(value))
    return max(0.0, bound - value) / size if size > 0 else 0.0


def lagrangian_bound(program: Program, row_prices: FloatArray) -> float:
    """A bound that holds for any prices (weak duality), so it does not rest on the solver's tolerances.

    Each row and value row is priced; what is left is, per channel, a maximum over breakpoints, taken exactly.
    """
    of_rows, reduced = priced_out(program, row_prices)
    return program.constant + of_rows + sum(float(heights.max()) for heights in reduced)


def priced_out(program: Program, row_prices: FloatArray) -> tuple[float, list[FloatArray]]:
    """What the rows' limits are worth at these prices, and each curve's heights at its breakpoints less its prices."""
    lower, upper = program.limits
    least = np.array([row.least for row in program.value_rows])
    lower, upper = np.concatenate([lower, least]), np.concatenate([upper, np.full(len(least), np.inf)])
    prices = np.where(np.isinf(upper), np.minimum(row_prices, 0.0), row_prices)
    prices = np.where(np.isinf(lower), np.maximum(prices, 0.0), prices)
    limit = np.where(prices > 0, np.where(np.isinf(upper), 0.0, upper), np.where(np.isinf(lower), 0.0, lower))
    spend_prices, value_prices = prices[: len(program.rows)], prices[len(program.rows) :]
    per_channel = program.weights.T @ spend_prices
    reduced = []
    for channel, curve in enumerate(program.curves):
        heights = curve.values - per_channel[channel] * curve.breakpoints
        for row, price in zip(program.value_rows, value_prices, strict=True):
            heights = heights - price * row.valuation.at(channel, curve.breakpoints)
        reduced.append(heights)
    return float(limit @ prices), reduced
