"""A panel and a locked test that is over in, its registered analysis out: nothing is chosen any more."""

from dataclasses import replace
from datetime import timedelta

from measurement.errors import GeoTestError
from measurement.geotest.analysis import analyze_geo_test
from measurement.geotest.exclusions import exclusions, remaining
from measurement.geotest.lock_file import Event, LockFile
from measurement.geotest.locked_data import restated
from measurement.geotest.monitoring import monitor
from measurement.geotest.registration import step_days
from measurement.geotest.result import GeoTestResult, Registered
from measurement.geotest.specification import GeoTest
from measurement.panel import Panel
from measurement.reading import ReadPanel


def analyze_registered(read: ReadPanel, file: LockFile, *, accept_restated: bool = False) -> GeoTestResult:
    """Analyse a locked test.

    Args:
        read: the panel that it was locked on, with its later days.
        file: the lock and its log.
        accept_restated: whether locked days whose data have changed since may be used as they are now.

    Raises:
        GeoTestError: the panel is another one, lacks days of the test, or holds locked days restated.
    """
    changed = _restated(read.panel, file)
    if changed and not accept_restated:
        raise GeoTestError(
            f"data that were locked on {file.lock.locked_at.date()} have changed since ({'; '.join(changed)}): restore "
            "them, log the geo's exclusion with its reason (rmo geo exclude), or use them as they are now with "
            "--accept-restated, which the report will state"
        )
    test, notes = _as_of_now(read.panel, file)
    result = analyze_geo_test(read, test, file.lock.settings)
    registration = Registered(
        test=file.lock.name,
        lock_hash=file.hash,
        locked_at=file.lock.locked_at,
        test_start=test.window.start,
        after_the_fact=file.lock.after_the_fact,
        exclusions=exclusions(file),
        analyses=len(file.events(Event.ANALYSED)),
        restated=changed,
    )
    astray = tuple(f"the test did not run as locked: {sentence}" for sentence in monitor(read, file).contaminations)
    left_out = tuple(sorted({*result.left_out, *dict(exclusions(file))}))
    return replace(result, registration=registration, left_out=left_out, warnings=(*astray, *notes, *result.warnings))


def _restated(panel: Panel, file: LockFile) -> tuple[str, ...]:
    gone = dict(exclusions(file))
    data = file.lock.data
    kept = replace(data, marks={geo: marks for geo, marks in data.marks.items() if geo not in gone})
    return restated(kept, panel, file.lock.test.outcome, file.lock.test.spend)


def _as_of_now(panel: Panel, file: LockFile) -> tuple[GeoTest, tuple[str, ...]]:
    """The locked test without its exclusions, geos that joined the panel later left out, and what to say of it."""
    test, lock = remaining(file), file.lock
    strangers = tuple(geo for geo in panel.geos if geo not in lock.geos)
    excluded = tuple(geo for geo in dict.fromkeys((*test.excluded, *strangers)) if geo in panel.geos)
    test = replace(test, excluded=excluded)
    window, notes = test.window, []
    last = panel.dates[-1].item() + timedelta(days=step_days(panel) - 1)
    if window.cooldown_end is not None and last < window.cooldown_end:
        notes.append(f"the cooldown runs to {window.cooldown_end} and the panel to {last}: it is not counted yet")
        test = replace(test, window=replace(window, cooldown_end=None))
    first_unlocked = lock.data.last + timedelta(days=step_days(panel))
    if first_unlocked < window.start:
        notes.append(f"data from {first_unlocked} to the test's start came after the lock, so they are not locked")
    return test, tuple(notes)
