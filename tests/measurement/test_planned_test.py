"""What a test still to be run would find: the same lift as the likelihood expects of it once it has been run."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from measurement.experiments import Experiment
from measurement.feasible_tests import COOLDOWN_WEEKS, KINDS, WEEKS, feasible_tests
from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.precision import best_measured, worth_rehearsing
from measurement.lift_inputs import lift_inputs
from measurement.panel import Level
from measurement.planned_test import PlannedTest, planned_effect
from measurement.posterior import end_time
from measurement.preparation import LAGS, dose_per_head
from measurement.simulate import WorldKind, WorldSpec, simulate
from measurement.transforms import adstock_weights, hill

GEOS, PERIODS, CHANNELS, DRAWS = 8, 80, 3, 20
TREATED = np.array([1, 4])


@pytest.fixture(scope="module")
def fitted() -> SimpleNamespace:
    """A simulated panel whose spend was the same every week of the last year, with made-up draws."""
    panel = simulate(WorldSpec(WorldKind.PLAIN, GEOS, PERIODS, CHANNELS, 5)).panel
    spend = panel.spend.copy()
    spend[:, -52:] = spend[:, -52:].mean(axis=1, keepdims=True)
    rng = np.random.default_rng(1)

    def draws(mean: float, sd: float, *shape: int) -> np.ndarray:
        return mean + sd * rng.standard_normal((DRAWS, CHANNELS, *shape))

    return SimpleNamespace(
        panel=replace(panel, spend=spend, exposure=spend.copy()),
        draws={
            "log_half_life": draws(0.3, 0.3),
            "build_up": np.abs(draws(0.0, 0.3)),
            "sales_per_head": np.exp(draws(0.0, 0.3)),
            "drift": draws(0.0, 0.2),
            "geo_effect": draws(1.0, 0.3, GEOS),
            "log_half_saturation": draws(0.0, 0.2),
            "log_slope": draws(0.2, 0.1),
            "incremental": np.abs(draws(1e5, 2e4)),
        },
    )


def expected_by_likelihood(fitted: SimpleNamespace, test: PlannedTest, spend_change: float) -> np.ndarray:
    """The lift of the same test once it lies in the panel, from the arrays by which the model learns from tests."""
    panel, channel = fitted.panel, fitted.panel.channel_names.index(test.channel)
    factor = 0.0 if test.kind is ExperimentKind.GO_DARK else 2.0
    after = panel.spend[:, -1:].repeat(test.window, axis=1)
    after[test.geos, : test.weeks, channel] *= factor
    dose = dose_per_head(panel)
    later = dose[:, :, -1:].repeat(test.window, axis=2)
    later[channel, test.geos, : test.weeks] *= factor
    spend = np.concatenate([panel.spend, after], axis=1)
    dates = panel.dates[0] + 7 * np.arange(PERIODS + test.window)
    longer = SimpleNamespace(
        dates=dates, spend=spend, geos=panel.geos, channel_names=panel.channel_names, population=panel.population
    )
    first = dates[PERIODS].item()
    finished = Experiment(
        name="the same",
        channels=(test.channel,),
        outcome="sales",
        start=first,
        end=first + timedelta(days=7 * test.weeks - 1),
        cooldown_end=first + timedelta(days=7 * test.window - 1),
        geos=tuple(panel.geos[row] for row in test.geos),
        spend_change=spend_change,
        lift=0.0,
        lift_sd=1.0,
    )
    doses = np.concatenate([dose, later], axis=2)
    lifts = lift_inputs((finished,), longer, doses, np.full(doses.shape[2], end_time(PERIODS)), LAGS, LAGS - 1)
    found = []
    for draw in range(DRAWS):
        own = {name: values[draw, channel] for name, values in fitted.draws.items()}
        weights = adstock_weights(0.5 ** np.exp(-own["log_half_life"]), LAGS, own["build_up"])
        half, slope = np.exp(own["log_half_saturation"]), np.exp(own["log_slope"])
        gain = hill(lifts.actual_dose[0] @ weights, half, slope) - hill(
            lifts.counterfactual_dose[0] @ weights, half, slope
        )
        per_head = (gain * lifts.weight[0]).sum(axis=1) * np.exp(own["drift"] * end_time(PERIODS))
        found.append((per_head * own["sales_per_head"] * own["geo_effect"] * panel.population).sum())
    return np.array(found)


@pytest.mark.parametrize("kind", [ExperimentKind.GO_DARK, ExperimentKind.HEAVY_UP])
def test_the_lift_is_the_one_that_the_likelihood_expects(fitted: SimpleNamespace, kind: ExperimentKind) -> None:
    test = PlannedTest("search", kind, TREATED, weeks=5, cooldown_weeks=3)
    effect = planned_effect(fitted.panel, fitted.draws, test)
    sign = -1.0 if kind is ExperimentKind.GO_DARK else 1.0
    spent = 5 * fitted.panel.spend[TREATED, -1, 0].sum()
    assert effect.spend_change == pytest.approx(sign * spent)
    assert (sign * effect.lift > 0).all()
    assert effect.lift == pytest.approx(expected_by_likelihood(fitted, test, sign * spent), rel=1e-6)
    assert (np.abs(effect.sales_change) >= np.abs(effect.lift)).all()


def test_a_longer_cooldown_counts_more_of_what_is_carried_over(fitted: SimpleNamespace) -> None:
    short, long = (
        planned_effect(fitted.panel, fitted.draws, PlannedTest("search", ExperimentKind.GO_DARK, TREATED, 4, weeks))
        for weeks in (0, 4)
    )
    assert (long.lift < short.lift).all()
    assert long.sales_change == pytest.approx(short.sales_change, rel=0.01)


def test_every_channel_with_geos_has_designs_and_the_others_a_reason(fitted: SimpleNamespace) -> None:
    first, second, third = fitted.panel.channels
    channels = (first, replace(second, geo_targetable=False), replace(third, level=Level.NATIONAL))
    model = SimpleNamespace(**(vars(fitted) | {"panel": replace(fitted.panel, channels=channels)}))
    said: list[str] = []
    tests, without = feasible_tests(model, 0, said.append)
    assert {one.test.channel for one in tests} == {first.name}
    assert {(one.test.kind, one.test.weeks) for one in tests} == {(kind, weeks) for kind in KINDS for weeks in WEEKS}
    assert all(one.test.cooldown_weeks == COOLDOWN_WEEKS and one.standard_error > 0 for one in tests)
    assert [(one.channel, "geo" in one.reason or "national" in one.reason) for one in without] == [
        (second.name, True),
        (third.name, True),
    ]
    assert all("switchback-design" in one.instead for one in without)
    assert said


def test_too_few_geos_or_weeks_are_said(fitted: SimpleNamespace) -> None:
    panel = simulate(WorldSpec(WorldKind.PLAIN, 3, PERIODS, CHANNELS, 5)).panel
    model = SimpleNamespace(**(vars(fitted) | {"panel": panel}))
    tests, without = feasible_tests(model, 0)
    assert not tests
    assert all("3 geos" in one.reason for one in without)


def test_the_standard_error_is_that_of_placebos_in_windows_never_looked_at() -> None:
    """Sets of a market without treatment err by as much as is claimed, over many markets."""
    ratios = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((12, 90))
        for week in range(1, 90):
            noise[:, week] = 0.3 * noise[:, week - 1] + np.sqrt(1 - 0.09) * noise[:, week]
        sales = rng.uniform(500, 1500, (12, 1)) * (1 + 0.05 * noise)
        found = best_measured(sales[:, :84], worth_rehearsing(sales[:, :84], np.arange(12), 3, seed), 6, seed)
        assert found is not None
        others = np.setdiff1d(np.arange(12), found.geos)
        level = sales[:, :84].mean(axis=1)
        gap = sales[found.geos, 84:].sum() - (sales[others, 84:].sum() * level[found.geos].sum() / level[others].sum())
        ratios.append(gap / found.standard_error)
    assert 0.6 < np.sqrt(np.mean(np.square(ratios))) < 1.5


def test_a_panel_that_is_too_short_has_no_precision() -> None:
    assert best_measured(np.random.default_rng(0).uniform(1, 2, (8, 20)), [np.array([0, 1])], 10, 0) is None
