"""Conditional draws against the analytic Gaussian, and what is completed from them against its own parts."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.conditional import complete_chain, media_of
from measurement.linear_draws import LiftRows, LinearPart, draw_linear_part
from measurement.panel import Panel
from measurement.preparation import ModelInputs, prepare
from measurement.priors import Priors
from measurement.simulate import WorldKind, WorldSpec, simulate

FloatArray = NDArray[np.float64]
Draws = dict[str, FloatArray]
Problem = tuple[FloatArray, FloatArray, FloatArray, FloatArray, float, FloatArray]


class Scripted:
    """Stands in for a random generator: hands out the numbers of a given vector, in order."""

    def __init__(self, numbers: FloatArray) -> None:
        self._numbers, self._used = numbers, 0

    def standard_normal(self, size: int | tuple[int, ...]) -> FloatArray:
        count = int(np.prod(size))
        given = self._numbers[self._used : self._used + count].reshape(size)
        self._used += count
        return given.copy()

    @property
    def all_used(self) -> bool:
        return self._used == len(self._numbers)


def problem(geos: int, controls: int, weeks: int = 9, places: int = 3) -> Problem:
    rng = np.random.default_rng(10 * geos + controls)
    root = rng.standard_normal((weeks, weeks))
    return (
        rng.standard_normal((geos, weeks)),
        rng.standard_normal((geos, weeks, places)),
        rng.standard_normal((geos, weeks, controls)),
        0.1 * root @ root.T + 0.05 * np.eye(weeks),
        0.45,
        np.exp(0.3 * rng.standard_normal(geos)),
    )


def flat(part: LinearPart) -> FloatArray:
    return np.concatenate([part.local.ravel(), part.week, part.controls])


def dense_conditional(values: Problem) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of (local, week, controls) given the residual, by the textbook formulas."""
    residual, local, controls, covariance, rho, noise = values
    geos, weeks, places = local.shape
    prior = np.eye(geos * places + weeks + controls.shape[2])
    prior[geos * places : geos * places + weeks, geos * places : geos * places + weeks] = covariance
    design = np.zeros((geos, weeks, len(prior)))
    for geo in range(geos):
        design[geo, :, geo * places : (geo + 1) * places] = local[geo]
        design[geo, :, geos * places : geos * places + weeks] = np.eye(weeks)
        design[geo, :, geos * places + weeks :] = controls[geo]
    design = design.reshape(geos * weeks, -1)
    lag = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))
    of_noise = np.kron(np.diag(noise**2), rho**lag / (1 - rho**2))
    gain = prior @ design.T @ np.linalg.inv(design @ prior @ design.T + of_noise)
    return gain @ residual.ravel(), prior - gain @ design @ prior


@pytest.mark.parametrize(("geos", "controls"), [(1, 0), (1, 2), (3, 0), (3, 2)])
def test_draws_have_exactly_the_conditional_mean_and_covariance(geos: int, controls: int) -> None:
    """A draw is an affine function of its random numbers; fed with unit vectors, it shows its mean and covariance."""
    values = problem(geos, controls)
    residual, local = values[:2]
    count = local.shape[0] * local.shape[2] + residual.shape[1] + controls + residual.size

    def drawn(numbers: FloatArray) -> FloatArray:
        generator = Scripted(numbers)
        part = draw_linear_part(*values, cast(np.random.Generator, generator))
        assert generator.all_used
        return flat(part)

    centre = drawn(np.zeros(count))
    spread = np.stack([drawn(unit) - centre for unit in np.eye(count)], axis=1)
    mean, covariance = dense_conditional(values)
    np.testing.assert_allclose(centre, mean, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(spread @ spread.T, covariance, rtol=1e-8, atol=1e-9)


def test_draws_from_a_real_generator_scatter_as_they_should() -> None:
    values = problem(2, 1)
    generator = np.random.default_rng(8)
    count = 800
    draws = np.stack([flat(draw_linear_part(*values, generator)) for _ in range(count)])
    mean, covariance = dense_conditional(values)
    variance = np.diag(covariance)
    assert np.abs((draws.mean(axis=0) - mean) / np.sqrt(variance / count)).max() < 4.5
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / count)
    assert np.abs((np.cov(draws.T) - covariance) / error).max() < 5.0


def with_lifts(values: Problem) -> tuple[LiftRows, FloatArray, FloatArray]:
    """Two lifts that share geos, and mean and covariance given them too, by conditioning once more."""
    geos, _, places = values[1].shape
    rng = np.random.default_rng(3)
    lifts = LiftRows(np.array([2.0, -1.0]), rng.standard_normal((2, geos, places)), np.array([0.4, 0.9]))
    mean, covariance = dense_conditional(values)
    design = np.zeros((2, len(mean)))
    design[:, : geos * places] = lifts.by_coefficient.reshape(2, -1)
    gain = covariance @ design.T @ np.linalg.inv(design @ covariance @ design.T + np.diag(lifts.sd**2))
    return lifts, mean + gain @ (lifts.residual - design @ mean), covariance - gain @ design @ covariance


