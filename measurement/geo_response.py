"""What a plan's channel totals sell when they are spread over geos otherwise than today: a fitted model in, sales out.

A geo's ratio is its spend as a multiple of what today's shares would give it. Each geo is the model's own planned
response with that geo alone, or with its dose scaled.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from measurement.fitted import FittedModel
from measurement.future import Horizon, horizon_of, planned_sales
from measurement.panel import Level, Panel
from measurement.posterior import CURVE_DRAWS, end_time, thinned
from measurement.preparation import window_length
from measurement.report import Verdict

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SPLIT_DRAWS = 40
"""Draws whose mean decides; what the split brings is told from `CURVE_DRAWS`."""


@dataclass(frozen=True)
class GeoResponse:
    """Mean sales of each geo at several ratios, C channels, G geos, K ratios.

    Attributes:
        channels, geos: labels.
        can_move: channels that can be targeted by geo and whose return is measured at least weakly, `(C,)`.
        totals: money over the planned weeks, `(C,)`.
        shares: of a channel's spend by geo today, `(C, G)`.
        ratios: rising, `(K,)`.
        sales: posterior mean of incremental sales, `(C, G, K)`; zero for channels that cannot move.
    """

    channels: tuple[str, ...]
    geos: tuple[str, ...]
    can_move: BoolArray
    totals: FloatArray
    shares: FloatArray
    ratios: FloatArray
    sales: FloatArray


def geo_response(model: FittedModel, totals: FloatArray, weeks: int, ratios: FloatArray) -> GeoResponse:
    """Each geo's mean sales at multiples `(K,)` of its spend today, for channel totals `(C,)`."""
    panel = model.panel
    draws = thinned(model.draws, SPLIT_DRAWS)
    horizon = horizon_of(panel, end_time(len(panel.dates)), weeks)
    can_move = _can_move(model)
    spend = np.where(can_move, totals, 0.0)[:, None] * ratios
    sales = np.zeros((len(totals), len(panel.geos), len(ratios)))
    for geo in range(len(panel.geos)):
        alone = dict(draws) | {"geo_effect": draws["geo_effect"][:, :, geo : geo + 1]}
        sales[:, geo] = planned_sales(_one_geo(horizon, geo), alone, spend).mean(axis=0)
    return GeoResponse(panel.channel_names, panel.geos, can_move, totals, shares_by_geo(panel), ratios, sales)


def sales_of_split(model: FittedModel, totals: FloatArray, weeks: int, ratios: FloatArray) -> FloatArray:
    """Incremental sales by draw, `(D, C)`, of channel totals `(C,)` spread with ratios `(C, G)`."""
    horizon = horizon_of(model.panel, end_time(len(model.panel.dates)), weeks)
    spread = replace(horizon, dose_per_spend=horizon.dose_per_spend * ratios)
    return planned_sales(spread, thinned(model.draws, CURVE_DRAWS), totals[:, None])[:, :, 0]


def shares_by_geo(panel: Panel) -> FloatArray:
    """Shares of each channel's spend by geo over the last 52 weeks, or of all of it where it paused since, `(C, G)`."""
    recent = panel.spend[:, -window_length(len(panel.dates)) :].sum(axis=1).T
    spent = np.where(recent.sum(axis=1, keepdims=True) > 0, recent, panel.spend.sum(axis=1).T)
    shares: FloatArray = spent / spent.sum(axis=1, keepdims=True)
    return shares


def _can_move(model: FittedModel) -> BoolArray:
    measurable = [entry.verdict is not Verdict.NOT_MEASURABLE for entry in model.report.channels]
    reachable = [channel.geo_targetable and channel.level is Level.GEO for channel in model.panel.channels]
    both: BoolArray = np.logical_and(measurable, reachable)
    return both


def _one_geo(horizon: Horizon, geo: int) -> Horizon:
    only = slice(geo, geo + 1)
    return replace(
        horizon,
        dose_per_spend=horizon.dose_per_spend[:, only],
        recent=horizon.recent[:, only],
        population=horizon.population[only],
    )
