"""Sales of the weeks ahead: media against planned sales, the baseline against a known one that goes on."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.fitted import FittedModel
from measurement.future import horizon_of, scheduled_sales
from measurement.posterior import end_time
from measurement.preparation import LAGS
from measurement.sales_forecast import forecast_sales

FloatArray = NDArray[np.float64]


def expected(model: FittedModel, spend: FloatArray) -> float:
    return float(forecast_sales(model, spend).mean())


def test_spend_that_has_worked_itself_out_adds_what_a_plan_of_it_sells(unfitted_model: FittedModel) -> None:
    """Nothing is spent in the last weeks, so nothing is carried out of them; the rest is the same with and without."""
    weeks = 4 + LAGS - 1
    spend = np.zeros((3, weeks))
    spend[:, :4] = unfitted_model.panel.spend[:, -4:].sum(axis=0).T
    added = forecast_sales(unfitted_model, spend) - forecast_sales(unfitted_model, np.zeros_like(spend))
    horizon = horizon_of(unfitted_model.panel, end_time(len(unfitted_model.panel.dates)), weeks)
    planned = scheduled_sales(horizon, unfitted_model.draws, spend[:, :, None])[:, :, 0].sum(axis=1)
    np.testing.assert_allclose(added, planned, rtol=2e-3, atol=1e-3 * np.abs(planned).mean())


def with_baseline(model: FittedModel, baseline: FloatArray, weekly: float) -> FittedModel:
    """A model that is sure of its baseline `(N,)` and knows no noise, over which media hardly matter."""
    panel = model.panel
    count, fitted = len(model.draws["rho"]), len(baseline)
    scale = baseline.mean() / len(panel.geos)
    sales = np.broadcast_to(scale, panel.outcome_values.shape).copy()
    whole = np.broadcast_to(baseline, (count, fitted)).copy()
    draws = dict(model.draws) | {
        "baseline": whole,
        "predicted": whole + model.draws["contribution"][:, :, -fitted:].sum(axis=1),
        "log_weekly": np.full(count, np.log(weekly)),
        "log_smooth": np.full(count, np.log(weekly)),
        "sales_per_head": np.zeros_like(model.draws["sales_per_head"]),
    }
    return replace(model, panel=replace(panel, outcome_values=sales), draws=draws)


def test_level_and_trend_go_on_with_an_interval_that_knows_its_weeks(unfitted_model: FittedModel) -> None:
    fitted = unfitted_model.draws["baseline"].shape[1]
    rng = np.random.default_rng(5)
    place = np.arange(fitted + 6)
    weekly = 0.02
    shocks = weekly * rng.standard_normal(len(place))
    whole = 1e5 * (1.0 + 0.0015 * (place - fitted / 2) + shocks)
    model = with_baseline(unfitted_model, whole[:fitted], weekly)
    told = forecast_sales(model, np.zeros((3, 6)))
    assert told.mean() == pytest.approx(whole[fitted:].sum(), rel=0.03)
    low, high = np.percentile(told, (0.5, 99.5))
    assert low < whole[fitted:].sum() < high
    assert 0.5 * weekly / np.sqrt(6) < told.std() / told.mean() < 4 * weekly


def test_what_controls_moved_widens_the_interval(unfitted_model: FittedModel) -> None:
    """The weekly effect is said to be small, but weeks scatter: the rest must be what controls moved."""
    fitted = unfitted_model.draws["baseline"].shape[1]
    noise = np.random.default_rng(5).standard_normal(fitted)
    calm = with_baseline(unfitted_model, 1e5 * (1.0 + 0.02 * noise), 0.02)
    moved = with_baseline(unfitted_model, 1e5 * (1.0 + 0.08 * noise), 0.02)
    none = np.zeros((3, 4))
    assert forecast_sales(moved, none).std() > 2.0 * forecast_sales(calm, none).std()


def test_the_same_seed_tells_the_same(unfitted_model: FittedModel) -> None:
    spend = unfitted_model.panel.spend[:, -2:].sum(axis=0).T
    np.testing.assert_array_equal(forecast_sales(unfitted_model, spend), forecast_sales(unfitted_model, spend))
    assert not np.array_equal(forecast_sales(unfitted_model, spend), forecast_sales(unfitted_model, spend, seed=1))
