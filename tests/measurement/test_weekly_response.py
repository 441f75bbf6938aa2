"""What weeks sell: totals laid out evenly, some channels of many, spend that goes on, and the coarse form of it all."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.coarse_response import coarsen
from measurement.fitted import FittedModel
from measurement.posterior import current_spend, response_curves, weekly_response
from measurement.preparation import LAGS
from measurement.weekly_response import WeeklyResponse

WEEKS = 7


@pytest.fixture
def response(unfitted_model: FittedModel) -> WeeklyResponse:
    return weekly_response(unfitted_model, WEEKS)


@pytest.fixture
def half_closed(response: WeeklyResponse) -> WeeklyResponse:
    """The second channel has weeks 1 and 2 spent already and week 4 closed."""
    open_weeks, spent = response.open_weeks.copy(), response.spent.copy()
    open_weeks[1, [0, 1, 3]] = False
    spent[1, :2] = 5_000.0, 7_000.0
    return replace(response, open_weeks=open_weeks, spent=spent)


def test_curves_and_their_weekly_response_say_the_same(unfitted_model: FittedModel) -> None:
    curves = response_curves(unfitted_model, WEEKS)
    assert curves.weekly is not None
    for place in (0, 5, 40):
        sold = curves.weekly.sales(curves.weekly.even(curves.spend_grid[:, place]))
        np.testing.assert_allclose(
            sold, curves.incremental[:, :, place], rtol=1e-4, atol=1e-4 * curves.incremental.max()
        )
    last_day = unfitted_model.panel.dates[-1]
    assert curves.weekly.first_day == last_day + np.timedelta64(7, "D")
    np.testing.assert_array_equal(curves.weekly.largest_week, unfitted_model.panel.spend.sum(axis=0).max(axis=0))


def test_totals_are_laid_out_over_open_weeks_beside_what_is_spent(half_closed: WeeklyResponse) -> None:
    totals = np.array([70_000.0, 20_000.0, 0.0])
    weeks = half_closed.even(totals)
    assert weeks[0].tolist() == [10_000.0] * 7
    assert weeks[1].tolist() == [5_000.0, 7_000.0, 2_000.0, 0.0, 2_000.0, 2_000.0, 2_000.0]
    curve = half_closed.sales_of_totals(np.stack([totals, totals], axis=1))
    np.testing.assert_allclose(curve[:, :, 1], half_closed.sales(weeks), rtol=1e-4, atol=1e-3)
    too_little = half_closed.even(np.array([0.0, 100.0, 0.0]))
    assert too_little[1].tolist() == [5_000.0, 7_000.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_some_channels_are_as_among_all(half_closed: WeeklyResponse) -> None:
    weeks = half_closed.even(np.array([70_000.0, 20_000.0, 30_000.0]))
    whole = half_closed.sales(weeks)
    np.testing.assert_allclose(half_closed.only(np.array([2, 0])).sales(weeks[[2, 0]]), whole[:, [2, 0]], rtol=1e-6)
    np.testing.assert_allclose(
        half_closed.only(np.array([False, True, True])).sales(weeks[1:]), whole[:, 1:], rtol=1e-6
    )


def test_going_on_appends_weeks_that_are_not_planned(half_closed: WeeklyResponse) -> None:
    per_week = half_closed.mean_open_week(half_closed.even(np.array([70_000.0, 20_000.0, 0.0])))
    assert per_week.tolist() == [10_000.0, 2_000.0, 0.0]
    going_on = half_closed.continued(per_week)
    assert going_on.weeks == WEEKS + LAGS - 1
    assert not going_on.open_weeks[:, WEEKS:].any()
    assert (going_on.spent[:, WEEKS:] == per_week[:, None]).all()


@pytest.mark.parametrize(("groups", "error"), [(5, 1e-4), (3, 0.05)])
def test_the_coarse_form_is_exact_where_no_geos_are_joined(
    unfitted_model: FittedModel, response: WeeklyResponse, groups: int, error: float
) -> None:
    horizon = replace(response.horizon, population=np.full(5, response.horizon.population.mean()))
    alike = replace(response, horizon=horizon)
    even = alike.even(current_spend(unfitted_model.panel, WEEKS))
    spend = even * np.random.default_rng(1).gamma(2, 0.5, (3, WEEKS))
    coarse = coarsen(alike, 10_000, groups)
    np.testing.assert_allclose(coarse.mean_sales(spend[None])[0], alike.sales(spend).mean(axis=0), rtol=error)


def test_slopes_are_those_of_finite_steps(unfitted_model: FittedModel, response: WeeklyResponse) -> None:
    coarse = coarsen(response, 30, 2)
    even = response.even(current_spend(unfitted_model.panel, WEEKS))
    (sales,), (slopes,) = coarse.sales_and_slopes(even[None])
    np.testing.assert_allclose(sales, coarse.mean_sales(even[None])[0], rtol=1e-5)
    for channel in range(3):
        for week in (0, 3, WEEKS - 1):
            step = np.zeros_like(even)
            step[channel, week] = 0.02 * even[channel, week]
            up, down = coarse.mean_sales(np.stack([even + step, even - step]))
            found = (up - down)[channel] / (2 * step[channel, week])
            assert slopes[channel, week] == pytest.approx(found, rel=0.02)
