"""What is remembered of runs: proposed, approved, written item by item, put back, stopped. Values and a protocol.

A ledger only grows. `bidding/ledger_file.py` keeps one in a folder; a service may keep it elsewhere.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from bidding.circumstances import Kill
from bidding.run import BidRun


class EntryKind(Enum):
    """What happened."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLYING = "applying"
    """These items are about to be written: after a crash it is not known whether they were."""
    APPLIED = "applied"
    """What became of these items."""
    KILLED = "killed"
    LIFTED = "lifted"
    TORN = "torn"
    """An unfinished line was found and set aside: whoever wrote it was stopped in the middle."""


@dataclass(frozen=True)
class Entry:
    """One line: place from 1, time (UTC, ISO), kind, content, hash of the line before and of this one."""

    seq: int
    at: str
    kind: EntryKind
    content: Mapping[str, Any]
    previous: str
    hash: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self)) | {"kind": self.kind.value, "content": dict(self.content)}


class Ledger(Protocol):
    """What proposing, approving, writing and putting back need of a memory."""

    def entries(self) -> Sequence[Entry]:
        """Everything so far, oldest first. Raises BidError where it was altered."""
        ...

    def append(self, kind: EntryKind, content: Mapping[str, Any]) -> Entry:
        """Add one entry; it is on disk when this returns."""
        ...

    def save_run(self, run: BidRun) -> None:
        """Keep a run, for good, and note that it was proposed; a run that is there already stays as it is."""
        ...

    def load_run(self, name: str) -> BidRun:
        """A run by its id or the beginning of one. Raises BidError where there is none or it was altered."""
        ...

    def kills(self) -> tuple[Kill, ...]:
        """Kill switches that are on."""
        ...

    def stop_all(self, on: bool, words: str) -> None:
        """Stop every account that shares this memory's place, or let them run again."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else writes meanwhile. Raises BidError where somebody does."""
        ...
