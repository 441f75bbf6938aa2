"""The model's log likelihood in JAX: sampled parameters and the panel's arrays in, one number out.

Media states the formulas of `measurement.transforms` a second time, for the graph; tests hold the two equal.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

from measurement.lift_likelihood import Lifts
from measurement.likelihood import marginal_log_likelihood
from measurement.transforms import SMALLEST_DOSE

Arrays = Mapping[str, Array]


def log_likelihood(parameters: Arrays, data: Arrays) -> Array:
    """Log density of relative sales, everything linear integrated out; a scalar.

    Args:
        parameters: `iroas`, `log_half_life`, `build_up`, `log_half_saturation`, `log_slope`, `drift` and
            `log_geo_spread`, each `(C,)`; `hidden_demand` `(J,)`; `rho`, `log_noise`, `log_smooth`, `log_weekly`.
        data: arrays of `ModelInputs` by name, and `varying`, the positions of the channels that vary by geo; with
            finished tests, also those of `LiftInputs`, with `lift_` before their names.
    """
    saturated = saturated_dose(parameters, data)
    sales_per_head = sales_per_head_of(parameters, data, saturated)
    relative = data["population"] / data["mean_sales"]
    fitted = saturated[:, :, saturated.shape[2] - data["sales"].shape[1] :]
    effects = fitted * (sales_per_head[:, None] * relative)[:, :, None]
    hidden = jnp.tensordot(parameters["hidden_demand"], data["confounders"], axes=1)
    spread = jnp.exp(parameters["log_geo_spread"])[data["varying"]]
    own = effects[data["varying"]] * spread[:, None, None]
    return marginal_log_likelihood(
        data["sales"] - effects.sum(axis=0) - hidden,
        jnp.concatenate([data["local"], jnp.transpose(own, (1, 2, 0))], axis=2),
        data["controls"],
        week_covariance(parameters, data),
        parameters["rho"],
        jnp.exp(parameters["log_noise"]) * data["noise_scale"],
        _lifts(parameters, data, sales_per_head) if "lift_lift" in data else None,
    )


def sales_per_head_of(parameters: Arrays, data: Arrays, saturated: Array) -> Array:
    """Sales that one unit of saturated dose per head is worth, `(C,)`; they follow from the iROAS."""
    in_reference = jnp.einsum("cgt,ct->cg", saturated, data["reference_weeks"]) @ data["population"]
    return parameters["iroas"] * data["reference_spend"] / (in_reference + 1e-12)


def saturated_dose(parameters: Arrays, data: Arrays) -> Array:
    """Hill of the adstocked dose, times its drift, `(C, G, T)`."""
    change = jnp.exp(parameters["drift"][:, None] * data["time"])
    return _saturated(parameters, data["lagged_dose"]) * change[:, None, :]


def _saturated(parameters: Arrays, doses: Array) -> Array:
    """Hill of the adstocked dose; parameters run along the first axis of `(C, G, T, L)`."""
    channels, geos, weeks, lags = doses.shape
    decay = jnp.exp(-jnp.log(2.0) * jnp.exp(-parameters["log_half_life"]))
    rise = (1.0 + jnp.arange(lags)) ** parameters["build_up"][:, None]
    powers = rise * decay[:, None] ** jnp.arange(lags)
    weights = powers / powers.sum(axis=1, keepdims=True)
    adstocked = (doses.reshape(channels, geos * weeks, lags) @ weights[:, :, None]).reshape(channels, geos, weeks)
    exponent = jnp.exp(parameters["log_slope"])[:, None, None] * (
        jnp.log(jnp.maximum(adstocked, SMALLEST_DOSE)) - parameters["log_half_saturation"][:, None, None]
    )
    return jax.nn.sigmoid(exponent)


def _lifts(parameters: Arrays, data: Arrays, sales_per_head: Array) -> Lifts:
    """The tests' lifts as the channels' parameters have them, with what geos' own effects add."""
    of_channel = data["lift_of_channel"]
    shape = ("log_half_life", "build_up", "log_half_saturation", "log_slope")
    own = {name: of_channel @ parameters[name] for name in shape}
    gain = _saturated(own, data["lift_actual_dose"]) - _saturated(own, data["lift_counterfactual_dose"])
    change = jnp.exp((of_channel @ parameters["drift"])[:, None] * data["lift_time"])
    per_head = (gain * data["lift_weight"] * change[:, None, :]).sum(axis=2)
    by_geo = per_head * (of_channel @ sales_per_head)[:, None] * data["population"]
    spread = jnp.exp(parameters["log_geo_spread"])[data["varying"]]
    of_varying = of_channel[:, data["varying"]] * spread
    by_coefficient = jnp.einsum("mj,jg,jv->mgv", data["lift_of_test"], by_geo, of_varying)
    tests, geos = by_coefficient.shape[:2]
    columns = jnp.concatenate([jnp.zeros((tests, geos, data["local"].shape[2])), by_coefficient], axis=2)
    return Lifts(data["lift_lift"] - data["lift_of_test"] @ by_geo.sum(axis=1), columns, data["lift_sd"])


def week_covariance(parameters: Arrays, data: Arrays) -> Array:
    """Covariance of the week effect that all geos share, `(N, N)`; one series has no weekly part beside its noise."""
    smooth = data["common"] + jnp.exp(2 * parameters["log_smooth"]) * data["smooth"]
    geos, weeks = data["sales"].shape
    return smooth if geos == 1 else smooth + jnp.exp(2 * parameters["log_weekly"]) * jnp.eye(weeks)
