"""A program -> the best spend per channel, with a bound on what any plan can reach."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.exact_form import exact_form, relaxed_form
from optimizer.formulation import envelope_form
from optimizer.piecewise import restrict
from optimizer.program import Program
from optimizer.solver import Deadline, SolutionStatus, SolverSettings, solve

FloatArray = NDArray[np.float64]
SOLVER_TOLERANCE = 1e-7  # relative: what a bound taken from SCIP may be wrong by
TOO_SHORT = "The time given was too short to find any plan that keeps the rules."


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


@dataclass(frozen=True)
class Relaxation:
    """The best mixture of spends: `spend` may not fit; `bound` holds for all plans and is proven by `row_prices`."""

    spend: FloatArray
    bound: float
    row_prices: FloatArray


def relative_gap(bound: float, value: float) -> float:
    """Distance of `value` to `bound` as a fraction of the larger of the two in size."""
    size = max(abs(bound), abs(value))
    return max(0.0, bound - value) / size if size > 0 else 0.0


def optimise(program: Program, settings: SolverSettings, deadline: Deadline) -> Optimum | None:
    """Solve over the envelopes; where their plan is not good enough, solve the exact integer form.

    Returns:
        The optimum, or `None` where the rules cannot hold together.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    relaxation = relax(program, deadline)
    if relaxation is None:
        return None
    spend, bound = relaxation.spend, relaxation.bound
    if not program.fits(spend) or relative_gap(bound, program.value(spend)) > settings.exact_form_above:
        found = _exactly(program, spend, deadline)
        if found is None:
            return None
        bound = min(bound, found[1])
        spend = better(program, spend, found[0])
    value = program.value(spend)
    return Optimum(spend, value, max(bound, value), relaxation.row_prices)


def relax(program: Program, deadline: Deadline) -> Relaxation | None:
    """Over the envelopes; with value rows over the hull of curves and values. `None` where nothing keeps the rules.

    Raises:
        DeadlineExceeded: not solved in time.
    """
    form = relaxed_form(program) if program.value_rows else envelope_form(program)
    solution = solve(form.formulation, deadline)
    if solution.status is SolutionStatus.INFEASIBLE:
        return None
    if not solution.has_values:
        raise DeadlineExceeded(TOO_SHORT)
    prices = solution.row_prices[: len(program.rows) + len(program.value_rows)]
    return Relaxation(form.spend(solution.values), lagrangian_bound(program, prices), prices)


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


def better(program: Program, first: FloatArray, second: FloatArray) -> FloatArray:
    """The spend that fits and is worth more; the second where the first does not fit."""
    first_counts = program.fits(first) and (not program.fits(second) or program.value(first) > program.value(second))
    return first if first_counts else second


def _exactly(program: Program, relaxed: FloatArray, deadline: Deadline) -> tuple[FloatArray, float] | None:
    form = exact_form(program)
    solution = solve(form.formulation, deadline)
    if solution.status is SolutionStatus.INFEASIBLE:
        return None
    if not solution.has_values:
        if program.fits(relaxed):
            return relaxed, np.inf
        raise DeadlineExceeded(TOO_SHORT)
    bound = program.constant + solution.bound + SOLVER_TOLERANCE * abs(solution.bound)
    spend = form.spend(solution.values)
    return better(program, within_runs(program, spend, deadline), spend), bound


def within_runs(program: Program, spend: FloatArray, deadline: Deadline) -> FloatArray:
    """The best spend that stays in the chosen concave runs: a linear program, free of the integers' tolerances."""
    curves = []
    for curve, step, cents in zip(program.curves, program.steps, spend, strict=True):
        if step:
            multiple = round(cents / step) * step
            curves.append(restrict(curve.breakpoints, curve.values, multiple, multiple, 0))
        else:
            curves.append(curve.only_run(curve.run_at(float(cents))))
    part = replace(program, curves=tuple(curves))
    form = relaxed_form(part) if program.value_rows else envelope_form(part)
    solution = solve(form.formulation, deadline)
    return form.spend(solution.values) if solution.has_values else spend
