"""Each kind of simulated advertiser has the property it claims."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kurtosis

from measurement import simulate as public_face
from measurement.errors import BadInput
from measurement.panel import ControlKind, Level
from measurement.simulate import World, WorldKind, WorldSpec, simulate

SEEDS = range(6)


def world_of(kind: WorldKind, seed: int = 0, **sizes: int) -> World:
    return simulate(WorldSpec(kind, seed=seed, **sizes))


def within(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deviations from geo means and week means."""
    return values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()


def correlation_with_demand(world: World, channel: str) -> float:
    per_head = world.true_spend[:, :, world.channels.index(channel)] / world.market.population[:, None]
    demand = within(world.market.demand[:, -world.spec.weeks :])
    return float(np.corrcoef(within(per_head).ravel(), demand.ravel())[0, 1])


@pytest.mark.parametrize("kind", list(WorldKind))
def test_sales_are_baseline_plus_contributions_plus_noise(kind: WorldKind) -> None:
    world = world_of(kind, seed=3)
    expected = world.baseline + world.weekly_contributions.sum(axis=2)
    np.testing.assert_allclose(world.panel.sales, expected + world.market.noise, atol=0.006, rtol=0)
    np.testing.assert_allclose(world.panel.sales, expected + world.noise, rtol=1e-12)
    assert (world.panel.sales > 0).all()
    assert (world.weekly_contributions >= 0).all()


@pytest.mark.parametrize("kind", list(WorldKind))
def test_a_spec_gives_the_same_world_to_the_last_bit(kind: WorldKind) -> None:
    first, second = world_of(kind, seed=7), world_of(kind, seed=7)
    for name in ("outcome_values", "spend", "control_values", "population"):
        assert np.array_equal(getattr(first.panel, name), getattr(second.panel, name))
    assert np.array_equal(first.weekly_contributions, second.weekly_contributions)
    assert not np.array_equal(first.panel.sales, world_of(kind, seed=8).panel.sales)


def test_a_further_channel_leaves_the_market_and_the_other_channels_as_they_were() -> None:
    four, five = world_of(WorldKind.PLAIN, channels=4), world_of(WorldKind.PLAIN, channels=5)
    assert np.array_equal(four.baseline, five.baseline)
    for before, after in zip(four.media.channels, five.media.channels, strict=False):
        assert (before.carry_over, before.slope) == (after.carry_over, after.slope)
        assert np.array_equal(before.geo_effects, after.geo_effects)
    shape_before = four.true_spend / four.spend_last_52_weeks
    shape_after = (five.true_spend / five.spend_last_52_weeks)[:, :, :4]
    # Spend is whole cents, so that its shape agrees but for the rounding.
    np.testing.assert_allclose(shape_before * 1e6, shape_after * 1e6, atol=0.1, rtol=1e-3)


def test_worlds_look_like_a_mid_size_brand() -> None:
    worlds = [world_of(WorldKind.PLAIN, seed) for seed in range(20)]
    spend_share = [w.spend_last_52_weeks.sum() / w.panel.sales[:, -52:].sum() for w in worlds]
    iroas = np.array([w.iroas for w in worlds])
    per_head = [np.log(w.panel.sales / w.market.population[:, None]) for w in worlds]
    of_weeks_and_geos = [1 - within(each).var() / each.var() for each in per_head]
    noise = [(w.noise / w.baseline).std() for w in worlds]
    assert 0.03 < min(spend_share) < 0.07 < max(spend_share) < 0.15
    assert 1.3 < np.median(iroas) < 2.0
    assert iroas.min() >= 0.3 - 1e-9
    assert iroas.max() <= 5.0 + 1e-9
    assert 0.8 < np.median(of_weeks_and_geos) < 0.98
    assert min(noise) > 0.02
    assert max(noise) < 0.12


