"""Stock, events, geo tests and kill switches as their files have them in, the `Circumstances` of a snapshot out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bidding.account_days import Availability, Events
from bidding.circumstances import Circumstances, Event, Freeze, Kill
from bidding.errors import BidError
from bidding.reports.rows import Rows
from bidding.reports.schema import Field, Schema, recognised
from bidding.reports.tables import read_tables
from bidding.snapshot import Platform, Snapshot

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

STOCK_DAYS = 2
"""Days after which what a file says of stock counts for nothing."""
FREEZE = Schema(
    "freeze file",
    Platform.OTHER,
    (
        Field("channel", ("channel",), required=True),
        Field("geo", ("geo",), required=True),
        Field("start", ("start",), required=True),
        Field("end", ("end",), required=True),
        Field("test", ("test",), required=True),
        Field("campaigns", ("campaigns",)),
    ),
)


def circumstances_of(
    snapshot: Snapshot,
    availability: Availability | None,
    events: Sequence[Event],
    freezes: Sequence[Freeze],
    kills: Sequence[Kill],
) -> Circumstances:
    """All of them together."""
    gone = None if availability is None else unavailable_targets(snapshot, availability)
    return Circumstances(gone, tuple(events), tuple(freezes), tuple(kills))


def unavailable_targets(snapshot: Snapshot, availability: Availability) -> BoolArray:
    """Targets whose product's newest row, at most two days old, says that it is gone, `(N,)`."""
    fresh = availability.day.astype("datetime64[D]") >= snapshot.today - np.timedelta64(STOCK_DAYS, "D")
    newest: dict[tuple[str, str], bool] = {}
    for row in np.argsort(availability.day, kind="stable"):
        if fresh[row]:
            key = (str(availability.sku[row]), str(availability.retailer[row]).casefold())
            newest[key] = not (availability.in_stock[row] and availability.buy_box[row])
    names = [
        {name.casefold(), platform.value, ""}
        for name, platform in zip(snapshot.channels, snapshot.platforms, strict=True)
    ]
    gone = {
        (sku, place)
        for (sku, retailer), lost in newest.items()
        if lost
        for place, own in enumerate(names)
        if retailer in own
    }
    channel = snapshot.channel_of_targets()
    pairs = zip(snapshot.targets.sku.tolist(), channel.tolist(), strict=True)
    return np.fromiter((pair in gone for pair in pairs), dtype=bool, count=len(channel))


def events_from(events: Events) -> tuple[Event, ...]:
    """One value per row of the file."""
    columns = zip(events.start, events.end, events.name, events.channel, events.multiplier, strict=True)
    return tuple(Event(start, end, str(name), str(channel), float(by)) for start, end, name, channel, by in columns)


def event_multipliers(events: Sequence[Event], channel: str, days: NDArray[np.datetime64]) -> FloatArray:
    """What events make of a channel's clicks on each day, `(days,)`; 1 on usual days."""
    by = np.ones(len(days))
    for event in events:
        if np.isfinite(event.multiplier):
            by *= np.array([event.multiplier if event.touches(channel, day) else 1.0 for day in days])
    return by


def read_freezes(path: Path, channels: Sequence[str]) -> tuple[Freeze, ...]:
    """Read `channel, geo, start, end, test` and optionally `campaigns` (ids, separated by `;`).

    Raises:
        BidError: any row cannot be used; a test that is left out in silence would be spoilt.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BidError(f"{path}: cannot be read ({error.strerror})") from None
    table = read_tables(path.name, content, FREEZE.known())[0]
    missing = FREEZE.missing(table.names())
    if missing:
        raise BidError(f"{path}: these columns are missing: {', '.join(missing)}")
    rows = Rows(table, recognised(table, (FREEZE,))[1], "")
    start, end, channel = rows.days("start"), rows.days("end"), rows.texts("channel")
    rows.lose_where(end < start, "end lies before start")
    for place, name in enumerate(channel):
        if name not in ("*", *channels):
            rows.lose(place, f"channel {name!r} is not in account.toml: one of {', '.join(channels)}, or *")
    lost = rows.rejected()
    if lost:
        raise BidError(f"{lost[0].file}, row {lost[0].row}: {lost[0].reason}")
    campaigns = rows.texts("campaigns") if rows.has("campaigns") else [""] * len(channel)
    columns = zip(channel, rows.texts("geo"), start, end, rows.texts("test"), campaigns, strict=True)
    return tuple(Freeze(c, geo, s, e, test, tuple(filter(None, own.split(";")))) for c, geo, s, e, test, own in columns)
