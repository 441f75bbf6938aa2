"""A locked test's log in, the test without its exclusions out: geos leave with a reason, before the result is shown."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from measurement.errors import LockError
from measurement.geotest.lock_file import Event, LockFile, append_entry, read_lock
from measurement.geotest.specification import Cell, GeoTest
from measurement.panel_map import nearest

LEAST_REASON = 8
"""Characters of a reason."""


def exclude(path: Path, geo: str, reason: str, at: datetime) -> LockFile:
    """Log that a geo leaves the test, and why.

    Raises:
        LockError: the result has been shown already, the geo is not in the test or left before, or no reason is given.
    """
    file = read_lock(path)
    shown = file.events(Event.ANALYSED)
    if shown:
        raise LockError(
            f"the result of {file.lock.name!r} was first shown on {shown[0].at.date()}: who knows it cannot exclude "
            "geos any more; report the test as it is, and name your doubts beside it"
        )
    if geo not in file.lock.geos:
        raise LockError(f"geo {geo!r} is not in the test: {nearest(geo, file.lock.geos)}")
    if geo in dict(exclusions(file)):
        raise LockError(f"geo {geo!r} is excluded already: {dict(exclusions(file))[geo]}")
    if len(reason.strip()) < LEAST_REASON:
        raise LockError(f"the reason {reason.strip()!r} says too little: write what happened, as to an auditor")
    remaining(file, geo)
    return append_entry(path, Event.EXCLUDED, at, {"geo": geo, "reason": reason.strip()})


def exclusions(file: LockFile) -> tuple[tuple[str, str], ...]:
    """Geo and reason of each, in order."""
    return tuple((entry.detail["geo"], entry.detail["reason"]) for entry in file.events(Event.EXCLUDED))


def remaining(file: LockFile, *further: str) -> GeoTest:
    """The locked test without what was excluded, and without `further`.

    Raises:
        LockError: no treated geo, or none of a cell, is left.
    """
    gone = {*dict(exclusions(file)), *further}
    test = file.lock.test
    treated = tuple(geo for geo in test.treated if geo not in gone)
    pairs = tuple(pair for pair in test.pairs if not {pair.treated, pair.control} & gone)
    if test.pairs:
        treated = tuple(pair.treated for pair in pairs)
    cells = tuple(Cell(cell.name, tuple(geo for geo in cell.geos if geo not in gone)) for cell in test.cells)
    if not treated or any(not cell.geos for cell in cells):
        raise LockError("without that geo nobody is left in the test or in one of its cells: stop the test instead")
    alone = {pair.treated for pair in test.pairs} | {pair.control for pair in test.pairs}
    alone -= {name for pair in pairs for name in (pair.treated, pair.control)}
    excluded = dict.fromkeys((*test.excluded, *sorted(gone | alone)))
    return replace(test, treated=treated, pairs=pairs, cells=cells, excluded=tuple(excluded))
