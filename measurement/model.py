"""The incrementality model in PyMC: `ModelInputs` and priors in, a `pm.Model` with the linear part integrated out.

Sampled are a few numbers per channel and the noise; what is linear given them (geo levels and trends, geos' own
effects, the week effect that all geos share, controls) is integrated out exactly, so that the likelihood is a Gaussian
whose covariance is a small block per geo plus one common block. `measurement.density` states it in JAX.
"""

from typing import TypeAlias

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor import wrap_jax

from measurement.density import log_likelihood
from measurement.preparation import ModelInputs
from measurement.priors import ChannelPrior, Priors, Spread, chance_of_nothing, weibull_of

Tensor: TypeAlias = pt.TensorVariable
FloatArray = NDArray[np.float64]

NOISE_LOG_SD = 0.5
PROXY_MEDIAN, PROXY_LOG_SD = 1.6, 0.6
"""(1 - r) / r for a demand proxy of reliability r given spend: r has the median 0.38 and is mostly 0.2 to 0.6."""
WEEK_EFFECT = 0.03
"""Median of the smooth week effect's standard deviation, relative to sales; the week-by-week part has half of it."""
WEEK_EFFECT_LOG_SD = 0.8
ARRAYS = (
    "sales",
    "mean_sales",
    "lagged_dose",
    "population",
    "reference_weeks",
    "reference_spend",
    "time",
    "local",
    "controls",
    "common",
    "smooth",
    "noise_scale",
    "confounders",
)
LIFT_ARRAYS = (
    "lift",
    "sd",
    "of_test",
    "of_channel",
    "actual_dose",
    "counterfactual_dose",
    "weight",
    "time",
)


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
        parameters = {
            "iroas": _iroas(own, priors.resemblance),
            "log_half_life": _log_normal("log_half_life", [prior.half_life_weeks for prior in own]),
            "build_up": _build_up(own),
            "log_half_saturation": _log_normal("log_half_saturation", [prior.half_saturation for prior in own]),
            "log_slope": _log_normal("log_slope", [prior.slope for prior in own]),
            "drift": pm.Normal("drift", 0.0, np.array([max(prior.drift, 1e-3) for prior in own]), dims="channel"),
            "log_geo_spread": _log_normal("log_geo_spread", [prior.geo_spread for prior in own]),
            "hidden_demand": _hidden_demand(inputs),
            "rho": pm.Beta("rho", 2.0, 3.0),
            "log_noise": pm.Normal("log_noise", np.log(inputs.typical_noise), NOISE_LOG_SD),
            "log_smooth": pm.Normal("log_smooth", np.log(WEEK_EFFECT), WEEK_EFFECT_LOG_SD),
            "log_weekly": pm.Normal("log_weekly", np.log(WEEK_EFFECT / 2), WEEK_EFFECT_LOG_SD),
        }
        data = {name: _data(name, getattr(inputs, name)) for name in ARRAYS}
        if inputs.lifts is not None:
            data |= {f"lift_{name}": _data(f"lift_{name}", getattr(inputs.lifts, name)) for name in LIFT_ARRAYS}
        data["varying"] = pt.constant(np.flatnonzero(inputs.varies_by_geo))
        pm.Potential("marginal", wrap_jax(log_likelihood)(parameters, data))
    return model


def _data(name: str, values: FloatArray) -> Tensor:
    """Data with a static shape: an argument of the compiled function that JAX can still slice."""
    return pm.Data(name, values, shape=values.shape)


def _iroas(own: list[ChannelPrior], resemblance: float) -> Tensor:
    """iROAS: nothing with some probability, else Weibull, as the quantile of a standard normal score.

    Scores of the channels are correlated (a Gaussian copula), as lower triangular combinations of independent ones.
    """
    shapes, scales = np.array([weibull_of(prior.iroas) for prior in own]).T
    nothing = np.array([chance_of_nothing(prior) for prior in own])
    independent = pm.Normal("iroas_score", 0.0, 1.0, dims="channel")
    alike = np.linalg.cholesky(np.full((len(own), len(own)), resemblance) + (1.0 - resemblance) * np.eye(len(own)))
    exceeded = _exponential(pt.dot(alike, independent)) + np.log1p(-nothing)
    sells = exceeded > 0.0
    # A power below one is infinitely steep at zero; taken of one where nothing sells, its gradient stays finite.
    weibull = scales * pt.switch(sells, exceeded, 1.0) ** (1.0 / shapes)
    return pm.Deterministic("iroas", pt.switch(sells, weibull, 0.0), dims="channel")


def _exponential(score: Tensor) -> Tensor:
    """An exponential quantity as the quantile of a standard normal one: it samples well when data push it to zero."""
    return -pt.log(0.5 * pt.erfc(score / np.sqrt(2.0)))


def _log_normal(name: str, spreads: list[Spread]) -> Tensor:
    medians = np.array([spread.median for spread in spreads])
    return pm.Normal(name, np.log(medians), np.array([spread.log_sd for spread in spreads]), dims="channel")


def _build_up(own: list[ChannelPrior]) -> Tensor:
    score = pm.Normal("build_up_score", 0.0, 1.0, dims="channel")
    means = np.array([max(prior.build_up, 1e-3) for prior in own])
    return pm.Deterministic("build_up", means * _exponential(score), dims="channel")


def _hidden_demand(inputs: ModelInputs) -> Tensor:
    """Elasticity of sales to spend that is hidden demand: near the proxy's hint, or of our stated scale without one."""
    if len(inputs.confounded) == 0:
        return pt.zeros(0)
    score = pm.Normal("hidden_demand_score", 0.0, 1.0, shape=len(inputs.confounded))
    by_proxy = pt.exp(np.log(PROXY_MEDIAN) + PROXY_LOG_SD * score)
    multiple = pt.switch(inputs.confounding_by_proxy, by_proxy, _exponential(score))
    return pm.Deterministic("hidden_demand", inputs.confounding_scale * multiple)
