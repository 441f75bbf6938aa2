"""A channel without history, as it is stated: response curves of the others in, curves with the new one too out.

Its draws are its prior's: the iROAS at its typical spend, and the shape of the curve around it. No data moves them.
"""

import zlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from measurement.curves import ResponseCurves
from measurement.future import planned_sales
from measurement.preparation import LAGS
from measurement.priors import ChannelPrior, Spread, prior_iroas_draws
from measurement.report import Verdict
from measurement.transforms import adstock_weights
from measurement.weekly_response import WeeklyResponse

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NewChannel:
    """What is stated of a channel that never ran.

    Attributes:
        name: not one of the model's.
        typical_spend: money over the planned weeks at which the prior's iROAS is expected; doses are told in its weeks.
        max: the most that may be planned.
        prior: iROAS at typical spend, its saturation, slope, half-life, and the chance that it sells nothing.
    """

    name: str
    typical_spend: float
    max: float
    prior: ChannelPrior = field(default_factory=ChannelPrior)


def with_new_channels(curves: ResponseCurves, new: tuple[NewChannel, ...]) -> ResponseCurves:
    """The curves with new channels after the others: nothing spent so far, everything beyond what was ever observed.

    Args:
        curves: with their weekly response.
        new: channels to append.
    """
    for channel in new:
        curves = _appended(curves, channel)
    return curves


def _appended(curves: ResponseCurves, channel: NewChannel) -> ResponseCurves:
    if curves.weekly is None or curves.by_outcome is not None:
        raise ValueError("a new channel needs the weekly response of curves with one outcome")
    own = _response(curves.weekly, channel)
    draws, points = curves.incremental.shape[0], curves.spend_grid.shape[1]
    grid = channel.max * (np.arange(points) / (points - 1))[None] ** 1.5
    half_life = own.draws["log_half_life"]
    weights = adstock_weights(0.5 ** np.exp(-half_life), curves.carry_over_weights.shape[2], own.draws["build_up"])
    return replace(
        curves,
        channels=(*curves.channels, channel.name),
        spend_grid=np.concatenate([curves.spend_grid, grid]),
        incremental=np.concatenate([curves.incremental, own.sales_of_totals(grid)], axis=1),
        carry_over_weights=np.concatenate([curves.carry_over_weights, weights.reshape(draws, 1, -1)], axis=1),
        current_spend=np.append(curves.current_spend, 0.0),
        largest_observed_spend=np.append(curves.largest_observed_spend, 0.0),
        verdicts=(*curves.verdicts, Verdict.NOT_MEASURABLE),
        weekly=_joined(curves.weekly, own),
    )


def _response(others: WeeklyResponse, channel: NewChannel) -> WeeklyResponse:
    """The new channel alone, in the same share of every geo's heads, scaled to its iROAS at typical spend."""
    geos, draws = len(others.horizon.population), len(others.draws["drift"])
    horizon = replace(
        others.horizon,
        dose_per_spend=np.full((1, geos), others.weeks / channel.typical_spend),
        recent=np.zeros((1, geos, LAGS - 1)),
    )
    drawn = _shape_draws(channel, draws) | {
        "sales_per_head": np.ones((draws, 1)),
        "geo_effect": np.ones((draws, 1, geos)),
        "drift": np.zeros((draws, 1)),
    }
    unit = planned_sales(horizon, drawn, np.array([[channel.typical_spend]]))[:, :, 0]
    iroas = _shuffled(prior_iroas_draws(channel.prior, draws), channel, "iroas")
    drawn["sales_per_head"] = iroas * channel.typical_spend / np.maximum(unit, 1e-300)
    return WeeklyResponse(
        horizon, drawn, others.first_day, np.ones((1, others.weeks), bool), np.zeros((1, others.weeks)), np.zeros(1)
    )


def _shape_draws(channel: NewChannel, draws: int) -> dict[str, FloatArray]:
    """Quantiles of each prior at evenly spaced probabilities, each in an order of its own."""
    prior, probabilities = channel.prior, (np.arange(draws) + 0.5) / draws

    def log_normal(spread: Spread) -> FloatArray:
        quantiles: FloatArray = np.log(spread.median) + spread.log_sd * norm.ppf(probabilities)
        return quantiles

    quantiles = {
        "log_half_life": log_normal(prior.half_life_weeks),
        "log_half_saturation": log_normal(prior.half_saturation),
        "log_slope": log_normal(prior.slope),
        "build_up": -prior.build_up * np.log1p(-probabilities),
    }
    return {name: _shuffled(values, channel, name) for name, values in quantiles.items()}


def _shuffled(values: FloatArray, channel: NewChannel, name: str) -> FloatArray:
    """`(draws,)` -> `(draws, 1)` in an order that depends on the names only, so that the same plan comes twice."""
    generator = np.random.default_rng(zlib.crc32(f"{channel.name} {name}".encode()))
    return generator.permutation(values)[:, None]


def _joined(others: WeeklyResponse, own: WeeklyResponse) -> WeeklyResponse:
    horizon = replace(
        others.horizon,
        dose_per_spend=np.concatenate([others.horizon.dose_per_spend, own.horizon.dose_per_spend]),
        recent=np.concatenate([others.horizon.recent, own.horizon.recent]),
    )
    return replace(
        others,
        horizon=horizon,
        draws={name: np.concatenate([values, own.draws[name]], axis=1) for name, values in others.draws.items()},
        open_weeks=np.concatenate([others.open_weeks, own.open_weeks]),
        spent=np.concatenate([others.spent, own.spent]),
        largest_week=np.append(others.largest_week, 0.0),
    )
