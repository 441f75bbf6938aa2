"""A panel and a locked test that runs in, whether it runs as planned out: spend, leakage, other changes, missing days.

The outcome plays no part, so whoever watches the test stays blind to its result.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from measurement.geotest.arrangement import rows_of, spend_channel
from measurement.geotest.comparison import FloatArray
from measurement.geotest.departures import Departure, departure
from measurement.geotest.exclusions import remaining
from measurement.geotest.lock_file import LockFile
from measurement.geotest.locked_data import restated
from measurement.geotest.monitor_report import ControlSpend, Delivery, Leakage, MonitorReport, OtherChange, TestStatus
from measurement.geotest.registration import USUAL_DAYS, GeoLock, step_days
from measurement.panel import ControlKind, Panel
from measurement.reading import ReadPanel

LEAST_CHANGE = 0.2
"""Relative change of spend from which it is worth a word, however steady it was."""
LEAST_CHANGE_OF_ONE_GEO = 0.5
LEAST_CHANGE_OF_PRICES = 0.02
WATCHED_CONTROLS = (ControlKind.PRICE, ControlKind.PROMO, ControlKind.STOCK)
"""Demand controls stay out: advertising moves them, so they would tell something of the result."""


@dataclass(frozen=True)
class _Watch:
    """A panel cut to the test: rows of the geos in it, periods before and so far."""

    panel: Panel
    treated: list[int]
    control: list[int]
    before: int
    end: int
    reference: int

    def sums(self, values: FloatArray, rows: list[int]) -> FloatArray:
        """Sum over geos by period to the last one of the test, `(T,)`."""
        total: FloatArray = values[rows, : self.end].sum(axis=0)
        return total


def monitor(read: ReadPanel, file: LockFile) -> MonitorReport:
    """Watch a test.

    Raises:
        GeoTestError: the panel is not the one that the test was locked on.
    """
    lock, panel = file.lock, read.panel
    changed = restated(lock.data, panel, lock.test.outcome, lock.test.spend)
    watch = _watch(panel, file)
    status, elapsed, left = _status(panel, lock)
    missing = {
        geo: tuple(day for day in days if lock.test.window.start <= day <= lock.last_day)
        for geo, days in read.gaps.items()
        if geo in lock.geos
    }
    report = MonitorReport(
        test=lock.name,
        status=status,
        spend=lock.test.spend,
        currency=panel.currency,
        last_day=panel.dates[-1].item() + timedelta(days=step_days(panel) - 1),
        days_elapsed=elapsed,
        days_left=left,
        missing={geo: days for geo, days in missing.items() if days},
        restated=changed,
    )
    if watch.end <= watch.before or not watch.treated or not watch.control:
        return report
    deliveries = _deliveries(watch, lock)
    return replace(
        report, deliveries=deliveries, leakage=_leakage(watch, lock), other_changes=_other_changes(watch, lock)
    )


def _watch(panel: Panel, file: LockFile) -> _Watch:
    test = remaining(file)
    gone = set(test.excluded)
    step = step_days(panel)
    end = int(np.searchsorted(panel.dates, np.datetime64(test.window.end), side="right"))
    return _Watch(
        panel=panel,
        treated=rows_of(panel, tuple(geo for geo in test.treated if geo in panel.geos)),
        control=rows_of(panel, tuple(geo for geo in file.lock.control if geo in panel.geos and geo not in gone)),
        before=int(np.searchsorted(panel.dates, np.datetime64(test.window.start))),
        end=end,
        reference=USUAL_DAYS // step,
    )


def _status(panel: Panel, lock: GeoLock) -> tuple[TestStatus, int, int]:
    """Where the test stands by the panel's last day, with days of the test that are in it and that are to come."""
    window, last = lock.test.window, panel.dates[-1].item() + timedelta(days=step_days(panel) - 1)
    length = (window.end - window.start).days + 1
    elapsed = max(0, min(length, (last - window.start).days + 1))
    if elapsed == 0:
        return TestStatus.NOT_STARTED, 0, length
    if elapsed < length:
        return TestStatus.RUNNING, elapsed, length - elapsed
    return (TestStatus.COOLDOWN if last < lock.last_day else TestStatus.OVER), length, 0


