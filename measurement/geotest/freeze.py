"""Locked tests in, the list of channels, geos and days that bidding must leave alone out, and back from its file.

All geos of a test are frozen, controls too: a control whose bids move is no control. Times include the cooldown.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from measurement.dates import labels_of
from measurement.errors import FreezeError
from measurement.geotest.registration import GeoLock
from measurement.panel_file import Table, read_table

COLUMNS = ("channel", "geo", "start", "end", "test")
CAMPAIGNS = "campaigns"
"""A column that a person may add: ids, parted by `;`, of the campaigns that alone reach the geo."""
EVERY = "*"
"""Stands for all channels, where a test names none."""


@dataclass(frozen=True)
class Freeze:
    """Bids and budgets of `channel` in `geo` stay as they are from `start` to `end`, both included.

    `campaigns` are ids of those that alone reach the geo; () where they cannot be told apart.
    """

    channel: str
    geo: str
    start: date
    end: date
    test: str
    campaigns: tuple[str, ...] = ()

    def names(self, channel: str) -> bool:
        """Whether it is of this channel; names are compared without case."""
        return self.channel.casefold() in (EVERY, channel.casefold())

    def is_on(self, channel: str, day: date) -> bool:
        """Whether this freeze touches a channel on a day, in whatever geo."""
        return self.names(channel) and self.start <= day <= self.end

    def holds(self, channel: str, geo: str, day: date) -> bool:
        """Whether this freeze covers a channel in a geo on a day; names are compared without case."""
        return self.is_on(channel, day) and self.geo.casefold() == geo.casefold()


def freezes_of(locks: Iterable[GeoLock]) -> tuple[Freeze, ...]:
    """What the tests freeze, treated geos first, test by test."""
    return tuple(
        Freeze(lock.test.spend or EVERY, geo, lock.test.window.start, lock.last_day, lock.name)
        for lock in locks
        for geo in lock.geos
    )


def overlaps(freezes: Sequence[Freeze]) -> tuple[str, ...]:
    """Sentences on tests that share a channel and a geo at the same time, one for every two tests."""
    told: dict[tuple[str, str], Freeze] = {}
    by_geo: dict[str, list[Freeze]] = {}
    for one in freezes:
        for other in by_geo.setdefault(one.geo.casefold(), []):
            same = EVERY in (one.channel, other.channel) or one.channel.casefold() == other.channel.casefold()
            if other.test != one.test and same and one.start <= other.end and other.start <= one.end:
                told.setdefault((other.test, one.test), one)
        by_geo[one.geo.casefold()].append(one)
    return tuple(
        f"tests {first!r} and {second!r} overlap in time and share geos, first {one.geo!r}: neither can be told "
        "from the other there; move one of them"
        for (first, second), one in told.items()
    )


def to_csv(freezes: Sequence[Freeze]) -> str:
    """The file's text, with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((one.channel, one.geo, one.start, one.end, one.test) for one in freezes)
    return text.getvalue()


def read_freeze(path: Path) -> tuple[Freeze, ...]:
    """Read a freeze list; a file with its header alone freezes nothing.

    Raises:
        FreezeError: a column or a name is missing, a day is not an ISO date, an end lies before its start, or a geo is
            spelt in two ways.
        PanelError: the file cannot be read as a table.
    """
    if not path.exists():
        raise FreezeError(f"there is no freeze list {path}: write one with rmo geo freeze LOCK --out {path}")
    if path.read_text(encoding="utf-8-sig", errors="replace").strip() == ",".join(COLUMNS):
        return ()
    table = read_table(path)
    cells = [_texts(table, path, column) for column in COLUMNS]
    own = _texts(table, path, CAMPAIGNS) if CAMPAIGNS in table.columns else ("",) * len(table.rows)
    found: dict[Freeze, None] = {}
    spellings: dict[str, str] = {}
    for row, channel, geo, start, end, test, ids in zip(table.rows, *cells, own, strict=True):
        where = f"{path}, row {row}"
        for name, value in (("channel", channel), ("geo", geo), ("test", test)):
            if not value:
                raise FreezeError(f"{where}: {name} is empty: name it ('{EVERY}' stands for every channel)")
        other = spellings.setdefault(geo.casefold(), geo)
        if other != geo:
            raise FreezeError(f"{where}: geo {geo!r} is spelt {other!r} above: write one geo in one way")
        first, last = _day(start, "start", where), _day(end, "end", where)
        if last < first:
            raise FreezeError(f"{where}: ends on {last}, before it starts on {first}: correct one of the two")
        campaigns = tuple(part.strip() for part in ids.split(";") if part.strip())
        found[Freeze(channel, geo, first, last, test, campaigns)] = None
    return tuple(found)


def _texts(table: Table, path: Path, column: str) -> tuple[str, ...]:
    if column not in table.columns:
        raise FreezeError(f"{path} has no column {column!r}: a freeze list has the columns {', '.join(COLUMNS)}")
    cells = table.columns[column]
    texts = labels_of(cells) if isinstance(cells, np.ndarray) else cells
    return tuple(text.strip() for text in texts)


def _day(text: str, column: str, where: str) -> date:
    try:
        return date.fromisoformat(text[:10] if len(text) > 10 and text[10] in " T" else text)
    except ValueError:
        raise FreezeError(f"{where}: {column} {text!r} is not a date: write YYYY-MM-DD") from None
