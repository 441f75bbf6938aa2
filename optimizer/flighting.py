"""A plan's totals -> the weeks in which they are spent: even, or otherwise where that clearly sells more.

Channels do not touch each other's sales, so each is laid out by itself. The best schedule found is scored on all draws,
in whole cents, beside even weeks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.weekly_response import WeeklyResponse
from optimizer.proportions import split_in_proportion
from optimizer.rounding import split_evenly
from optimizer.schedule_search import limits_of, search

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

LEAST_GAIN = 0.005  # of a line's expected sales: for less, even weeks are kept, because they are simpler to run
LEAST_PROBABILITY = 0.6


@dataclass(frozen=True)
class Flighting:
    """A plan's weeks.

    Attributes:
        cents: spend by channel and week in whole cents, `(C, W)`; weeks sum to the line exactly.
        sales: incremental sales of these weeks by draw, `(D, C)`, in money.
        even_sales: the same of the even weeks that keep the same rules, `(D, C)`.
        uneven: channels whose weeks differ because that sells more, `(C,)`.
    """

    cents: IntArray
    sales: FloatArray
    even_sales: FloatArray
    uneven: BoolArray


def lay_out(
    response: WeeklyResponse, cents: tuple[int, ...], least_share: float, may_vary: BoolArray | None = None
) -> Flighting:
    """Lay each line's total out over its open weeks; on the mean never worse than evenly.

    Weeks differ only where that sells more by `LEAST_GAIN`, whether spend stops after the plan or goes on evenly, and
    does so in `LEAST_PROBABILITY` of the draws. No week leaves the range that the data know, see `limits_of`.

    Args:
        response: what weeks sell, and which are open.
        cents: total of each channel, what is spent already included, length C.
        least_share: least share of the mean open week, from 0 to 1.
        may_vary: channels whose weeks may differ, `(C,)`; `None` for all.
    """
    even = _in_cents(response, cents, response.even(np.array(cents) / 100))
    sales = response.sales(even / 100)
    plain = Flighting(even, sales, sales, np.zeros(len(cents), dtype=bool))
    tried = np.full(len(cents), least_share < 1) if may_vary is None else may_vary & (least_share < 1)
    tried &= (response.open_weeks.sum(axis=1) > 1) & (np.array(cents) > 100 * response.spent.sum(axis=1) + 1)
    if not tried.any():
        return plain
    part = response.only(tried)
    found = search(part, limits_of(part, even[tried].sum(axis=1) / 100, least_share))
    promising = tried.copy()
    promising[tried] = found.gain > LEAST_GAIN / 2
    if not promising.any():
        return plain
    shaped = _in_cents(response.only(promising), tuple(even[promising].sum(axis=1)), found.spend[promising[tried]])
    return _where_better(response.only(promising), plain, promising, shaped)


def _where_better(response: WeeklyResponse, even: Flighting, chosen: BoolArray, shaped: IntArray) -> Flighting:
    """The even schedule, with those of the chosen channels' shaped weeks that are clearly better."""
    even_sales = even.sales[:, chosen]
    sales = response.sales(shaped / 100)
    going_on = response.continued(response.mean_open_week(even.cents[chosen] / 100))
    after = going_on.spent[:, response.weeks :]
    followed, even_followed = (
        going_on.sales(np.concatenate([weeks / 100, after], axis=1)) for weeks in (shaped, even.cents[chosen])
    )
    better = np.ones(len(shaped), dtype=bool)
    for gain in (sales - even_sales, followed - even_followed):
        better &= gain.mean(axis=0) > LEAST_GAIN * np.abs(even_sales.mean(axis=0))
        better &= (gain > 0).mean(axis=0) >= LEAST_PROBABILITY
    cents, all_sales, uneven = even.cents.copy(), even.sales.copy(), even.uneven.copy()
    cents[chosen] = np.where(better[:, None], shaped, cents[chosen])
    all_sales[:, chosen] = np.where(better, sales, even_sales)
    uneven[chosen] = better
    return Flighting(cents, all_sales, even.sales, uneven)


def _in_cents(response: WeeklyResponse, cents: tuple[int, ...], spend: FloatArray) -> IntArray:
    """Totals in whole cents laid out as `spend` `(C, W)` is, exact in sum; even open weeks differ by a cent at most."""
    weeks = np.rint(response.spent * 100).astype(np.int64)
    for channel, total in enumerate(cents):
        places = np.flatnonzero(response.open_weeks[channel])
        rest, wanted = int(total - weeks[channel].sum()), spend[channel, places]
        if rest <= 0 or not places.size:
            continue
        if np.ptp(wanted) <= 0:
            weeks[channel, places] = split_evenly(rest, len(places))
        else:
            weeks[channel, places] = split_in_proportion(rest, wanted)
    return weeks