@pytest.mark.parametrize(("geos", "controls"), [(1, 0), (3, 2)])
def test_finished_tests_condition_the_draws_exactly(geos: int, controls: int) -> None:
    values = problem(geos, controls)
    residual, local = values[:2]
    lifts, mean, covariance = with_lifts(values)
    count = local.shape[0] * local.shape[2] + residual.shape[1] + controls + residual.size + 2

    def drawn(numbers: FloatArray) -> FloatArray:
        generator = Scripted(numbers)
        part = draw_linear_part(*values, cast(np.random.Generator, generator), lifts)
        assert generator.all_used
        return flat(part)

    centre = drawn(np.zeros(count))
    spread = np.stack([drawn(unit) - centre for unit in np.eye(count)], axis=1)
    np.testing.assert_allclose(centre, mean, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(spread @ spread.T, covariance, rtol=1e-8, atol=1e-9)


NOISE, RHO = 0.05, 0.3


@pytest.fixture(scope="module")
def panel() -> Panel:
    return simulate(WorldSpec(WorldKind.NATIONAL, geos=5, weeks=44, channels=3, seed=2)).panel


@pytest.fixture(scope="module")
def inputs(panel: Panel) -> ModelInputs:
    return prepare(panel, Priors())


@pytest.fixture(scope="module")
def chain(inputs: ModelInputs, panel: Panel, prior_draws: Callable[..., Draws]) -> Draws:
    """One point of the sampled parameters, many times over: a draw from the prior, with moderate effects and noise."""
    point = {name: values[0] for name, values in prior_draws(inputs, Priors(), panel.channel_names, 1).items()}
    moderate = {
        "iroas": np.linspace(0.8, 2.4, len(panel.channels)),
        "log_geo_spread": np.full(len(panel.channels), np.log(0.2)),
        "rho": np.array(RHO),
        "log_noise": np.array(np.log(NOISE)),
        "log_smooth": np.array(np.log(0.03)),
        "log_weekly": np.array(np.log(0.02)),
    }
    assert set(moderate) <= set(point)
    return {name: np.broadcast_to(value, (300, *value.shape)).copy() for name, value in (point | moderate).items()}


@pytest.fixture(scope="module")
def completed(inputs: ModelInputs, chain: Draws) -> Draws:
    return complete_chain(inputs, chain, np.random.default_rng(4))


def test_an_average_geo_earns_its_iroas_in_the_reference_weeks(inputs: ModelInputs, chain: Draws) -> None:
    media = media_of(inputs, {name: values[0] for name, values in chain.items()})
    sales = media.saturated * media.sales_per_head[:, None, None] * inputs.population[:, None]
    earned = (sales.sum(axis=1) * inputs.reference_weeks).sum(axis=1)
    np.testing.assert_allclose(earned / inputs.reference_spend, chain["iroas"][0], rtol=1e-9)


def test_contributions_follow_from_media_and_geo_effects(inputs: ModelInputs, chain: Draws, completed: Draws) -> None:
    media = media_of(inputs, {name: values[7] for name, values in chain.items()})
    per_geo = completed["geo_effect"][7] * media.sales_per_head[:, None] * inputs.population
    by_hand = np.einsum("cgt,cg->ct", media.saturated, per_geo)
    np.testing.assert_allclose(completed["contribution"][7], by_hand, rtol=1e-9)
    window = by_hand[:, -inputs.window_weeks :].sum(axis=1)
    np.testing.assert_allclose(completed["incremental"][7], window, rtol=1e-9)


def test_predicted_sales_are_baseline_plus_contributions_plus_noise(inputs: ModelInputs, completed: Draws) -> None:
    weeks = inputs.sales.shape[1]
    rest = completed["predicted"] - completed["baseline"] - completed["contribution"][:, :, -weeks:].sum(axis=1)
    noise = NOISE * inputs.noise_scale / np.sqrt(1 - RHO**2)
    sd = np.sqrt(((inputs.mean_sales * noise) ** 2).sum())
    assert np.abs(rest.mean(axis=0) / (sd / np.sqrt(len(rest)))).max() < 4.5
    assert rest.std() == pytest.approx(sd, rel=0.05)
    autocorrelation = (rest[:, 1:] * rest[:, :-1]).mean() / (rest**2).mean()
    assert autocorrelation == pytest.approx(RHO, abs=0.05)


def test_predictions_lie_near_the_sales_they_were_conditioned_on(inputs: ModelInputs, completed: Draws) -> None:
    observed = inputs.mean_sales @ (1 + inputs.sales)
    fitted = completed["predicted"].mean(axis=0)
    assert np.corrcoef(fitted, observed)[0, 1] > 0.95
    assert np.abs(fitted / observed - 1).mean() < 0.03


def test_only_channels_known_by_geo_get_geo_effects(inputs: ModelInputs, completed: Draws) -> None:
    assert 0 < inputs.varies_by_geo.sum() < len(inputs.varies_by_geo)
    assert (completed["geo_effect"][:, ~inputs.varies_by_geo] == 1.0).all()
    scatter = completed["geo_effect"][:, inputs.varies_by_geo].std(axis=0)
    assert (scatter > 0.02).all()
    assert (scatter < 0.3).all()


def test_the_same_generator_state_gives_the_same_completion(inputs: ModelInputs, chain: Draws) -> None:
    short = {name: values[:3] for name, values in chain.items()}
    first, second = (complete_chain(inputs, short, np.random.default_rng(1)) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    other = complete_chain(inputs, short, np.random.default_rng(2))
    assert not np.array_equal(first["predicted"], other["predicted"])
