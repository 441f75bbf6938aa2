"""Options of many targets and a price of money by channel in; the best option of each out, and what all of them cost.

Compiled loops of the multiple-choice knapsack: nothing here knows bids. Options of a target stand in rising cost.
"""

from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def _best(
    rows: IntArray,
    channel: IntArray,
    allowed: tuple[IntArray, IntArray],
    clicks: FloatArray,
    cost: FloatArray,
    gain: FloatArray,
    price: FloatArray,
    column: IntArray,
    account: tuple[BoolArray, FloatArray],
    standing: tuple[IntArray, FloatArray],
) -> None:
    """Write into `column` each row's option with the largest clicks x gain - price x cost; the cheapest of equals.

    `allowed` are first and last option, `account` says whether a row's cost counts, and sums it by channel, `standing`
    is each row's option in force and what staying there counts beyond its score.
    """
    first, last = allowed
    counted, spent = account
    stay, bonus = standing
    for i in rows:
        worth, paid = gain[i], price[channel[i]]
        best, chosen = -np.inf, first[i]
        for k in range(first[i], last[i] + 1):
            score = clicks[i, k] * worth - paid * cost[i, k]
            if k == stay[i]:
                score += bonus[i]
            if score > best:
                best, chosen = score, k
        column[i] = chosen
        if counted[i]:
            spent[channel[i]] += cost[i, chosen]


def _upgrade(
    rows: IntArray,
    column: IntArray,
    last: IntArray,
    clicks: FloatArray,
    cost: FloatArray,
    gain: FloatArray,
    left: float,
) -> tuple[int, int]:
    """The affordable upgrade of one row that gains most: its place in `rows`, its option; (-1, -1) where none gains."""
    best, where, to = 0.0, -1, -1
    for j in range(len(rows)):
        i = rows[j]
        now = column[i]
        for k in range(now + 1, last[i] + 1):
            more = (clicks[i, k] - clicks[i, now]) * gain[i]
            if cost[i, k] - cost[i, now] <= left and more > best:
                best, where, to = more, j, k
    return where, to


best_options: Callable[..., None] = numba.njit(cache=True)(_best)
best_upgrade: Callable[..., tuple[int, int]] = numba.njit(cache=True)(_upgrade)
