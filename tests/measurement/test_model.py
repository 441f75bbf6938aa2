"""The PyMC graph against numpy: its likelihood equals a dense Gaussian built from the numpy media, its priors hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pymc as pm
import pytensor
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from measurement.conditional import lift_rows, media_of, week_covariance
from measurement.experiments import Experiment
from measurement.model import build_model
from measurement.panel import Panel
from measurement.preparation import LAGS, ModelInputs, prepare
from measurement.priors import ChannelPrior, Priors, Spread, prior_iroas_draws
from measurement.simulate import WorldKind, WorldSpec, simulate

FloatArray = NDArray[np.float64]
Draw = dict[str, FloatArray]


def without_controls(panel: Panel) -> Panel:
    return replace(panel, controls=(), control_values=panel.control_values[:, :, :0])


def panel_of(kind: WorldKind, geos: int = 5, seed: int = 2) -> Panel:
    return simulate(WorldSpec(kind, geos=geos, weeks=40, channels=3, seed=seed)).panel


PANELS: dict[str, Callable[[], Panel]] = {
    "demand proxy": lambda: panel_of(WorldKind.DEMAND),
    "no controls": lambda: without_controls(panel_of(WorldKind.PLAIN)),
    "national channel": lambda: panel_of(WorldKind.NATIONAL),
    "one series": lambda: panel_of(WorldKind.PLAIN, geos=1),
    "two geos": lambda: panel_of(WorldKind.PLAIN, geos=2),
}


def points(model: pm.Model, count: int) -> list[tuple[float, Draw]]:
    """The potential at draws from the prior, beside the values of all that is sampled or derived there."""
    names = [variable.name for variable in (*model.free_RVs, *model.deterministics)]
    outputs = [model["marginal"], *model.free_RVs, *model.deterministics]
    evaluate = pytensor.function(model.free_RVs, outputs, on_unused_input="ignore", mode="FAST_COMPILE")
    drawn = pm.draw(model.free_RVs, draws=count, random_seed=5, mode="FAST_COMPILE")
    found = []
    for index in range(count):
        potential, *values = evaluate(*[values[index] for values in drawn])
        found.append((float(potential), dict(zip(names, values, strict=True))))
    return found


def dense_log_density(inputs: ModelInputs, draw: Draw) -> float:
    """Log density of all geo-weeks, but for the normal constant, with the media as numpy states them."""
    media = media_of(inputs, draw)
    geos, weeks = inputs.sales.shape
    per_unit = media.sales_per_head[:, None, None] * (inputs.population / inputs.mean_sales)[:, None]
    effects = media.saturated[:, :, inputs.burn_in :] * per_unit
    residual = inputs.sales - effects.sum(axis=0)
    if len(inputs.confounded):
        residual = residual - np.tensordot(draw["hidden_demand"], inputs.confounders, axes=1)
    lag = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))
    rho, noise = draw["rho"], np.exp(draw["log_noise"]) * inputs.noise_scale
    covariance = np.kron(np.diag(noise**2), rho**lag / (1 - rho**2))
    covariance += np.kron(np.ones((geos, geos)), week_covariance(inputs, draw))
    shared = inputs.controls.reshape(geos * weeks, -1)
    covariance += shared @ shared.T
    spread = np.where(inputs.varies_by_geo, np.exp(draw["log_geo_spread"]), 0.0)
    for geo in range(geos):
        own = np.concatenate([inputs.local[geo], (effects[:, geo] * spread[:, None]).T], axis=1)
        cells = slice(geo * weeks, (geo + 1) * weeks)
        covariance[cells, cells] += own @ own.T
    flat = residual.ravel()
    if inputs.lifts is not None:
        flat, covariance = with_lifts(inputs, draw, (flat, covariance), effects * spread[:, None, None])
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(-0.5 * flat @ np.linalg.solve(covariance, flat) - 0.5 * log_determinant)


def with_lifts(
    inputs: ModelInputs, draw: Draw, panel: tuple[FloatArray, FloatArray], own: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Residuals and covariance of geo-weeks and lifts together, lifts in units of their standard errors."""
    lifts = inputs.lifts
    assert lifts is not None
    geos, weeks = inputs.sales.shape
    rows = lift_rows(inputs, lifts, draw, media_of(inputs, draw))
    varying = np.flatnonzero(inputs.varies_by_geo)
    of_geo = rows.by_coefficient[:, :, inputs.local.shape[2] :]
    cross = np.einsum("vgn,mgv->gnm", own[varying], of_geo).reshape(geos * weeks, -1)
    among = np.einsum("mgv,ngv->mn", of_geo, of_geo) + np.diag(rows.sd**2)
    together = np.block([[panel[1], cross], [cross.T, among]])
    scale = np.concatenate([np.ones(geos * weeks), rows.sd])
    return np.concatenate([panel[0], rows.residual]) / scale, together / np.outer(scale, scale)


