"""A geo test that is still to be run: a fitted model and what shall change where in, its sales and spend out, by draw.

Dose, adstock and saturation are those of the model; the test starts right after the panel, from what earlier weeks
carry over, and its lift counts to the end of the cooldown, as that of a finished test does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from measurement.future import ChannelShape, Horizon, by_lag, carried_in, horizon_of, shape_of
from measurement.geo_response import shares_by_geo
from measurement.geotest.design_question import ExperimentKind
from measurement.panel import Panel
from measurement.posterior import current_spend, end_time
from measurement.preparation import LAGS
from measurement.transforms import hill

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SPEND_FACTOR = {ExperimentKind.HOLDOUT: 0.0, ExperimentKind.GO_DARK: 0.0, ExperimentKind.HEAVY_UP: 2.0}
"""What the treated geos spend during the test, as a multiple of their usual spend."""


@dataclass(frozen=True)
class PlannedTest:
    """What shall change, where and for how long.

    Attributes:
        channel: its name.
        kind: spend is stopped, or doubled.
        geos: rows of the treated geos.
        weeks: length of the change; `cooldown_weeks`: weeks after it that still count.
    """

    channel: str
    kind: ExperimentKind
    geos: IntArray
    weeks: int
    cooldown_weeks: int

    @property
    def window(self) -> int:
        """Weeks whose sales count."""
        return self.weeks + self.cooldown_weeks


@dataclass(frozen=True)
class PlannedEffect:
    """What the model expects of a test, treated geos against the same geos as usual, in money.

    Attributes:
        lift: sales to the cooldown's end, by draw, `(D,)`.
        sales_change: the same with all that the changed spend carries beyond it, `(D,)`.
        spend_change: below 0 where spend is stopped.
    """

    lift: FloatArray
    sales_change: FloatArray
    spend_change: float


def planned_effect(panel: Panel, draws: Mapping[str, FloatArray], test: PlannedTest) -> PlannedEffect:
    """Sales and spend that the test changes.

    Args:
        panel: the weekly panel of the model.
        draws: stored draws, or some of them, first axis the draws.
        test: of a channel that spent in its geos during the last 52 weeks.
    """
    channel = panel.channel_names.index(test.channel)
    weeks = test.window + LAGS - 1
    horizon = horizon_of(panel, end_time(len(panel.dates)), weeks)
    usual = float(current_spend(panel, 1)[channel])
    share = float(shares_by_geo(panel)[channel, test.geos].sum())
    spend = np.full((weeks, 2), usual)
    spend[: test.weeks, 1] *= SPEND_FACTOR[test.kind]
    by_week = _change_by_week(_treated(horizon, test.geos), _effects(draws, test.geos), channel, spend)
    return PlannedEffect(
        lift=by_week[:, : test.window].sum(axis=1),
        sales_change=by_week.sum(axis=1),
        spend_change=share * float((spend[:, 1] - spend[:, 0]).sum()),
    )


def _change_by_week(horizon: Horizon, draws: Mapping[str, FloatArray], channel: int, spend: FloatArray) -> FloatArray:
    """Sales under the second schedule less those under the first, `(D, W)`, of schedules `(W, 2)`."""
    shape: ChannelShape = shape_of(horizon, draws, channel)
    adstocked = np.einsum("dl,tlm->dtm", shape.weights, by_lag(spend)[: len(spend)])
    dose = horizon.dose_per_spend[channel][None, :, None, None] * adstocked[:, None]
    carried = carried_in(horizon.recent[channel], shape.weights)
    memory = min(carried.shape[2], len(spend))
    dose[:, :, :memory] += carried[:, :, :memory, None]
    half, slope = np.exp(shape.log_half)[:, None, None, None], shape.slope[:, None, None, None]
    saturated = hill(dose, half, slope)
    change: FloatArray = np.einsum("dgt,dg->dt", saturated[..., 1] - saturated[..., 0], shape.heads)
    return change


def _treated(horizon: Horizon, geos: IntArray) -> Horizon:
    return replace(
        horizon,
        dose_per_spend=horizon.dose_per_spend[:, geos],
        recent=horizon.recent[:, geos],
        population=horizon.population[geos],
    )


def _effects(draws: Mapping[str, FloatArray], geos: IntArray) -> dict[str, FloatArray]:
    return dict(draws) | {"geo_effect": draws["geo_effect"][:, :, geos]}
