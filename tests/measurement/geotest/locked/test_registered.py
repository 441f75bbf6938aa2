"""A locked test is analysed as it was locked, on the data that were locked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from measurement.errors import GeoTestError
from measurement.geotest.analysis import analyze_geo_test
from measurement.geotest.exclusions import exclude
from measurement.geotest.lock_file import Event, LockFile, append_entry
from measurement.geotest.registered import analyze_registered
from measurement.geotest.registration import Proposal, register
from measurement.geotest.specification import AnalysisSettings, Cell, Estimator
from measurement.reading import ReadPanel

AT = datetime(2024, 4, 1, 9, 0, tzinfo=UTC)
QUICK = AnalysisSettings(Estimator.TBR, 0.95, 2.0, 5)
Panels = Callable[..., ReadPanel]
Locks = Callable[..., tuple[Path, LockFile]]


def test_the_analysis_is_that_of_the_same_test_unlocked(
    panel: Panels, proposal: Callable[..., Proposal], locked: Locks
) -> None:
    found = analyze_registered(panel(98), locked()[1])
    settings = AnalysisSettings(Estimator.BAYESIAN_SCM, 0.9, 2.0, 0)
    alone = analyze_geo_test(panel(98), proposal().test, settings)
    assert found.effect == alone.effect
    assert found.with_cooldown == alone.with_cooldown
    assert found.verdict == alone.verdict
    assert found.effect.percent_lift.low < -0.06 < found.effect.percent_lift.high
    assert found.registration is not None
    assert found.registration.statement == "Registered on 2024-03-01, 0 exclusions."


def test_exclusions_leave_the_analysis_and_stand_in_the_report(panel: Panels, locked: Locks) -> None:
    path, _ = locked(settings=QUICK)
    exclude(path, "geo 9", "store closed by a flood", AT)
    file = exclude(path, "geo 1", "campaign set up wrongly", AT)
    found = analyze_registered(panel(98), file)
    assert found.treated == ("geo 0", "geo 2", "geo 3")
    assert found.left_out == ("geo 1", "geo 9")
    assert found.registration is not None
    assert found.registration.statement.endswith(", 2 exclusions.")


def test_geos_that_join_the_panel_later_take_no_part(
    panel: Panels, without: Panels, proposal: Callable[..., Proposal]
) -> None:
    lock = register(without(panel(), "geo 13"), proposal(settings=QUICK), AT)
    file = LockFile(lock, {}, "", ())
    alone = analyze_geo_test(without(panel(98), "geo 13"), proposal().test, QUICK)
    assert analyze_registered(panel(98), file).effect == alone.effect


def test_restated_days_are_named_and_not_used_unasked(panel: Panels, restate: Panels, locked: Locks) -> None:
    path, file = locked(settings=QUICK)
    read = restate(panel(98), "geo 7", slice(20, 21))
    with pytest.raises(GeoTestError, match="geo 'geo 7': 2024-01-21"):
        analyze_registered(read, file)
    accepted = analyze_registered(read, file, accept_restated=True)
    assert accepted.registration is not None
    assert accepted.registration.restated == ("geo 'geo 7': 2024-01-21",)
    gone = exclude(path, "geo 7", "sales were booked twice", AT)
    assert analyze_registered(read, gone).registration.restated == ()


def test_days_after_the_lock_may_say_anything(panel: Panels, restate: Panels, locked: Locks) -> None:
    found = analyze_registered(restate(panel(98), "geo 7", slice(63, 98)), locked(settings=QUICK)[1])
    assert found.registration is not None
    assert found.registration.restated == ()


def test_a_geo_that_fell_out_needs_a_logged_exclusion(panel: Panels, without: Panels, locked: Locks) -> None:
    path, file = locked(settings=QUICK)
    read = without(panel(98), "geo 7")
    with pytest.raises(GeoTestError, match=r"with gaps: geo 7.*rmo geo exclude"):
        analyze_registered(read, file)
    assert "geo 7" in analyze_registered(read, exclude(path, "geo 7", "the feed broke off", AT)).left_out


def test_another_panel_is_refused(panel: Panels, locked: Locks) -> None:
    read = panel(98)
    other = replace(read.panel, outcome_values=read.panel.outcome_values * 2)
    with pytest.raises(GeoTestError, match="not the panel"):
        analyze_registered(replace(read, panel=other), locked()[1])


def test_a_test_that_is_not_over_is_refused(panel: Panels, locked: Locks) -> None:
    with pytest.raises(GeoTestError, match="outside the panel"):
        analyze_registered(panel(76), locked()[1])


def test_a_cooldown_that_is_not_over_is_said_and_not_counted(panel: Panels, locked: Locks) -> None:
    found = analyze_registered(panel(80), locked(settings=QUICK)[1])
    assert found.with_cooldown is None
    assert any("cooldown runs to 2024-03-24" in note for note in found.warnings)


def test_the_report_says_how_and_when_it_was_registered(
    panel: Panels, proposal: Callable[..., Proposal], locked: Locks
) -> None:
    path, _ = locked(settings=QUICK)
    again = append_entry(path, Event.ANALYSED, AT, {})
    found = analyze_registered(panel(98), again)
    assert found.registration is not None
    assert found.registration.statement.endswith("analysed once before.")
    late = register(panel(70), proposal(settings=QUICK, after_the_fact=True), AT)
    told = analyze_registered(panel(98), LockFile(late, {}, "", ())).registration
    assert told is not None
    assert "after the fact" in told.statement
    assert told.to_json()["after_the_fact"] is True
    begun = register(panel(), proposal(settings=QUICK), AT)
    told = analyze_registered(panel(98), LockFile(begun, {}, "", ())).registration
    assert told is not None
    assert "after the test began on 2024-03-04" in told.statement


def test_cells_are_compared_as_locked(panel: Panels, proposal: Callable[..., Proposal], locked: Locks) -> None:
    cells = (Cell("north", ("geo 0", "geo 1")), Cell("south", ("geo 2", "geo 3")))
    test = replace(proposal().test, cells=cells)
    found = analyze_registered(panel(98), locked(test=test, settings=QUICK)[1])
    assert [cell.name for cell in found.cells] == ["north", "south"]
    assert found.differences[0].percent_lift.estimate == pytest.approx(-0.06, abs=0.02)
    assert found.window.start == date(2024, 3, 4)


def test_what_went_astray_stands_in_the_report(panel: Panels, locked: Locks) -> None:
    file = locked(settings=QUICK)[1]
    clean = analyze_registered(panel(98), file)
    assert not any("did not run as locked" in note for note in clean.warnings)
    astray = analyze_registered(panel(98, kept=0.4), file)
    assert any("did not run as locked: 4 of 4 treated geos are off plan" in note for note in astray.warnings)
