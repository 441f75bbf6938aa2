"""Planned sales against brute force: the panel's doses go on week by week, with and without the plan."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.conditional import media_of
from measurement.future import Horizon, horizon_of, planned_sales, scheduled_sales
from measurement.panel import Panel
from measurement.posterior import end_time
from measurement.preparation import LAGS, ModelInputs, dose_per_head, prepare
from measurement.priors import Priors
from measurement.simulate import WorldKind, WorldSpec, simulate
from measurement.transforms import lagged

FloatArray = NDArray[np.float64]
Draws = dict[str, FloatArray]

COUNT = 4
SINGLE = 5e-4
"""Relative error that single precision may bring."""


def panel_of(kind: WorldKind = WorldKind.PLAIN, geos: int = 4) -> Panel:
    return simulate(WorldSpec(kind, geos=geos, weeks=60, channels=3, seed=6)).panel


def with_exposure(panel: Panel) -> Panel:
    """The first two channels are known by impressions too, whose price differs by geo and week."""
    price = 1 + np.random.default_rng(3).random(panel.spend.shape)
    channels = tuple(replace(channel, has_exposure=index < 2) for index, channel in enumerate(panel.channels))
    exposure = np.where(np.arange(3) < 2, 200 * panel.spend / price, panel.spend)
    return replace(panel, exposure=exposure, channels=channels)


PANELS: dict[str, Callable[[], Panel]] = {
    "plain": panel_of,
    "national channels": lambda: panel_of(WorldKind.NATIONAL),
    "one series": lambda: panel_of(geos=1),
    "exposure": lambda: with_exposure(panel_of()),
}


@pytest.fixture(scope="module")
def draws_of(prior_draws: Callable[..., Draws]) -> Callable[[Panel], tuple[ModelInputs, Draws]]:
    def make(panel: Panel) -> tuple[ModelInputs, Draws]:
        inputs = prepare(panel, Priors())
        draws = prior_draws(inputs, Priors(), panel.channel_names, COUNT, seed=9)
        generator = np.random.default_rng(1)
        value = [media_of(inputs, {name: values[i] for name, values in draws.items()}) for i in range(COUNT)]
        draws["sales_per_head"] = np.stack([each.sales_per_head for each in value])
        draws["geo_effect"] = np.exp(0.3 * generator.standard_normal((COUNT, 3, len(panel.geos))))
        return inputs, draws

    return make


def unrolled(panel: Panel, inputs: ModelInputs, draws: Draws, spend: FloatArray) -> FloatArray:
    """Sales with a plan `(C, W)` less sales without it, `(D, C)`, in it and long after, with media as in the fit."""
    history, weeks = dose_per_head(panel), spend.shape[1]
    ahead = weeks + 3 * LAGS
    window = min(52, len(panel.dates))
    money = panel.spend[:, -window:].sum(axis=(0, 1))
    rate = np.einsum("cgt->cg", history[:, :, -window:]) / money[:, None]
    plan = np.zeros((*history.shape[:2], ahead))
    plan[:, :, :weeks] = rate[:, :, None] * spend[:, None, :]
    none = np.zeros_like(plan)
    reference = np.concatenate([inputs.reference_weeks, np.zeros((len(spend), ahead))], axis=1)
    time = np.concatenate([inputs.time, np.full(ahead, inputs.time[-1])])

    def sales(future: FloatArray, draw: Draws) -> FloatArray:
        dose = np.concatenate([history, future], axis=2)
        shifted = lagged(dose, LAGS, history[:, :, :4].mean(axis=2))
        media = media_of(replace(inputs, lagged_dose=shifted, reference_weeks=reference, time=time), draw)
        heads = media.sales_per_head[:, None] * draw["geo_effect"] * panel.population
        total: FloatArray = np.einsum("cgt,cg->c", media.saturated[:, :, -ahead:], heads)
        return total

    each = [{name: values[index] for name, values in draws.items()} for index in range(COUNT)]
    return np.stack([sales(plan, draw) - sales(none, draw) for draw in each])


def even(totals: FloatArray, weeks: int) -> FloatArray:
    return np.repeat(totals[:, None] / weeks, weeks, axis=1)


def horizon(panel: Panel, weeks: int) -> Horizon:
    return horizon_of(panel, end_time(len(panel.dates)), weeks)


@pytest.mark.parametrize("weeks", [1, 5, LAGS - 1, LAGS, LAGS + 1, 52])
def test_planned_sales_equal_the_unrolled_weeks(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]], weeks: int
) -> None:
    panel = panel_of()
    inputs, draws = draws_of(panel)
    spend = panel.spend.sum(axis=(0, 1)) * (weeks / 60)
    plans = np.stack([0.3 * spend, spend, 2.5 * spend], axis=1)
    found = planned_sales(horizon(panel, weeks), draws, plans)
    for place in range(3):
        expected = unrolled(panel, inputs, draws, even(plans[:, place], weeks))
        np.testing.assert_allclose(found[:, :, place], expected, rtol=SINGLE, atol=SINGLE * np.abs(expected).max())


@pytest.mark.parametrize("name", PANELS)
def test_every_kind_of_panel_equals_its_unrolled_weeks(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]], name: str
) -> None:
    panel = PANELS[name]()
    inputs, draws = draws_of(panel)
    spend = panel.spend[:, -13:].sum(axis=(0, 1))
    found = planned_sales(horizon(panel, 13), draws, spend[:, None])[:, :, 0]
    expected = unrolled(panel, inputs, draws, even(spend, 13))
    np.testing.assert_allclose(found, expected, rtol=SINGLE, atol=SINGLE * np.abs(expected).max())


@pytest.mark.parametrize("weeks", [1, 5, LAGS, LAGS + 1, 30])
@pytest.mark.parametrize("name", PANELS)
def test_scheduled_sales_equal_the_unrolled_weeks(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]], name: str, weeks: int
) -> None:
    panel = PANELS[name]()
    inputs, draws = draws_of(panel)
    generator = np.random.default_rng(weeks)
    mean_week = panel.spend.sum(axis=(0, 1))[:, None, None] / 60
    plans = mean_week * generator.gamma(0.5, 2.0, (3, weeks, 2)) * (generator.random((3, weeks, 2)) < 0.7)
    found = scheduled_sales(horizon(panel, weeks), draws, plans)
    for place in range(2):
        expected = unrolled(panel, inputs, draws, plans[:, :, place])
        np.testing.assert_allclose(found[:, :, place], expected, rtol=SINGLE, atol=SINGLE * np.abs(expected).max())


@pytest.mark.parametrize("weeks", [1, 5, LAGS, 52])
def test_even_weeks_sell_what_their_total_sells(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]], weeks: int
) -> None:
    panel = panel_of()
    _, draws = draws_of(panel)
    totals = panel.spend.sum(axis=(0, 1)) * (weeks / 60)
    found = scheduled_sales(horizon(panel, weeks), draws, even(totals, weeks)[:, :, None])
    expected = planned_sales(horizon(panel, weeks), draws, totals[:, None])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_a_week_that_comes_later_sells_as_much_where_nothing_was_carried_in(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]],
) -> None:
    panel = panel_of()
    _, draws = draws_of(panel)
    start = horizon(panel, 6)
    fresh = replace(start, recent=np.zeros_like(start.recent))
    one_week = np.stack([np.eye(6) * money for money in panel.spend.sum(axis=(0, 1)) / 60])
    sales = scheduled_sales(fresh, draws, one_week)
    np.testing.assert_allclose(sales, sales[:, :, :1].repeat(6, axis=2), rtol=1e-5, atol=1e-6 * sales.max())


def test_the_plan_starts_from_the_time_that_the_fit_ended_with() -> None:
    for weeks in (40, 60, 120):
        panel = simulate(WorldSpec(WorldKind.PLAIN, geos=2, weeks=weeks, channels=3, seed=1)).panel
        assert end_time(weeks) == pytest.approx(prepare(panel, Priors()).time[-1], abs=1e-12)


def test_no_spend_sells_nothing_and_more_never_sells_less(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]],
) -> None:
    panel = panel_of()
    _, draws = draws_of(panel)
    top = 4 * panel.spend.sum(axis=(0, 1))
    sales = planned_sales(horizon(panel, 13), draws, top[:, None] * np.linspace(0, 1, 30))
    assert (sales[:, :, 0] == 0).all()
    rises = np.diff(sales, axis=2)
    assert (rises >= -1e-5 * sales[:, :, -1:]).all()
    sells = draws["iroas"] > 0
    assert sells.any()
    assert (sales[:, :, -1][sells] > 0).all()
    assert (sales[:, :, -1][~sells] == 0).all()


def test_carry_in_lowers_what_a_plan_adds_where_returns_diminish(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]],
) -> None:
    panel = panel_of()
    _, draws = draws_of(panel)
    draws = draws | {"log_slope": np.full((COUNT, 3), -0.2), "log_half_life": np.full((COUNT, 3), 1.0)}
    start = horizon(panel, 4)
    spend = panel.spend[:, -4:].sum(axis=(0, 1))[:, None] + 1.0
    fresh = planned_sales(replace(start, recent=np.zeros_like(start.recent)), draws, spend)
    sells = draws["sales_per_head"] > 0
    assert (planned_sales(start, draws, spend)[sells] < fresh[sells]).all()


def test_a_channel_that_paused_all_window_keeps_its_older_shares() -> None:
    panel = panel_of()
    spend = panel.spend.copy()
    spend[:, -52:, 1] = 0.0
    spend[:, :8, 1] = np.array([1.0, 2.0, 3.0, 4.0])[:, None]
    start = horizon_of(replace(panel, spend=spend, exposure=spend), 0.0, 13)
    money = start.dose_per_spend[1] * panel.population
    np.testing.assert_allclose(money / money.sum(), [0.1, 0.2, 0.3, 0.4], rtol=1e-9)


def test_small_chunks_change_nothing(
    draws_of: Callable[[Panel], tuple[ModelInputs, Draws]], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_of()
    _, draws = draws_of(panel)
    spend = panel.spend.sum(axis=(0, 1))[:, None] * np.array([0.5, 1.0])
    whole = planned_sales(horizon(panel, 13), draws, spend)
    laid_out = scheduled_sales(horizon(panel, 2), draws, spend[:, None, :].repeat(2, axis=1))
    monkeypatch.setattr("measurement.future.CHUNK", 1)
    in_pieces = scheduled_sales(horizon(panel, 2), draws, spend[:, None, :].repeat(2, axis=1))
    np.testing.assert_allclose(in_pieces, laid_out, rtol=1e-5)
    np.testing.assert_allclose(planned_sales(horizon(panel, 13), draws, spend), whole, rtol=1e-5)
