"""A program -> the best mixture of the breakpoints it allows: a linear program, whose value no plan exceeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.exact_form import relaxed_form
from optimizer.formulation import SpendFormulation
from optimizer.program import Program
from optimizer.proof import lagrangian_bound
from optimizer.solver import Deadline, Solution, SolutionStatus, solve
from optimizer.valuation import Valuation

FloatArray = NDArray[np.float64]
TOO_SHORT = "The time given was too short to find any plan that keeps the rules."
LEAST_WEIGHT = 1e-9


@dataclass(frozen=True)
class Mixture:
    """The best mixture of the breakpoints that a program allows.

    Attributes:
        spend: its mean spend in cents, `(C,)`; a plan of its own where the curves are concave.
        weights: of the breakpoints, one array per channel.
        bound: no plan within these breakpoints reaches more.
        row_prices: duals, one per row and value row, which prove the bound.
        cuts: with risk, those that hold it down.
    """

    spend: FloatArray
    weights: tuple[FloatArray, ...]
    bound: float
    row_prices: FloatArray
    cuts: tuple[Valuation, ...] = ()


def best_mixture(program: Program, deadline: Deadline) -> Mixture | None:
    """The best mixture by the program's own curves; `None` where nothing keeps the rules.

    Raises:
        DeadlineExceeded: not solved in time.
    """
    form = relaxed_form(program)
    solution = solve(form.formulation, deadline)
    if solution.status is SolutionStatus.INFEASIBLE:
        return None
    if not solution.has_values:
        raise DeadlineExceeded(TOO_SHORT)
    return read_mixture(program, form, solution, ())


def read_mixture(program: Program, form: SpendFormulation, solution: Solution, cuts: Sequence[Valuation]) -> Mixture:
    """Spend, weights and a bound that holds whatever the solver's tolerances: rows are priced, cuts mixed by duals."""
    rows = len(program.rows) + len(program.value_rows)
    prices = solution.row_prices[:rows]
    sizes = [len(curve.breakpoints) for curve in program.curves]
    weights = tuple(np.split(solution.values[: sum(sizes)], np.cumsum(sizes)[:-1]))
    duals = np.maximum(-solution.row_prices[rows : rows + len(cuts)], 0.0)
    if not cuts:
        bound = lagrangian_bound(program, prices)
    elif duals.sum() > 0:
        bound = lagrangian_bound(program.with_heights(_mixed(cuts, duals / duals.sum())), prices)
    else:
        bound = np.inf
    active = tuple(cut for cut, dual in zip(cuts, duals, strict=True) if dual > LEAST_WEIGHT)
    return Mixture(form.spend(solution.values), weights, bound, prices, active)


def _mixed(cuts: Sequence[Valuation], weights: FloatArray) -> Valuation:
    used = [(cut, weight) for cut, weight in zip(cuts, weights, strict=True) if weight > 0]
    heights = tuple(
        np.sum([weight * cut.heights[channel] for cut, weight in used], axis=0)
        for channel in range(len(cuts[0].heights))
    )
    return Valuation(cuts[0].grids, heights)
