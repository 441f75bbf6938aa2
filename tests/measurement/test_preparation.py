"""A panel's arrays for the model: scales that can be checked by hand, and what each kind of panel turns on or off."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.panel import Channel, ControlKind, Frequency, Level, Panel
from measurement.preparation import LAGS, RUNS_FROM, dose_per_head, prepare, window_length
from measurement.priors import ChannelPrior, Priors
from measurement.resampling import to_weekly
from measurement.simulate import WorldKind, WorldSpec, simulate

FloatArray = NDArray[np.float64]


def panel_of(kind: WorldKind = WorldKind.PLAIN, geos: int = 6, weeks: int = 70, seed: int = 4) -> Panel:
    return simulate(WorldSpec(kind, geos=geos, weeks=weeks, channels=3, seed=seed)).panel


def without_demand_proxy(panel: Panel) -> Panel:
    kept = [index for index, control in enumerate(panel.controls) if control.kind is not ControlKind.DEMAND]
    controls = tuple(panel.controls[index] for index in kept)
    return replace(panel, controls=controls, control_values=panel.control_values[:, :, kept])


def stated(**beliefs: object) -> Priors:
    return Priors(channels=(("search", replace(ChannelPrior(), **beliefs)),))  # type: ignore[arg-type]


def test_doses_average_to_one_over_people_and_weeks_where_the_channel_runs() -> None:
    panel = panel_of()
    dose = dose_per_head(panel)
    assert dose.shape == (3, 6, 70)
    people = panel.population / panel.population.sum()
    for own in dose:
        runs = own > RUNS_FROM * (own * people[:, None]).sum(axis=0).mean()
        weights = np.broadcast_to(people[:, None], own.shape)[runs]
        assert np.average(own[runs], weights=weights) == pytest.approx(1.0, rel=1e-12)
    money = dose * panel.population[:, None]
    np.testing.assert_allclose(
        money / money.sum(axis=(1, 2), keepdims=True),
        panel.spend.transpose(2, 0, 1) / panel.spend.sum(axis=(0, 1))[:, None, None],
        rtol=1e-10,
    )


def test_a_channel_with_exposure_is_dosed_by_it() -> None:
    panel = panel_of()
    impressions = panel.spend**0.8 * 100
    exposure = panel.spend.copy()
    exposure[:, :, 1] = impressions[:, :, 1]
    channels = tuple(replace(channel, has_exposure=index == 1) for index, channel in enumerate(panel.channels))
    dose = dose_per_head(replace(panel, exposure=exposure, channels=channels))
    plain = dose_per_head(panel)
    np.testing.assert_array_equal(dose[[0, 2]], plain[[0, 2]])
    per_head = impressions[:, :, 1] / panel.population[:, None]
    people = panel.population.sum() * dose.shape[2]
    whole = per_head * people / impressions[:, :, 1].sum()
    np.testing.assert_allclose(dose[1], whole * (dose[1].max() / whole.max()), rtol=1e-10)


def test_pauses_and_a_late_launch_leave_the_doses_of_other_weeks_as_they_are() -> None:
    panel = panel_of()
    even = replace(panel, spend=np.ones_like(panel.spend) * panel.population[:, None, None])
    paused = even.spend.copy()
    paused[:, :30, 0] = 0.0
    paused[2:4, :, 0] = 0.0
    dose = dose_per_head(replace(even, spend=paused))
    np.testing.assert_allclose(dose[0, :2, 30:], 1.0, rtol=1e-12)
    assert (dose[0, 2:4] == 0).all()
    np.testing.assert_allclose(dose[1:], 1.0, rtol=1e-12)


def test_sales_are_relative_to_each_geos_own_mean() -> None:
    panel = panel_of()
    inputs = prepare(panel, Priors())
    np.testing.assert_allclose(inputs.mean_sales, panel.sales.mean(axis=1))
    plain = (panel.sales / panel.sales.mean(axis=1, keepdims=True) - 1)[:, inputs.burn_in :]
    kept = np.isclose(inputs.sales, plain, atol=1e-12)
    assert kept.mean() > 0.97
    moved = ~kept
    assert (np.abs(inputs.sales - plain)[moved] < np.abs(plain).max()).all()


def test_doses_are_those_of_the_panel_with_their_predecessors() -> None:
    panel = panel_of()
    inputs = prepare(panel, Priors())
    dose = dose_per_head(panel)
    assert inputs.lagged_dose.shape == (*dose.shape, LAGS)
    np.testing.assert_array_equal(inputs.lagged_dose[..., 0], dose)
    for lag in (1, LAGS - 1):
        np.testing.assert_array_equal(inputs.lagged_dose[:, :, lag:, lag], dose[:, :, :-lag])
    assert 0 < inputs.burn_in < 15
    assert inputs.burn_in + inputs.sales.shape[1] == 70


@pytest.mark.parametrize(("weeks", "window"), [(40, 40), (52, 52), (104, 52)])
def test_the_window_is_the_last_year_or_all_of_a_shorter_panel(weeks: int, window: int) -> None:
    panel = panel_of(weeks=weeks)
    inputs = prepare(panel, Priors())
    assert inputs.window_weeks == window_length(weeks) == window
    np.testing.assert_array_equal(inputs.reference_weeks[:, :-window], 0.0)
    np.testing.assert_array_equal(inputs.reference_weeks[:, -window:], 1.0)
    np.testing.assert_allclose(inputs.reference_spend, panel.spend[:, -window:].sum(axis=(0, 1)))


def test_a_channel_that_stopped_before_the_window_is_judged_on_all_weeks() -> None:
    panel = panel_of(weeks=90)
    spend = panel.spend.copy()
    spend[:, -52:, 2] = 0.0
    inputs = prepare(replace(panel, spend=spend, exposure=spend), Priors())
    assert (inputs.reference_weeks[2] == 1.0).all()
    assert inputs.reference_weeks[0].sum() == 52
    assert inputs.reference_spend[2] == pytest.approx(spend[:, :, 2].sum())


def test_time_runs_one_unit_per_panel_and_is_zero_in_the_middle_of_the_window() -> None:
    time = prepare(panel_of(weeks=90), Priors()).time
    np.testing.assert_allclose(np.diff(time), 1 / 90)
    assert time[-52:].mean() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("geos", [1, 2, 6])
def test_covariances_of_the_week_effect_are_positive_definite_and_smooth(geos: int) -> None:
    inputs = prepare(panel_of(geos=geos), Priors())
    np.linalg.cholesky(inputs.common)
    np.testing.assert_allclose(inputs.common, inputs.common.T)
    np.testing.assert_allclose(np.diag(inputs.smooth), 1.0)
    assert (np.diff(inputs.smooth[0]) < 0).all()
    np.linalg.cholesky(inputs.smooth + 1e-9 * np.eye(len(inputs.smooth)))


def test_a_week_that_stands_out_everywhere_gets_variance_of_its_own() -> None:
    panel = panel_of(geos=8)
    sales = panel.outcome_values.copy()
    sales[:, 45] *= 1.6
    before, after = prepare(panel, Priors()), prepare(replace(panel, outcome_values=sales), Priors())
    added = np.diag(after.common) - np.diag(before.common)
    week = 45 - after.burn_in
    assert added.argmax() == week
    assert 0.3**2 < added[week] < 0.9**2


def test_controls_that_geos_share_join_the_week_effect_and_the_others_stay() -> None:
    panel = panel_of()
    values = panel.control_values.copy()
    values[:, :, 1] = values[:1, :, 1]
    values[:, :, 2] = 3.0
    inputs = prepare(replace(panel, control_values=values), Priors())
    # Shared price index: in the week effect. A promotion that never changes: nowhere. Queries: by geo.
    assert inputs.controls.shape == (*inputs.sales.shape, 1)
    without = prepare(replace(panel, control_values=values[:, :, [0, 2]], controls=panel.controls[::2]), Priors())
    price = values[0, inputs.burn_in :, 1]
    price = (price - price.mean()) / price.std()
    difference = inputs.common - without.common
    shape = difference - np.diag(np.diag(difference))
    expected = np.outer(price, price)
    off = ~np.eye(len(price), dtype=bool)
    assert np.corrcoef(shape[off], expected[off])[0, 1] > 0.999


def test_national_channels_and_few_geos_have_no_geo_effects() -> None:
    national = prepare(panel_of(WorldKind.NATIONAL), Priors())
    panel = panel_of(WorldKind.NATIONAL)
    expected = [channel.level is Level.GEO for channel in panel.channels]
    assert national.varies_by_geo.tolist() == expected
    assert set(expected) == {True, False}
    assert not prepare(panel_of(geos=2), Priors()).varies_by_geo.any()


def test_spend_that_follows_demand_is_told_from_the_proxy() -> None:
    inputs = prepare(panel_of(WorldKind.DEMAND, geos=20), Priors())
    assert 0 in inputs.confounded
    place = inputs.confounded.tolist().index(0)
    assert inputs.confounding_by_proxy[place]
    assert inputs.confounding_scale[place] == 1.0
    assert 0 < inputs.confounders[place].std() < 0.1
    residual = inputs.confounders[place]
    np.testing.assert_allclose(residual.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(residual.mean(axis=1), 0.0, atol=1e-12)


def test_without_a_proxy_the_name_tells_and_the_scale_is_a_judgement() -> None:
    inputs = prepare(without_demand_proxy(panel_of()), Priors())
    assert inputs.confounded.tolist() == [0]
    assert not inputs.confounding_by_proxy.any()
    assert inputs.confounding_scale[0] > 0


def test_stated_beliefs_about_demand_overrule_name_and_proxy() -> None:
    for panel in (panel_of(WorldKind.DEMAND, geos=20), without_demand_proxy(panel_of())):
        assert 0 not in prepare(panel, stated(follows_demand=False)).confounded
        told = prepare(panel, stated(confounding=0.11))
        assert told.confounding_scale[told.confounded.tolist().index(0)] == 0.11
    renamed = without_demand_proxy(panel_of())
    channels = (Channel("tv"), *renamed.channels[1:])
    assert len(prepare(replace(renamed, channels=channels), Priors()).confounded) == 0
    follows = Priors(channels=(("tv", ChannelPrior(follows_demand=True)),))
    assert prepare(replace(renamed, channels=channels), follows).confounded.tolist() == [0]


def test_outliers_are_pulled_in() -> None:
    panel = panel_of()
    sales = panel.outcome_values.copy()
    sales[3, 40] *= 4.0
    inputs = prepare(replace(panel, outcome_values=sales), Priors())
    clean = prepare(panel, Priors())
    week = 40 - inputs.burn_in
    raw = sales[3, 40, 0] / inputs.mean_sales[3] - 1
    assert inputs.sales[3, week] < 0.35 * raw
    assert inputs.typical_noise == pytest.approx(clean.typical_noise, rel=0.1)


def test_a_daily_panel_is_prepared_by_its_weeks() -> None:
    weekly = panel_of(weeks=40)
    shares = np.full(7, 1 / 7)
    dates = weekly.dates[0] + np.arange(40 * 7)

    def by_day(values: FloatArray) -> FloatArray:
        return np.einsum("gtx,d->gtdx", values, shares).reshape(values.shape[0], -1, values.shape[2])

    daily = replace(
        weekly,
        dates=dates,
        outcome_values=by_day(weekly.outcome_values),
        spend=by_day(weekly.spend),
        exposure=by_day(weekly.exposure),
        attributed_sales=np.full((6, 280, 3), np.nan),
        control_values=np.repeat(weekly.control_values, 7, axis=1),
        frequency=Frequency.DAILY,
    )
    summed, notes = to_weekly(daily)
    assert notes == ()
    found, expected = prepare(summed, Priors()), prepare(weekly, Priors())
    np.testing.assert_allclose(found.sales, expected.sales, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.lagged_dose, expected.lagged_dose, rtol=1e-9)
    np.testing.assert_allclose(found.common, expected.common, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("weeks", [26, 30])
def test_the_shortest_panels_are_prepared(weeks: int) -> None:
    inputs = prepare(panel_of(weeks=weeks), Priors())
    assert inputs.lifts is None
    for name, values in vars(inputs).items():
        if name == "lifts":
            continue
        assert np.isfinite(np.asarray(values, dtype=np.float64)).all(), name
    assert inputs.sales.shape[1] >= 20
