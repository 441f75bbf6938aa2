"""Weeks: never worse than evenly, every limit kept to the cent, and as good as going through all schedules."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from optimizer.flighting import lay_out
from optimizer.schedule_search import limits_of, project


def totals(response, per_week):
    return tuple(int(cents) for cents in np.rint(per_week * response.weeks * 100 * np.ones(len(response.largest_week))))


def closed(response, channel, weeks):
    open_weeks = response.open_weeks.copy()
    open_weeks[channel, weeks] = False
    return replace(response, open_weeks=open_weeks)


@pytest.mark.parametrize("seed", range(12))
def test_never_worse_than_even_on_the_mean_and_every_limit_is_kept(weekly_world, seed):
    rng = np.random.default_rng(seed)
    response = closed(weekly_world(seed, 5, weeks=int(rng.integers(2, 20))).response(), 1, [0])
    cents = tuple(int(amount) for amount in rng.integers(1, 200_00 * response.weeks, 5))
    share = float(rng.choice([0.0, 0.3, 0.8]))
    laid = lay_out(response, cents, share)
    assert (laid.sales.mean(axis=0) >= laid.even_sales.mean(axis=0)).all()
    np.testing.assert_array_equal(laid.cents.sum(axis=1), cents)
    assert (laid.cents[~response.open_weeks] == 0).all()
    mean_week = np.array(cents) / response.open_weeks.sum(axis=1)
    most = np.maximum(response.largest_week * 100, mean_week)
    assert (laid.cents >= np.where(response.open_weeks, share * mean_week[:, None] - 1, 0)).all()
    assert (laid.cents <= most[:, None] + 1).all()
    np.testing.assert_allclose(laid.sales, response.sales(laid.cents / 100), rtol=1e-6)
    even = response.even(np.array(cents) / 100)
    np.testing.assert_allclose(laid.even_sales, response.sales(even), rtol=1e-3, atol=1.0)
    assert (np.ptp(laid.cents[~laid.uneven][response.open_weeks[~laid.uneven].all(axis=1)], axis=1) <= 1).all()


def test_concave_channels_in_their_stride_stay_even(weekly_world):
    world = weekly_world(1, 4).with_(slope=(0.7, 0.8, 0.9, 1.0), half=(1, 1, 1, 1), recent_dose=1.0, noise=0.0)
    laid = lay_out(world.response(), totals(world.response(), 100.0), 0.0)
    assert not laid.uneven.any()
    assert (np.ptp(laid.cents, axis=1) <= 1).all()


def test_an_s_shaped_channel_below_its_bend_pulses(s_shaped_weeks):
    response = s_shaped_weeks.with_(recent_dose=0.0).response()
    laid = lay_out(response, totals(response, 100.0), 0.0)
    assert laid.uneven.tolist() == [True, False]
    assert laid.sales.mean(axis=0)[0] > 1.5 * laid.even_sales.mean(axis=0)[0]


@pytest.mark.parametrize("half_life", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("slope", [1.5, 3.0])
@pytest.mark.parametrize("half", [1.0, 3.0])
def test_as_good_as_every_schedule_on_a_grid(weekly_world, slope, half, half_life):
    """All ways to give five weeks twelve equal parts; gains whether spend stops or goes on, of what even weeks sell."""
    world = weekly_world(3, 1, weeks=5).with_(
        slope=(slope,), half=(half,), half_life_weeks=(half_life,), largest_week=1e6, recent_dose=0.5
    )
    response = world.response()
    going_on = response.continued(np.array([100.0]))

    def sold(weeks):
        followed = going_on.sales(np.concatenate([weeks[None], going_on.spent[:, 5:]], axis=1))
        return np.array([response.sales(weeks[None]).mean(), followed.mean()])

    even = sold(np.full(5, 100.0))
    parts = np.array([np.diff([-1, *bars, 16]) - 1 for bars in combinations(range(16), 4)]) * (500.0 / 12)
    best = max((sold(weeks) - even).min() for weeks in parts) / even[0]
    laid = lay_out(response, (50000,), 0.0)
    found = (sold(laid.cents[0] / 100) - even).min() / even[0]
    assert found >= best - (0.001 if laid.uneven[0] else 0.006)


def test_the_last_week_is_not_loaded_because_nothing_follows(weekly_world):
    world = weekly_world(2, 1).with_(slope=(1.0,), half=(1.0,), half_life_weeks=(3.0,), largest_week=1e6)
    response = world.response()
    greedy = response.even(np.array([1300.0]))
    greedy[0] *= 0.8
    greedy[0, -1] += 0.2 * 1300.0
    assert response.sales(greedy).mean() > response.sales(response.even(np.array([1300.0]))).mean()
    laid = lay_out(response, (130000,), 0.0)
    assert laid.cents[0, -1] / 100 < 0.7 * greedy[0, -1]


def test_a_share_of_one_or_a_channel_that_may_not_vary_is_even(s_shaped_weeks):
    response = s_shaped_weeks.response()
    cents = totals(response, 100.0)
    for laid in (lay_out(response, cents, 1.0), lay_out(response, cents, 0.0, np.array([False, True]))):
        assert not laid.uneven[0]
        assert np.ptp(laid.cents[0]) <= 1


def test_weeks_that_are_spent_already_stay_and_count(s_shaped_weeks):
    response = s_shaped_weeks.response()
    spent = np.zeros_like(response.spent)
    spent[:, :3] = [[120.5, 80.25, 0.0], [10.0, 20.0, 30.0]]
    open_weeks = response.open_weeks.copy()
    open_weeks[:, :3] = False
    begun = replace(response, open_weeks=open_weeks, spent=spent)
    laid = lay_out(begun, (1300_00, 60_00), 0.2)
    np.testing.assert_array_equal(laid.cents[:, :3] / 100, spent[:, :3])
    np.testing.assert_array_equal(laid.cents.sum(axis=1), (1300_00, 60_00))
    assert (laid.cents[1, 3:] == 0).all()
    assert (laid.cents[0, 3:] >= 0.2 * (130000 - 20075) / 10 - 1).all()


def test_nothing_to_spend_is_nothing_in_every_week(s_shaped_weeks):
    laid = lay_out(s_shaped_weeks.response(), (0, 1), 0.0)
    assert laid.cents.sum() == 1
    assert (laid.sales[:, 0] == 0).all()


def test_projection_is_the_nearest_point_that_keeps_limits_and_totals(weekly_world):
    rng = np.random.default_rng(0)
    response = weekly_world(4, 3).response()
    limits = limits_of(response, np.array([900.0, 1300.0, 50.0]), 0.4)
    wild = rng.normal(100, 300, (7, 3, 13))
    near = project(wild, limits)
    assert (near >= limits.low - 1e-9).all()
    assert (near <= limits.high + 1e-9).all()
    np.testing.assert_allclose(near.sum(axis=2), np.tile(limits.totals, (7, 1)), rtol=1e-6)
    for _ in range(20):
        other = project(near + rng.normal(0, 30, near.shape), limits)
        assert (((other - wild) ** 2).sum(axis=2) >= ((near - wild) ** 2).sum(axis=2) * (1 - 1e-6)).all()
