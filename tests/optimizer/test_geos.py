"""Totals spread over geos: exact to the cent, within limits, and as good as SciPy's linear program says."""

import numpy as np
import pytest
from scipy.optimize import linprog

from measurement.geo_response import GeoResponse
from optimizer.geos import RATIOS, describe_split, ratios_of, split_over_geos


def make_response(seed, geos=7, channels=3, slope=1.0, scale=1.0):
    rng = np.random.default_rng(seed)
    totals = scale * rng.uniform(1000, 9000, channels).round(2)
    shares = rng.dirichlet(np.ones(geos), channels)
    spend = totals[:, None, None] * shares[:, :, None] * RATIOS
    half = scale * rng.uniform(100, 1500, (channels, geos, 1))
    top = scale * rng.uniform(500, 5000, (channels, geos, 1))
    return GeoResponse(
        channels=tuple(f"channel_{c}" for c in range(channels)),
        geos=tuple(f"geo_{g}" for g in range(geos)),
        can_move=np.array([c != 1 for c in range(channels)]),
        totals=totals,
        shares=shares,
        ratios=RATIOS,
        sales=top * spend**slope / (spend**slope + half**slope),
    )


def best_by_linear_program(response, channel):
    """Weights on the points of each geo's curve: the best over all mixtures."""
    points = response.totals[channel] * response.shares[channel][:, None] * response.ratios
    geos, count = points.shape
    equal = np.vstack([np.kron(np.eye(geos), np.ones(count)), points.ravel()])
    answer = linprog(
        -response.sales[channel].ravel(),
        A_eq=equal,
        b_eq=np.append(np.ones(geos), response.totals[channel]),
        bounds=(0, None),
        method="highs",
    )
    return -answer.fun


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slope", [1.0, 2.5])
def test_the_bound_is_that_of_the_linear_program_and_the_spread_is_near_it(seed, slope):
    response = make_response(seed, slope=slope, scale=100.0)
    split = split_over_geos(response)
    best = sum(best_by_linear_program(response, channel) for channel in (0, 2))
    assert split.bound == pytest.approx(best, rel=1e-7)
    assert split.value <= split.bound
    assert split.value >= split.bound * (1 - (1e-6 if slope == 1.0 else 0.02))


@pytest.mark.parametrize("seed", range(6))
def test_cents_are_exact_and_within_the_limits(seed):
    response = make_response(seed, geos=31)
    split = split_over_geos(response)
    assert (split.cents.sum(axis=1) == np.round(100 * response.totals)).all()
    today = 100 * response.totals[:, None] * response.shares
    moved = split.cents[[0, 2]]
    assert (moved >= 0.5 * today[[0, 2]] - 1).all()
    assert (moved <= 1.5 * today[[0, 2]] + 1).all()
    assert (split.cents[1] == split.today_cents[1]).all()
    assert ratios_of(response, split) * today == pytest.approx(split.cents)


def test_a_geo_without_spend_stays_without_and_equal_geos_stay_equal():
    response = make_response(1, geos=4)
    response.shares[:] = (0.0, 0.25, 0.25, 0.5)
    spend = response.totals[:, None, None] * response.shares[:, :, None] * RATIOS
    response.sales[:] = 1000 * np.sqrt(spend)
    split = split_over_geos(response)
    assert (split.cents[:, 0] == 0).all()
    assert np.abs(split.cents[0, 1] - split.cents[0, 2]) <= 0.11 * split.cents[0, 1]


def test_words_say_whether_it_is_worth_it():
    response = make_response(2)
    split = split_over_geos(response)
    today = np.full((50, 3), 100.0)
    better = describe_split(response, split, today + 5.0, today)
    assert "expected to sell 15 more" in better.advice
    assert "Not spread, for want of targeting or of a measurement: channel_1." in better.advice
    same = describe_split(response, split, today, today).to_json()
    assert same["probability_better"] == 0.5
    assert "as good" in same["advice"]
    assert len(same["lines"]) == 21
