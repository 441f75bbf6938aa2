"""Adstock and saturation against recursions and limits."""

import numpy as np
import pytest
from scipy.signal import lfilter

from measurement.transforms import SMALLEST_DOSE, adstock_weights, hill, lagged


def test_weights_are_a_geometric_series_that_sums_to_one() -> None:
    decay = np.array([[0.0, 0.3], [0.7, 0.99]])
    weights = adstock_weights(decay, 13)
    assert weights.shape == (2, 2, 13)
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(weights[..., 1:], weights[..., :-1] * decay[..., None], rtol=1e-12)
    np.testing.assert_array_equal(weights[0, 0], np.eye(13)[0])


@pytest.mark.parametrize("decay", [0.05, 0.2, 0.4])
def test_adstock_equals_a_recursive_filter_where_the_memory_has_died_out(decay: float) -> None:
    dose = np.random.default_rng(1).gamma(2.0, size=(3, 60))
    found = lagged(dose, 30, np.zeros(3)) @ adstock_weights(np.array(decay), 30)
    expected = lfilter([1 - decay], [1, -decay], dose, axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_build_up_of_one_equals_two_recursive_filters_in_a_row() -> None:
    decay, dose = 0.35, np.random.default_rng(2).gamma(2.0, size=(3, 60))
    found = lagged(dose, 50, np.zeros(3)) @ adstock_weights(np.array(decay), 50, 1.0)
    once = lfilter([1 - decay], [1, -decay], dose, axis=-1)
    np.testing.assert_allclose(found, lfilter([1 - decay], [1, -decay], once, axis=-1), rtol=1e-10)


def test_a_larger_build_up_peaks_later() -> None:
    weights = adstock_weights(np.array([0.6, 0.6, 0.6]), 13, np.array([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-14)
    assert (np.diff(weights @ np.arange(13)) > 0.5).all()
    assert weights.argmax(axis=-1)[0] == 0 < weights.argmax(axis=-1)[2]


def test_a_steady_dose_stays_what_it_is() -> None:
    steady = np.full((2, 20), 1.7)
    found = lagged(steady, 13, steady[:, 0]) @ adstock_weights(np.array(0.8), 13)
    np.testing.assert_allclose(found, 1.7, rtol=1e-12)


def test_every_period_stands_beside_its_predecessors() -> None:
    dose, before = np.arange(10.0).reshape(2, 5), np.array([-1.0, -2.0])
    found = lagged(dose, 4, before)
    for unit in range(2):
        for period in range(5):
            for lag in range(4):
                expected = dose[unit, period - lag] if period >= lag else before[unit]
                assert found[unit, period, lag] == expected


def test_lagging_leaves_its_argument_alone_and_can_be_written_to() -> None:
    dose = np.arange(5.0)
    found = lagged(dose, 3, np.array(0.0))
    found[:] = 7.0
    np.testing.assert_array_equal(dose, np.arange(5.0))


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.5])
def test_hill_has_its_known_points(slope: float) -> None:
    half = np.array(1.3)
    assert hill(np.array(0.0), half, np.array(slope)) == 0.0
    assert hill(np.array(SMALLEST_DOSE / 2), half, np.array(slope)) == 0.0
    assert hill(np.array(1.3), half, np.array(slope)) == pytest.approx(0.5, rel=1e-12)
    assert hill(np.array(1e12), half, np.array(slope)) == pytest.approx(1.0, abs=1e-5)
    dose = np.linspace(0.01, 8.0, 50)
    np.testing.assert_allclose(hill(dose, half, np.array(slope)), dose**slope / (dose**slope + 1.3**slope), rtol=1e-12)


def test_hill_is_s_shaped_only_above_a_slope_of_one() -> None:
    dose = np.linspace(0.01, 0.6, 40)
    bend = {slope: np.diff(hill(dose, np.array(1.0), np.array(slope)), n=2) for slope in (0.8, 2.5)}
    assert (bend[0.8] < 0).all()
    assert (bend[2.5] > 0).all()
