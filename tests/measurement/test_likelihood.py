"""The marginal likelihood and its written-down gradient equal a dense Gaussian of all geo-weeks."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.linalg import cho_solve
from numpy.typing import NDArray

from measurement.likelihood import integrated, inverse_and_log_determinant, marginal_log_likelihood

FloatArray = NDArray[np.float64]
Arguments = tuple[FloatArray, FloatArray, FloatArray, FloatArray, float, FloatArray]
NAMES = ("residual", "local", "controls", "covariance", "rho", "noise")


def arguments_of(geos: int, controls: int, weeks: int = 14, rho: float = 0.4) -> Arguments:
    rng = np.random.default_rng(100 * geos + controls)
    root = rng.standard_normal((weeks, weeks))
    return (
        rng.standard_normal((geos, weeks)),
        0.5 * rng.standard_normal((geos, weeks, 3)),
        0.5 * rng.standard_normal((geos, weeks, controls)),
        0.05 * root @ root.T + 0.02 * np.eye(weeks),
        rho,
        np.exp(0.3 * rng.standard_normal(geos) - 1.0),
    )


def dense(residual, local, controls, covariance, rho, noise):  # type: ignore[no-untyped-def]
    """Log density of all geo-weeks at once, but for the normal constant; in JAX, so that it can be differentiated."""
    geos, weeks = residual.shape
    lag = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))
    noise_part = jnp.kron(jnp.diag(noise**2), rho**lag / (1 - rho**2))
    week_part = jnp.kron(jnp.ones((geos, geos)), covariance)
    flat = controls.reshape(geos * weeks, -1)
    local_part = jax.scipy.linalg.block_diag(*(local[geo] @ local[geo].T for geo in range(geos)))
    root = jnp.linalg.cholesky(noise_part + week_part + local_part + flat @ flat.T)
    y = residual.reshape(-1)
    return -0.5 * y @ cho_solve((root, True), y) - jnp.log(jnp.diagonal(root)).sum()


def central_difference(of: Callable[[float], float], step: float = 1e-5) -> float:
    return float((of(step) - of(-step)) / (2 * step))


PLACES = tuple(range(len(NAMES)))
FOUND = jax.jit(jax.value_and_grad(marginal_log_likelihood, argnums=PLACES))
SIZES = pytest.mark.parametrize(("geos", "controls"), [(1, 0), (1, 2), (5, 0), (5, 2)])


@SIZES
def test_value_and_gradients_equal_those_of_the_dense_gaussian(geos: int, controls: int) -> None:
    by_dense = jax.jit(jax.value_and_grad(dense, argnums=PLACES))
    for rho in (0.0, 0.7, -0.5):
        arguments = arguments_of(geos, controls, rho=rho)
        value, gradients = FOUND(*arguments)
        expected_value, expected = by_dense(*arguments)
        assert float(value) == pytest.approx(float(expected_value), rel=1e-8)
        for name, one, other in zip(NAMES, map(np.asarray, gradients), map(np.asarray, expected), strict=True):
            # Only symmetric changes of a covariance mean anything.
            one, other = (one + one.T, other + other.T) if name == "covariance" else (one, other)
            largest = np.abs(other).max(initial=0.0)
            np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-8 * largest, err_msg=name)


def test_the_dense_gaussian_that_it_is_held_against_is_scipys() -> None:
    from scipy.stats import multivariate_normal

    residual, local, _, covariance, rho, noise = arguments_of(1, 0)
    weeks = residual.shape[1]
    lag = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))
    full = covariance + local[0] @ local[0].T + noise[0] ** 2 * rho**lag / (1 - rho**2)
    expected = multivariate_normal.logpdf(residual[0], cov=full) + 0.5 * weeks * np.log(2 * np.pi)
    found, _ = FOUND(residual, local, np.zeros((1, weeks, 0)), covariance, rho, noise)
    assert float(found) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
def test_every_gradient_equals_central_differences(place: int) -> None:
    arguments = arguments_of(5, 2)
    rng = np.random.default_rng(7)
    direction = rng.standard_normal(np.shape(arguments[place]))
    if NAMES[place] == "covariance":
        direction = direction + direction.T
    gradient = np.asarray(FOUND(*arguments)[1][place])

    def moved(step: float) -> float:
        changed = list(arguments)
        changed[place] = arguments[place] + step * direction
        return float(FOUND(*changed)[0])

    assert float((gradient * direction).sum()) == pytest.approx(central_difference(moved), rel=1e-6)


def test_the_custom_gradient_of_the_integral_equals_central_differences() -> None:
    rng = np.random.default_rng(3)
    geos, places, size = 4, 3, 6
    root = rng.standard_normal((geos, places, 9))
    small = root @ np.swapaxes(root, 1, 2) + np.eye(places)
    right = 0.3 * rng.standard_normal((geos, places, size + 1))
    wide = rng.standard_normal((size + 1, 12))
    gram, prior = 3 * wide @ wide.T, 2 * np.eye(size)
    values = (small, right, gram, prior)
    value = jax.jit(integrated)
    for place, gradient in enumerate(jax.jit(jax.grad(integrated, argnums=(0, 1, 2, 3)))(*values)):
        direction = rng.standard_normal(values[place].shape)
        if place != 1:
            direction = direction + np.swapaxes(direction, -1, -2)

        def moved(step: float, place: int = place, direction: FloatArray = direction) -> float:
            changed = list(values)
            changed[place] = values[place] + step * direction
            return float(value(*changed))

        assert float((np.asarray(gradient) * direction).sum()) == pytest.approx(central_difference(moved), rel=1e-6)


def test_inverse_and_log_determinant_and_their_gradient() -> None:
    rng = np.random.default_rng(5)
    root = rng.standard_normal((6, 8))
    matrix = root @ root.T + np.eye(6)
    weights = rng.standard_normal((6, 6))
    inverse, log_determinant = inverse_and_log_determinant(matrix)
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-9, atol=1e-12)
    assert float(log_determinant) == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-10)

    def scalar(values):  # type: ignore[no-untyped-def]
        inverse, log_determinant = inverse_and_log_determinant(values)
        return (weights * inverse).sum() + 2.0 * log_determinant

    direction = rng.standard_normal((6, 6))
    direction = direction + direction.T
    gradient = np.asarray(jax.jit(jax.grad(scalar))(matrix))
    found = float((gradient * direction).sum())
    assert found == pytest.approx(central_difference(lambda step: float(scalar(matrix + step * direction))), rel=1e-6)
