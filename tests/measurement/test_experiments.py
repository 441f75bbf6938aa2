"""`experiments.csv`: what is read, and one message with row, column and remedy for what cannot be used."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from measurement.errors import ExperimentsError
from measurement.experiments import Experiment, read_experiments, week_shares
from measurement.lift_inputs import HALF_LIFE_WEEKS, lift_inputs
from measurement.panel import Level, Panel
from measurement.preparation import LAGS, dose_per_head, prepare
from measurement.priors import Priors
from measurement.simulate import WorldKind, WorldSpec, add_holdout, simulate, write_world

HEADER = "name,channels,outcome,start,end,geos,spend_change,lift,lift_sd,cooldown_end"


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Weeks from a Monday on, six geos, search, social and amazon."""
    return simulate(WorldSpec(WorldKind.PLAIN, geos=6, weeks=60, channels=3, seed=5)).panel


def day(panel: Panel, week: int, days: int = 0) -> str:
    return str(panel.dates[week] + np.timedelta64(days, "D"))


def row(panel: Panel, **changes: str) -> str:
    values = {
        "name": "off",
        "channels": "search",
        "outcome": "sales",
        "start": day(panel, 30),
        "end": day(panel, 33, 6),
        "geos": "geo_1;geo_3",
        "spend_change": "-5000",
        "lift": "-7000",
        "lift_sd": "1500",
        "cooldown_end": "",
    }
    return ",".join((values | changes).values())


def read(tmp_path: Path, panel: Panel, *lines: str) -> tuple[Experiment, ...]:
    file = tmp_path / "experiments.csv"
    file.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return read_experiments(file, panel)


def test_a_row_becomes_a_test(tmp_path: Path, panel: Panel) -> None:
    one, two = read(
        tmp_path,
        panel,
        row(panel),
        row(panel, name="both", channels="search; social", cooldown_end=day(panel, 36), outcome="total"),
    )
    assert one == Experiment(
        "off",
        ("search",),
        "sales",
        date.fromisoformat(day(panel, 30)),
        date.fromisoformat(day(panel, 33, 6)),
        None,
        ("geo_1", "geo_3"),
        -5000.0,
        -7000.0,
        1500.0,
    )
    assert two.channels == ("search", "social")
    assert one.last_day == one.end
    assert two.last_day == date.fromisoformat(day(panel, 36))


def test_what_the_simulator_writes_can_be_read(tmp_path: Path) -> None:
    world = add_holdout(simulate(WorldSpec(WorldKind.PLAIN, geos=6, weeks=60, channels=3, seed=5)))
    folder = write_world(world, tmp_path / "world")
    (test,) = read_experiments(folder / "experiments.csv", world.panel)
    assert test.lift == world.experiments[0].lift
    assert test.geos == world.experiments[0].geos


