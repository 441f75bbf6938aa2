"""Coordinates against densities whose mode and scales are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.whitening import LEAST_CURVATURE, START_WIDTH, round_coordinates

FloatArray = NDArray[np.float64]
MEAN = np.array([3.0, -20.0, 0.5, 7.0])


def covariance() -> FloatArray:
    columns = np.random.default_rng(4).normal(size=(4, 4)) * np.array([0.02, 0.3, 0.5, 0.1])
    return columns @ columns.T + 1e-4 * np.eye(4)


def gaussian(position: FloatArray) -> tuple[float, FloatArray]:
    pull = np.linalg.solve(covariance(), position - MEAN)
    return -0.5 * float((position - MEAN) @ pull), -pull


def test_a_gaussian_becomes_a_standard_one() -> None:
    found = round_coordinates(gaussian, np.zeros(4))
    assert found.centre == pytest.approx(MEAN, abs=1e-3)
    assert found.root @ found.root.T == pytest.approx(covariance(), rel=1e-4, abs=1e-7)


def test_density_and_gradient_agree_in_the_new_coordinates() -> None:
    found = round_coordinates(gaussian, np.zeros(4))
    y = np.array([0.4, -1.0, 0.2, 1.5])
    by_y = found.gradient(gaussian(found.position(y))[1])
    for place in range(4):
        step = 1e-5 * np.eye(4)[place]
        change = gaussian(found.position(y + step))[0] - gaussian(found.position(y - step))[0]
        assert by_y[place] == pytest.approx(change / 2e-5, rel=1e-4, abs=1e-6)


def test_a_flat_direction_is_taken_for_no_wider_than_its_prior() -> None:
    def flat_in_one(position: FloatArray) -> tuple[float, FloatArray]:
        return -0.5 * float(position[0] ** 2), np.array([-position[0], 0.0])

    scales = np.linalg.svd(round_coordinates(flat_in_one, np.ones(2)).root)[1]
    assert scales == pytest.approx([1 / np.sqrt(LEAST_CURVATURE), 1.0], rel=1e-6)


def test_a_density_that_breaks_down_leaves_the_coordinates_where_they_were() -> None:
    def broken(position: FloatArray) -> tuple[float, FloatArray]:
        return 0.0, np.where(np.arange(2) == 1, 1e307 * (position + 1.0) * 1e3, 0.0)

    with np.errstate(all="ignore"):
        found = round_coordinates(broken, np.array([1.0, 2.0]))
    assert np.isfinite(found.centre).all()
    assert np.isfinite(found.root).all()


def test_chains_start_apart_and_repeat_by_seed() -> None:
    found = round_coordinates(gaussian, np.zeros(4))
    assert not np.allclose(found.start(1), found.start(2))
    assert np.array_equal(found.start(1), found.start(1))
    starts = np.stack([found.start(seed) for seed in range(200)])
    assert np.abs(starts).max() <= START_WIDTH
    assert starts.std(axis=0) == pytest.approx(START_WIDTH / np.sqrt(3) * np.ones(4), rel=0.15)
