"""A platform for tests: values in a file, one write at a time, each on disk at once; it counts its writes.

A bid stands under its target's id, everything else under its kind and id.

Run as a program it applies a run slowly, so that it can be killed at any point.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bidding.bulk.port import BidItem, ItemOutcome, ItemResult
from bidding.changes import ChangeKind
from bidding.ledger_file import FileLedger
from bidding.money import micros_from_text
from bidding.run import BidRun
from bidding.writing import WriteSettings, item_of, write_run_through


class LiveAccount:
    """A `BidPort` on a file of one line per write; the last line of an entity holds."""

    def __init__(self, path: Path, pause: float = 0.0) -> None:
        self.path = path
        self.pause = pause
        self.refuses: dict[str, ItemOutcome] = {}

    def start(self, values: dict[str, str]) -> None:
        lines = "".join(json.dumps([entity, value]) + "\n" for entity, value in values.items())
        self.path.write_text(lines, encoding="utf-8")

    def values(self) -> dict[str, str]:
        return dict(self._lines())

    def writes(self) -> Counter[str]:
        return Counter(entity for entity, _ in self._lines())

    def put(self, entity: str, value: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([entity, value]) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def apply(self, items: Sequence[BidItem]) -> tuple[ItemResult, ...]:
        values = self.values()
        return tuple(self._one(item, values.get(name_of(item.kind, item.entity))) for item in items)

    def live(self, entities: Sequence[tuple[str, ChangeKind]]) -> tuple[str | None, ...]:
        values = self.values()
        return tuple(values.get(name_of(kind, entity)) for entity, kind in entities)

    def _one(self, item: BidItem, live: str | None) -> ItemResult:
        if item.entity in self.refuses:
            return ItemResult(item.key, self.refuses[item.entity], live, "the platform says no")
        if live is None:
            return ItemResult(item.key, ItemOutcome.REFUSED, None, "it no longer exists")
        if micros_from_text(live) == micros_from_text(item.value):
            return ItemResult(item.key, ItemOutcome.UNCHANGED, live)
        if item.expected is not None and micros_from_text(live) != micros_from_text(item.expected):
            return ItemResult(item.key, ItemOutcome.CHANGED_ELSEWHERE, live, f"{live} is live, {item.expected} was")
        time.sleep(self.pause)
        self.put(name_of(item.kind, item.entity), item.value)
        return ItemResult(item.key, ItemOutcome.APPLIED, item.value)

    def _lines(self) -> list[list[str]]:
        text = self.path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def name_of(kind: ChangeKind, entity: str) -> str:
    """Under which name a value stands in the file."""
    return entity if kind is ChangeKind.BID else f"{kind.value} {entity}"


def before(run: BidRun) -> dict[str, str]:
    """What stood before a run, by name in the file."""
    items = [item_of(run, row) for row in range(len(run.changes))]
    return {name_of(item.kind, item.entity): str(item.expected) for item in items}


def after(run: BidRun) -> dict[str, str]:
    """What a run sets, by name in the file."""
    items = [item_of(run, row) for row in range(len(run.changes))]
    return {name_of(item.kind, item.entity): item.value for item in items}


def main(ledger: str, run: str, live: str, pause: str) -> None:
    book = FileLedger(Path(ledger))
    made = book.load_run(run)
    print("ready", flush=True)
    write_run_through(made, book, LiveAccount(Path(live), float(pause)), WriteSettings(made.day, batch=5))


if __name__ == "__main__":
    main(*sys.argv[1:])
