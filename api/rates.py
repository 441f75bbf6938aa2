"""Requests by key, and failed ones by address, in; a refusal of those beyond so many within a minute out.

A request costs one look at a queue of times: libraries for this start a thread every few milliseconds to tidy up.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from api.refusals import TooMany
from api.settings import Settings

MINUTE_SECONDS = 60.0


class MovingWindow:
    """At most so many of each name within any minute; safe to share between threads."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._times: dict[str, deque[float]] = {}
        self._tidied = clock()
        self._lock = Lock()

    def take(self, name: str) -> bool:
        """Count one more of this name, unless there were too many already: whether it was counted."""
        with self._lock:
            times = self._recent(name)
            if len(times) >= self._most:
                return False
            times.append(self._clock())
            return True

    def is_full(self, name: str) -> bool:
        """Whether one more of this name would be too many."""
        with self._lock:
            return name in self._times and len(self._recent(name)) >= self._most

    def __len__(self) -> int:
        """Names that are remembered."""
        return len(self._times)

    def _recent(self, name: str) -> deque[float]:
        since = self._clock() - MINUTE_SECONDS
        if self._tidied < since:
            self._times = {each: times for each, times in self._times.items() if times and times[-1] > since}
            self._tidied = self._clock()
        times = self._times.setdefault(name, deque())
        while times and times[0] <= since:
            times.popleft()
        return times


class Rates:
    """Requests by key, and failed ones by address, over the last minute of this process."""

    def __init__(self, settings: Settings) -> None:
        self._per_minute = settings.requests_per_minute
        self._requests = MovingWindow(settings.requests_per_minute)
        self._failures = MovingWindow(settings.failures_per_minute)
        self._uses = MovingWindow(1)

    def count_request(self, key: str) -> None:
        """One more request of a key. Raises TooMany."""
        if not self._requests.take(key):
            raise TooMany(f"This key may send {self._per_minute} requests a minute; wait a little.", 10)

    def is_first_in_a_minute(self, key: str) -> bool:
        """Whether a key's use should be written down: once a minute, however many come at once."""
        return self._uses.take(key)

    def count_failure(self, address: str) -> None:
        """One more request without a good key."""
        self._failures.take(address)

    def refuse_guessing(self, address: str) -> None:
        """Raise TooMany where too many came without a good key."""
        if self._failures.is_full(address):
            raise TooMany("Too many requests without a good key came from your address; wait a minute.", 60)
