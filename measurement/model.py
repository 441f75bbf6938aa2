"""The incrementality model in PyMC: `ModelInputs` and priors in, a `pm.Model` with the linear part integrated out.

Sampled are a few numbers per channel and the noise; what is linear given them (geo levels and trends, geos' own
effects, the week effect that all geos share, controls) is integrated out exactly, so that the likelihood is a Gaussian
whose covariance is a small block per geo plus one common block.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor import wrap_jax
from pytensor.tensor import TensorVariable as Tensor

from measurement.likelihood import marginal_log_likelihood
from measurement.preparation import LAGS, ModelInputs
from measurement.priors import ChannelPrior, Priors, chance_of_nothing, weibull_of
from measurement.transforms import SMALLEST_DOSE

FloatArray = NDArray[np.float64]

NOISE_LOG_SD = 0.5
PROXY_MEDIAN, PROXY_LOG_SD = 1.2, 0.5
"""(1 - r) / r for a demand proxy of reliability r given spend: r is 0.45 in the median, 0.27 to 0.66 in nine of ten."""
WEEK_EFFECT = 0.03
"""Median of the common week effect's standard deviations, relative to sales."""


def build_model(inputs: ModelInputs, priors: Priors, channels: tuple[str, ...]) -> pm.Model:
    """The model of one panel.

    Args:
        inputs: arrays of the panel.
        priors: one prior per channel.
        channels: labels, length C, in the order of the inputs.

    Returns:
        A model whose only likelihood term is the potential `marginal`; arrays are `pm.Data`, so that a compiled
        function is reused for panels of the same shape.
    """
    own = [priors.of(channel) for channel in channels]
    with pm.Model(coords={"channel": list(channels)}) as model:
        iroas = _iroas(own)
        log_half_life = _log_normal(
            "log_half_life", [p.half_life_weeks.median for p in own], _log_sds(own, "half_life")
        )
        log_half_saturation = _log_normal(
            "log_half_saturation", [p.half_saturation.median for p in own], _log_sds(own, "half_saturation")
        )
        log_slope = _log_normal("log_slope", [p.slope.median for p in own], _log_sds(own, "slope"))
        drift = pm.Normal("drift", 0.0, np.array([max(p.drift, 1e-3) for p in own]), dims="channel")
        log_geo_spread = _log_normal("log_geo_spread", [p.geo_spread.median for p in own], _log_sds(own, "geo_spread"))
        rho = pm.Beta("rho", 2.0, 3.0)
        log_noise = pm.Normal("log_noise", np.log(inputs.typical_noise), NOISE_LOG_SD)
        log_smooth = pm.Normal("log_smooth", np.log(WEEK_EFFECT), 0.8)
        log_weekly = pm.Normal("log_weekly", np.log(WEEK_EFFECT / 2), 0.8)

        saturated = _saturated_dose(inputs, log_half_life, log_half_saturation, log_slope, drift)
        per_geo = _effects(inputs, saturated, iroas)
        residual = _residual(inputs, per_geo)
        local = _local_columns(inputs, per_geo, log_geo_spread)
        covariance = _week_covariance(inputs, log_smooth, log_weekly)
        noise = pt.exp(log_noise) * _data("noise_scale", inputs.noise_scale)
        controls = _data("controls", inputs.controls)
        density = wrap_jax(marginal_log_likelihood)
        pm.Potential("marginal", density(residual, local, controls, covariance, rho, noise))
    return model


def _data(name: str, values: FloatArray) -> Tensor:
    """Data with a static shape: an argument of the compiled function that JAX can still slice."""
    return pm.Data(name, values, shape=values.shape)


def _iroas(own: list[ChannelPrior]) -> Tensor:
    shapes, scales = np.array([weibull_of(prior.iroas) for prior in own]).T
    nothing = np.array([chance_of_nothing(prior) for prior in own])
    score = pm.Normal("iroas_score", 0.0, 1.0, dims="channel")
    exceeded = _exponential(score) + np.log1p(-nothing)
    return pm.Deterministic("iroas", scales * pt.maximum(exceeded, 0.0) ** (1.0 / shapes), dims="channel")


