"""Restrictions -> the best spend per channel, with a bound on what any plan can reach."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.formulation import Program, envelope_form, exact_form, limits_of
from optimizer.piecewise import Piecewise, only_multiples, restrict
from optimizer.problem import PlanProblem
from optimizer.restrictions import Restrictions
from optimizer.solver import Deadline, SolverSettings, solve

FloatArray = NDArray[np.float64]
SOLVER_TOLERANCE = 1e-7  # relative: what a bound taken from SCIP may be wrong by
MOST_LISTED_STEPS = 300  # a channel with fewer steps is solved over its single allowed amounts: a tighter form
CENT_TOLERANCE = 0.01  # in cents: how far a solver's spend may lie outside its interval


@dataclass(frozen=True)
class Optimum:
    """The best spend found.

    Attributes:
        spend: cents per channel, not yet whole, `(C,)`.
        value: objective there, in money.
        bound: proven limit on the objective of any plan.
        prices: objective in money per cent by which each restriction's limit moves, by label; only nonzero ones.
    """

    spend: FloatArray
    value: float
    bound: float
    prices: dict[str, float]


def relative_gap(bound: float, value: float) -> float:
    """Distance of `value` to `bound` as a fraction of the larger of the two in size."""
    size = max(abs(bound), abs(value))
    return max(0.0, bound - value) / size if size > 0 else 0.0


def optimise(problem: PlanProblem, restrictions: Restrictions, settings: SolverSettings, deadline: Deadline) -> Optimum:
    """Solve over the envelopes; where their plan is not good enough, solve the exact integer form.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    program = build_program(problem, restrictions)
    spend, bound = _over_the_envelopes(program, deadline)
    if not _fits(program, spend) or relative_gap(bound, program.value(spend)) > settings.exact_form_above:
        exact_spend, exact_bound = _exactly(program, spend, deadline)
        bound = min(bound, exact_bound)
        spend = _better(program, spend, exact_spend)
    value = program.value(spend)
    return Optimum(spend, value, max(bound, value), _prices(problem, restrictions, program, spend, deadline))


def build_program(problem: PlanProblem, restrictions: Restrictions) -> Program:
    """Curves on the spends that each channel's own rules allow, and the rules that join channels."""
    curves: list[Piecewise] = []
    steps: list[int] = []
    for channel in range(len(restrictions.channels)):
        lower, upper = restrictions.bounds(channel)
        grid, values = _objective_curve(problem, channel)
        curve = restrict(grid, values, lower, upper, _viable(restrictions, channel))
        step = restrictions.step(channel)
        is_listed = step > 0 and (upper - lower) // step < MOST_LISTED_STEPS
        curves.append(only_multiples(curve, step) if is_listed else curve)
        steps.append(step)
    kept = restrictions.budget / 100 if problem.rules.plan.reserve > 0 else 0.0
    joint = tuple(row for row in restrictions.rows if not row.is_bound)
    return Program(tuple(curves), joint, tuple(steps), kept)


def _objective_curve(problem: PlanProblem, channel: int) -> tuple[FloatArray, FloatArray]:
    """Grid in cents and margin x mean sales, less the spend itself where a reserve may keep it."""
    spend = problem.curves.spend_grid[channel]
    kept = spend if problem.rules.plan.reserve > 0 else 0.0
    return spend * 100, problem.mean_values[channel] - kept


def _viable(restrictions: Restrictions, channel: int) -> int:
    viable, step = restrictions.minimum_viable(channel), restrictions.step(channel)
    return -(-viable // step) * step if step else viable


def _over_the_envelopes(program: Program, deadline: Deadline) -> tuple[FloatArray, float]:
    form = envelope_form(program)
    solution = solve(form.formulation, deadline)
    if not solution.has_values:
        raise DeadlineExceeded("The time given was too short to find any plan that keeps the rules.")
    return form.spend(solution.values), lagrangian_bound(program, solution.row_prices)


def lagrangian_bound(program: Program, row_prices: FloatArray) -> float:
    """A bound that holds for any prices (weak duality), so it does not rest on the solver's tolerances.

    Each row is priced; what is left is, per channel, a maximum over breakpoints, taken exactly.
    """
    lower, upper = program.limits
    prices = np.where(np.isinf(upper), np.minimum(row_prices, 0.0), row_prices)
    prices = np.where(np.isinf(lower), np.maximum(prices, 0.0), prices)
    of_rows = (
        np.where(prices > 0, np.where(np.isinf(upper), 0.0, upper), np.where(np.isinf(lower), 0.0, lower)) @ prices
    )
    per_channel = program.weights.T @ prices
    pairs = zip(program.curves, per_channel, strict=True)
    return program.constant + float(
        of_rows + sum((curve.values - price * curve.breakpoints).max() for curve, price in pairs)
    )


def _fits(program: Program, spend: FloatArray) -> bool:
    """Whether each spend lies where its channel's own rules allow it."""
    for curve, step, cents in zip(program.curves, program.steps, spend, strict=True):
        if not curve.contains(float(cents), CENT_TOLERANCE):
            return False
        if step and abs(cents - round(cents / step) * step) > CENT_TOLERANCE:
            return False
    return True


def _exactly(program: Program, envelope_spend: FloatArray, deadline: Deadline) -> tuple[FloatArray, float]:
    form = exact_form(program)
    solution = solve(form.formulation, deadline)
    if not solution.has_values:
        if _fits(program, envelope_spend):
            return envelope_spend, np.inf
        raise DeadlineExceeded("The time given was too short to find any plan that keeps the rules.")
    bound = program.constant + solution.bound + SOLVER_TOLERANCE * abs(solution.bound)
    return _within_runs(program, form.spend(solution.values), deadline), bound


def _within_runs(program: Program, spend: FloatArray, deadline: Deadline) -> FloatArray:
    """The best spend that stays in the chosen concave runs: a linear program, free of the integers' tolerances."""
    curves = []
    for curve, step, cents in zip(program.curves, program.steps, spend, strict=True):
        if step:
            multiple = round(cents / step) * step
            curves.append(restrict(curve.breakpoints, curve.values, multiple, multiple, 0))
        else:
            curves.append(curve.only_run(curve.run_at(float(cents))))
    form = envelope_form(replace(program, curves=tuple(curves)))
    solution = solve(form.formulation, deadline)
    return form.spend(solution.values) if solution.has_values else spend


def _better(program: Program, first: FloatArray, second: FloatArray) -> FloatArray:
    first_counts = _fits(program, first) and program.value(first) > program.value(second)
    return first if first_counts else second


def _prices(
    problem: PlanProblem, restrictions: Restrictions, program: Program, spend: FloatArray, deadline: Deadline
) -> dict[str, float]:
    """Duals of all rows, channels' own included, with each channel kept in its concave run and steps relaxed."""
    curves = []
    for channel, cents in enumerate(spend):
        end = restrictions.curve_ends[channel]
        whole: Piecewise = restrict(*_objective_curve(problem, channel), 0, end, 0)
        curves.append(whole.only_run(whole.run_at(float(cents))))
    rows = restrictions.rows
    form = envelope_form(Program(tuple(curves), rows, tuple(0 for _ in curves)))
    solution = solve(form.formulation, deadline)
    if not solution.has_values:
        return {}
    lower, upper = limits_of(rows)
    used = zip(rows, solution.row_prices, np.isfinite(lower), np.isfinite(upper), strict=True)
    return {row.label: float(price) for row, price, has_low, has_high in used if (has_high if price > 0 else has_low)}