TESTS = (
    ("search_off", ("search",), "2021-06-07", "2021-07-02", "2021-07-18", (0, 2), -4000.0),
    ("both_up", ("search", "social"), "2021-05-05", "2021-05-20", None, (1, 2, 3), 900.0),
)


def panel_with_tests() -> tuple[Panel, tuple[Experiment, ...]]:
    panel = panel_of(WorldKind.DEMAND)
    shift = panel.dates[0].item() - date(2021, 1, 4)
    tests = tuple(
        Experiment(
            name,
            channels,
            "sales",
            date.fromisoformat(start) + shift,
            date.fromisoformat(end) + shift,
            None if cooldown is None else date.fromisoformat(cooldown) + shift,
            tuple(panel.geos[geo] for geo in geos),
            change,
            1.1 * change,
            600.0,
        )
        for name, channels, start, end, cooldown, geos, change in TESTS
    )
    return panel, tests


def test_finished_tests_enter_as_an_exact_further_observation() -> None:
    """Two tests with geos and a channel in common, one of two channels, against one dense Gaussian of all."""
    panel, tests = panel_with_tests()
    inputs = prepare(panel, Priors(), tests)
    model = build_model(inputs, Priors(), panel.channel_names)
    for potential, draw in points(model, 4):
        assert potential == pytest.approx(dense_log_density(inputs, draw), rel=1e-8)


def test_a_lift_is_the_difference_of_the_weeks_unrolled_one_by_one() -> None:
    panel, tests = panel_with_tests()
    inputs = prepare(panel, Priors(), tests)
    _, draw = points(build_model(inputs, Priors(), panel.channel_names), 2)[0]
    media = media_of(inputs, draw)
    assert inputs.lifts is not None
    rows = lift_rows(inputs, inputs.lifts, draw, media)
    test, channel = tests[0], 0
    days = np.array(
        [max(0, min(6, (test.end - w.item()).days) - max(0, (test.start - w.item()).days) + 1) for w in panel.dates]
    ).clip(0, 7)
    counted = np.array(
        [
            max(0, min(6, (test.last_day - w.item()).days) - max(0, (test.start - w.item()).days) + 1)
            for w in panel.dates
        ]
    ).clip(0, 7)
    first = int(np.flatnonzero(days)[0])
    treated = [panel.geos.index(name) for name in test.geos]
    usual = panel.spend[treated, first - 8 : first, channel].mean(axis=1)
    money = panel.spend[:, :, channel].copy()
    money[treated] += -test.spend_change * np.outer(usual, days) / (usual.sum() * days.sum())
    scale = (panel.spend[:, :, channel] / panel.population[:, None])[0, 0] / inputs.lagged_dose[channel, 0, 0, 0]
    weights = 0.5 ** (np.exp(-draw["log_half_life"][channel]) * np.arange(LAGS))
    weights = weights * (1.0 + np.arange(LAGS)) ** draw["build_up"][channel]
    half, slope = np.exp(draw["log_half_saturation"][channel]), np.exp(draw["log_slope"][channel])

    def sales(spend: FloatArray) -> float:
        total = 0.0
        for geo in treated:
            dose = spend[geo] / panel.population[geo] / scale
            for week in range(len(dose)):
                past = [
                    dose[week - lag] if week >= lag else inputs.lagged_dose[channel, geo, 0, 1] for lag in range(LAGS)
                ]
                felt = float(np.dot(past, weights) / weights.sum())
                change = np.exp(draw["drift"][channel] * inputs.time[week])
                value = felt**slope / (felt**slope + half**slope) * change * media.sales_per_head[channel]
                total += counted[week] / 7 * value * panel.population[geo]
        return total

    expected = test.lift - (sales(panel.spend[:, :, channel]) - sales(money))
    assert rows.residual[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", PANELS)
def test_the_potential_equals_a_dense_gaussian_at_draws_from_the_prior(name: str) -> None:
    panel = PANELS[name]()
    inputs = prepare(panel, Priors())
    model = build_model(inputs, Priors(), panel.channel_names)
    for potential, draw in points(model, 4):
        assert potential == pytest.approx(dense_log_density(inputs, draw), rel=1e-8)


def test_pauses_cost_the_same_in_graph_and_numpy() -> None:
    """Weeks without any dose: the graph keeps a tiny dose for its gradient, numpy does not."""
    panel = panel_of(WorldKind.PLAIN)
    spend = panel.spend.copy()
    spend[:, 10:30, 1] = 0.0
    panel = replace(panel, spend=spend, exposure=spend)
    inputs = prepare(panel, Priors())
    model = build_model(inputs, Priors(), panel.channel_names)
    for potential, draw in points(model, 4):
        assert potential == pytest.approx(dense_log_density(inputs, draw), abs=0.05)


def test_the_panels_above_exercise_every_branch() -> None:
    inputs = {name: prepare(make(), Priors()) for name, make in PANELS.items()}
    assert inputs["demand proxy"].confounding_by_proxy.any()
    assert len(inputs["no controls"].confounded) == 1
    assert not inputs["no controls"].confounding_by_proxy.any()
    assert inputs["no controls"].controls.shape[2] == 0
    assert inputs["demand proxy"].controls.shape[2] == 3
    assert set(inputs["national channel"].varies_by_geo) == {True, False}
    assert not inputs["one series"].varies_by_geo.any()
    assert not inputs["two geos"].varies_by_geo.any()


@pytest.fixture(scope="module")
def of_priors() -> tuple[Priors, pm.Model]:
    priors = Priors(
        channels=(
            ("search", ChannelPrior(iroas=Spread(2.0, 5.0), half_life_weeks=Spread(0.5, 2.0), drift=0.0)),
            ("social", ChannelPrior(iroas=Spread(1.0, 6.0), sells_nothing=0.25, slope=Spread(2.0, 3.0))),
        )
    )
    panel = panel_of(WorldKind.PLAIN)
    return priors, build_model(prepare(panel, priors), priors, panel.channel_names)


def test_prior_draws_of_the_iroas_equal_the_stated_prior(of_priors: tuple[Priors, pm.Model]) -> None:
    priors, model = of_priors
    count = 40_000
    drawn = pm.draw(model["iroas"], draws=count, random_seed=3)
    for index, channel in enumerate(model.coords["channel"]):
        stated = prior_iroas_draws(priors.of(channel), 20_000)
        for probability in (0.1, 0.3, 0.5, 0.8, 0.95):
            value = np.quantile(stated, probability)
            if value > 0:
                below = (drawn[:, index] <= value).mean()
                assert below == pytest.approx(probability, abs=4.5 * np.sqrt(probability * (1 - probability) / count))
    nothing = (drawn == 0.0).mean(axis=0)
    assert nothing[0] == 0.0
    assert nothing[1] == pytest.approx(0.25, abs=0.012)


@pytest.mark.parametrize("resemblance", [0.0, 0.3, 0.8])
def test_channels_iroas_are_alike_as_far_as_stated(resemblance: float) -> None:
    """Spearman's rank correlation of a Gaussian copula is 6 / pi arcsin(r / 2)."""
    panel = panel_of(WorldKind.PLAIN)
    priors = Priors(default=ChannelPrior(iroas=Spread(1.0, 2.0)), resemblance=resemblance)
    model = build_model(prepare(panel, priors), priors, panel.channel_names)
    drawn = pm.draw(model["iroas"], draws=20_000, random_seed=8)
    expected = 6 / np.pi * np.arcsin(resemblance / 2)
    for pair in ([0, 1], [0, 2], [1, 2]):
        assert spearmanr(drawn[:, pair]).statistic == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("variable", "channel", "median", "p95"),
    [
        ("log_half_life", 0, 0.5, 2.0),
        ("log_slope", 1, 2.0, 3.0),
        ("log_half_saturation", 0, ChannelPrior().half_saturation.median, ChannelPrior().half_saturation.p95),
        ("log_geo_spread", 2, ChannelPrior().geo_spread.median, ChannelPrior().geo_spread.p95),
    ],
)
def test_shape_parameters_have_the_stated_median_and_95_percent_point(
    of_priors: tuple[Priors, pm.Model], variable: str, channel: int, median: float, p95: float
) -> None:
    count = 40_000
    drawn = np.exp(pm.draw(of_priors[1][variable], draws=count, random_seed=4)[:, channel])
    assert (drawn < median).mean() == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(count))
    assert (drawn < p95).mean() == pytest.approx(0.95, abs=4.5 * 0.22 / np.sqrt(count))