def _exponential(score: Tensor) -> Tensor:
    """An exponential quantity as a standard normal one's quantile, which samples well when data push it to zero."""
    return -pt.log(0.5 * pt.erfc(score / np.sqrt(2.0)))


def _log_sds(own: list[ChannelPrior], what: str) -> list[float]:
    name = "half_life_weeks" if what == "half_life" else what
    return [getattr(prior, name).log_sd for prior in own]


def _log_normal(name: str, medians: list[float], log_sds: list[float]) -> Tensor:
    return pm.Normal(name, np.log(medians), np.array(log_sds), dims="channel")


def _saturated_dose(
    inputs: ModelInputs, log_half_life: Tensor, log_half_saturation: Tensor, log_slope: Tensor, drift: Tensor
) -> Tensor:
    """Hill of the adstocked dose, times its drift, `(C, G, T)`."""
    lagged_dose = _data("lagged_dose", inputs.lagged_dose)
    decay = pt.exp(-np.log(2.0) * pt.exp(-log_half_life))
    powers = decay[:, None] ** np.arange(LAGS)
    weights = powers / powers.sum(axis=1, keepdims=True)
    channels, geos, weeks, lags = inputs.lagged_dose.shape
    flat = lagged_dose.reshape((channels, geos * weeks, lags))
    adstocked = pt.matmul(flat, weights[:, :, None]).reshape((channels, geos, weeks))
    exponent = pt.exp(log_slope)[:, None, None] * (
        pt.log(pt.maximum(adstocked, SMALLEST_DOSE)) - log_half_saturation[:, None, None]
    )
    change = pt.exp(drift[:, None] * _data("time", inputs.time)[None, :])
    return pt.sigmoid(exponent) * change[:, None, :]


def _effects(inputs: ModelInputs, saturated: Tensor, iroas: Tensor) -> Tensor:
    """Each channel's effect in the fitted weeks, relative to the geo's mean sales, `(C, G, N)`.

    The iROAS carries the prior; the sales that one unit of saturated dose per head is worth follow from it.
    """
    population = _data("population", inputs.population)
    in_reference = saturated * _data("reference_weeks", inputs.reference_weeks)[:, None, :]
    total = (in_reference.sum(axis=2) * population[None, :]).sum(axis=1)
    sales_per_head = iroas * _data("reference_spend", inputs.reference_spend) / (total + 1e-12)
    relative = population / _data("mean_sales", inputs.mean_sales)
    return saturated[:, :, inputs.burn_in :] * sales_per_head[:, None, None] * relative[None, :, None]


def _residual(inputs: ModelInputs, per_geo: Tensor) -> Tensor:
    residual = _data("sales", inputs.sales) - per_geo.sum(axis=0)
    if len(inputs.confounded) == 0:
        return residual
    score = pm.Normal("hidden_demand_score", 0.0, 1.0, shape=len(inputs.confounded))
    by_proxy = np.log(PROXY_MEDIAN) + PROXY_LOG_SD * score
    multiple = pt.switch(inputs.confounding_by_proxy, pt.exp(by_proxy), _exponential(score))
    hidden = pm.Deterministic("hidden_demand", inputs.confounding_scale * multiple)
    return residual - (hidden[:, None, None] * _data("confounders", inputs.confounders)).sum(axis=0)


def _local_columns(inputs: ModelInputs, per_geo: Tensor, log_geo_spread: Tensor) -> Tensor:
    """Columns whose coefficients are standard normal in every geo, `(G, N, P)`."""
    local = _data("local", inputs.local)
    varying = np.flatnonzero(inputs.varies_by_geo)
    if len(varying) == 0:
        return local
    own_effects = per_geo[varying] * pt.exp(log_geo_spread[varying])[:, None, None]
    return pt.concatenate([local, own_effects.dimshuffle(1, 2, 0)], axis=2)


def _week_covariance(inputs: ModelInputs, log_smooth: Tensor, log_weekly: Tensor) -> Tensor:
    smooth = pt.exp(2 * log_smooth) * _data("smooth", inputs.smooth)
    fixed = _data("common", inputs.common)
    if len(inputs.mean_sales) == 1:
        return fixed + smooth
    return fixed + smooth + pt.exp(2 * log_weekly) * pt.eye(inputs.sales.shape[1])
