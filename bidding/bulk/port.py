"""The port through which changes reach a platform: items in, one answer per item out.

A bulk file and an API client fit it alike. Platforms answer per item (Amazon with 207), so that some items of one
request may be taken and others not: whoever calls keeps each answer by its item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bidding.changes import ChangeKind


class ItemOutcome(Enum):
    """What became of one item."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    """The live value was the wanted one already."""
    CHANGED_ELSEWHERE = "changed_elsewhere"
    """The live value is not the one that the item expects: a person or another tool changed it; nothing was written."""
    REFUSED = "refused"
    """The platform will not take it; trying again gives the same answer."""
    RETRY = "retry"
    """Not written, for a passing reason such as a rate limit; the same item may be sent again."""


@dataclass(frozen=True)
class BidItem:
    """One value to write.

    Attributes:
        key: the caller's name of the item, unique in a call and the same when it is sent again.
        platform, entity, kind: as in `BidChange`.
        expected: exact decimal text that the live value must have, or None to write whatever stands there.
        value: exact decimal text to write.
    """

    key: str
    platform: str
    entity: str
    kind: ChangeKind
    expected: str | None
    value: str


@dataclass(frozen=True)
class ItemResult:
    """The answer to one item: its key, the outcome, the live value afterwards where known, a sentence otherwise."""

    key: str
    outcome: ItemOutcome
    live: str | None = None
    message: str = ""


class BidPort(Protocol):
    """Whatever can write values to a platform."""

    def apply(self, items: Sequence[BidItem]) -> tuple[ItemResult, ...]:
        """Write the items; one result per item, in their order. Sending an item again never writes it twice.

        Raises:
            BidError: nothing could be written at all: no access, no such account.
        """
        ...

    def live(self, entities: Sequence[tuple[str, ChangeKind]]) -> tuple[str | None, ...]:
        """The value in force of each entity, exact decimal text; None where it does not exist."""
        ...