def _deliveries(watch: _Watch, lock: GeoLock) -> tuple[Delivery, ...]:
    if lock.test.spend is None:
        return ()
    values = watch.panel.spend[:, :, spend_channel(watch.panel, lock.test.spend)]
    return tuple(
        Delivery(
            geo=watch.panel.geos[row],
            planned=_planned(watch, lock, watch.panel.geos[row]),
            delivered=float(values[row, watch.before : watch.end].sum()),
            usual=float(values[row, max(0, watch.before - watch.reference) : watch.before].mean())
            * (watch.end - watch.before),
        )
        for row in watch.treated
    )


def _planned(watch: _Watch, lock: GeoLock, geo: str) -> float | None:
    """What a geo should have spent so far; a week that has begun counts by its days."""
    rows = [row for row in lock.spend_plan if row.geo == geo]
    if not rows:
        return None
    last = watch.panel.dates[watch.end - 1].item() + timedelta(days=step_days(watch.panel) - 1)
    return sum(row.planned * _share_of_week(row.start, lock.test.window.end, last) for row in rows)


def _share_of_week(start: date, test_end: date, last: date) -> float:
    days = min(7, (test_end - start).days + 1)
    return min(max((last - start).days + 1, 0), days) / days


def _leakage(watch: _Watch, lock: GeoLock) -> Leakage | None:
    if lock.test.spend is None:
        return None
    values = watch.panel.spend[:, :, spend_channel(watch.panel, lock.test.spend)]
    whole = departure(watch.sums(values, watch.control), watch.before, watch.reference, LEAST_CHANGE)
    geos = [
        ControlSpend(
            watch.panel.geos[row],
            departure(values[row, : watch.end], watch.before, watch.reference, LEAST_CHANGE_OF_ONE_GEO),
        )
        for row in watch.control
    ]
    periods = watch.end - watch.before
    of_treated = departure(watch.sums(values, watch.treated), watch.before, watch.reference, LEAST_CHANGE)
    withheld = (of_treated.usual - of_treated.now) * periods
    pushed = (whole.now - whole.usual) * periods
    return Leakage(
        controls=whole,
        geos=tuple(one for one in geos if one.departure.stands_out),
        withheld=max(0.0, withheld),
        pushed_share=pushed / withheld if withheld > 0 and pushed > 0 else None,
    )


def _other_changes(watch: _Watch, lock: GeoLock) -> tuple[OtherChange, ...]:
    """What else moved in the treated geos and not in the controls."""
    found = []
    for place, channel in enumerate(watch.panel.channels):
        if channel.name != lock.test.spend:
            values = watch.panel.spend[:, :, place]
            found.append(OtherChange(f"spend of {channel.name}", _against_controls(watch, values)))
    for place, control in enumerate(watch.panel.controls):
        if control.kind in WATCHED_CONTROLS:
            found.append(
                OtherChange(control.name, _level_against_controls(watch, watch.panel.control_values[:, :, place]))
            )
    return tuple(change for change in found if change.departure.stands_out)


def _against_controls(watch: _Watch, values: FloatArray) -> Departure:
    """Spend of the treated geos in units of what the controls spend, where they spend."""
    treated, control = watch.sums(values, watch.treated), watch.sums(values, watch.control)
    if not (control > 0).all():
        return departure(treated, watch.before, watch.reference, LEAST_CHANGE)
    return departure(treated / control * control[: watch.before].mean(), watch.before, watch.reference, LEAST_CHANGE)


def _level_against_controls(watch: _Watch, values: FloatArray) -> Departure:
    """Mean of the treated geos less that of the controls, on the treated geos' usual level."""
    level = float(np.abs(values[watch.treated, : watch.before]).mean())
    apart = (watch.sums(values, watch.treated) / len(watch.treated)) - watch.sums(values, watch.control) / len(
        watch.control
    )
    usual = float(apart[max(0, watch.before - watch.reference) : watch.before].mean())
    return departure(apart - usual + level, watch.before, watch.reference, LEAST_CHANGE_OF_PRICES)
