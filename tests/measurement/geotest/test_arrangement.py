"""A test held against its panel: what is cut, what is left out by name, and every refusal with its remedy."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from measurement.errors import GeoTestError, PanelError
from measurement.geotest.arrangement import arrange
from measurement.geotest.specification import AnalysisSettings, GeoPair, GeoTest, Window
from measurement.panel import Level
from measurement.panel_map import ChannelMap, OutcomeMap, PanelMap
from measurement.reading import Purpose, ReadPanel, read_panel

Written = Callable[..., Path]
FIRST = date(2024, 1, 1)
GEOS = ("north", "south", "east", "west", "centre")


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


WINDOW = Window(day(30), day(39))


def rows(geos: tuple[str, ...] = GEOS, days: int = 50, step: int = 1) -> list[list[str]]:
    rng = np.random.default_rng(1)
    table = [["date", "geo", "sales", "store_visits", "tv_spend", "radio_spend"]]
    for geo in geos:
        for number in range(days):
            sales, visits = 100 + rng.random(), 50 + rng.random()
            spend = 10.0 if geo == "north" and number * step >= 30 else 0.0
            table.append([str(day(number * step)), geo, f"{sales:.4f}", f"{visits:.4f}", f"{spend}", "5.0"])
    return table


def read(path: Path, **given: Any) -> ReadPanel:
    return read_panel(path, purpose=Purpose.GEO_TEST, **given)


def refusal(panel: ReadPanel, test: GeoTest) -> str:
    with pytest.raises(GeoTestError) as caught:
        arrange(panel, test)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def panel(written: Written) -> ReadPanel:
    return read(written(rows()))


def test_the_window_is_cut_and_the_rest_dropped(panel: ReadPanel) -> None:
    arranged = arrange(panel, GeoTest(WINDOW, ("north",), excluded=("west",), outcome="sales", spend="tv"))
    found = arranged.test_window
    assert (found.periods_before, found.periods, found.treated.shape) == (30, 10, (1, 40))
    assert found.donor_names == ("centre", "east", "south")
    assert arranged.left_out == ("west",)
    assert arranged.with_cooldown is None
    assert found.treated_spend is not None
    assert found.treated_spend[0, 30:].sum() == 100
    north = panel.panel.geos.index("north")
    np.testing.assert_array_equal(found.treated[0], panel.panel.outcome_values[north, :40, 0])


def test_the_cooldown_is_a_comparison_of_its_own(panel: ReadPanel) -> None:
    window = Window(WINDOW.start, WINDOW.end, day(45))
    arranged = arrange(panel, GeoTest(window, ("north",), outcome="store"))
    assert arranged.with_cooldown is not None
    assert (arranged.test_window.periods, arranged.with_cooldown.periods) == (10, 16)
    assert len(arranged.dates) == 46
    assert not arranged.in_money


def test_a_panel_without_channels_serves(written: Written) -> None:
    bare = [row[:3] for row in rows()]
    arranged = arrange(read(written(bare)), GeoTest(WINDOW, ("north",)))
    assert arranged.test_window.treated_spend is None
    assert arranged.outcome == "sales"


def test_a_geo_with_gaps_is_left_out_by_name(written: Written) -> None:
    holed = [row for row in rows() if row[:2] != [str(day(4)), "south"]]
    panel = read(written(holed))
    assert panel.left_out == ("south",)
    assert any("south" in warning for warning in panel.warnings)
    assert "south" in arrange(panel, GeoTest(WINDOW, ("north",))).left_out
    assert "lacks a row" in refusal(panel, GeoTest(WINDOW, ("south",)))


def test_names_that_differ_only_in_case_are_refused(written: Written) -> None:
    table = rows()
    table[60][1] = "SOUTH"
    with pytest.raises(PanelError, match="differ only in case"):
        read(written(table))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"treated": ("nroth",)}, ["'nroth'", "did you mean 'north'"]),
        ({"excluded": ("nowhere",)}, ["excluded geo 'nowhere'", "known are"]),
        ({"treated": GEOS}, ["all geos", "no control", "hold some geos back"]),
        ({"treated": GEOS[:3]}, ["2 control geos", "needs 3"]),
        ({"window": Window(day(-5), day(5))}, ["--start 2023-12-27", "outside the panel", "2024-01-01 to 2024-02-19"]),
        ({"window": Window(day(45), day(60))}, ["--end", "outside the panel"]),
        ({"window": Window(day(30), day(40), day(99))}, ["--cooldown-end", "outside"]),
        ({"window": Window(day(5), day(8))}, ["5 days before the test", "at least 10"]),
        ({"window": Window(day(0), day(8))}, ["0 days before the test", "at least 10"]),
        ({"window": Window(day(15), day(40))}, ["15 days before", "window 26", "at least 26"]),
        ({"outcome": "sale"}, ["outcome 'sale'", "did you mean 'sales'"]),
        ({"spend": "tvv"}, ["spend 'tvv'", "did you mean 'tv'"]),
        ({"treated": ("south",), "spend": "tv"}, ["'tv' spends nothing", "changed no spend"]),
    ],
)
def test_what_does_not_fit_the_panel_is_refused(panel: ReadPanel, changes: dict[str, Any], parts: list[str]) -> None:
    message = refusal(panel, GeoTest(**({"window": WINDOW, "treated": ("north",)} | changes)))
    assert all(part in message for part in parts), message


def test_geos_without_sales_before_the_test(written: Written) -> None:
    table = rows()
    for row in table[1:]:
        if row[1] in ("south", "centre") and row[0] < str(day(30)):
            row[2] = "0"
    panel = read(written(table))
    arranged = arrange(panel, GeoTest(WINDOW, ("north",), excluded=("west",), outcome="store"))
    assert arranged.test_window.donor_names == ("centre", "east", "south")
    assert "'south' sold nothing" in refusal(panel, GeoTest(WINDOW, ("south",), outcome="sales"))
    pairs = (GeoPair("1", "north", "south"), GeoPair("2", "east", "west"))
    paired = GeoTest(WINDOW, ("north", "east"), pairs=pairs, outcome="sales")
    assert "'south' sold nothing" in refusal(panel, paired)
    assert "2 control geos" in refusal(panel, GeoTest(WINDOW, ("north",), outcome="sales"))


def test_a_national_series_and_national_spend_are_refused(written: Written) -> None:
    national = [[row[0], *row[2:]] for row in rows(("one",))]
    assert "one geo" in refusal(read(written(national)), GeoTest(WINDOW, ("national",)))
    given = PanelMap(
        outcomes=(OutcomeMap("sales", "sales"),), channels=(ChannelMap("tv", "tv_spend", level=Level.NATIONAL),)
    )
    panel = read(written(rows()), panel_map=given)
    assert "national total" in refusal(panel, GeoTest(WINDOW, ("north",), spend="tv"))


def test_weeks_are_counted_whole(written: Written) -> None:
    panel = read(written(rows(days=30, step=7)))
    start = day(7 * 20)
    arranged = arrange(panel, GeoTest(Window(start, start + timedelta(days=13)), ("north",)))
    assert (arranged.test_window.periods_before, arranged.test_window.periods) == (20, 2)
    assert not arranged.warnings
    cut = arrange(panel, GeoTest(Window(start, start + timedelta(days=10)), ("north",)))
    assert "counted as a whole" in cut.warnings[0]
    assert "inside the week" in refusal(panel, GeoTest(Window(start + timedelta(days=2), day(7 * 25)), ("north",)))


def test_spend_that_leaks_into_the_controls_is_told(written: Written) -> None:
    table = rows()
    for row in table[1:]:
        if row[1] == "south" and row[0] >= str(day(30)):
            row[4] = "8.0"
    arranged = arrange(read(written(table)), GeoTest(WINDOW, ("north",), spend="tv"))
    assert any("leaked" in warning for warning in arranged.warnings)


def test_pairs_choose_treated_and_controls(panel: ReadPanel) -> None:
    pairs = (GeoPair("1", "north", "south"), GeoPair("2", "east", "west"), GeoPair("3", "gone", "centre"))
    test = GeoTest(WINDOW, tuple(pair.treated for pair in pairs), pairs=pairs)
    message = refusal(panel, test)
    assert "2 control geos" in message


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Window(day(5), day(4)), "before it starts"),
        (lambda: Window(day(5), day(8), day(8)), "cooldown ends"),
        (lambda: GeoTest(WINDOW, ()), "no geo is treated"),
        (lambda: GeoTest(WINDOW, ("a", "a")), "named twice"),
        (lambda: GeoTest(WINDOW, ("a",), excluded=("a",)), "both treated and excluded"),
        (lambda: AnalysisSettings(level=95), "level 95"),
        (lambda: AnalysisSettings(break_even_iroas=0), "break-even"),
    ],
)
def test_a_specification_that_cannot_be_is_refused(make: Callable[[], object], part: str) -> None:
    with pytest.raises(GeoTestError, match=part):
        make()
