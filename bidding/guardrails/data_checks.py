"""Whether an account's reports can be acted on: a snapshot in, a sentence per channel that is stale or incomplete out.

A report that was cut short has fewer rows than any chance would give it: yesterday's rows are held against the four
weeks before, on the log scale, with a prediction interval of Student's t and a false alarm in ten thousand nights.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bidding.days import days_since
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL = 1e-4
DAYS = 28
FEWEST_DAYS = 7
MOST_REJECTED = 0.05


def stale_channels(snapshot: Snapshot) -> Mapping[int, str]:
    """Channels whose newest day is not yesterday; place in `channels` → what is wrong."""
    found = {}
    yesterday = snapshot.today - np.timedelta64(1, "D")
    for place, days in _days_by_channel(snapshot):
        if not len(days):
            found[place] = ": no day of results at all"
        elif days.max() < yesterday:
            found[place] = f": the newest day is {days.max()}, yesterday was {yesterday}"
    return found


def incomplete_channels(snapshot: Snapshot) -> Mapping[int, str]:
    """Channels whose last week lacks days, or whose yesterday has far fewer rows than usual."""
    found = {}
    rejected = len(snapshot.rejected)
    if rejected > MOST_REJECTED * (rejected + len(snapshot.performance)):
        found = dict.fromkeys(range(len(snapshot.channels)), f": {rejected:,} rows could not be read")
    stale = stale_channels(snapshot)
    for place, days in _days_by_channel(snapshot):
        if place not in stale and place not in found:
            what = _missing_days(days, snapshot.today) or _few_rows(days, snapshot.today)
            if what:
                found[place] = what
    return found


def _days_by_channel(snapshot: Snapshot) -> list[tuple[int, NDArray[np.datetime64]]]:
    of_row = snapshot.channel_of_targets()[snapshot.performance.target]
    days = snapshot.performance.day.astype("datetime64[D]", copy=False)
    recent = days >= snapshot.today - np.timedelta64(2 * DAYS, "D")
    return [(place, days[recent & (of_row == place)]) for place in range(len(snapshot.channels))]


def _missing_days(days: NDArray[np.datetime64], today: np.datetime64) -> str:
    """Days of the last week without one row, between days that have some; a small account may rest, a large one not."""
    counts = _counts(days, today, 7)
    usual = _counts(days, today, DAYS + 1)[7:]
    lacking = np.flatnonzero(counts == 0)
    if not len(lacking) or not len(usual) or np.exp(-usual.mean()) > LEVEL or (usual == 0).any():
        return ""
    return f": no row for {today - np.timedelta64(int(lacking[0]) + 1, 'D')}"


def _few_rows(days: NDArray[np.datetime64], today: np.datetime64) -> str:
    counts = _counts(days, today, DAYS + 1)
    usual = np.log(counts[1:][counts[1:] > 0].astype(np.float64))
    if len(usual) < FEWEST_DAYS or counts[0] == 0:
        return ""
    # A count's own chance is never smaller than Poisson's, however even the past weeks were.
    spread = np.hypot(usual.std(ddof=1), np.exp(-usual.mean() / 2)) * np.sqrt(1 + 1 / len(usual))
    least = np.exp(usual.mean() + stats.t.ppf(LEVEL, len(usual) - 1) * spread)
    if counts[0] >= least:
        return ""
    return f": {counts[0]:,} rows for yesterday, usually {np.exp(usual.mean()):,.0f}"


def _counts(days: NDArray[np.datetime64], today: np.datetime64, count: int) -> IntArray:
    """Rows by day, yesterday first, `(count,)`."""
    age = days_since(days, today) - 1
    inside = (age >= 0) & (age < count)
    return np.bincount(age[inside], minlength=count).astype(np.int64)