def test_a_channel_without_drift_does_not_drift(of_priors: tuple[Priors, pm.Model]) -> None:
    drift = pm.draw(of_priors[1]["drift"], draws=2000, random_seed=6)
    assert np.abs(drift[:, 0]).max() < 0.01
    assert drift[:, 1].std() == pytest.approx(ChannelPrior().drift, rel=0.1)


@pytest.mark.parametrize("p95", [2.0, 3.5, 4.0, 8.0])
def test_the_gradient_is_finite_where_a_channel_sells_nothing_and_where_it_sells(p95: float) -> None:
    """Zero iROAS is a place like any other to the sampler."""
    priors = Priors(default=ChannelPrior(iroas=Spread(1.0, p95), sells_nothing=0.2))
    panel = panel_of(WorldKind.PLAIN, geos=3)
    model = build_model(prepare(panel, priors), priors, panel.channel_names)
    score, iroas = model["iroas_score"], model["iroas"]
    evaluate = pytensor.function([score], [iroas, pytensor.grad(iroas.sum(), score)], mode="FAST_COMPILE")
    for place in np.linspace(-5.0, 5.0, 41):
        value, slope = evaluate(np.full(3, place))
        assert np.isfinite(value).all()
        assert (value >= 0).all()
        assert np.isfinite(slope).all()
        assert (slope >= 0).all()
