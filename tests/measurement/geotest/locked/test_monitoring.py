"""A test is watched without its outcome: delivery, leakage, other changes, missing days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.departures import departure
from measurement.geotest.lock_file import LockFile
from measurement.geotest.monitor_report import TestStatus
from measurement.geotest.monitoring import monitor
from measurement.geotest.registration import PlannedSpend
from measurement.reading import ReadPanel

Panels = Callable[..., ReadPanel]
Locks = Callable[..., tuple[Path, LockFile]]


def test_a_test_that_runs_as_planned_is_clean(panel: Panels, locked: Locks) -> None:
    report = monitor(panel(70), locked()[1])
    assert (report.status, report.days_elapsed, report.days_left) == (TestStatus.RUNNING, 7, 7)
    assert report.contaminations == ()
    assert report.verdict.startswith("Clean so far")
    assert [one.geo for one in report.deliveries] == ["geo 0", "geo 1", "geo 2", "geo 3"]
    assert all(one.planned == 0 and one.delivered == 0 for one in report.deliveries)


@pytest.mark.parametrize(
    ("days", "status", "left"),
    [
        (63, TestStatus.NOT_STARTED, 14),
        (64, TestStatus.RUNNING, 13),
        (77, TestStatus.COOLDOWN, 0),
        (84, TestStatus.OVER, 0),
        (98, TestStatus.OVER, 0),
    ],
)
def test_days(days: int, status: TestStatus, left: int, panel: Panels, locked: Locks) -> None:
    report = monitor(panel(days), locked()[1])
    assert (report.status, report.days_left) == (status, left)


FAULTS: dict[str, tuple[dict[str, float], str]] = {
    "geos that did not go dark": ({"kept": 0.4}, "treated geos are off plan"),
    "money pushed to the controls": ({"leak": 0.5}, "the control geos spend"),
    "another channel that steps in": ({"other": 0.8}, "spend of social in the treated geos is"),
    "a price that falls": ({"price": -0.1}, "price_index in the treated geos is 10 % less"),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_what_blurs_the_comparison_is_named(fault: str, panel: Panels, locked: Locks) -> None:
    changes, said = FAULTS[fault]
    report = monitor(panel(74, **changes), locked()[1])
    assert any(said in sentence for sentence in report.contaminations)
    assert report.verdict.startswith("Contaminated: ")
    assert report.to_json()["contaminated"]


def test_leakage_is_told_against_the_money_withheld(panel: Panels, locked: Locks) -> None:
    report = monitor(panel(74, leak=0.1), locked()[1])
    assert report.leakage is not None
    spend = panel(74).panel.spend[:, :, 0]
    withheld = 11 * spend[:4, 7:63].mean(axis=1).sum()
    extra = panel(74, leak=0.1).panel.spend[4:, 63:74, 0].sum() - 11 * spend[4:, 7:63].mean(axis=1).sum()
    assert report.leakage.withheld == pytest.approx(withheld)
    assert report.leakage.pushed_share == pytest.approx(extra / withheld)
    assert any("of the money withheld" in sentence for sentence in report.contaminations)


def test_one_control_geo_that_departs_is_named(panel: Panels, locked: Locks) -> None:
    read = panel(70)
    spend = read.panel.spend.copy()
    spend[9, 63:, 0] *= 2.0
    report = monitor(replace(read, panel=replace(read.panel, spend=spend)), locked()[1])
    assert report.leakage is not None
    assert [one.geo for one in report.leakage.geos] == ["geo 9"]
    assert any("geo 9" in sentence for sentence in report.contaminations)


def test_a_plan_counts_a_week_by_its_days(panel: Panels, locked: Locks) -> None:
    weeks = (date(2024, 3, 4), date(2024, 3, 11))
    plan = tuple(PlannedSpend(f"geo {n}", week, None, 70.0) for n in range(4) for week in weeks)
    report = monitor(panel(73), locked(spend_plan=plan)[1])
    assert report.deliveries[0].planned == pytest.approx(70 + 30)
    assert report.deliveries[0].off_plan


def test_the_outcome_never_shows(panel: Panels, locked: Locks) -> None:
    """Sales may be anything: what is said of the test stays the same."""
    read = panel(74, kept=0.3)
    values = read.panel.outcome_values.copy()
    values[:, 63:] *= 3.7
    controls = read.panel.control_values.copy()
    controls[:4, 63:, 1] += 2.0
    other = replace(read, panel=replace(read.panel, outcome_values=values, control_values=controls))
    assert monitor(other, locked()[1]) == monitor(read, locked("second.json")[1])


def test_missing_geos_and_restated_days_are_named(
    panel: Panels, without: Panels, restate: Panels, locked: Locks
) -> None:
    report = monitor(without(panel(70), "geo 5", (date(2024, 1, 9), date(2024, 3, 6))), locked()[1])
    assert report.missing == {"geo 5": (date(2024, 3, 6),)}
    assert "lack days" in report.verdict
    restated = monitor(restate(panel(70), "geo 6", slice(10, 11)), locked("second.json")[1])
    assert restated.restated == ("geo 'geo 6': 2024-01-11",)


def test_another_panel_is_refused(panel: Panels, locked: Locks) -> None:
    read = panel(70)
    other = replace(read.panel, outcome_values=read.panel.outcome_values * 2)
    with pytest.raises(GeoTestError, match="not the panel"):
        monitor(replace(read, panel=other), locked()[1])


def test_a_steady_series_and_one_that_swings_have_their_own_threshold() -> None:
    rng = np.random.default_rng(0)
    steady = np.concatenate([np.full(70, 10.0), np.full(7, 13.0)])
    assert departure(steady, 70, 28, 0.2).stands_out
    assert departure(steady, 70, 28, 0.2).change == pytest.approx(0.3)
    swings = np.repeat(rng.choice([5.0, 15.0], 11), 7)
    swings[70:] = 13.0
    assert not departure(swings, 70, 28, 0.2).stands_out


def test_spend_where_there_was_none_stands_out() -> None:
    assert departure(np.concatenate([np.zeros(30), np.ones(5)]), 30, 28, 0.2).stands_out
    assert not departure(np.zeros(35), 30, 28, 0.2).stands_out
