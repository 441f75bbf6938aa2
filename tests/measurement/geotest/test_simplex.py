"""Weights on the simplex against an independent solver, and their conditions of optimality."""

import numpy as np
import pytest
from scipy.optimize import minimize

from measurement.geotest.simplex import simplex_weights


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_what_a_general_solver_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    donors, target = rng.standard_normal((8, 30)), rng.standard_normal(30)
    gram, aim = donors @ donors.T, donors @ target
    weights = simplex_weights(gram, aim)
    found = minimize(
        lambda w: w @ gram @ w / 2 - aim @ w,
        np.full(8, 1 / 8),
        jac=lambda w: gram @ w - aim,
        bounds=[(0, None)] * 8,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(weights, found.x, atol=1e-5)


@pytest.mark.parametrize(("count", "periods"), [(1, 5), (60, 20), (150, 40)])
def test_the_slope_is_least_and_equal_where_weights_are_positive(count: int, periods: int) -> None:
    rng = np.random.default_rng(count)
    donors, target = rng.standard_normal((count, periods)), rng.standard_normal(periods)
    weights = simplex_weights(donors @ donors.T, donors @ target)
    slope = donors @ (weights @ donors - target)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    used = weights > 1e-9
    assert np.ptp(slope[used]) < 1e-6
    assert slope.min() > slope[used].mean() - 1e-6


def test_a_start_changes_the_way_and_not_the_end() -> None:
    rng = np.random.default_rng(3)
    donors, target = rng.standard_normal((20, 50)), rng.standard_normal(50)
    gram, aim = donors @ donors.T, donors @ target
    elsewhere = simplex_weights(gram, donors @ rng.standard_normal(50))
    np.testing.assert_allclose(simplex_weights(gram, aim, elsewhere), simplex_weights(gram, aim), atol=1e-8)


def test_copies_of_a_donor_do_no_harm() -> None:
    donors = np.repeat(np.random.default_rng(1).standard_normal((3, 12)), 4, axis=0)
    weights = simplex_weights(donors @ donors.T, donors @ donors[0])
    np.testing.assert_allclose(weights @ donors, donors[0], atol=1e-5)
