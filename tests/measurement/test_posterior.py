"""What is read off stored draws: curves, marginal iROAS and weekly contributions, against the draws themselves."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.fitted import FittedModel
from measurement.posterior import (
    CURVE_DRAWS,
    current_spend,
    end_time,
    marginal_iroas,
    response_curves,
    thinned,
    weekly_contributions,
)
from measurement.preparation import LAGS

WEEKS = 13


def test_curves_have_the_shapes_that_the_planner_expects(unfitted_model: FittedModel) -> None:
    curves = response_curves(unfitted_model, WEEKS)
    draws, channels, grid = curves.incremental.shape
    assert curves.channels == unfitted_model.panel.channel_names
    assert (draws, channels) == (60, 3)
    assert curves.spend_grid.shape == (3, grid)
    assert curves.carry_over_weights.shape == (60, 3, LAGS)
    assert curves.current_spend.shape == curves.largest_observed_spend.shape == (3,)
    assert curves.verdicts == tuple(entry.verdict for entry in unfitted_model.report.channels)
    assert (curves.weeks, curves.model_id, curves.currency) == (WEEKS, "0123456789abcdef", "USD")


def test_grids_rise_from_zero_and_hold_todays_spend(unfitted_model: FittedModel) -> None:
    curves = response_curves(unfitted_model, WEEKS)
    assert (curves.spend_grid[:, 0] == 0).all()
    assert (curves.incremental[:, :, 0] == 0).all()
    assert (np.diff(curves.spend_grid, axis=1) > 0).all()
    for channel in range(3):
        assert curves.current_spend[channel] in curves.spend_grid[channel]
    assert (curves.spend_grid[:, -1] >= 2 * curves.current_spend).all()
    assert (curves.spend_grid[:, -1] > curves.largest_observed_spend).all()


def test_a_channel_that_has_almost_stopped_has_todays_spend_on_its_grid_too(unfitted_model: FittedModel) -> None:
    panel = unfitted_model.panel
    spend = panel.spend.copy()
    spend[:, -52:, 1] *= 1e-4
    curves = response_curves(replace(unfitted_model, panel=replace(panel, spend=spend, exposure=spend)), WEEKS)
    assert 0 < curves.current_spend[1] < 1e-3 * curves.spend_grid[1, -1]
    assert curves.current_spend[1] in curves.spend_grid[1]
    assert (np.diff(curves.spend_grid, axis=1) > 0).all()


def test_a_channel_that_pauses_has_a_curve_and_no_marginal_return(unfitted_model: FittedModel) -> None:
    panel = unfitted_model.panel
    spend = panel.spend.copy()
    spend[:, -52:, 1] = 0.0
    paused = replace(panel, spend=spend, exposure=spend)
    curves = response_curves(replace(unfitted_model, panel=paused), 4)
    assert curves.current_spend[1] == 0
    assert (np.diff(curves.spend_grid[1]) > 0).all()
    assert np.isfinite(curves.incremental).all()
    assert (marginal_iroas(paused, unfitted_model.draws)[:, 1] == 0).all()


def test_current_spend_is_the_last_year_scaled_to_the_plan(unfitted_model: FittedModel) -> None:
    panel = unfitted_model.panel
    expected = panel.spend[:, 8:].sum(axis=(0, 1)) * WEEKS / 52
    np.testing.assert_allclose(current_spend(panel, WEEKS), expected)
    np.testing.assert_allclose(response_curves(unfitted_model, WEEKS).current_spend, expected)


@pytest.mark.parametrize("weeks", [1, 13, 60, 90])
def test_the_largest_observed_spend_is_that_of_the_best_run_of_weeks(unfitted_model: FittedModel, weeks: int) -> None:
    by_week = unfitted_model.panel.spend.sum(axis=0)
    runs = [by_week[start : start + weeks].sum(axis=0) for start in range(max(1, 60 - weeks + 1))]
    expected = np.max(runs, axis=0) * (weeks / 60 if weeks > 60 else 1.0)
    np.testing.assert_allclose(response_curves(unfitted_model, weeks).largest_observed_spend, expected, rtol=1e-9)


def test_the_marginal_iroas_is_the_slope_of_the_curve_at_todays_spend(unfitted_model: FittedModel) -> None:
    curves = response_curves(unfitted_model, WEEKS)
    marginal = marginal_iroas(unfitted_model.panel, unfitted_model.draws)
    assert marginal.shape == (60, 3)
    for channel in range(3):
        grid = curves.spend_grid[channel]
        place = int(np.flatnonzero(grid == curves.current_spend[channel])[0])
        rise = np.diff(curves.incremental[:, channel, place - 1 : place + 2], axis=1)
        left, right = (rise / np.diff(grid[place - 1 : place + 2])).T
        low, high = np.minimum(left, right), np.maximum(left, right)
        inside = (marginal[:, channel] >= low - 0.02 * high) & (marginal[:, channel] <= high + 0.02 * high)
        assert inside.mean() > 0.9
        np.testing.assert_allclose(marginal[:, channel].mean(), (left + right).mean() / 2, rtol=0.05)


def test_carry_over_weights_are_shares(unfitted_model: FittedModel) -> None:
    weights = response_curves(unfitted_model, WEEKS).carry_over_weights
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=2), 1.0, rtol=1e-9)


def test_weekly_contributions_sum_to_the_incremental_sales_and_to_the_fit(unfitted_model: FittedModel) -> None:
    weekly = weekly_contributions(unfitted_model)
    weeks = len(weekly.dates)
    assert weekly.mean.shape == weekly.low.shape == weekly.high.shape == (weeks, 3)
    assert weeks >= 52
    means = unfitted_model.draws["incremental"].mean(axis=0)
    np.testing.assert_allclose(weekly.mean[-52:].sum(axis=0), means, rtol=1e-5)
    rest = weekly.fitted - weekly.baseline - weekly.mean.sum(axis=1)
    # What is left is noise, averaged over the draws.
    spread = (weekly.fitted_high - weekly.fitted_low) / 3.29
    assert np.abs(rest / (spread / np.sqrt(60))).max() < 5
    assert (weekly.low <= weekly.mean + 1e-9 * weekly.high).all()
    assert (weekly.fitted_low < weekly.fitted_high).all()
    np.testing.assert_allclose(weekly.observed, unfitted_model.panel.sales.sum(axis=0)[-weeks:])
    assert weekly.dates[-1] == unfitted_model.panel.dates[-1]


def test_thinning_keeps_the_ends_and_the_pairing(unfitted_model: FittedModel) -> None:
    draws = {"a": np.arange(1000.0), "b": 2 * np.arange(1000.0)[:, None]}
    few = thinned(draws, 7)
    assert len(few["a"]) == 7
    assert few["a"][[0, -1]].tolist() == [0.0, 999.0]
    np.testing.assert_array_equal(few["b"][:, 0], 2 * few["a"])
    np.testing.assert_array_equal(thinned(draws, 5000)["a"], draws["a"])
    many = {name: np.repeat(values, 10, axis=0) for name, values in unfitted_model.draws.items()}
    assert len(response_curves(replace(unfitted_model, draws=many), WEEKS).incremental) == CURVE_DRAWS


def test_time_at_the_end_is_half_a_window_after_its_middle() -> None:
    assert end_time(104) == pytest.approx(51 / 2 / 104)
    assert end_time(40) == pytest.approx(39 / 2 / 40)
