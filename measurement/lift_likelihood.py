"""What finished tests say, given the panel: geos' coefficients after the panel in, the log density of the lifts out.

A lift is linear in the same geos' coefficients that the panel informs, so it is an exact further observation,
conditioned on them; adding their variance to the test's own would count them twice and weaken the test.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.scipy.linalg import cho_solve


class Lifts(NamedTuple):
    """M lifts: observed less expected at average geos `(M,)`, by coefficient `(M, G, P)`, standard error `(M,)`."""

    residual: Array
    by_coefficient: Array
    sd: Array


def lift_log_likelihood(small: Array, right: Array, gram: Array, prior: Array, lifts: Lifts) -> Array:
    """Log density of the lifts given the panel, up to the constant of the normal density; a scalar.

    Args:
        small, right, gram, prior: as in `measurement.likelihood.integrated`.
        lifts: what the tests found.
    """
    size = right.shape[2] - 1
    root = jnp.linalg.cholesky(small)
    solved = cho_solve((root, True), right)
    left = gram - jnp.einsum("gpi,gpj->ij", right, solved)
    big = jnp.linalg.cholesky(prior + left[:size, :size])
    through_common = jnp.einsum("mgp,gpi->mi", lifts.by_coefficient, solved)
    mean = through_common[:, size] - through_common[:, :size] @ cho_solve((big, True), left[:size, size])
    own = cho_solve((root, True), jnp.moveaxis(lifts.by_coefficient, 0, 2))
    covariance = (
        jnp.einsum("mgp,gpn->mn", lifts.by_coefficient, own)
        + through_common[:, :size] @ cho_solve((big, True), through_common[:, :size].T)
        + jnp.diag(lifts.sd**2)
    )
    # Money is large: scaled by the tests' own errors, the factor is well conditioned.
    scaled = jnp.linalg.cholesky(covariance / jnp.outer(lifts.sd, lifts.sd))
    difference = (lifts.residual - mean) / lifts.sd
    return -0.5 * difference @ cho_solve((scaled, True), difference) - jnp.log(jnp.diagonal(scaled)).sum()
