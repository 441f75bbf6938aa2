"""How far a run has come: a ledger's entries in; who approved it and what became of each of its items out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.bulk.port import ItemOutcome
from bidding.ledger import Entry, EntryKind

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RunState:
    """What a ledger knows of one run with K items.

    Attributes:
        approved_by, approved_at: "" where nobody approved.
        settled: items that are not to be sent again, `(K,)`.
        ours: items whose new value we wrote, `(K,)`.
        in_doubt: items that were about to be written when something stopped, `(K,)`.
        failed: item → outcome and sentence of what was not written.
        last_at: time of the last thing written, "" where nothing was.
    """

    approved_by: str
    approved_at: str
    settled: BoolArray
    ours: BoolArray
    in_doubt: BoolArray
    failed: Mapping[int, str]
    last_at: str

    @property
    def touched(self) -> bool:
        """Whether writing has begun."""
        return bool(self.settled.any() or self.in_doubt.any() or self.failed)


def state_of_run(entries: Sequence[Entry], run: str, count: int) -> RunState:
    """Read the entries of one run in order."""
    approved_by = approved_at = last_at = ""
    settled, ours, doubt = (np.zeros(count, dtype=bool) for _ in range(3))
    failed: dict[int, str] = {}
    for entry in entries:
        if entry.content.get("run") != run:
            continue
        if entry.kind is EntryKind.APPROVED and not approved_by:
            approved_by, approved_at = str(entry.content["by"]), entry.at
        elif entry.kind is EntryKind.APPLYING:
            doubt[items_from(entry.content["items"])] = True
        elif entry.kind is EntryKind.APPLIED:
            items = items_from(entry.content["items"])
            last_at = entry.at
            doubt[items] = False
            not_ours = [int(item) for item in entry.content["not_written"]]
            again = [int(item) for item in entry.content["again"]]
            settled[items], ours[items] = True, True
            ours[not_ours] = False
            settled[again] = ours[again] = False
            sent = set(items.tolist())
            failed = {item: words for item, words in failed.items() if item not in sent}
            failed |= {int(item): str(words) for item, words in entry.content["failed"].items()}
    return RunState(approved_by, approved_at, settled, ours, doubt, failed, last_at)


def ranges_of(items: IntArray) -> list[list[int]]:
    """Sorted items as `[first, last + 1]` ranges."""
    if not len(items):
        return []
    breaks = np.flatnonzero(np.diff(items) != 1)
    starts = items[np.concatenate([[0], breaks + 1])]
    stops = items[np.concatenate([breaks, [len(items) - 1]])] + 1
    return [[int(start), int(stop)] for start, stop in zip(starts, stops, strict=True)]


def items_from(ranges: Iterable[Sequence[int]]) -> IntArray:
    """The items that ranges hold."""
    parts = [np.arange(start, stop) for start, stop in ranges]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def is_failure(outcome: ItemOutcome) -> bool:
    """Whether a person should hear of it."""
    return outcome in (ItemOutcome.CHANGED_ELSEWHERE, ItemOutcome.REFUSED, ItemOutcome.RETRY)
