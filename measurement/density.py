"""The model's log likelihood in JAX: sampled parameters and the panel's arrays in, one number out.

Media states the formulas of `measurement.transforms` a second time, for the graph; tests hold the two equal.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

from measurement.likelihood import marginal_log_likelihood
from measurement.transforms import SMALLEST_DOSE

Arrays = Mapping[str, Array]


def log_likelihood(parameters: Arrays, data: Arrays) -> Array:
    """Log density of relative sales, everything linear integrated out; a scalar.

    Args:
        parameters: `iroas`, `log_half_life`, `build_up`, `log_half_saturation`, `log_slope`, `drift` and
            `log_geo_spread`, each `(C,)`; `hidden_demand` `(J,)`; `rho`, `log_noise`, `log_smooth`, `log_weekly`.
        data: arrays of `ModelInputs` by name, and `varying`, the positions of the channels that vary by geo.
    """
    effects = channel_effects(parameters, data)
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
    )


def channel_effects(parameters: Arrays, data: Arrays) -> Array:
    """Each channel's effect in the fitted weeks, relative to the geo's mean sales, `(C, G, N)`.

    The iROAS carries the prior; the sales that one unit of saturated dose per head is worth follow from it.
    """
    saturated = saturated_dose(parameters, data)
    in_reference = jnp.einsum("cgt,ct->cg", saturated, data["reference_weeks"]) @ data["population"]
    sales_per_head = parameters["iroas"] * data["reference_spend"] / (in_reference + 1e-12)
    relative = data["population"] / data["mean_sales"]
    fitted = saturated[:, :, saturated.shape[2] - data["sales"].shape[1] :]
    return fitted * (sales_per_head[:, None] * relative)[:, :, None]


def saturated_dose(parameters: Arrays, data: Arrays) -> Array:
    """Hill of the adstocked dose, times its drift, `(C, G, T)`."""
    doses = data["lagged_dose"]
    channels, geos, weeks, lags = doses.shape
    decay = jnp.exp(-jnp.log(2.0) * jnp.exp(-parameters["log_half_life"]))
    rise = (1.0 + jnp.arange(lags)) ** parameters["build_up"][:, None]
    powers = rise * decay[:, None] ** jnp.arange(lags)
    weights = powers / powers.sum(axis=1, keepdims=True)
    adstocked = (doses.reshape(channels, geos * weeks, lags) @ weights[:, :, None]).reshape(channels, geos, weeks)
    exponent = jnp.exp(parameters["log_slope"])[:, None, None] * (
        jnp.log(jnp.maximum(adstocked, SMALLEST_DOSE)) - parameters["log_half_saturation"][:, None, None]
    )
    change = jnp.exp(parameters["drift"][:, None] * data["time"])
    return jax.nn.sigmoid(exponent) * change[:, None, :]


def week_covariance(parameters: Arrays, data: Arrays) -> Array:
    """Covariance of the week effect that all geos share, `(N, N)`; one series has no weekly part beside its noise."""
    smooth = data["common"] + jnp.exp(2 * parameters["log_smooth"]) * data["smooth"]
    geos, weeks = data["sales"].shape
    return smooth if geos == 1 else smooth + jnp.exp(2 * parameters["log_weekly"]) * jnp.eye(weeks)
