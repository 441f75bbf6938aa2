"""Formulation -> Solution. The only module of this package that knows OR-Tools.

Linear programs go to GLOP, which returns exact vertices and duals; integer ones to SCIP, which proves its bound and
keeps its time limit. (HiGHS ran past its limit and writes to standard output.)
"""

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


# SCIP's default of 1e-6, relative to a row, is a unit of money in a budget of a million; it is taken only where
# the tighter one leads to numerical trouble.
SCIP_PARAMETERS = ("numerics/feastol = 1e-9", "numerics/feastol = 1e-6")


class SolutionStatus(Enum):
    """Why the solver stopped."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    NO_ANSWER_IN_TIME = "no answer in time"


@dataclass(frozen=True)
class SolverSettings:
    """How well and how long.

    Attributes:
        gap_limit: relative distance to the proven bound up to which a plan is called optimal.
        exact_form_above: gap of the envelope's plan above which ranges of spend are split, or the integer form solved.
        deadline_seconds: for the whole answer.
        costs_seconds: for working out what each binding rule costs in all; 0 leaves that out.
    """

    gap_limit: float = 1e-3
    exact_form_above: float = 1e-6
    deadline_seconds: float = 10.0
    costs_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not (min(self.gap_limit, self.exact_form_above, self.costs_seconds) >= 0 and self.deadline_seconds > 0):
            raise ValueError("gaps and costs_seconds must be at least 0 and deadline_seconds above 0")


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock."""

    ends_at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def remaining_seconds(self) -> float:
        """At least a few milliseconds, so that a last small step can still end."""
        return max(0.02, self.ends_at - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether the moment has passed."""
        return time.monotonic() >= self.ends_at


@dataclass(frozen=True)
class Formulation:
    """Make `objective @ v` as large as possible, `lower <= v <= upper`, `row_lower <= rows @ v <= row_upper`.

    Attributes:
        objective, lower, upper: `(N,)`.
        is_integer: `(N,)`.
        rows: `(M, N)`, sparse.
        row_lower, row_upper: `(M,)`, infinite where there is no limit.
    """

    objective: FloatArray
    lower: FloatArray
    upper: FloatArray
    is_integer: BoolArray
    rows: sparse.csr_matrix
    row_lower: FloatArray
    row_upper: FloatArray


@dataclass(frozen=True)
class Solution:
    """What came back.

    Attributes:
        status: why the solver stopped.
        values: `(N,)`, empty where there is none.
        bound: no solution is better than this.
        row_prices: duals `(M,)` of a linear program: objective per unit by which the row's limit moves up.
    """

    status: SolutionStatus
    values: FloatArray
    bound: float
    row_prices: FloatArray

    @property
    def has_values(self) -> bool:
        """Whether there is a solution to read."""
        return self.status in (SolutionStatus.OPTIMAL, SolutionStatus.FEASIBLE)


NOTHING = np.empty(0)


def solve(formulation: Formulation, deadline: Deadline) -> Solution:
    """Solve by GLOP where nothing is integer, else by SCIP; never past the deadline by more than a moment."""
    if formulation.is_integer.any():
        return _solve_integer(formulation, deadline)
    return _solve_linear(formulation, deadline)


def _solve_linear(formulation: Formulation, deadline: Deadline) -> Solution:
    """As it stands, in cents, GLOP tells a single cent; where large amounts trouble it, once more in sizes of one."""
    for scaling in (_unscaled, _scaled):
        scaled = scaling(formulation)
        answer = _run("glop", scaled.formulation, deadline)
        status = _status(answer)
        if status in (SolutionStatus.OPTIMAL, SolutionStatus.FEASIBLE):
            prices = np.asarray(answer.dual_values(), dtype=np.float64) * scaled.row_scale * scaled.objective_unit
            bound = float(answer.objective_value()) * scaled.objective_unit
            return Solution(status, _values(answer) * scaled.unit, bound, prices)
        if status is SolutionStatus.INFEASIBLE:
            break
    return Solution(status, NOTHING, np.inf, NOTHING)


def _solve_integer(formulation: Formulation, deadline: Deadline) -> Solution:
    """In sizes of one, because SCIP's tolerances are absolute there."""
    scaled = _scaled(formulation)
    for parameters in SCIP_PARAMETERS:
        answer = _run("scip", scaled.formulation, deadline, parameters)
        status = _status(answer)
        if status in (SolutionStatus.OPTIMAL, SolutionStatus.FEASIBLE):
            bound = float(answer.best_objective_bound()) * scaled.objective_unit
            return Solution(status, _values(answer) * scaled.unit, bound, NOTHING)
        if status is SolutionStatus.INFEASIBLE:
            break
    return Solution(status, NOTHING, np.inf, NOTHING)


@dataclass(frozen=True)
class _Scaled:
    """A formulation in other units: values are `unit` times its own, duals `row_scale` x `objective_unit` times."""

    formulation: Formulation
    unit: FloatArray
    row_scale: FloatArray
    objective_unit: float


def _unscaled(formulation: Formulation) -> _Scaled:
    return _Scaled(formulation, np.ones(len(formulation.objective)), np.ones(formulation.rows.shape[0]), 1.0)


def _scaled(formulation: Formulation) -> _Scaled:
    """Continuous variables by their upper limits, rows by their largest coefficient, the objective likewise."""
    spans = np.where(np.isfinite(formulation.upper), np.abs(formulation.upper), 1.0)
    unit = np.where(formulation.is_integer | (spans == 0), 1.0, spans)
    rows = sparse.csr_matrix(formulation.rows @ sparse.diags(unit))
    largest = np.asarray(abs(rows).max(axis=1).toarray()).ravel() if rows.shape[1] else np.zeros(rows.shape[0])
    row_scale = 1.0 / np.where(largest > 0, largest, 1.0)
    objective = formulation.objective * unit
    objective_unit = float(np.abs(objective).max(initial=0.0)) or 1.0
    scaled = replace(
        formulation,
        objective=objective / objective_unit,
        lower=formulation.lower / unit,
        upper=formulation.upper / unit,
        rows=sparse.csr_matrix(sparse.diags(row_scale) @ rows),
        row_lower=formulation.row_lower * row_scale,
        row_upper=formulation.row_upper * row_scale,
    )
    return _Scaled(scaled, unit, row_scale, objective_unit)


def _run(name: str, formulation: Formulation, deadline: Deadline, parameters: str = "") -> Any:
    from ortools.linear_solver.python import model_builder_helper as ortools  # slow to import, so only when needed

    model: Any = ortools.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        formulation.lower,
        formulation.upper,
        formulation.objective,
        formulation.row_lower,
        formulation.row_upper,
        formulation.rows,
    )
    for index in np.flatnonzero(formulation.is_integer):
        model.set_var_integrality(int(index), True)
    model.set_maximize(True)
    solver = ortools.ModelSolverHelper(name)
    if parameters:
        solver.set_solver_specific_parameters(parameters)
    solver.set_time_limit_in_seconds(deadline.remaining_seconds)
    solver.solve(model)
    return solver


def _status(solver: Any) -> SolutionStatus:
    name = solver.status().name
    if name == "OPTIMAL":
        return SolutionStatus.OPTIMAL
    if name == "INFEASIBLE":
        return SolutionStatus.INFEASIBLE
    return SolutionStatus.FEASIBLE if solver.has_solution() else SolutionStatus.NO_ANSWER_IN_TIME


def _values(solver: Any) -> FloatArray:
    return np.asarray(solver.variable_values(), dtype=np.float64)
