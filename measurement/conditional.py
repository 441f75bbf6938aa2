"""Exact draws of what the model integrated out, and of the sales that follow: a chain's draws in, more draws out.

For every draw of the sampled parameters the linear part is Gaussian given the data. It is drawn by perturbation: draw
it and the data from the prior, solve for the difference to the observed data, add the solution (Papandreou and Yuille
2010). The algebra is that of `measurement.likelihood.marginal_log_likelihood`, in numpy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from measurement.preparation import LAGS, ModelInputs
from measurement.transforms import adstock_weights, hill

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Media:
    """One draw's media: saturated dose with drift `(C, G, T)` and sales per head that a unit of it is worth `(C,)`."""

    saturated: FloatArray
    sales_per_head: FloatArray


@dataclass(frozen=True)
class LinearPart:
    """One draw of what is linear: geos' coefficients `(G, P)`, week effect `(N,)`, controls' coefficients `(K,)`."""

    local: FloatArray
    week: FloatArray
    controls: FloatArray


def media_of(inputs: ModelInputs, draw: Mapping[str, FloatArray]) -> Media:
    """Media of one draw of the sampled parameters."""
    decay = 0.5 ** np.exp(-draw["log_half_life"])
    weights = adstock_weights(decay, LAGS, draw["build_up"])
    adstocked = np.matmul(inputs.lagged_dose, weights[:, None, :, None])[..., 0]
    half, slope = np.exp(draw["log_half_saturation"]), np.exp(draw["log_slope"])
    change = np.exp(draw["drift"][:, None] * inputs.time)
    saturated = hill(adstocked, half[:, None, None], slope[:, None, None]) * change[:, None, :]
    total = np.einsum("cgt,g,ct->c", saturated, inputs.population, inputs.reference_weeks, optimize=True)
    return Media(saturated, draw["iroas"] * inputs.reference_spend / (total + 1e-12))


def complete_chain(
    inputs: ModelInputs, chain: Mapping[str, FloatArray], generator: np.random.Generator
) -> dict[str, FloatArray]:
    """Draws of all that follows from a chain's parameters.

    Args:
        inputs: arrays of the panel.
        chain: sampled parameters, each `(draws, ...)`.
        generator: source of the conditional draws.

    Returns:
        By name, first axis the draws: `sales_per_head` (C), `geo_effect` (C, G) relative to the channel's own,
        `contribution` (C, T) sales summed over geos, `incremental` (C) in the report's window, `baseline` (N) and
        `predicted` (N) sales summed over geos, `inside` share of geo-weeks in their 90 % predictive interval.
    """
    count = len(chain["rho"])
    rows = [_complete(inputs, {name: values[i] for name, values in chain.items()}, generator) for i in range(count)]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _complete(
    inputs: ModelInputs, draw: Mapping[str, FloatArray], generator: np.random.Generator
) -> dict[str, FloatArray]:
    media = media_of(inputs, draw)
    relative = inputs.population / inputs.mean_sales
    effects = media.saturated[:, :, inputs.burn_in :] * media.sales_per_head[:, None, None] * relative[:, None]
    residual = inputs.sales - effects.sum(axis=0) - _hidden_demand(inputs, draw)
    varying = np.flatnonzero(inputs.varies_by_geo)
    own = effects[varying] * np.exp(draw["log_geo_spread"][varying])[:, None, None]
    columns = np.concatenate([inputs.local, np.moveaxis(own, 0, 2)], axis=2)
    covariance = week_covariance(inputs, draw)
    noise = np.exp(draw["log_noise"]) * inputs.noise_scale
    linear = draw_linear_part(residual, columns, inputs.controls, covariance, float(draw["rho"]), noise, generator)

    geo_effect = np.ones(media.saturated.shape[:2])
    geo_effect[varying] += np.exp(draw["log_geo_spread"][varying])[:, None] * linear.local[:, 2:].T
    sales = media.saturated * (media.sales_per_head[:, None] * inputs.population * geo_effect)[:, :, None]
    baseline = (
        1.0
        + np.einsum("gnp,gp->gn", inputs.local, linear.local[:, :2])
        + linear.week
        + inputs.controls @ linear.controls
        + _hidden_demand(inputs, draw)
    )
    fitted = baseline + np.einsum("cgn,cg->gn", effects, geo_effect)
    errors = _autoregressive(fitted.shape, float(draw["rho"]), noise, generator)
    spread = 1.6449 * noise[:, None] / np.sqrt(1.0 - draw["rho"] ** 2)
    return {
        "sales_per_head": media.sales_per_head,
        "geo_effect": geo_effect,
        "contribution": sales.sum(axis=1),
        "incremental": sales[:, :, -inputs.window_weeks :].sum(axis=(1, 2)),
        "baseline": inputs.mean_sales @ baseline,
        "predicted": inputs.mean_sales @ (fitted + errors),
        "inside": np.mean(np.abs(1.0 + inputs.sales - fitted) < spread),
    }


