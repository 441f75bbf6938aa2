"""A key's text and an account in, who was let in there with it a moment ago out.

A page asks for ten things at once: they look the key up together. Who ends a key or an account calls `forget`; another
process that serves the same tables hears of it when its memory ends, within `SECONDS_KEPT`.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from api.auth import Principal

SECONDS_KEPT = 1.0
_MOST_KEPT = 10_000


@dataclass(frozen=True)
class _Entry:
    principal: Principal
    until: float


class Admission:
    """Who was let in, for a second; safe to share between threads. It keeps no key, only hashes of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[tuple[bytes, str], _Entry] = {}
        self._times_forgotten = 0
        self._lock = Lock()

    def find(self, key: str, account: str) -> Principal | None:
        """Who was let in with this key's text to this account ("" where it is about none), or None."""
        entry = self._entries.get((_hash(key), account))
        return entry.principal if entry is not None and self._clock() < entry.until else None

    def mark(self) -> int:
        """To be taken before the tables are read, and handed to `keep`."""
        return self._times_forgotten

    def keep(self, key: str, account: str, principal: Principal, seconds_good: float, mark: int) -> None:
        """Remember who was let in, no longer than the key is good; not if `forget` was called since `mark`."""
        until = self._clock() + min(SECONDS_KEPT, seconds_good)
        with self._lock:
            if mark != self._times_forgotten:
                return
            if len(self._entries) >= _MOST_KEPT:
                self._entries.clear()
            self._entries[_hash(key), account] = _Entry(principal, until)

    def forget(self) -> None:
        """Look everybody up again."""
        with self._lock:
            self._times_forgotten += 1
            self._entries.clear()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
