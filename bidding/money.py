"""Bids and budgets as people and platforms write them in, whole millionths out, and back: a bid is never half a float.

Exact integers are what is compared, rounded, stored and restored.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

MICROS = 1_000_000
"""Millionths in one unit of money."""
UNKNOWN = -1
"""Stands for a value that is not known or does not exist; no bid is negative."""

UNBOUNDED = np.int64(2) ** 60
"""Larger than any amount in millionths."""


def micros_of(money: FloatArray) -> IntArray:
    """Money `(N,)` → millionths `(N,)`; NaN becomes `UNKNOWN`."""
    known = np.isfinite(money)
    return np.where(known, np.rint(np.where(known, money, 0.0) * MICROS), UNKNOWN).astype(np.int64)


def money_of(micros: IntArray) -> FloatArray:
    """Millionths `(N,)` → money `(N,)`; `UNKNOWN` becomes NaN."""
    return np.where(micros == UNKNOWN, np.nan, micros / MICROS)


def text_of(micros: int, decimals: int = 2) -> str:
    """Exact decimal text with at least so many decimals: 750000 → "0.75"; "" where the value is unknown."""
    if micros == UNKNOWN:
        return ""
    exact = Decimal(int(micros)).scaleb(-6).normalize()
    places = max(decimals, -int(exact.as_tuple().exponent))
    return f"{exact:.{places}f}"


def micros_from_text(text: str) -> int:
    """Exact decimal text → millionths; "" becomes `UNKNOWN`."""
    return int(Decimal(text).scaleb(6)) if text else UNKNOWN
