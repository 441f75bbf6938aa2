"""Exact draws of what the model integrated out, and of the sales that follow: a chain's draws in, more draws out.

For every draw of the sampled parameters the linear part is Gaussian given the data; `linear_draws` draws it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.lift_inputs import LiftInputs
from measurement.linear_draws import LiftRows, autoregressive, draw_linear_part
from measurement.preparation import LAGS, ModelInputs
from measurement.transforms import adstock_weights, hill

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Media:
    """One draw's media: saturated dose with drift `(C, G, T)` and sales per head that a unit of it is worth `(C,)`."""

    saturated: FloatArray
    sales_per_head: FloatArray


def media_of(inputs: ModelInputs, draw: Mapping[str, FloatArray]) -> Media:
    """Media of one draw of the sampled parameters."""
    change = np.exp(draw["drift"][:, None] * inputs.time)
    saturated = _saturated(draw, inputs.lagged_dose) * change[:, None, :]
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
    lifts = None if inputs.lifts is None else lift_rows(inputs, inputs.lifts, draw, media)
    linear = draw_linear_part(
        residual, columns, inputs.controls, covariance, float(draw["rho"]), noise, generator, lifts
    )
    geo_effect = np.ones(media.saturated.shape[:2])
    places = inputs.local.shape[2]
    geo_effect[varying] += np.exp(draw["log_geo_spread"][varying])[:, None] * linear.local[:, places:].T
    sales = media.saturated * (media.sales_per_head[:, None] * inputs.population * geo_effect)[:, :, None]
    baseline = (
        1.0
        + np.einsum("gnp,gp->gn", inputs.local, linear.local[:, :places])
        + linear.week
        + inputs.controls @ linear.controls
        + _hidden_demand(inputs, draw)
    )
    fitted = baseline + np.einsum("cgn,cg->gn", effects, geo_effect)
    errors = autoregressive(fitted.shape, float(draw["rho"]), noise, generator)
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


def lift_rows(inputs: ModelInputs, lifts: LiftInputs, draw: Mapping[str, FloatArray], media: Media) -> LiftRows:
    """Finished tests as one draw's curves have them."""
    by_geo = lifts_by_geo(inputs, lifts, draw, media)
    varying = np.flatnonzero(inputs.varies_by_geo)
    spread = lifts.of_channel[:, varying] * np.exp(draw["log_geo_spread"][varying])
    by_coefficient = np.einsum("mj,jg,jv->mgv", lifts.of_test, by_geo, spread)
    first = np.zeros((*by_coefficient.shape[:2], inputs.local.shape[2]))
    expected = lifts.of_test @ by_geo.sum(axis=1)
    return LiftRows(lifts.lift - expected, np.concatenate([first, by_coefficient], axis=2), lifts.sd)


def lifts_by_geo(inputs: ModelInputs, lifts: LiftInputs, draw: Mapping[str, FloatArray], media: Media) -> FloatArray:
    """Each pair of test and channel's lift in each geo, were its effect the average one, `(J, G)`, in money."""
    shape = ("log_half_life", "build_up", "log_half_saturation", "log_slope")
    own = {name: lifts.of_channel @ draw[name] for name in shape}
    gain = _saturated(own, lifts.actual_dose) - _saturated(own, lifts.counterfactual_dose)
    change = np.exp((lifts.of_channel @ draw["drift"])[:, None] * lifts.time)
    per_head = (gain * lifts.weight * change[:, None, :]).sum(axis=2)
    by_geo: FloatArray = per_head * (lifts.of_channel @ media.sales_per_head)[:, None] * inputs.population
    return by_geo


def _saturated(draw: Mapping[str, FloatArray], lagged_dose: FloatArray) -> FloatArray:
    """Hill of the adstocked dose; parameters run along the first axis of `(C, G, T, L)`."""
    weights = adstock_weights(0.5 ** np.exp(-draw["log_half_life"]), LAGS, draw["build_up"])
    adstocked = np.matmul(lagged_dose, weights[:, None, :, None])[..., 0]
    half, slope = np.exp(draw["log_half_saturation"]), np.exp(draw["log_slope"])
    return hill(adstocked, half[:, None, None], slope[:, None, None])
