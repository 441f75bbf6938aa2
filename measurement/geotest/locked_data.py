"""A panel in, a mark of every geo and period out; and what has changed in a later panel against these marks.

Marks are four bytes of a hash each, so a lock can name a restated geo and day without holding anybody's sales.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.arrangement import outcome_of, spend_channel
from measurement.panel import Frequency, Panel, panel_hash
from measurement.panel_checks import name_list

BYTES = 4
DIGITS = 9
"""Significant digits that a mark distinguishes."""
MOST_CHANGED = 0.5
"""Share of changed geo-periods beyond which it is another panel."""


@dataclass(frozen=True)
class LockedData:
    """What the data were when a test was locked.

    Attributes:
        panel_sha256: of the whole panel.
        first, last: first day of its first and last period.
        frequency: daily or weekly.
        marks: by geo of the test, one mark a period, base64.
    """

    panel_sha256: str
    first: date
    last: date
    frequency: Frequency
    marks: Mapping[str, str]


def mark(panel: Panel, geos: Sequence[str], outcome: str | None, spend: str | None) -> LockedData:
    """Mark outcome and tested spend of these geos in every period of the panel."""
    return LockedData(
        panel_sha256=panel_hash(panel),
        first=panel.dates[0].item(),
        last=panel.dates[-1].item(),
        frequency=panel.frequency,
        marks=_marks(panel, geos, outcome, spend),
    )


def restated(locked: LockedData, panel: Panel, outcome: str | None, spend: str | None) -> tuple[str, ...]:
    """Sentences on the locked geos and days that are missing from a later panel or differ in it.

    Raises:
        GeoTestError: so much differs that it is another panel.
    """
    if panel.frequency is not locked.frequency:
        raise GeoTestError(
            f"the lock was made on a {locked.frequency.value} panel and this one is {panel.frequency.value}: give the "
            "panel that the test was locked on, with its later days"
        )
    step = np.timedelta64(7 if locked.frequency is Frequency.WEEKLY else 1, "D")
    days = np.arange(np.datetime64(locked.first), np.datetime64(locked.last) + step, step)
    there = tuple(geo for geo in locked.marks if geo in panel.geos)
    now = _marks(panel, there, outcome, spend)
    missing, told, changed = [], [], 0
    for geo, marks in locked.marks.items():
        if geo not in there:
            missing.append(geo)
            changed += len(days)
            continue
        places = _changed_places(panel, days, base64.b64decode(marks), base64.b64decode(now[geo]))
        changed += len(places)
        if len(places):
            told.append(f"geo {geo!r}: {_shown([str(days[place]) for place in places])}")
    if changed > MOST_CHANGED * len(days) * len(locked.marks):
        raise GeoTestError(
            f"{changed:,} of the {len(days) * len(locked.marks):,} locked geo-periods are missing from this panel or "
            "differ: it is not the panel that the test was locked on; give that panel, with its later days"
        )
    if missing:
        told.insert(0, f"no longer in the panel, or with gaps: {name_list(missing)}")
    return tuple(told)


def _changed_places(panel: Panel, days: np.ndarray, then: bytes, now: bytes) -> list[int]:
    """Places among the locked days whose mark differs, or whose day the panel has no longer."""
    place_now = {day: place for place, day in enumerate(panel.dates)}
    changed = []
    for place, day in enumerate(days):
        at = place_now.get(day)
        if at is None or now[BYTES * at : BYTES * (at + 1)] != then[BYTES * place : BYTES * (place + 1)]:
            changed.append(place)
    return changed


def _shown(days: Sequence[str], longest: int = 5) -> str:
    return ", ".join(days[:longest]) + (f" and {len(days) - longest} more" if len(days) > longest else "")


def _marks(panel: Panel, geos: Sequence[str], outcome: str | None, spend: str | None) -> dict[str, str]:
    _, values, _ = outcome_of(panel, outcome)
    spent = np.zeros_like(values) if spend is None else panel.spend[:, :, spend_channel(panel, spend)]
    days = [str(day) for day in panel.dates]
    place = {geo: row for row, geo in enumerate(panel.geos)}
    return {
        geo: base64.b64encode(
            b"".join(
                hashlib.sha256(f"{geo}|{day}|{_plain(sold)}|{_plain(paid)}".encode()).digest()[:BYTES]
                for day, sold, paid in zip(days, values[place[geo]], spent[place[geo]], strict=True)
            )
        ).decode()
        for geo in geos
    }


def _plain(value: float) -> str:
    return f"{value + 0.0:.{DIGITS}g}"
