"""The marginal likelihood in JAX, with its gradient written down: residual and columns in, one log density out.

Integrating out leaves a few matrix products and two Cholesky factors. Differentiating those factors step by step costs
more than the products, while their combination has a closed gradient, so both are given as custom gradients.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.linalg import cho_solve

from measurement.lift_likelihood import Lifts, lift_log_likelihood

# Single precision loses three digits of the density. PyTensor turns doubles on too, but only once it compiles for JAX.
jax.config.update("jax_enable_x64", True)


def marginal_log_likelihood(
    residual: Array,
    local: Array,
    controls: Array,
    covariance: Array,
    rho: Array,
    noise: Array,
    lifts: Lifts | None = None,
) -> Array:
    """Log density of `residual = local b_g + u + controls c + e`, all but the residual's mean integrated out.

    Here b_g and c are standard normal, u is normal with the given covariance and shared by all geos, and e is AR(1)
    with innovations of each geo's noise. Up to the constant of the normal density.

    Args:
        residual: `(G, N)`.
        local: `(G, N, P)`.
        controls: `(G, N, K)`, K may be 0.
        covariance: `(N, N)`, positive definite.
        rho: autocorrelation, in (-1, 1).
        noise: innovations' standard deviation, `(G,)`.
        lifts: what finished tests found, in terms of the same b_g.

    Returns:
        A scalar. The algebra agrees with a dense Gaussian of size G x N (tested).
    """
    geos, weeks = residual.shape
    precision = 1.0 / noise
    white_local = _whiten(local, rho, precision)
    rest = _whiten(jnp.concatenate([controls, residual[:, :, None]], axis=2), rho, precision)
    rows = jnp.swapaxes(white_local, 1, 2)
    small = rows @ white_local + jnp.eye(local.shape[2])
    right = jnp.concatenate([_unwhiten(rows, rho, precision), rows @ rest], axis=2)
    prior_precision, log_determinant = inverse_and_log_determinant(covariance)
    size = weeks + controls.shape[2]
    full_prior = jnp.eye(size).at[:weeks, :weeks].set(prior_precision)
    log_noise = weeks * jnp.log(noise).sum() - 0.5 * geos * jnp.log(1 - rho**2)
    gram = _gram(rest, rho, precision)
    of_tests = 0.0 if lifts is None else lift_log_likelihood(small, right, gram, full_prior, lifts)
    return integrated(small, right, gram, full_prior) - 0.5 * log_determinant - log_noise + of_tests


@jax.custom_vjp  # type: ignore[untyped-decorator]
def integrated(small: Array, right: Array, gram: Array, prior: Array) -> Array:
    """Log density after integrating out, but for the determinants of the priors.

    Args:
        small: precision of each geo's own coefficients, `(G, P, P)`.
        right: products of geos' columns with the Q common columns and the residual, `(G, P, Q + 1)`.
        gram: Gram matrix of the common columns and the residual, `(Q + 1, Q + 1)`.
        prior: prior precision of the common coefficients, `(Q, Q)`.
    """
    return _integrated_forward(small, right, gram, prior)[0]


def _integrated_forward(
    small: Array, right: Array, gram: Array, prior: Array
) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    geos, places, width = right.shape
    size = width - 1
    root = jnp.linalg.cholesky(small)
    inverse = cho_solve((root, True), jnp.broadcast_to(jnp.eye(places), small.shape))
    solved = inverse @ right
    left = gram - right.reshape(geos * places, width).T @ solved.reshape(geos * places, width)
    big = jnp.linalg.cholesky(prior + left[:size, :size])
    covariance = cho_solve((big, True), jnp.eye(size))
    mean = covariance @ left[:size, size]
    value = (
        -0.5 * (left[size, size] - left[:size, size] @ mean)
        - jnp.log(jnp.diagonal(root, axis1=1, axis2=2)).sum()
        - jnp.log(jnp.diagonal(big)).sum()
    )
    return value, (inverse, solved, covariance, mean)


def _integrated_backward(
    saved: tuple[Array, Array, Array, Array], cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    inverse, solved, covariance, mean = saved
    corner = jnp.outer(mean, mean) + covariance
    by_gram = -0.5 * jnp.block([[corner, -mean[:, None]], [-mean[None, :], jnp.ones((1, 1))]])
    geos, places, width = solved.shape
    moved = (solved.reshape(geos * places, width) @ by_gram).reshape(solved.shape)
    by_small = moved @ jnp.swapaxes(solved, 1, 2) - 0.5 * inverse
    return (
        cotangent * by_small,
        -2.0 * cotangent * moved,
        cotangent * by_gram,
        -0.5 * cotangent * corner,
    )


integrated.defvjp(_integrated_forward, _integrated_backward)


@jax.custom_vjp  # type: ignore[untyped-decorator]
def inverse_and_log_determinant(matrix: Array) -> tuple[Array, Array]:
    """Inverse and log determinant of a positive definite matrix."""
    return _inverse_forward(matrix)[0]


def _inverse_forward(matrix: Array) -> tuple[tuple[Array, Array], Array]:
    root = jnp.linalg.cholesky(matrix)
    inverse = cho_solve((root, True), jnp.eye(matrix.shape[0]))
    return (inverse, 2.0 * jnp.log(jnp.diagonal(root)).sum()), inverse


def _inverse_backward(inverse: Array, cotangents: tuple[Array, Array]) -> tuple[Array]:
    by_inverse, by_log_determinant = cotangents
    return (by_log_determinant * inverse - inverse @ by_inverse @ inverse,)


inverse_and_log_determinant.defvjp(_inverse_forward, _inverse_backward)


def _whiten(columns: Array, rho: Array, precision: Array) -> Array:
    """Divide out AR(1) noise along axis 1 of `(G, N, P)`."""
    first = columns[:, :1] * jnp.sqrt(1 - rho**2)
    rest = columns[:, 1:] - rho * columns[:, :-1]
    return jnp.concatenate([first, rest], axis=1) * precision[:, None, None]


def _unwhiten(rows: Array, rho: Array, precision: Array) -> Array:
    """Rows `(G, P, N)` times the whitening matrix: the product with a whitened identity, without building it."""
    scaled = rows * precision[:, None, None]
    first = scaled[:, :, :1] * jnp.sqrt(1 - rho**2) - rho * scaled[:, :, 1:2]
    middle = scaled[:, :, 1:-1] - rho * scaled[:, :, 2:]
    return jnp.concatenate([first, middle, scaled[:, :, -1:]], axis=2)


def _gram(rest: Array, rho: Array, precision: Array) -> Array:
    """Gram matrix of the week effect's columns (a whitened identity), the controls and the residual."""
    geos, weeks, width = rest.shape
    diagonal = jnp.ones(weeks).at[1:-1].add(rho**2)
    neighbours = jnp.eye(weeks, k=1) + jnp.eye(weeks, k=-1)
    week = (precision**2).sum() * (jnp.diag(diagonal) - rho * neighbours)
    cross = _unwhiten(jnp.swapaxes(rest, 1, 2), rho, precision).sum(axis=0)
    flat = rest.reshape(geos * weeks, width)
    return jnp.block([[week, cross.T], [cross, flat.T @ flat]])
