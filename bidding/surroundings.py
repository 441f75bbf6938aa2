"""Stock, events, geo tests and kill switches as their files have them in, the `Circumstances` of a snapshot out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bidding.account_days import Availability, Events
from bidding.circumstances import Circumstances, Event, Kill
from bidding.snapshot import Snapshot
from measurement.geotest.freeze import Freeze

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

STOCK_DAYS = 2
"""Days after which what a file says of stock counts for nothing."""


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


def freezes_elsewhere(freezes: Sequence[Freeze], channels: Sequence[str]) -> tuple[str, ...]:
    """One sentence on tests of channels that the account does not have: nothing is held for them."""
    others = sorted({one.channel for one in freezes if not any(one.names(channel) for channel in channels)})
    if not others:
        return ()
    return (f"the freeze list names {', '.join(others)}, not in account.toml: nothing is held for these tests",)
