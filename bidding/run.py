"""A night's run: every change and everything held back, as columns, sealed with the hash of its content. Values only.

Columns, because a million changes as objects would not fit; `bidding/reasons.py` makes the sentences of those shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.alerts import Alert
from bidding.changes import ChangeKind, Totals
from bidding.snapshot import RejectedRow, Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Texts = NDArray[np.object_]
Days = NDArray[np.datetime64]

KINDS = tuple(ChangeKind)
"""`kind` columns hold places in it."""


@dataclass(frozen=True, eq=False)
class ChangeTable:
    """K changes; arrays `(K,)`, values in millionths.

    Attributes:
        kind: place in `KINDS`.
        entity: the platform's id.
        channel: place in `BidRun.channels`.
        old, new: in force, and what replaces it; see `in_force` for what millionths are of.
        wanted: what the data ask for before any guardrail.
        base: what replaces it before its jitter, where no guardrail limited it; else `new`.
        binding: the `Guard` that limited it, or `NONE`.
        worth: profit per click before its cost, money; NaN for all but bids per click.
        clicks, clicks_sd, cost, cost_sd, sales, sales_sd: expected at the new value, on an average day of the next
            seven, chance included; NaN where unknown.
    """

    kind: IntArray
    entity: Texts
    channel: IntArray
    old: IntArray
    new: IntArray
    wanted: IntArray
    base: IntArray
    binding: IntArray
    worth: FloatArray
    clicks: FloatArray
    clicks_sd: FloatArray
    cost: FloatArray
    cost_sd: FloatArray
    sales: FloatArray
    sales_sd: FloatArray

    def __len__(self) -> int:
        return len(self.entity)

    def take(self, rows: NDArray[Any]) -> "ChangeTable":
        """The same columns for some rows."""
        found: ChangeTable = take(self, rows)
        return found


@dataclass(frozen=True, eq=False)
class HeldTable:
    """What would have moved and did not; arrays `(H,)`: kind, the platform's id, channel, the `Guard`."""

    kind: IntArray
    entity: Texts
    channel: IntArray
    guard: IntArray

    def __len__(self) -> int:
        return len(self.entity)


@dataclass(frozen=True, eq=False)
class ManualTable:
    """Values that a person has changed: kind, id, the value seen (millionths) and since when; arrays `(P,)`."""

    kind: IntArray
    entity: Texts
    value: IntArray
    since: Days

    def __len__(self) -> int:
        return len(self.entity)


@dataclass(frozen=True, eq=False)
class BidRun:
    """A night's answer; never changed after it is sealed.

    Attributes:
        day: for which bids are set.
        account: as it was, limits included.
        channels: names, in the order of `channel` columns.
        changes, held, manual: see there.
        written: the part of the snapshot that bulk files need: changed targets and their campaigns, no results.
        rejected, alerts, notes: as found.
        totals: expected per day.
        expected_cost: by channel, money of the run's own day: at the values in force, and at the new ones.
        approval: why a person must approve, in sentences; empty where nobody need.
        shadow_price: by channel.
        why: `<guard>:<channel>` → the end of a guardrail's sentence.
        sources: SHA-256 of every input by name.
        reverses: id of the run that this one puts back, or "".
        id: of the content; "" until sealed.
    """

    day: np.datetime64
    account: Account
    channels: tuple[str, ...]
    changes: ChangeTable
    held: HeldTable
    manual: ManualTable
    written: Snapshot
    rejected: tuple[RejectedRow, ...]
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...]
    totals: Totals
    approval: tuple[str, ...]
    shadow_price: Mapping[str, float]
    why: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    expected_cost: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reverses: str = ""
    id: str = ""

    @property
    def needs_approval(self) -> bool:
        """Whether a person must approve before anything is written."""
        return bool(self.approval)


def columns_of(table: Any) -> dict[str, NDArray[Any]]:
    """Name → column, in the order in which the class states them."""
    return {column.name: getattr(table, column.name) for column in fields(table)}


def take(table: Any, rows: NDArray[Any]) -> Any:
    """The same table with some of its rows."""
    return type(table)(**{name: column[rows] for name, column in columns_of(table).items()})


def join(*tables: Any) -> Any:
    """Tables of one kind, one under the other."""
    columns = [columns_of(table) for table in tables]
    return type(tables[0])(**{name: np.concatenate([each[name] for each in columns]) for name in columns[0]})
