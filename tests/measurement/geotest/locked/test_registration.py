"""What a lock fixes, and what cannot be locked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.lock_json import lock_from_json, lock_to_json
from measurement.geotest.locked_data import mark, restated
from measurement.geotest.registration import PlannedSpend, Proposal, register
from measurement.geotest.specification import AnalysisSettings, Cell, Estimator, GeoPair, GeoTest, Window
from measurement.panel import Channel, Frequency
from measurement.reading import ReadPanel

AT = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
Panels = Callable[..., ReadPanel]
Proposals = Callable[..., Proposal]


def test_everything_is_resolved(panel: Panels, proposal: Proposals) -> None:
    lock = register(panel(), proposal(), AT)
    assert lock.settings.estimator is Estimator.BAYESIAN_SCM
    assert lock.control == tuple(f"geo {number}" for number in range(4, 14))
    assert lock.data.last == date(2024, 3, 3)
    assert not lock.after_the_fact
    assert {row.start for row in lock.spend_plan} == {date(2024, 3, 4), date(2024, 3, 11)}
    usual = panel().panel.spend[0, 7:63, 0].mean() * 7
    assert lock.spend_plan[0] == PlannedSpend("geo 0", date(2024, 3, 4), pytest.approx(usual), 0.0)
    assert set(lock.versions) >= {"retail-media-optimizer", "numpy"}


def test_nothing_is_lost_in_json(panel: Panels, proposal: Proposals) -> None:
    cells = (Cell("north", ("geo 0", "geo 1")), Cell("south", ("geo 2", "geo 3")))
    lock = register(panel(), proposal(test=replace(proposal().test, cells=cells)), AT)
    assert lock_from_json(lock_to_json(lock)) == lock


def test_many_treated_geos_or_pairs_are_locked_with_their_randomisation(panel: Panels, proposal: Proposals) -> None:
    many = replace(proposal().test, treated=tuple(f"geo {number}" for number in range(6)))
    assert register(panel(), proposal(test=many), AT).settings.estimator is Estimator.RANDOMISATION
    pairs = tuple(GeoPair(str(n), f"geo {n}", f"geo {n + 6}") for n in range(6))
    lock = register(panel(), proposal(test=replace(many, pairs=pairs)), AT)
    assert lock.settings.estimator is Estimator.RANDOMISATION
    assert set(lock.control) == {pair.control for pair in pairs}


def test_a_test_whose_days_are_in_the_panel_is_locked_only_after_the_fact(panel: Panels, proposal: Proposals) -> None:
    with pytest.raises(GeoTestError, match="could have been seen"):
        register(panel(64), proposal(), AT)
    assert register(panel(64), proposal(after_the_fact=True), AT).after_the_fact
    assert not register(panel(63), proposal(after_the_fact=True), AT).after_the_fact


def _test(**changes: object) -> GeoTest:
    window = Window(date(2024, 3, 4), date(2024, 3, 17))
    return replace(GeoTest(window, ("geo 0", "geo 1"), spend="tv"), **changes)


BAD: dict[str, tuple[GeoTest, str]] = {
    "unknown geo": (_test(treated=("geo 0", "geo 99")), "did you mean"),
    "another case": (_test(treated=("Geo 0",)), "not in the panel"),
    "unknown excluded": (_test(excluded=("geo 99",)), "excluded geo"),
    "unknown outcome": (_test(outcome="orders"), "outcome 'orders'"),
    "unknown spend": (_test(spend="radio"), "not a channel"),
    "all treated": (_test(treated=tuple(f"geo {n}" for n in range(14))), "no control"),
    "too few controls": (_test(treated=tuple(f"geo {n}" for n in range(12))), "only 2 control"),
    "before the panel": (_test(window=Window(date(2023, 1, 1), date(2023, 1, 9))), "before the panel"),
    "too short": (_test(window=Window(date(2024, 1, 6), date(2024, 1, 9))), "before the test"),
    "a longer test than the past": (_test(window=Window(date(2024, 3, 4), date(2024, 6, 1))), "before the test"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_cannot_be_locked_says_why(case: str, panel: Panels, proposal: Proposals) -> None:
    test, said = BAD[case]
    with pytest.raises(GeoTestError, match=said):
        register(panel(), proposal(test=test, after_the_fact=True), AT)


def test_a_geo_with_gaps_cannot_be_treated(without: Panels, panel: Panels, proposal: Proposals) -> None:
    with pytest.raises(GeoTestError, match="lacks a row"):
        register(without(panel(), "geo 0"), proposal(), AT)


def test_a_channel_that_no_geo_can_target_is_refused(panel: Panels, proposal: Proposals) -> None:
    read = panel()
    national = replace(read.panel, channels=(Channel("tv", geo_targetable=False), Channel("social")))
    with pytest.raises(GeoTestError, match="cannot be targeted by geo"):
        register(replace(read, panel=national), proposal(), AT)


@pytest.mark.parametrize(
    ("control", "said"), [(("geo 99",), "control geo"), (("geo 0", "geo 5", "geo 6", "geo 7"), "can be one of them")]
)
def test_controls_must_be_controls(control: tuple[str, ...], said: str, panel: Panels, proposal: Proposals) -> None:
    with pytest.raises(GeoTestError, match=said):
        register(panel(), proposal(control=control), AT)


def test_spend_is_planned_for_treated_geos_only(panel: Panels, proposal: Proposals) -> None:
    plan = (PlannedSpend("geo 9", date(2024, 3, 4), None, 10.0),)
    with pytest.raises(GeoTestError, match="not treated"):
        register(panel(), proposal(spend_plan=plan), AT)


def test_weeks_start_where_the_panel_has_them(panel: Panels, proposal: Proposals) -> None:
    read = panel()
    dates = read.panel.dates[0] + 7 * np.arange(len(read.panel.dates))
    weekly = replace(read, panel=replace(read.panel, dates=dates, frequency=Frequency.WEEKLY))
    start = (dates[-1] + 7).item()
    wrong = Window(date.fromordinal(start.toordinal() + 1), date.fromordinal(start.toordinal() + 14))
    with pytest.raises(GeoTestError, match="inside the week"):
        register(weekly, proposal(test=_test(window=wrong)), AT)
    right = Window(start, date.fromordinal(start.toordinal() + 27))
    assert register(weekly, proposal(test=_test(window=right)), AT).data.frequency is Frequency.WEEKLY


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((Cell("a", ("geo 0",)), Cell("A", ("geo 1",))), "case aside"),
        ((Cell("a", ("geo 0",)), Cell("b", ("geo 0", "geo 1"))), "one cell"),
        ((Cell("a", ("geo 0", "geo 1")),), "two or more"),
        ((Cell("a", ("geo 0",)), Cell("b", ())), "needs a name and geos"),
        ((Cell("a", ("geo 0",)), Cell("b", ("geo 5",))), "not the treated geos"),
    ],
)
def test_cells_are_a_split_of_the_treated(cells: tuple[Cell, ...], said: str) -> None:
    with pytest.raises(GeoTestError, match=said):
        _test(cells=cells)


def test_marks_name_the_geo_and_day_that_changed(panel: Panels, restate: Panels) -> None:
    data = mark(panel().panel, tuple(panel().panel.geos), None, "tv")
    assert restated(data, panel(98).panel, None, "tv") == ()
    told = restated(data, restate(panel(98), "geo 7", slice(3, 5)).panel, None, "tv")
    assert told == ("geo 'geo 7': 2024-01-04, 2024-01-05",)


def test_marks_name_geos_and_days_that_are_gone(panel: Panels, without: Panels) -> None:
    data = mark(panel().panel, tuple(panel().panel.geos), None, "tv")
    assert restated(data, without(panel(98), "geo 7").panel, None, "tv") == (
        "no longer in the panel, or with gaps: geo 7",
    )


def test_another_panel_is_refused(panel: Panels, restate: Panels) -> None:
    data = mark(panel().panel, tuple(panel().panel.geos), None, "tv")
    other = panel(98).panel
    with pytest.raises(GeoTestError, match="not the panel that the test was locked on"):
        restated(data, replace(other, outcome_values=other.outcome_values * 1.1), None, "tv")


def test_settings_are_those_of_the_proposal(panel: Panels, proposal: Proposals) -> None:
    settings = AnalysisSettings(Estimator.SDID, 0.95, 3.0, 11)
    assert register(panel(), proposal(settings=settings), AT).settings == settings