def _hidden_demand(inputs: ModelInputs, draw: Mapping[str, FloatArray]) -> FloatArray:
    if len(inputs.confounded) == 0:
        return np.zeros(inputs.sales.shape)
    hidden: FloatArray = np.tensordot(draw["hidden_demand"], inputs.confounders, axes=1)
    return hidden


def week_covariance(inputs: ModelInputs, draw: Mapping[str, FloatArray]) -> FloatArray:
    """Covariance of the common week effect, `(N, N)`."""
    weekly = 0.0 if len(inputs.mean_sales) == 1 else np.exp(2 * draw["log_weekly"])
    covariance: FloatArray = (
        inputs.common + np.exp(2 * draw["log_smooth"]) * inputs.smooth + weekly * np.eye(len(inputs.common))
    )
    return covariance


def draw_linear_part(
    residual: FloatArray,
    local: FloatArray,
    controls: FloatArray,
    covariance: FloatArray,
    rho: float,
    noise: FloatArray,
    generator: np.random.Generator,
) -> LinearPart:
    """One exact draw of the linear part given the residual `(G, N)`; arguments as in `marginal_log_likelihood`."""
    geos, weeks, places = local.shape
    start_local = generator.standard_normal((geos, places))
    start_week = np.linalg.cholesky(covariance) @ generator.standard_normal(weeks)
    start_controls = generator.standard_normal(controls.shape[2])
    imagined = np.einsum("gnp,gp->gn", local, start_local) + start_week + controls @ start_controls
    imagined = imagined + _autoregressive((geos, weeks), rho, noise, generator)
    step = _solve(residual - imagined, local, controls, covariance, rho, noise)
    return LinearPart(start_local + step.local, start_week + step.week, start_controls + step.controls)


def _solve(
    residual: FloatArray, local: FloatArray, controls: FloatArray, covariance: FloatArray, rho: float, noise: FloatArray
) -> LinearPart:
    """Posterior mean of the linear part."""
    weeks = residual.shape[1]
    r = _whiten(residual[:, :, None], rho, noise)[:, :, 0]
    z = _whiten(local, rho, noise)
    shared = _whiten(controls, rho, noise)
    transposed = np.swapaxes(z, 1, 2)
    small = np.linalg.cholesky(transposed @ z + np.eye(z.shape[2]))
    side = np.concatenate([_unwhiten(transposed, rho, noise), transposed @ shared, transposed @ r[:, :, None]], axis=2)
    inverse = np.linalg.solve(small, np.broadcast_to(np.eye(z.shape[2]), small.shape))
    solved = inverse @ side
    flat = solved.reshape(-1, solved.shape[2])
    gram, right = _common_gram(r, shared, rho, noise)
    width = gram.shape[0]
    precision = np.eye(width)
    root = np.linalg.cholesky(covariance)
    inverse_root = solve_triangular(root, np.eye(weeks), lower=True, check_finite=False)
    precision[:weeks, :weeks] = inverse_root.T @ inverse_root
    explained = flat.T @ flat
    big = np.linalg.cholesky(precision + gram - explained[:width, :width])
    common = cho_solve((big, True), right - explained[:width, width], check_finite=False)
    coefficients = np.swapaxes(inverse, 1, 2) @ (solved[:, :, width] - solved[:, :, :width] @ common)[:, :, None]
    return LinearPart(coefficients[:, :, 0], common[:weeks], common[weeks:])


def _common_gram(r: FloatArray, shared: FloatArray, rho: float, noise: FloatArray) -> tuple[FloatArray, FloatArray]:
    geos, weeks, count = shared.shape
    diagonal = np.full(weeks, 1 + rho**2)
    diagonal[[0, -1]] = 1.0
    week = (noise**-2.0).sum() * (np.diag(diagonal) - rho * (np.eye(weeks, k=1) + np.eye(weeks, k=-1)))
    cross = _unwhiten(np.swapaxes(shared, 1, 2), rho, noise).sum(axis=0)
    flat = shared.reshape(geos * weeks, count)
    gram = np.block([[week, cross.T], [cross, flat.T @ flat]])
    side = np.concatenate([_unwhiten(r[:, None, :], rho, noise)[:, 0].sum(axis=0), flat.T @ r.reshape(-1)])
    return gram, side


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


def _autoregressive(
    shape: tuple[int, ...], rho: float, noise: FloatArray, generator: np.random.Generator
) -> FloatArray:
    """Stationary AR(1) noise, `(G, N)`."""
    innovations = generator.standard_normal(shape)
    innovations[:, 0] /= np.sqrt(1 - rho**2)
    series = innovations.copy()
    for week in range(1, shape[1]):
        series[:, week] += rho * series[:, week - 1]
    return series * noise[:, None]
