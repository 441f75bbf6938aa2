"""An append-only file of JSON lines, each with the hash of the one before: entries in, entries out, nothing repaired.

A line is on disk before `append` returns. A crash can leave one unfinished line at the end and nothing else; whatever
else does not fit was altered, and is told with its line.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bidding.errors import BidError
from bidding.ledger import Entry, EntryKind

FIRST = "0" * 64


class Journal:
    """A journal at a path; the file is made with the first entry."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: list[Entry] = []
        self._read = 0

    def entries(self) -> list[Entry]:
        """Every finished line, checked; what was read before is not read again.

        Raises:
            BidError: a line was altered, removed or put in, by number.
        """
        if not self._path.exists():
            if self._known:
                raise BidError(f"{self._path}: was removed while it was in use; put it back")
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._known.append(self._checked(line, len(self._known) + 1))
        self._read += len(whole)
        return list(self._known)

    def append(self, kind: EntryKind, content: Mapping[str, Any], at: str) -> Entry:
        """Add one entry, on disk before this returns; an unfinished line is first set aside, and that is noted.

        Raises:
            BidError: the journal was altered.
        """
        self.entries()
        torn = self._set_torn_aside()
        if torn is not None:
            self._write(EntryKind.TORN, {"bytes": len(torn), "text": torn.decode("utf-8", "replace")}, at)
        return self._write(kind, content, at)

    def torn(self) -> bytes:
        """The unfinished line at the end, empty where there is none."""
        self.entries()
        return self._path.read_bytes()[self._read :] if self._path.exists() else b""

    def _write(self, kind: EntryKind, content: Mapping[str, Any], at: str) -> Entry:
        previous = self._known[-1].hash if self._known else FIRST
        seq = len(self._known) + 1
        body = {"seq": seq, "at": at, "kind": kind.value, "content": content, "previous": previous}
        digest = _hash(body)
        line = _canonical(body | {"hash": digest}) + b"\n"
        fresh = not self._path.exists()
        with self._path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            sync(self._path.parent)
        self._read += len(line)
        self._known.append(Entry(seq, at, kind, json.loads(_canonical(content)), previous, digest))
        return self._known[-1]

    def _set_torn_aside(self) -> bytes | None:
        torn = self.torn()
        if not torn:
            return None
        with self._path.open("r+b") as file:
            file.truncate(self._read)
            os.fsync(file.fileno())
        return torn

    def _checked(self, line: bytes, number: int) -> Entry:
        previous = self._known[-1].hash if self._known else FIRST
        try:
            body = json.loads(line)
            digest = body.pop("hash")
            entry = Entry(**body | {"kind": EntryKind(body["kind"])}, hash=digest)
        except (ValueError, KeyError, TypeError) as error:
            raise BidError(self._altered(number, "cannot be read")) from error
        if entry.seq != number or entry.previous != previous:
            raise BidError(self._altered(number, "does not follow the line before it: a line was removed or put in"))
        if _hash(body) != digest:
            raise BidError(self._altered(number, "does not match its own hash: it was changed after it was written"))
        return entry

    def _altered(self, number: int, what: str) -> str:
        return f"{self._path}, line {number}: {what}. Nothing was repaired; put back a copy of the file from a backup"


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _hash(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()
