"""What planned spend will sell: stored draws and the panel's last weeks in, incremental sales per draw out.

Definitions (carry-in kept apart, carry-out at full value, spend even over the weeks in today's shares over geos) are
those of the response curve of a plan. The effect's drift stays where it was in the panel's last week.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.panel import Panel
from measurement.preparation import LAGS, dose_per_head, window_length
from measurement.transforms import SMALLEST_DOSE, adstock_weights

FloatArray = NDArray[np.float64]

CHUNK = 4_000_000
"""Elements of the largest temporary array."""

CHANNEL_DRAWS = (
    *("sales_per_head", "geo_effect", "drift", "log_half_life", "build_up", "log_half_saturation", "log_slope"),
)
"""Stored draws that say what a channel's spend sells; their second axis is the channels."""


@dataclass(frozen=True)
class Horizon:
    """What a plan of some weeks starts from.

    Attributes:
        weeks: planned weeks.
        dose_per_spend: weekly dose per head that one unit of money spent per week brings, `(C, G)`.
        recent: doses of the last LAGS - 1 weeks, newest first, `(C, G, LAGS - 1)`.
        population: `(G,)`.
        end_time: the model's time in the panel's last week.
    """

    weeks: int
    dose_per_spend: FloatArray
    recent: FloatArray
    population: FloatArray
    end_time: float


def horizon_of(panel: Panel, end_time: float, weeks: int) -> Horizon:
    """The start of a plan after a weekly panel; a channel that paused all window long keeps its older shares."""
    dose = dose_per_head(panel)
    spend = panel.spend.sum(axis=0).T
    window = window_length(len(panel.dates))
    paused = spend[:, -window:].sum(axis=1) <= 0
    recent_dose, recent_spend = dose[:, :, -window:].sum(axis=2), spend[:, -window:].sum(axis=1)
    shares = np.where(paused[:, None], dose.sum(axis=2), recent_dose)
    money = np.where(paused, spend.sum(axis=1), recent_spend)
    return Horizon(weeks, shares / money[:, None], dose[:, :, :-LAGS:-1].copy(), panel.population, end_time)


def planned_sales(horizon: Horizon, draws: Mapping[str, FloatArray], spend: FloatArray) -> FloatArray:
    """Incremental sales of planned totals.

    Args:
        horizon: where the plan starts.
        draws: stored draws, first axis the draws.
        spend: totals over the planned weeks, `(C, M)`.

    Returns:
        `(D, C, M)`, in money.
    """
    channels = range(spend.shape[0])
    return np.stack([_channel_sales(horizon, draws, channel, spend[channel]) for channel in channels], axis=1)


def scheduled_sales(horizon: Horizon, draws: Mapping[str, FloatArray], spend: FloatArray) -> FloatArray:
    """Incremental sales of spend laid out by week; what even spend sells this way equals `planned_sales`.

    Args:
        horizon: where the plan starts.
        draws: stored draws, first axis the draws.
        spend: money in each planned week, `(C, W, M)`: M schedules of W weeks per channel.

    Returns:
        `(D, C, M)`, in money: in the planned weeks and, through carry-out, after them.
    """
    return np.stack([_schedule_sales(horizon, draws, channel, spend[channel]) for channel in range(len(spend))], axis=1)


@dataclass(frozen=True)
class ChannelShape:
    """One channel's draws as the media part needs them.

    Attributes:
        weights: adstock, lag 0 first, `(D, LAGS)`.
        heads: sales that a fully saturated week is worth in each geo, `(D, G)`, in money.
        log_half: log of the half-saturation dose, `(D,)`.
        slope: Hill slope, `(D,)`.
    """

    weights: FloatArray
    heads: FloatArray
    log_half: FloatArray
    slope: FloatArray


def shape_of(horizon: Horizon, draws: Mapping[str, FloatArray], channel: int) -> ChannelShape:
    """One channel's shape at the horizon's start, where the effect's drift stays."""
    decay = 0.5 ** np.exp(-draws["log_half_life"][:, channel])
    value = draws["sales_per_head"][:, channel] * np.exp(draws["drift"][:, channel] * horizon.end_time)
    return ChannelShape(
        weights=adstock_weights(decay, LAGS, draws["build_up"][:, channel]),
        heads=value[:, None] * draws["geo_effect"][:, channel] * horizon.population,
        log_half=draws["log_half_saturation"][:, channel],
        slope=np.exp(draws["log_slope"][:, channel]),
    )


def carried_in(recent: FloatArray, weights: FloatArray) -> FloatArray:
    """Dose that the weeks before the plan leave in each of its first LAGS - 1 weeks.

    Args:
        recent: doses of the last LAGS - 1 weeks, newest first, `(G, LAGS - 1)`.
        weights: adstock, `(D, LAGS)`.

    Returns:
        `(D, G, LAGS - 1)`.
    """
    memory = LAGS - 1
    return np.stack([weights[:, t + 1 :] @ recent[:, : memory - t].T for t in range(memory)], axis=2)


