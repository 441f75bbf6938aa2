"""A program -> the best spend per channel, with a bound on what any plan can reach."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.branching import branch
from optimizer.errors import DeadlineExceeded
from optimizer.exact_form import exact_form, relaxed_form
from optimizer.mixture import TOO_SHORT, best_mixture
from optimizer.piecewise import restrict
from optimizer.program import Program
from optimizer.proof import Optimum, relative_gap
from optimizer.solver import Deadline, SolutionStatus, SolverSettings, solve

FloatArray = NDArray[np.float64]
SOLVER_TOLERANCE = 1e-7  # relative: what a bound taken from SCIP may be wrong by
RISK_GAP_SHARE = 0.1  # of the gap limit: how near to its bound a plan with risk is brought


def optimise(program: Program, settings: SolverSettings, deadline: Deadline) -> Optimum | None:
    """Split ranges of spend until plan and bound meet; where steps must be counted, solve the exact integer form.

    With risk, steps too fine to be listed one by one are left to rounding.

    Returns:
        The optimum, or `None` where the rules cannot hold together.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    if program.risk is not None:
        gap = max(settings.exact_form_above, RISK_GAP_SHARE * settings.gap_limit)
        return branch(replace(program, steps=tuple(0 for _ in program.steps)), gap, deadline)
    if program.counts_steps:
        return _count_steps(program, settings, deadline)
    return branch(program, settings.exact_form_above, deadline)


def _count_steps(program: Program, settings: SolverSettings, deadline: Deadline) -> Optimum | None:
    mixture = best_mixture(program, deadline)
    if mixture is None:
        return None
    spend, bound = mixture.spend, mixture.bound
    if not program.fits(spend) or relative_gap(bound, program.value(spend)) > settings.exact_form_above:
        found = _exactly(program, spend, deadline)
        if found is None:
            return None
        bound = min(bound, found[1])
        spend = _better(program, spend, found[0])
    value = program.value(spend)
    return Optimum(spend, value, max(bound, value), mixture.row_prices)


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
    return _better(program, _within_runs(program, spend, deadline), spend), bound


def _within_runs(program: Program, spend: FloatArray, deadline: Deadline) -> FloatArray:
    """The best spend that stays in the chosen concave runs: a linear program, free of the integers' tolerances."""
    curves = []
    for curve, step, cents in zip(program.curves, program.steps, spend, strict=True):
        if step:
            multiple = round(cents / step) * step
            curves.append(restrict(curve.breakpoints, curve.values, multiple, multiple, 0))
        else:
            curves.append(curve.only_run(curve.run_at(float(cents))))
    form = relaxed_form(replace(program, curves=tuple(curves)))
    solution = solve(form.formulation, deadline)
    return form.spend(solution.values) if solution.has_values else spend


def _better(program: Program, first: FloatArray, second: FloatArray) -> FloatArray:
    """The spend that fits and is worth more; the second where the first does not fit."""
    first_counts = program.fits(first) and (not program.fits(second) or program.value(first) > program.value(second))
    return first if first_counts else second