def test_the_panel_carries_what_a_fit_may_see() -> None:
    panel = world_of(WorldKind.PLAIN, geos=12, weeks=60, channels=8).panel
    assert panel.spend.shape == (12, 60, 8)
    assert (panel.spend >= 0).all()
    assert (panel.spend.sum(axis=(0, 1)) > 0).all()
    assert [control.kind for control in panel.controls] == [ControlKind.DEMAND, ControlKind.PRICE, ControlKind.PROMO]
    assert set(np.unique(panel.control_values[:, :, 2])) <= {0.0, 1.0}
    assert np.isfinite(panel.control_values).all()
    assert (np.diff(panel.dates) == np.timedelta64(7, "D")).all()


def test_queries_are_a_noisy_proxy_of_hidden_demand() -> None:
    for seed in SEEDS:
        world = world_of(WorldKind.PLAIN, seed)
        queries = within(world.panel.control_values[:, :, 0])
        demand = within(world.market.demand[:, -104:])
        assert 0.45 < np.corrcoef(queries.ravel(), demand.ravel())[0, 1] ** 2 < 0.85


def test_plain_spend_ignores_hidden_demand() -> None:
    for seed in SEEDS:
        world = world_of(WorldKind.PLAIN, seed)
        assert max(abs(correlation_with_demand(world, channel)) for channel in world.channels) < 0.1


def test_demand_moves_search_and_a_little_one_more_channel() -> None:
    fainter = []
    for seed in SEEDS:
        world = world_of(WorldKind.DEMAND, seed)
        search, other = world.marked_channels
        fainter.append(correlation_with_demand(world, other))
        assert correlation_with_demand(world, search) > 0.4 > fainter[-1]
        rest = set(world.channels) - {search, other}
        assert max(abs(correlation_with_demand(world, channel)) for channel in rest) < 0.1
    assert np.mean(fainter) > 0.1


def test_national_channels_are_known_as_totals_spread_by_population() -> None:
    world = world_of(WorldKind.NATIONAL)
    for index, channel in enumerate(world.panel.channels):
        spend, truth = world.panel.spend[:, :, index], world.true_spend[:, :, index]
        if channel.name in ("amazon", "walmart"):
            assert channel.level is Level.NATIONAL
            per_head = spend / world.panel.population[:, None]
            np.testing.assert_allclose(per_head, np.broadcast_to(per_head[:1], per_head.shape))
            np.testing.assert_allclose(spend.sum(axis=0), truth.sum(axis=0))
            assert (truth / world.panel.population[:, None]).std(axis=0).max() > 0
        else:
            assert channel.level is Level.GEO
            assert np.array_equal(spend, truth)


def test_the_null_channel_sells_nothing() -> None:
    for seed in SEEDS:
        world = world_of(WorldKind.NULL, seed)
        (name,) = world.marked_channels
        index = world.channels.index(name)
        assert world.spend_last_52_weeks[index] > 0
        assert not world.weekly_contributions[:, :, index].any()
        assert (np.delete(world.iroas, index) > 0).all()
        assert world.plan_incremental(world.current_spend(13), 13)[index] == 0


def test_the_constant_channel_never_varies() -> None:
    world = world_of(WorldKind.CONSTANT, 1)
    index = world.channels.index(world.marked_channels[0])
    spend = world.panel.spend[:, :, index]
    assert not np.ptp(spend, axis=1).any()
    per_head = spend[:, 0] / world.panel.population
    np.testing.assert_allclose(per_head, per_head.mean(), rtol=1e-4)


def test_s_shaped_channels_are_steep_and_flighted() -> None:
    for seed in SEEDS:
        world = world_of(WorldKind.S_SHAPE, seed)
        assert len(world.marked_channels) >= 2
        for index, truth in enumerate(world.media.channels):
            if truth.name not in world.marked_channels:
                assert 1.0 <= truth.slope <= 1.5
                continue
            assert 2.0 <= truth.slope <= 3.0
            spend = world.true_spend[:, :, index]
            in_use = spend[spend.sum(axis=1) > 0]
            weak_weeks = in_use < 0.3 * in_use.mean(axis=1, keepdims=True)
            assert weak_weeks.mean() > 0.15


