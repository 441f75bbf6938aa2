"""What `rmo simulate` writes, and the holdout tests in it."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from measurement.errors import BadInput
from measurement.panel_map import read_panel_map
from measurement.reading import read_panel
from measurement.simulate import World, WorldKind, WorldSpec, add_holdout, simulate, write_world


def world_of(kind: WorldKind, seed: int = 0, geos: int = 10, weeks: int = 60) -> World:
    return simulate(WorldSpec(kind, geos=geos, weeks=weeks, seed=seed))


def by_geo(table: pd.DataFrame, column: str) -> np.ndarray:
    return table.pivot_table(index="geo", columns="date", values=column).to_numpy()


def test_the_panel_survives_the_round_trip(tmp_path: Path) -> None:
    for kind in (WorldKind.PLAIN, WorldKind.NATIONAL):
        world = world_of(kind)
        table = pd.read_csv(write_world(world, tmp_path / kind.value) / "panel.csv")
        assert not table.duplicated(["date", "geo"]).any()
        assert np.array_equal(by_geo(table, "sales"), world.panel.sales)
        for index, name in enumerate(world.channels):
            np.testing.assert_allclose(by_geo(table, f"{name}_spend"), world.panel.spend[:, :, index], rtol=1e-14)
        assert np.array_equal(np.log(by_geo(table, "search_queries")), world.panel.control_values[:, :, 0])
        assert np.array_equal(by_geo(table, "price_index"), world.panel.control_values[:, :, 1])
        assert np.array_equal(by_geo(table, "promo"), world.panel.control_values[:, :, 2])
        assert np.array_equal(by_geo(table, "population")[:, 0], world.panel.population)


@pytest.mark.parametrize("geos", [1, 12])
@pytest.mark.parametrize("kind", list(WorldKind))
def test_the_reader_of_panels_finds_the_same_panel(kind: WorldKind, geos: int, tmp_path: Path) -> None:
    world = world_of(kind, geos=geos)
    written = write_world(world, tmp_path / "w")
    panel_map = read_panel_map(written / "map.toml") if kind is WorldKind.NATIONAL else None
    result = read_panel(written / "panel.csv", panel_map=panel_map)
    assert result.warnings == ()
    read = result.panel
    assert (read.geos, read.channels, read.controls) == (world.panel.geos, world.panel.channels, world.panel.controls)
    assert np.array_equal(read.dates, world.panel.dates)
    for name in ("outcome_values", "spend", "control_values", "population"):
        np.testing.assert_allclose(getattr(read, name), getattr(world.panel, name), rtol=1e-12)


def test_only_a_national_world_needs_a_map(tmp_path: Path) -> None:
    assert not (write_world(world_of(WorldKind.PLAIN), tmp_path / "plain") / "map.toml").exists()
    written = write_world(world_of(WorldKind.NATIONAL), tmp_path / "national")
    panel_map = tomllib.loads((written / "map.toml").read_text())
    levels = {channel["name"]: channel.get("level", "geo") for channel in panel_map["channel"]}
    assert levels == {"search": "geo", "social": "geo", "amazon": "national", "walmart": "national"}
    columns = set(pd.read_csv(written / "panel.csv", nrows=1).columns)
    named = {each["spend"] for each in panel_map["channel"]} | {each["column"] for each in panel_map["control"]}
    assert named | {panel_map["panel"]["date"], panel_map["panel"]["geo"]} <= columns


def test_a_national_series_has_no_geo_column(tmp_path: Path) -> None:
    written = write_world(world_of(WorldKind.PLAIN, geos=1), tmp_path / "one")
    table = pd.read_csv(written / "panel.csv")
    assert "geo" not in table.columns
    assert len(table) == 60


def test_the_truth_is_told_in_full(tmp_path: Path) -> None:
    world = world_of(WorldKind.S_SHAPE)
    truth = json.loads((write_world(world, tmp_path / "w") / "truth.json").read_text())
    assert (truth["kind"], truth["seed"]) == ("s_shape", 0)
    for index, channel in enumerate(truth["channels"]):
        assert channel["iroas"] == pytest.approx(world.iroas[index])
        assert sum(channel["weekly_contributions"][-52:]) == pytest.approx(channel["incremental"], abs=1)
    optimum = truth["optimum"]
    assert sum(optimum["spend"]) == pytest.approx(optimum["budget"])
    assert optimum["gain"] == pytest.approx(sum(optimum["incremental"]) - sum(optimum["current_incremental"]))
    assert optimum["gain"] > 0


def test_writing_twice_replaces_the_world_and_keeps_the_rest(tmp_path: Path) -> None:
    target = write_world(world_of(WorldKind.NATIONAL), tmp_path / "deep" / "w")
    (target / "notes.txt").write_text("mine")
    before = (target / "panel.csv").read_bytes()
    write_world(world_of(WorldKind.PLAIN, seed=1), target)
    assert (target / "panel.csv").read_bytes() != before
    assert sorted(path.name for path in target.iterdir()) == [
        "experiments.csv",
        "notes.txt",
        "panel.csv",
        "truth.json",
    ]
    write_world(world_of(WorldKind.NATIONAL), target)
    assert (target / "panel.csv").read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["w"]


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("date,sales\n")
    with pytest.raises(BadInput, match="other files"):
        write_world(world_of(WorldKind.PLAIN), tmp_path)
    with pytest.raises(BadInput, match="is a file"):
        write_world(world_of(WorldKind.PLAIN), tmp_path / "panel.csv")
    assert (tmp_path / "panel.csv").read_text() == "date,sales\n"
    (tmp_path / "empty").mkdir()
    assert (write_world(world_of(WorldKind.PLAIN), tmp_path / "empty") / "truth.json").exists()


def test_without_a_test_the_experiments_are_a_header(tmp_path: Path) -> None:
    table = pd.read_csv(write_world(world_of(WorldKind.PLAIN), tmp_path / "w") / "experiments.csv")
    assert table.empty
    assert {"name", "channels", "outcome", "start", "end", "geos", "spend_change", "lift", "lift_sd"} <= set(table)


def test_a_holdout_is_seen_in_the_panel_and_written_down(tmp_path: Path) -> None:
    before = world_of(WorldKind.DEMAND, seed=2)
    after = add_holdout(before)
    row = pd.read_csv(write_world(after, tmp_path / "w") / "experiments.csv").iloc[0]
    treated = np.isin(np.array(after.panel.geos), row["geos"].split(";"))
    dates = after.panel.dates.astype(str)
    tested = (dates >= row["start"]) & (dates <= row["end"])
    measured = (dates >= row["start"]) & (dates <= row["cooldown_end"])
    assert 0 < treated.sum() < len(treated)
    assert (tested.sum(), measured.sum()) == (6, 10)
    assert not after.panel.spend[np.ix_(treated, tested)][:, :, 0].any()
    cut = before.panel.spend[np.ix_(treated, tested)][:, :, 0].sum()
    assert row["spend_change"] == pytest.approx(-cut, abs=0.01)
    lost = (after.panel.sales - before.panel.sales)[np.ix_(treated, measured)].sum()
    assert after.experiments[0].true_lift == pytest.approx(lost, abs=1)
    assert np.array_equal(after.panel.sales[~treated], before.panel.sales[~treated])
    assert 0.15 <= row["lift_sd"] / -lost <= 0.25


def test_stated_errors_of_lifts_are_honest() -> None:
    errors = []
    for seed in range(60):
        test = add_holdout(world_of(WorldKind.PLAIN, seed, geos=6, weeks=52)).experiments[0]
        errors.append((test.lift - test.true_lift) / test.lift_sd)
    assert abs(np.mean(errors)) < 0.4
    assert 0.75 < np.std(errors) < 1.25


def test_a_second_holdout_is_another_one() -> None:
    world = add_holdout(add_holdout(world_of(WorldKind.PLAIN)))
    first, second = world.experiments
    assert first.name != second.name
    assert (first.start, first.geos) != (second.start, second.geos)


def test_impossible_holdouts_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 4 geos"):
        add_holdout(world_of(WorldKind.PLAIN, geos=3))
    with pytest.raises(BadInput, match="at least 40 weeks"):
        add_holdout(world_of(WorldKind.PLAIN, weeks=39))
    with pytest.raises(BadInput, match="nationally"):
        add_holdout(world_of(WorldKind.NATIONAL), "amazon")
    with pytest.raises(BadInput, match="no channel"):
        add_holdout(world_of(WorldKind.PLAIN), "radio")
