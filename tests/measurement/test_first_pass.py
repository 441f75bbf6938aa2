"""The first regression on made-up geos: noise scales, outliers, week shocks and the footprint of demand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.first_pass import HUBER, FirstPass, first_pass, two_way_residual

FloatArray = NDArray[np.float64]

GEOS, WEEKS, CHANNELS = 12, 90, 2
NO_CONTROLS = np.zeros((GEOS, WEEKS, 0))
NOT_DEMAND = np.zeros(0, dtype=bool)


class Market:
    """Relative sales of geos with known noise, a common season, and media that hardly matter."""

    def __init__(self, seed: int = 0, noise: FloatArray | None = None) -> None:
        self.rng = np.random.default_rng(seed)
        self.noise = np.full(GEOS, 0.05) if noise is None else noise
        self.dose = self.rng.gamma(3.0, 1 / 3, size=(CHANNELS, GEOS, WEEKS))
        phase = 2 * np.pi * np.arange(WEEKS) / 52
        self.calendar = 0.15 * np.stack([np.sin(phase), np.cos(phase)], axis=1)
        level = 0.2 * self.rng.standard_normal((GEOS, 1))
        self.sales = level + self.calendar @ np.array([1.0, -0.5]) + 0.1 * self.dose[0] / (1 + self.dose[0])
        self.sales = self.sales + self.noise[:, None] * self.rng.standard_normal((GEOS, WEEKS))

    def pass_of(self, sales: FloatArray) -> FirstPass:
        return first_pass(sales, self.dose, self.calendar, NO_CONTROLS, NOT_DEMAND)


def test_two_way_residuals_have_no_geo_and_no_week_means() -> None:
    values = np.random.default_rng(1).standard_normal((3, 6, 8))
    residual = two_way_residual(values)
    np.testing.assert_allclose(residual.mean(axis=-1), 0.0, atol=1e-14)
    np.testing.assert_allclose(residual.mean(axis=-2), 0.0, atol=1e-14)
    shifted = values + np.arange(6.0)[:, None] + np.arange(8.0)
    np.testing.assert_allclose(two_way_residual(shifted), residual, atol=1e-12)


def test_an_outlier_is_pulled_in_to_the_threshold_and_nothing_else_is_moved_as_far() -> None:
    market = Market(seed=2)
    hit = market.sales.copy()
    hit[4, 30] += 1.5
    found = market.pass_of(hit)
    moved = hit - found.robust_sales
    assert np.unravel_index(np.abs(moved).argmax(), moved.shape) == (4, 30)
    left = found.robust_sales[4, 30] - market.sales[4, 30]
    threshold = HUBER * 0.05
    assert abs(left) < 2 * threshold
    others = np.delete(moved.ravel(), 4 * WEEKS + 30)
    assert np.abs(others).max() < 0.1
    assert (others != 0).mean() < 0.02


def test_a_negative_outlier_is_pulled_up() -> None:
    market = Market(seed=3)
    hit = market.sales.copy()
    hit[0, 50] -= 0.9
    found = market.pass_of(hit)
    assert found.robust_sales[0, 50] > hit[0, 50] + 0.5
    assert found.robust_sales[0, 50] < market.sales[0, 50] + 0.2


def test_clean_sales_stay_as_they_are() -> None:
    market = Market(seed=4)
    found = market.pass_of(market.sales)
    changed = found.robust_sales != market.sales
    assert changed.mean() < 0.005
    assert np.abs(found.robust_sales - market.sales).max() < 0.05


def test_a_week_hit_everywhere_is_found_and_given_its_size() -> None:
    market = Market(seed=5)
    hit = market.sales.copy()
    hit[:, 41] += 0.3
    found = market.pass_of(hit)
    assert found.week_shock_sd[41] == pytest.approx(0.3, abs=0.06)
    assert np.flatnonzero(found.week_shock_sd > 0.1).tolist() == [41]
    # Nor is the shock taken for outliers of single geos.
    np.testing.assert_allclose(found.robust_sales[:, 41], hit[:, 41], atol=0.1)


def test_quiet_weeks_get_no_shock() -> None:
    shocks = Market(seed=6)
    assert (shocks.pass_of(shocks.sales).week_shock_sd > 0).mean() < 0.05


def test_noise_scales_are_recovered() -> None:
    noise = 0.05 * np.exp(np.linspace(-0.7, 0.7, GEOS))
    market = Market(seed=7, noise=noise)
    found = market.pass_of(market.sales)
    assert np.exp(np.log(found.noise_scale).mean()) == pytest.approx(1.0)
    recovered = found.noise_scale * found.typical_noise
    # The median absolute deviation of 90 weeks is known to about 12 %; shrinkage pulls the extremes in a little.
    np.testing.assert_allclose(np.log(recovered / noise), 0.0, atol=0.4)
    assert np.corrcoef(np.log(recovered), np.log(noise))[0, 1] > 0.9
    slope = np.polyfit(np.log(noise), np.log(recovered), 1)[0]
    assert 0.6 < slope < 1.15
    assert found.typical_noise == pytest.approx(0.05, rel=0.15)


def test_outliers_do_not_raise_the_noise() -> None:
    market = Market(seed=8)
    hit = market.sales + np.where(market.rng.random(market.sales.shape) < 0.02, 1.0, 0.0)
    assert market.pass_of(hit).typical_noise == pytest.approx(market.pass_of(market.sales).typical_noise, rel=0.1)


@pytest.mark.parametrize("geos", [1, 2])
def test_one_or_two_series_lose_level_trend_and_calendar_instead(geos: int) -> None:
    market = Market(seed=9)
    trend = np.linspace(0, 1, WEEKS)
    sales = market.sales[:geos] + trend
    hit = sales.copy()
    hit[0, 20] += 1.0
    found = first_pass(hit, market.dose[:, :geos], market.calendar, NO_CONTROLS[:geos], NOT_DEMAND)
    assert found.typical_noise == pytest.approx(0.05, rel=0.35)
    assert found.robust_sales[0, 20] < sales[0, 20] + 0.4
    assert (found.week_shock_sd == 0).all()


def test_without_proxies_demand_is_zero() -> None:
    market = Market(seed=10)
    found = market.pass_of(market.sales)
    assert not found.demand.any()
    assert found.demand_spread == 0.0


def test_only_demand_controls_count_as_demand() -> None:
    market = Market(seed=11)
    price = market.rng.standard_normal((GEOS, WEEKS, 1))
    sales = market.sales - 0.1 * price[:, :, 0]
    found = first_pass(sales, market.dose, market.calendar, price, np.array([False]))
    assert not found.demand.any()
    assert found.typical_noise == pytest.approx(0.05, rel=0.15)