def test_only_delayed_adstock_peaks_later() -> None:
    plain, delayed = world_of(WorldKind.PLAIN), world_of(WorldKind.DELAYED)
    assert (plain.impulse_response().argmax(axis=1) == 0).all()
    peaks = np.concatenate([world_of(WorldKind.DELAYED, s).impulse_response().argmax(axis=1) for s in SEEDS])
    assert set(peaks) == {1, 2}
    np.testing.assert_allclose(delayed.impulse_response(200).sum(axis=1), 1.0)


def test_effects_drift_smoothly_and_nowhere_else() -> None:
    for seed in SEEDS:
        for truth in world_of(WorldKind.DRIFT, seed).media.channels:
            path = truth.effectiveness[-104:] / truth.effectiveness[-104]
            assert 0.14 < np.abs(np.log(path)).max() < 0.35
            assert np.abs(np.diff(np.log(path))).max() < 0.08
        assert all((truth.effectiveness == 1).all() for truth in world_of(WorldKind.PLAIN, seed).media.channels)


def test_outliers_have_heavy_tails_and_weeks_that_hit_every_geo() -> None:
    for seed in SEEDS:
        plain, wild = (
            world.noise / world.baseline / (world.noise / world.baseline).std(axis=1, keepdims=True)
            for world in (world_of(WorldKind.PLAIN, seed), world_of(WorldKind.OUTLIERS, seed))
        )
        assert abs(kurtosis(plain.ravel())) < 0.5
        assert kurtosis(wild.ravel()) > 3
        assert np.abs(plain.mean(axis=0)).max() < 1
        assert 2 <= (np.abs(wild.mean(axis=0)) > 1).sum() <= 3


def test_the_window_counts_earlier_carry_over_and_no_spend_ever() -> None:
    """Brute force: sales of the window with spend as it was, less sales had the channel never spent."""
    world = world_of(WorldKind.DRIFT, 2)
    for index, truth in enumerate(world.media.channels):
        per_head = world.media.spend[:, :, index] / world.market.population[:, None]
        weights = truth.carry_over.impulse_response(per_head.shape[1])
        caused = 0.0
        for week in range(per_head.shape[1] - 52, per_head.shape[1]):
            adstocked = per_head[:, : week + 1] @ weights[: week + 1][::-1]
            response = adstocked**truth.slope / (adstocked**truth.slope + truth.half_saturation**truth.slope)
            people = world.market.population * truth.geo_effects * truth.effectiveness[week]
            caused += float(people @ (truth.ceiling * response))
        assert caused == pytest.approx(world.incremental_last_52_weeks[index], rel=1e-9)
        assert world.iroas[index] == pytest.approx(caused / world.true_spend[:, -52:, index].sum())


@pytest.mark.parametrize(("geos", "weeks", "channels"), [(1, 26, 3), (2, 40, 3), (9, 300, 8), (1, 520, 4)])
@pytest.mark.parametrize("kind", list(WorldKind))
def test_odd_sizes_work(kind: WorldKind, geos: int, weeks: int, channels: int) -> None:
    world = world_of(kind, 5, geos=geos, weeks=weeks, channels=channels)
    assert np.isfinite(world.panel.outcome_values).all()
    assert np.isfinite(world.iroas).all()
    assert (world.panel.spend.sum(axis=(0, 1)) > 0).all()
    assert world.panel.geos == ("national",) or len(set(world.panel.geos)) == geos


@pytest.mark.parametrize(
    "wrong",
    [{"geos": 0}, {"geos": 1001}, {"weeks": 25}, {"weeks": 521}, {"channels": 2}, {"channels": 9}, {"seed": -1}],
)
def test_sizes_outside_their_limits_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong))):
        replace(WorldSpec(WorldKind.PLAIN), **wrong)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="plain, demand"):
        WorldSpec("tricky")  # type: ignore[arg-type]


def test_the_simulator_shares_no_code_with_the_fit() -> None:
    face = Path(public_face.__file__)
    modules = [face, *(face.parent / "simulation").glob("*.py")]
    imported = {
        node.module or ""
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    ours = {name for name in imported if name.startswith("measurement") and "simulation" not in name}
    assert len(modules) > 5
    assert ours == {"measurement.errors", "measurement.panel"}
