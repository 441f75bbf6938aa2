"""Days and groups in, whole numbers and totals out: the arithmetic that every room of bidding does on them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEVER = 10**6
"""Days since something that never was."""


def days_since(days: NDArray[np.datetime64], today: np.datetime64) -> IntArray:
    """Whole days from each day to today; `NEVER` where there is no day (NaT)."""
    number = days.astype("datetime64[D]").astype(np.int64)
    end = int(today.astype("datetime64[D]").astype(np.int64))
    return np.where(np.isnat(days), NEVER, end - np.where(np.isnat(days), 0, number)).astype(np.int64)


def totals(group: IntArray, amounts: NDArray[Any], count: int) -> FloatArray:
    """Sum of the amounts of each group, `(count,)`."""
    return np.bincount(group, weights=amounts, minlength=count).astype(np.float64)
