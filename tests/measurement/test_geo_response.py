"""Totals spread over geos: geo by geo and all together they are the model's own planned sales."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from measurement.future import horizon_of, planned_sales
from measurement.geo_response import SPLIT_DRAWS, geo_response, sales_of_split, shares_by_geo
from measurement.posterior import end_time, thinned
from measurement.report import Verdict
from measurement.simulate import WorldKind, WorldSpec, simulate

RATIOS = np.array([0.5, 1.0, 1.5])
GEOS, CHANNELS, DRAWS = 6, 3, 30


@pytest.fixture(scope="module")
def fitted():
    """A simulated panel with made-up draws; the second channel is not measurable, the third cannot be targeted."""
    world = simulate(WorldSpec(WorldKind.PLAIN, GEOS, 60, CHANNELS, 3))
    rng = np.random.default_rng(0)

    def draws(mean, sd, *shape):
        return mean + sd * rng.standard_normal((DRAWS, CHANNELS, *shape))

    channels = world.panel.channels
    return SimpleNamespace(
        panel=replace(world.panel, channels=(*channels[:2], replace(channels[2], geo_targetable=False))),
        draws={
            "log_half_life": draws(0.0, 0.2),
            "build_up": np.abs(draws(0.0, 0.3)),
            "sales_per_head": np.exp(draws(0.0, 0.3)),
            "drift": draws(0.0, 0.1),
            "geo_effect": draws(1.0, 0.3, GEOS),
            "log_half_saturation": draws(0.0, 0.2),
            "log_slope": draws(0.2, 0.1),
        },
        report=SimpleNamespace(
            channels=[
                SimpleNamespace(verdict=verdict) for verdict in (Verdict.WEAK, Verdict.NOT_MEASURABLE, Verdict.MEASURED)
            ]
        ),
    )


TOTALS = np.array([90_000.0, 50_000.0, 70_000.0])


def test_geos_at_todays_shares_sum_to_the_plan(fitted):
    response = geo_response(fitted, TOTALS, 13, RATIOS)
    horizon = horizon_of(fitted.panel, end_time(60), 13)
    whole = planned_sales(horizon, thinned(fitted.draws, SPLIT_DRAWS), TOTALS[:, None] * RATIOS).mean(axis=0)
    assert response.can_move.tolist() == [True, False, False]
    assert response.sales[0].sum(axis=0) == pytest.approx(whole[0], rel=1e-4)
    assert (response.sales[1:] == 0).all()


def test_moving_one_geo_changes_what_that_geo_sells(fitted):
    response = geo_response(fitted, TOTALS, 13, RATIOS)
    ratios = np.ones((CHANNELS, GEOS))
    ratios[0, 4] = 1.5
    moved = sales_of_split(fitted, TOTALS, 13, ratios) - sales_of_split(fitted, TOTALS, 13, np.ones_like(ratios))
    assert moved[:, 0].mean() == pytest.approx(response.sales[0, 4, 2] - response.sales[0, 4, 1], rel=1e-3)
    assert np.abs(moved[:, 1:]).max() == 0.0


def test_shares_are_those_of_the_last_year(fitted):
    spend = fitted.panel.spend[:, -52:].sum(axis=1).T
    assert shares_by_geo(fitted.panel) == pytest.approx(spend / spend.sum(axis=1, keepdims=True))
