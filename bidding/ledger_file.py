"""A ledger in a folder: `journal.jsonl`, one folder per run, a lock, and `STOP` files as kill switches.

A file named `STOP` in the ledger's folder stops the account, one in the folder above it stops every account whose
ledger lies there: a person without this program can make one.
"""

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bidding.circumstances import Kill, KillScope
from bidding.errors import BidError
from bidding.journal import Journal
from bidding.ledger import Entry, EntryKind
from bidding.run import BidRun
from bidding.run_file import read_run, write_run

STOP = "STOP"


def utc_now() -> str:
    """The time, ISO, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class FileLedger:
    """A ledger in a folder; the folder is made with the first run."""

    def __init__(self, folder: Path, clock: Callable[[], str] = utc_now) -> None:
        self.folder = folder
        self._clock = clock
        self._journal = Journal(folder / "journal.jsonl")

    def entries(self) -> Sequence[Entry]:
        """See `Ledger`."""
        return self._journal.entries()

    def torn(self) -> bytes:
        """An unfinished line at the end of the journal; empty where there is none."""
        return self._journal.torn()

    def append(self, kind: EntryKind, content: Mapping[str, Any]) -> Entry:
        """See `Ledger`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # Whoever writes a run holds `lock` for as long as that takes; a kill switch must not wait for it.
        with (self.folder / "turns").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            return self._journal.append(kind, content, self._clock())

    def save_run(self, run: BidRun) -> None:
        """See `Ledger`."""
        write_run(run, self.folder / "runs" / run.id)
        known = any(e.kind is EntryKind.PROPOSED and e.content["run"] == run.id for e in self.entries())
        if not known:
            counts = {"changes": len(run.changes), "held": len(run.held), "manual": len(run.manual)}
            content = {"run": run.id, "day": str(run.day), "needs_approval": run.needs_approval} | counts
            self.append(EntryKind.PROPOSED, content | ({"reverses": run.reverses} if run.reverses else {}))

    def load_run(self, name: str) -> BidRun:
        """See `Ledger`."""
        proposed = [str(e.content["run"]) for e in self.entries() if e.kind is EntryKind.PROPOSED]
        found = [run for run in proposed if run.startswith(name)] if name else []
        if name in found:
            found = [name]
        if not found:
            known = f"; the latest is {proposed[-1]}" if proposed else ": nothing has been proposed yet"
            raise BidError(f"{self.folder}: there is no run {name!r}{known}")
        if len(found) > 1:
            raise BidError(f"{name!r} is the beginning of {len(found)} runs ({', '.join(found[:3])}): give more of it")
        return read_run(self.folder / "runs" / found[0])

    def kills(self) -> tuple[Kill, ...]:
        """See `Ledger`."""
        on: dict[tuple[str, str], Kill] = {}
        for entry in self.entries():
            if entry.kind in (EntryKind.KILLED, EntryKind.LIFTED):
                content = entry.content
                key = (str(content["scope"]), str(content["name"]))
                on.pop(key, None)
                if entry.kind is EntryKind.KILLED:
                    on[key] = Kill(KillScope(key[0]), key[1], str(content["by"]), entry.at, str(content["why"]))
        on.pop((KillScope.GLOBAL.value, ""), None)
        for file, scope in ((self._stop_of_all(), KillScope.GLOBAL), (self.folder / STOP, KillScope.ACCOUNT)):
            if file.exists():
                words = file.read_text(encoding="utf-8", errors="replace").strip()
                on.setdefault((scope.value, ""), Kill(scope, "", "", "", f"the file {file} {words}".strip()))
        return tuple(on.values())

    def stop_all(self, on: bool, words: str) -> None:
        """See `Ledger`: the file in the folder above, which every ledger that lies there sees."""
        if on:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._stop_of_all().write_text(words + "\n", encoding="utf-8")
        else:
            self._stop_of_all().unlink(missing_ok=True)

    def _stop_of_all(self) -> Path:
        return self.folder.resolve().parent / STOP

    @contextmanager
    def locked(self) -> Iterator[None]:
        """See `Ledger`; the lock goes with the process that holds it, however that ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BidError(
                    f"{self.folder}: another rmo is writing to this ledger; wait until it is done"
                ) from error
            yield
