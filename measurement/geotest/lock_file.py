"""A locked test and its log on disk: written once, appended to, and refused where a single character was edited.

The lock has a content hash; each entry of the log carries the hash of the one before, the first that of the lock, and
the seal is the last one's. Who keeps a printed hash elsewhere can prove that the file is the one of that day.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from measurement.errors import LockError
from measurement.geotest.lock_json import lock_from_json, lock_to_json
from measurement.geotest.registration import GeoLock

FORMAT = 1


class Event(Enum):
    """What the log tells."""

    LOCKED = "locked"
    EXCLUDED = "excluded"
    ANALYSED = "analysed"


@dataclass(frozen=True)
class LogEntry:
    """One entry: what happened when, and the hash of the entry before."""

    event: Event
    at: datetime
    detail: Mapping[str, str]
    previous: str

    @property
    def hash(self) -> str:
        """Of everything the entry says."""
        return _hash(
            {
                "event": self.event.value,
                "at": self.at.isoformat(),
                "detail": dict(self.detail),
                "previous": self.previous,
            }
        )


@dataclass(frozen=True)
class LockFile:
    """A lock, its content as it stands in the file, the hash of that, and its log, oldest entry first."""

    lock: GeoLock
    content: Mapping[str, Any]
    hash: str
    log: tuple[LogEntry, ...]

    @property
    def seal(self) -> str:
        """Hash of the last entry, which stands for the whole file."""
        return self.log[-1].hash if self.log else self.hash

    def events(self, event: Event) -> tuple[LogEntry, ...]:
        """All entries of a kind."""
        return tuple(entry for entry in self.log if entry.event is event)

    def with_entry(self, event: Event, at: datetime, detail: Mapping[str, str]) -> "LockFile":
        """The same with one more entry."""
        return replace(self, log=(*self.log, LogEntry(event, at, dict(detail), self.seal)))


def create_lock(path: Path, lock: GeoLock) -> LockFile:
    """Write a lock that is not there yet.

    Raises:
        LockError: a file of that name exists, or it cannot be written.
    """
    content = lock_to_json(lock)
    made = LockFile(lock, content, _hash(content), ()).with_entry(Event.LOCKED, lock.locked_at, {})
    beside = _written_beside(path, made)
    try:
        # A link fails where the name is taken, so an older lock is never replaced.
        os.link(beside, path)
    except FileExistsError:
        raise LockError(f"{path} exists: a lock is never overwritten; choose another --out") from None
    except OSError as error:
        raise LockError(f"{path} cannot be written ({error.strerror}): choose another --out") from error
    finally:
        beside.unlink(missing_ok=True)
    return made


def append_entry(path: Path, event: Event, at: datetime, detail: Mapping[str, str]) -> LockFile:
    """Add an entry to a lock's log.

    Raises:
        LockError: the lock cannot be read, was edited, or cannot be written.
    """
    longer = read_lock(path).with_entry(event, at, detail)
    beside = _written_beside(path, longer)
    try:
        beside.replace(path)
    except OSError as error:
        raise LockError(f"{path}: its log cannot be written ({error.strerror})") from error
    finally:
        beside.unlink(missing_ok=True)
    return longer


def read_lock(path: Path) -> LockFile:
    """Read a lock and check every hash in it.

    Raises:
        LockError: there is none, it is no lock, or something in it was edited.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LockError(f"there is no lock {path}: write one with rmo geo lock PANEL --out {path}") from None
    except (ValueError, OSError) as error:
        raise LockError(f"{path} is not a lock: it should be a file that rmo geo lock wrote") from error
    try:
        if told["format"] != FORMAT:
            raise LockError(f"{path} has format {told['format']}, this version reads {FORMAT}")
        content, stated, entries, seal = told["lock"], told["hash"], told["log"], told["seal"]
        if _hash(content) != stated:
            raise LockError(
                f"{path} was edited after it was locked: its content does not match its hash; use the original"
            )
        read = LockFile(lock_from_json(content), content, stated, tuple(_entry(entry) for entry in entries))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LockError(f"{path} is not a lock: it should be a file that rmo geo lock wrote") from error
    if not _chained(read, [entry["hash"] for entry in entries]) or read.seal != seal or not read.log:
        raise LockError(f"{path}: its log was edited: an entry does not follow from the one before; use the original")
    return read


def _chained(read: LockFile, stated: list[str]) -> bool:
    expected = read.hash
    for entry, told in zip(read.log, stated, strict=True):
        if entry.previous != expected or entry.hash != told:
            return False
        expected = entry.hash
    return True


def _entry(told: Mapping[str, Any]) -> LogEntry:
    return LogEntry(
        Event(told["event"]), datetime.fromisoformat(told["at"]), dict(told["detail"]), str(told["previous"])
    )


def _written_beside(path: Path, file: LockFile) -> Path:
    if not path.parent.is_dir():
        raise LockError(f"there is no folder {path.parent} to write the lock into")
    entries = [
        {
            "event": entry.event.value,
            "at": entry.at.isoformat(),
            "detail": dict(entry.detail),
            "previous": entry.previous,
            "hash": entry.hash,
        }
        for entry in file.log
    ]
    told = {
        "format": FORMAT,
        "lock": dict(file.content),
        "hash": file.hash,
        "log": entries,
        "seal": file.seal,
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise LockError(f"{path} cannot be written ({error.strerror}): choose another place") from error
    return beside


def _hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