BAD = {
    "channel": ({"channels": "serch"}, "row 2, column channels: 'serch' is not in the panel; did you mean 'search'?"),
    "geo": ({"geos": "geo_1;geo_9"}, "row 2, column geos: 'geo_9' is not in the panel"),
    "geo twice": ({"geos": "geo_1;geo_1"}, "column geos: a name stands there twice"),
    "no geo": ({"geos": " ; "}, "column geos: is empty"),
    "outcome": ({"outcome": "visits"}, "column outcome: the model's outcome is 'sales', not 'visits'"),
    "date": ({"start": "1 March 2024"}, "column start: '1 March 2024' is no date; write YYYY-MM-DD"),
    "order": ({"end": "1999-01-01"}, "start, end and cooldown_end must follow each other"),
    "number": ({"lift": "a lot"}, "column lift: 'a lot' is not a number"),
    "infinite": ({"lift": "inf"}, "column lift: 'inf' is not a finite number"),
    "no change": ({"spend_change": "0"}, "column spend_change: is 0"),
    "no error": ({"lift_sd": "0"}, "column lift_sd: must be above 0"),
    "no name": ({"name": ""}, "column name: is empty"),
    "more than was spent": ({"spend_change": "99999999"}, "but the panel holds only"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_named_with_column_and_remedy(tmp_path: Path, panel: Panel, name: str) -> None:
    changes, message = BAD[name]
    with pytest.raises(ExperimentsError) as caught:
        read(tmp_path, panel, row(panel, **changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tests_outside_the_panel_and_of_the_same_name_are_refused(tmp_path: Path, panel: Panel) -> None:
    with pytest.raises(ExperimentsError, match="add the panel's weeks"):
        read(tmp_path, panel, row(panel, cooldown_end=day(panel, 59, 20)))
    with pytest.raises(ExperimentsError, match="two rows are called 'off'"):
        read(tmp_path, panel, row(panel), row(panel))


def test_a_national_channel_needs_all_geos(tmp_path: Path, panel: Panel) -> None:
    channels = (replace(panel.channels[0], level=Level.NATIONAL), *panel.channels[1:])
    national = replace(panel, channels=channels)
    with pytest.raises(ExperimentsError, match="must name all geos"):
        read(tmp_path, national, row(panel))
    assert read(tmp_path, national, row(panel, geos=";".join(panel.geos)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,channels\noff,search\n", "column 'outcome' is missing"),
        (HEADER + ",lft\n", "column 'lft' is not known; did you mean 'lift'?"),
        (HEADER + "\n", "holds no test"),
        (HEADER + "\n" + ",".join("abcdefghijklm") + "\n", "row 2: has more cells than the header"),
        ("", "is missing"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, panel: Panel, text: str, message: str) -> None:
    file = tmp_path / "experiments.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentsError) as caught:
        read_experiments(file, panel)
    assert message in str(caught.value)
    with pytest.raises(ExperimentsError, match="cannot be read"):
        read_experiments(tmp_path / "absent.csv", panel)


def test_weeks_count_by_their_days(panel: Panel) -> None:
    start, end = date.fromisoformat(day(panel, 4, 5)), date.fromisoformat(day(panel, 6, 1))
    shares = week_shares(panel, start, end)
    assert shares[3:8] == pytest.approx([0.0, 2 / 7, 1.0, 2 / 7, 0.0])
    assert shares.sum() * 7 == pytest.approx((end - start).days + 1)


def test_withheld_spend_is_given_back_and_added_spend_taken_away(tmp_path: Path, panel: Panel) -> None:
    tests = read(tmp_path, panel, row(panel), row(panel, name="up", spend_change="300"))
    dose = dose_per_head(panel)
    lifts = lift_inputs(tests, panel, dose, np.zeros(60), LAGS, 8)
    money = panel.spend[:, :, 0].sum() / (dose[0] * panel.population[:, None]).sum()
    change = (lifts.counterfactual_dose - lifts.actual_dose)[..., 0] * panel.population[:, None] * money
    assert change[0].sum() == pytest.approx(5000.0)
    assert change[1].sum() == pytest.approx(-300.0)
    assert np.abs(change[:, [1, 3, 4, 5]]).max() == 0.0
    spent = panel.spend[[0, 2], 30:34, 0]
    assert change[1][[0, 2]] == pytest.approx(-300.0 * spent / spent.sum())


def test_a_test_counts_half_as_much_for_each_year_of_age(tmp_path: Path, panel: Panel) -> None:
    old, new = read(
        tmp_path,
        panel,
        row(panel, start=day(panel, 3), end=day(panel, 6, 6)),
        row(panel, name="new", start=day(panel, 55), end=day(panel, 59, 6)),
    )
    lifts = prepare(panel, Priors(), (old, new)).lifts
    assert lifts is not None
    assert (1500.0 / lifts.sd[0]) ** 2 == pytest.approx(0.5 ** ((59 - 6) / HALF_LIFE_WEEKS))
    assert lifts.sd[1] == pytest.approx(1500.0, rel=1e-9)


def test_the_panels_own_evidence_on_tested_geo_weeks_is_set_aside_but_not_that_of_all_geos(
    tmp_path: Path, panel: Panel
) -> None:
    (some, every) = read(tmp_path, panel, row(panel), row(panel, name="all", geos=";".join(panel.geos)))
    inputs = prepare(panel, Priors(), (some, every))
    assert inputs.local.shape[2] == 3
    touched = inputs.local[:, :, 2] > 0
    assert touched[[0, 2], 22:26].all()
    assert touched.sum() == 8
