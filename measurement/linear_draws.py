"""Exact draws of the linear part: residual, columns and finished tests' lifts in, coefficients out.

The algebra is that of `measurement.likelihood.marginal_log_likelihood`, in numpy; draws by perturbation: draw the
coefficients and the data from the prior, solve for the difference to the observed data, add the solution (Papandreou
and Yuille 2010).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LinearPart:
    """One draw of what is linear: geos' coefficients `(G, P)`, week effect `(N,)`, controls' coefficients `(K,)`."""

    local: FloatArray
    week: FloatArray
    controls: FloatArray


@dataclass(frozen=True)
class LiftRows:
    """M lifts: observed less expected at average geos `(M,)`, by coefficient `(M, G, P)`, standard error `(M,)`."""

    residual: FloatArray
    by_coefficient: FloatArray
    sd: FloatArray


def draw_linear_part(
    residual: FloatArray,
    local: FloatArray,
    controls: FloatArray,
    covariance: FloatArray,
    rho: float,
    noise: FloatArray,
    generator: np.random.Generator,
    lifts: LiftRows | None = None,
) -> LinearPart:
    """One exact draw of the linear part given the residual `(G, N)` and the lifts of finished tests.

    The other arguments are those of `marginal_log_likelihood`.
    """
    geos, weeks, places = local.shape
    start_local = generator.standard_normal((geos, places))
    start_week = np.linalg.cholesky(covariance) @ generator.standard_normal(weeks)
    start_controls = generator.standard_normal(controls.shape[2])
    imagined = np.einsum("gnp,gp->gn", local, start_local) + start_week + controls @ start_controls
    imagined = imagined + autoregressive((geos, weeks), rho, noise, generator)
    system = _factorise(local, controls, covariance, rho, noise)
    own, common = system.solve(*system.right_sides(residual - imagined))
    own, common = start_local + own, np.concatenate([start_week, start_controls]) + common
    if lifts is not None:
        own, common = _given_lifts(system, (own, common), lifts, generator)
    return LinearPart(own, common[:weeks], common[weeks:])


def _given_lifts(
    system: "_System", drawn: tuple[FloatArray, FloatArray], lifts: LiftRows, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """A draw given the panel, made one given the lifts as well, by the same perturbation."""
    own, common = drawn
    nothing = np.zeros(len(common))
    moves = [system.solve(row, nothing) for row in lifts.by_coefficient]
    moves_own, moves_common = (np.stack(parts) for parts in zip(*moves, strict=True))
    covariance = np.einsum("mgp,ngp->mn", lifts.by_coefficient, moves_own) + np.diag(lifts.sd**2)
    imagined = np.einsum("mgp,gp->m", lifts.by_coefficient, own) + lifts.sd * generator.standard_normal(len(lifts.sd))
    gain = np.linalg.solve(covariance, lifts.residual - imagined)
    return own + np.einsum("m,mgp->gp", gain, moves_own), common + gain @ moves_common


@dataclass(frozen=True, eq=False)
class _System:
    """The posterior precision of geos' own and common coefficients, factorised."""

    whitened_local: FloatArray
    whitened_controls: FloatArray
    inverse: FloatArray
    cross: FloatArray
    big: FloatArray
    rho: float
    noise: FloatArray

    def right_sides(self, residual: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Products of all columns with a residual `(G, N)`: `(G, P)` and `(N + K,)`."""
        r = _whiten(residual[:, :, None], self.rho, self.noise)[:, :, 0]
        own = np.einsum("gnp,gn->gp", self.whitened_local, r)
        week = _unwhiten(r[:, None, :], self.rho, self.noise)[:, 0].sum(axis=0)
        return own, np.concatenate([week, np.einsum("gnk,gn->k", self.whitened_controls, r)])

    def solve(self, own: FloatArray, common: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The precision's inverse times right-hand sides `(G, P)` and `(N + K,)`."""
        halfway = (self.inverse @ own[:, :, None])[:, :, 0]
        shared = cho_solve((self.big, True), common - np.einsum("gpq,gp->q", self.cross, halfway), check_finite=False)
        back = np.swapaxes(self.inverse, 1, 2) @ (halfway - self.cross @ shared)[:, :, None]
        return back[:, :, 0], shared


def _factorise(
    local: FloatArray, controls: FloatArray, covariance: FloatArray, rho: float, noise: FloatArray
) -> _System:
    weeks = local.shape[1]
    z, shared = _whiten(local, rho, noise), _whiten(controls, rho, noise)
    transposed = np.swapaxes(z, 1, 2)
    small = np.linalg.cholesky(transposed @ z + np.eye(z.shape[2]))
    inverse = np.linalg.solve(small, np.broadcast_to(np.eye(z.shape[2]), small.shape))
    cross = inverse @ np.concatenate([_unwhiten(transposed, rho, noise), transposed @ shared], axis=2)
    flat = cross.reshape(-1, cross.shape[2])
    precision = np.eye(flat.shape[1])
    root = np.linalg.cholesky(covariance)
    inverse_root = solve_triangular(root, np.eye(weeks), lower=True, check_finite=False)
    precision[:weeks, :weeks] = inverse_root.T @ inverse_root
    big = np.linalg.cholesky(precision + _common_gram(shared, rho, noise) - flat.T @ flat)
    return _System(z, shared, inverse, cross, big, rho, noise)


def _common_gram(shared: FloatArray, rho: float, noise: FloatArray) -> FloatArray:
    geos, weeks, count = shared.shape
    diagonal = np.full(weeks, 1 + rho**2)
    diagonal[[0, -1]] = 1.0
    week = (noise**-2.0).sum() * (np.diag(diagonal) - rho * (np.eye(weeks, k=1) + np.eye(weeks, k=-1)))
    cross = _unwhiten(np.swapaxes(shared, 1, 2), rho, noise).sum(axis=0)
    flat = shared.reshape(geos * weeks, count)
    return np.block([[week, cross.T], [cross, flat.T @ flat]])


def _whiten(columns: FloatArray, rho: float, noise: FloatArray) -> FloatArray:
    first = columns[:, :1] * np.sqrt(1 - rho**2)
    whitened: FloatArray = np.concatenate([first, columns[:, 1:] - rho * columns[:, :-1]], axis=1)
    return whitened / noise[:, None, None]


def _unwhiten(rows: FloatArray, rho: float, noise: FloatArray) -> FloatArray:
    scaled = rows / noise[:, None, None]
    result = scaled.copy()
    result[:, :, 0] *= np.sqrt(1 - rho**2)
    result[:, :, :-1] -= rho * scaled[:, :, 1:]
    return result


def autoregressive(shape: tuple[int, ...], rho: float, noise: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Stationary AR(1) noise, `(G, N)`."""
    innovations = generator.standard_normal(shape)
    innovations[:, 0] /= np.sqrt(1 - rho**2)
    series = innovations.copy()
    for week in range(1, shape[1]):
        series[:, week] += rho * series[:, week - 1]
    return series * noise[:, None]
