"""A kind of row in, a fresh id out: `dst_` and 26 characters that sort by the time at which they were made."""

import secrets
import time
from enum import StrEnum
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_LENGTH = 26


class Kind(StrEnum):
    """What an id is of; its first letters say it."""

    ACCOUNT = "acc"
    API_KEY = "key"
    DATASET = "dst"
    MODEL = "mdl"
    PLAN = "pln"
    GEO_TEST = "geo"
    BID_RUN = "run"
    BID_PULL = "pul"
    JOB = "job"
    WEBHOOK = "whk"
    DELIVERY = "dlv"


class _Clock:
    """Numbers of 48 bits of milliseconds and 80 random bits; each larger than the last one of this process."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def tick(self) -> int:
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return self._last


_clock = _Clock()


def new_id(kind: Kind) -> str:
    """A fresh id; ids made later by this process are larger."""
    number = _clock.tick()
    digits = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{kind.value}_{''.join(digits)}"
