"""A run's items in, a platform's bulk files in a folder out: the port for whoever uploads files.

A person uploads them, so "written" means that the file lies there; whether the platform took it, the next reports tell:
what is live is what fresh reports say.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bidding.account import Account
from bidding.bulk.port import BidItem, ItemOutcome, ItemResult
from bidding.changes import BidChange, ChangeKind
from bidding.errors import BidError
from bidding.money import text_of
from bidding.reasons import change_of
from bidding.rollback import live_in
from bidding.run import BidRun
from bidding.snapshot import Snapshot

WriteBulk = Callable[[Sequence[BidChange], Snapshot, Account, Path], tuple[Path, ...]]


class BulkFilePort:
    """Writes the items of a call into files named by run and first item: the same call, the same names."""

    def __init__(self, run: BidRun, folder: Path, write_bulk: WriteBulk, reported: Snapshot | None = None) -> None:
        """Args: the run; where files go; who writes them; the account as fresh reports have it, where there are any."""
        self._reported = reported
        self._run = run
        self._folder = folder
        self._write_bulk = write_bulk
        self.files: list[Path] = []

    def apply(self, items: Sequence[BidItem]) -> tuple[ItemResult, ...]:
        """See `BidPort`; a file appears under its name only when it is complete."""
        rows = [int(item.key.rsplit(":", 1)[1]) for item in items]
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".bids-", dir=self._folder))
        try:
            changes = [change_of(self._run, row) for row in rows]
            for file in self._write_bulk(changes, self._run.written, self._run.account, fresh):
                part = f"-{rows[0]}" if rows[0] else ""
                final = self._folder / f"{self._run.id}{part}-{file.name}"
                file.replace(final)
                self.files.append(final)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return tuple(ItemResult(item.key, ItemOutcome.APPLIED) for item in items)

    def live(self, entities: Sequence[tuple[str, ChangeKind]]) -> tuple[str | None, ...]:
        """What fresh reports say.

        Raises:
            BidError: there are none, and files cannot tell what is in force.
        """
        if self._reported is None:
            raise BidError("files cannot tell what is live: give fresh reports with --reports DIR")
        known = live_in(self._reported)
        values = [known.get((kind, entity)) for entity, kind in entities]
        return tuple(None if value is None else text_of(value) for value in values)
