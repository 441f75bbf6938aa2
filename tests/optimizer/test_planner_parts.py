"""Pieces under the planner, each against an independent method."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

from optimizer.mixture import best_mixture
from optimizer.piecewise import only_multiples, restrict
from optimizer.program import Program
from optimizer.proof import lagrangian_bound, relative_gap
from optimizer.proportions import split_in_proportion
from optimizer.restrictions import Row, RowKind
from optimizer.rounding import split_evenly
from optimizer.solver import Deadline, Formulation, SolutionStatus, SolverSettings, solve

GRID = np.linspace(0.0, 1000.0, 21)
S_CURVE = GRID**3 / (GRID**3 + 300.0**3)


def test_the_best_mixture_is_that_of_the_hull_of_qhull():
    """One S-shaped channel beside one that sells nothing: the relaxation is the upper hull at the budget."""
    hull = ConvexHull(np.vstack([np.column_stack([GRID, S_CURVE]), [[0.0, -9.0], [1000.0, -9.0]]]))
    corners = np.sort([index for index in hull.vertices if index < len(GRID)])
    curves = (restrict(GRID, S_CURVE, 0, 1000, 0), restrict(GRID, 0 * GRID, 0, 1000, 0))
    for budget in (10, 140, 300, 555, 900):
        row = Row("budget", RowKind.BUDGET, (0, 1), None, budget)
        mixture = best_mixture(Program(curves, (row,), (0, 0)), Deadline.after(5))
        assert mixture.bound == pytest.approx(np.interp(budget, GRID[corners], S_CURVE[corners]))


def test_concave_runs_cover_the_curve_and_are_concave():
    curve = restrict(GRID, S_CURVE, 120, 930, 0)
    assert curve.breakpoints[0] == 120
    assert curve.breakpoints[-1] == 930
    assert [first for first, _ in curve.runs[1:]] == [last for _, last in curve.runs[:-1]]
    for first, last in curve.runs:
        slopes = np.diff(curve.values[first : last + 1]) / np.diff(curve.breakpoints[first : last + 1])
        assert (np.diff(slopes) <= 1e-12).all()
    assert restrict(GRID, np.sqrt(GRID), 0, 1000, 0).is_concave


def test_minimum_viable_leaves_nothing_between():
    curve = restrict(GRID, S_CURVE, 0, 900, 333)
    assert curve.breakpoints[:2].tolist() == [0.0, 333.0]
    assert curve.runs[0] == (0, 0)
    assert curve.contains(0.0, 0.0)
    assert curve.contains(333.0, 0.0)
    assert not curve.contains(200.0, 0.01)
    assert restrict(GRID, S_CURVE, 0, 300, 333).breakpoints.tolist() == [0.0]


def test_multiples_are_all_that_is_left_of_a_stepped_curve():
    curve = only_multiples(restrict(GRID, S_CURVE, 0, 900, 333), 150)
    assert curve.breakpoints.tolist() == [0.0, 450.0, 600.0, 750.0, 900.0]
    assert curve.values == pytest.approx(np.interp(curve.breakpoints, GRID, S_CURVE))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**9), st.integers(1, 60))
def test_even_parts_sum_exactly(cents, parts):
    amounts = split_evenly(cents, parts)
    assert sum(amounts) == cents
    assert max(amounts) - min(amounts) <= 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**11), st.lists(st.floats(0, 1e6), min_size=1, max_size=12).filter(lambda w: sum(w) > 1))
def test_proportional_parts_sum_exactly(cents, weights):
    amounts = split_in_proportion(cents, np.array(weights))
    assert sum(amounts) == cents
    assert np.abs(np.array(amounts) - cents * np.array(weights) / sum(weights)).max() <= 1 + 1e-3


def random_program(seed):
    rng = np.random.default_rng(seed)
    return Formulation(
        objective=rng.uniform(0, 3, 6),
        lower=np.zeros(6),
        upper=rng.uniform(1, 5, 6) * 10.0 ** rng.integers(0, 8),
        is_integer=np.zeros(6, dtype=bool),
        rows=sparse.csr_matrix(rng.uniform(0, 1, (3, 6))),
        row_lower=np.full(3, -np.inf),
        row_upper=rng.uniform(2, 6, 3),
    )


@pytest.mark.parametrize("seed", range(10))
def test_linear_programs_and_their_duals_are_those_of_scipy(seed):
    program = random_program(seed)
    solution = solve(program, Deadline.after(5))
    expected = linprog(
        -program.objective,
        A_ub=program.rows.toarray(),
        b_ub=program.row_upper,
        bounds=list(zip(program.lower, program.upper, strict=True)),
        method="highs-ds",
    )
    assert solution.status is SolutionStatus.OPTIMAL
    assert solution.bound == pytest.approx(-expected.fun)
    assert solution.row_prices == pytest.approx(-expected.ineqlin.marginals, abs=1e-7)


def test_any_prices_give_a_bound():
    """Weak duality on a program small enough to search."""
    curves = (restrict(GRID, S_CURVE, 0, 1000, 0), restrict(GRID, np.sqrt(GRID) / 40, 0, 1000, 0))
    rows = (
        Row("budget", RowKind.BUDGET, (0, 1), None, 800),
        Row("share", RowKind.RULE, (0,), 0, None, Fraction(2, 5)),
    )
    program = Program(curves, rows, (0, 0))
    x, y = np.meshgrid(np.arange(0, 801, 5.0), np.arange(0, 801, 5.0))
    allowed = (x + y <= 800) & (x >= 0.4 * (x + y))
    best = (np.interp(x, GRID, S_CURVE) + np.interp(y, GRID, np.sqrt(GRID) / 40))[allowed].max()
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert lagrangian_bound(program, rng.normal(0, 0.002, 2)) >= best - 1e-12


@pytest.mark.parametrize(("bound", "value", "gap"), [(10, 9, 0.1), (9, 10, 0.0), (0, 0, 0.0), (-9, -10, 0.1)])
def test_relative_gap(bound, value, gap):
    assert relative_gap(bound, value) == pytest.approx(gap)


def test_absurd_settings_are_refused():
    with pytest.raises(ValueError, match="deadline"):
        SolverSettings(deadline_seconds=0.0)
