"""Stock by day (`availability.csv`) and days of unusual demand (`events.csv`) in, checked values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidding.errors import BidError
from bidding.reports.rows import Rows
from bidding.reports.schema import Field, Schema, recognised
from bidding.reports.table import Table
from bidding.reports.tables import read_tables
from bidding.snapshot import BoolArray, Days, FloatArray, Platform, RejectedRow, Texts
from optimizer.errors import unknown_name

YES = frozenset({"1", "1.0", "true", "yes", "y"})
NO = frozenset({"0", "0.0", "false", "no", "n"})
LARGEST_MULTIPLIER = 10.0
AVAILABILITY = Schema(
    "availability.csv",
    Platform.OTHER,
    (
        Field("day", ("date",), required=True),
        Field("sku", ("sku",), required=True),
        Field("retailer", ("retailer",), required=True),
        Field("in_stock", ("in_stock",), required=True),
        Field("buy_box", ("buy_box",)),
    ),
)
EVENTS = Schema(
    "events.csv",
    Platform.OTHER,
    (
        Field("start", ("start",), required=True),
        Field("end", ("end",), required=True),
        Field("name", ("name",), required=True),
        Field("channel", ("channel",)),
        Field("multiplier", ("multiplier",), required=True),
    ),
)


@dataclass(frozen=True, eq=False)
class Availability:
    """Stock and buy box by day, product and retailer, R rows; one per day, product and retailer.

    Attributes:
        day, sku, retailer: `(R,)`.
        in_stock, buy_box: `(R,)`; the buy box counts as held where the file does not tell.
        rejected: rows that were left out.
    """

    day: Days
    sku: Texts
    retailer: Texts
    in_stock: BoolArray
    buy_box: BoolArray
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, eq=False)
class Events:
    """Days on which demand differs, E rows.

    Attributes:
        start, end: first and last day, `(E,)`.
        name: `(E,)`.
        channel: of the plan, or "" for all, `(E,)`.
        multiplier: of sales per click against an ordinary day, above 0, `(E,)`.
    """

    start: Days
    end: Days
    name: Texts
    channel: Texts
    multiplier: FloatArray


def read_availability(path: Path | str) -> Availability:
    """Read `date, sku, retailer, in_stock, buy_box`; rows that cannot be read are left out and named.

    Raises:
        BidError: the file cannot be read or misses a column.
    """
    rows = _rows(Path(path), AVAILABILITY)
    day = rows.days("day")
    sku, retailer = rows.texts("sku"), rows.texts("retailer")
    rows.lose_where(sku == "", "sku is empty")
    in_stock = _truths(rows, "in_stock")
    buy_box = _truths(rows, "buy_box") if rows.has("buy_box") else np.ones(len(day), dtype=bool)
    seen: dict[tuple[object, str, str], int] = {}
    for place, key in enumerate(zip(day.tolist(), sku, retailer, strict=True)):
        first = seen.setdefault(key, place)
        if first != place:
            rows.lose(place, f"day, sku and retailer stand in row {rows.table.rows[first]} already")
    kept = rows.kept()
    return Availability(day[kept], sku[kept], retailer[kept], in_stock[kept], buy_box[kept], rows.rejected())


def read_events(path: Path | str, channels: Sequence[str] = ()) -> Events:
    """Read `start, end, name, channel, multiplier`; `channels` are the known ones, () leaves them unchecked.

    Raises:
        BidError: any row cannot be used: an event that is left out in silence costs more than one corrected.
    """
    rows = _rows(Path(path), EVENTS)
    start, end = rows.days("start"), rows.days("end")
    multiplier = rows.numbers("multiplier", empty=np.nan)
    channel = rows.texts("channel")
    rows.lose_where(end < start, "end lies before start")
    rows.lose_where(
        ~((multiplier > 0) & (multiplier <= LARGEST_MULTIPLIER)),
        f"multiplier must be above 0 and at most {LARGEST_MULTIPLIER:g}: 1.5 is half as much again",
    )
    if channels:
        for place, name in enumerate(channel):
            if name and name not in channels:
                rows.lose(place, unknown_name("channel", name, channels))
    lost = rows.rejected()
    if lost:
        raise BidError(f"{lost[0].file}, row {lost[0].row}: {lost[0].reason}")
    return Events(start, end, rows.texts("name"), channel, multiplier)


def _rows(path: Path, schema: Schema) -> Rows:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BidError(f"{path}: cannot be read ({error.strerror})") from None
    table = read_tables(path.name, content, schema.known())[0]
    places = _places(table, schema)
    return Rows(table, places, "")


def _places(table: Table, schema: Schema) -> Mapping[str, int]:
    names = table.names()
    missing = schema.missing(names)
    if missing:
        raise BidError(f"{table.file}: these columns are missing: {', '.join(missing)}")
    return recognised(table, (schema,))[1]


def _truths(rows: Rows, field: str) -> BoolArray:
    texts = [text.strip().casefold() for text in rows.raw(field)]
    for place, text in enumerate(texts):
        if text not in YES and text not in NO:
            rows.lose(place, f"{field}: {text!r} is neither true nor false")
    return np.array([text in YES for text in texts], dtype=bool)