def by_lag(spend: FloatArray) -> FloatArray:
    """Each week's spend, in the plan and the tail after it, beside its predecessors: `(W, M)` to `(T, LAGS, M)`."""
    padded = np.concatenate([np.zeros((LAGS - 1, spend.shape[1])), spend, np.zeros((LAGS - 1, spend.shape[1]))])
    windows = np.lib.stride_tricks.sliding_window_view(padded, LAGS, axis=0)
    return np.moveaxis(windows[..., ::-1], 2, 1)


def _channel_sales(horizon: Horizon, draws: Mapping[str, FloatArray], channel: int, spend: FloatArray) -> FloatArray:
    shape = shape_of(horizon, draws, channel)
    plan_share, carried, repeats = _slots(horizon, shape.weights, channel)
    per_week = horizon.dose_per_spend[channel][:, None] * (spend / horizon.weeks)
    result = np.empty((len(shape.slope), len(spend)))
    step = max(1, CHUNK // (per_week.size * plan_share.shape[1]))
    for start in range(0, len(result), step):
        part = slice(start, start + step)
        before = carried[part, :, :, None]
        dose = before + plan_share[part, None, :, None] * per_week[None, :, None, :]
        log_half, slope = shape.log_half[part], shape.slope[part]
        gain = _hill32(dose, log_half, slope) - _hill32(before, log_half, slope)
        summed = np.einsum("dgsm,s->dgm", gain, repeats.astype(np.float32), optimize=True)
        result[part] = np.einsum("dgm,dg->dm", summed, shape.heads[part], optimize=True)
    return result


def _schedule_sales(horizon: Horizon, draws: Mapping[str, FloatArray], channel: int, spend: FloatArray) -> FloatArray:
    shape = shape_of(horizon, draws, channel)
    carried = carried_in(horizon.recent[channel], shape.weights).astype(np.float32)
    adstocked = np.einsum("dl,tlm->dtm", shape.weights, by_lag(spend), optimize=True).astype(np.float32)
    per_spend = horizon.dose_per_spend[channel].astype(np.float32)
    memory = carried.shape[2]
    result = np.empty((len(shape.slope), spend.shape[1]))
    step = max(1, CHUNK // (len(per_spend) * adstocked[0].size))
    for start in range(0, len(result), step):
        part = slice(start, start + step)
        log_half, slope = shape.log_half[part], shape.slope[part]
        dose = per_spend[None, :, None, None] * adstocked[part, None]
        dose[:, :, :memory] += carried[part, :, :, None]
        gain = _hill32(dose, log_half, slope)
        gain[:, :, :memory] -= _hill32(carried[part, :, :, None], log_half, slope)
        result[part] = np.einsum("dgm,dg->dm", gain.sum(axis=2), shape.heads[part], optimize=True)
    return result


def _slots(horizon: Horizon, weights: FloatArray, channel: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The plan's weeks and the tail after them, equal weeks once.

    Returns:
        Share of a week's dose at work, `(D, S)`; dose carried in, `(D, G, S)`; how often each slot counts, `(S,)`.
    """
    memory = LAGS - 1
    starting = range(min(horizon.weeks, memory))
    tail = range(horizon.weeks, horizon.weeks + memory)
    steady = [memory] if horizon.weeks > memory else []
    slots = [*starting, *steady, *tail]
    repeats = np.ones(len(slots))
    if steady:
        repeats[memory] = horizon.weeks - memory
    shares = [weights[:, max(0, t - horizon.weeks + 1) : t + 1].sum(axis=1) for t in slots]
    carried = carried_in(horizon.recent[channel], weights)
    nothing = np.zeros((len(weights), len(horizon.population)))
    return (
        np.stack(shares, axis=1),
        np.stack([carried[:, :, t] if t < memory else nothing for t in slots], axis=2),
        repeats,
    )


def _hill32(dose: FloatArray | NDArray[np.float32], log_half: FloatArray, slope: FloatArray) -> NDArray[np.float32]:
    """Hill saturation in single precision, `(D, G, S, M)`; its error is far below the posterior's."""
    logs = np.log(np.maximum(dose, SMALLEST_DOSE).astype(np.float32))
    exponent = slope.astype(np.float32)[:, None, None, None] * (log_half.astype(np.float32)[:, None, None, None] - logs)
    np.minimum(exponent, 80.0, out=exponent)
    saturated: NDArray[np.float32] = 1.0 / (1.0 + np.exp(exponent))
    saturated[dose < SMALLEST_DOSE] = 0.0
    return saturated
