"""Daily results with several rows per target and day in, one row each out: search terms or devices added up."""

import numpy as np

from bidding.reports.parsed import ParsedDays, chosen
from bidding.snapshot import FloatArray, IntArray

ADDED = ("impressions", "clicks", "cost", "orders", "sales", "new_to_brand_sales", "halo_sales")


def summed(days: ParsedDays) -> ParsedDays:
    """One row per target and day, at the place of its first; what cannot be added is that row's."""
    group, first = groups(days)
    if len(first) == len(days):
        return days
    kept = chosen(days, first)
    sums = {name: _sums(getattr(days, name), group, len(first)) for name in ADDED}
    values = {**vars(kept), **sums}
    return ParsedDays(**values)


def groups(days: ParsedDays) -> tuple[IntArray, IntArray]:
    """The number of each row's target and day, and the first row of each, in the order of first rows."""
    numbers: dict[tuple[str, int], int] = {}
    ordinal = days.day.astype(np.int64).tolist()
    group = np.array(
        [numbers.setdefault(key, len(numbers)) for key in zip(days.targets.tolist(), ordinal, strict=True)],
        dtype=np.int64,
    )
    _, first = np.unique(group, return_index=True)
    return group, first.astype(np.int64)


def _sums(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Sums by group; not known where any part is not known."""
    return np.bincount(group, weights=values, minlength=count).astype(np.float64)
