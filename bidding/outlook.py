"""What is expected of every target, and what is chosen for it: the values between statistics and optimisation.

`ClickValues` and `BidResponse` are learnt each night; `BidChoice` is the answer of the joint optimisation. Rows are
those of `Targets`.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Trust(IntEnum):
    """Why a target's value may or may not raise its bid."""

    TRUSTED = 0
    CHANNEL_WEAK = 1
    CHANNEL_NOT_MEASURABLE = 2
    FACTOR_EXPIRED = 3
    FACTOR_STATED = 4


@dataclass(frozen=True, eq=False)
class ClickValues:
    """What one more click sells, N targets.

    Attributes:
        conversion_rate, conversion_rate_sd: orders per click once matured, `(N,)`.
        order_value: sales per order, money, `(N,)`.
        attributed, attributed_sd: sales per click that the platform will claim, matured, money, `(N,)`.
        share, share_sd: incremental share of attributed sales, at the margin, `(N,)`.
        incremental, incremental_sd: incremental sales per click, money, `(N,)`.
        profit: incremental sales times margin, per click, before its cost, money, `(N,)`.
        trust: `Trust`, `(N,)`; only `TRUSTED` (and `FACTOR_STATED`) may raise a bid on the factor's account.
    """

    conversion_rate: FloatArray
    conversion_rate_sd: FloatArray
    order_value: FloatArray
    attributed: FloatArray
    attributed_sd: FloatArray
    share: FloatArray
    share_sd: FloatArray
    incremental: FloatArray
    incremental_sd: FloatArray
    profit: FloatArray
    trust: IntArray


@dataclass(frozen=True, eq=False)
class BidResponse:
    """Expected daily clicks and cost at K candidate bids per target, rising in bid; `(N, K)` each.

    Attributes:
        bids: money, on the platform's step; the row's last columns may repeat its largest bid.
        clicks, clicks_sd: per day, mean and standard deviation of what one does not know (not of chance).
        cost: money per day.
        current: column of the bid in force, or of the nearest, `(N,)`.
        known: share of the curve's position that rests on the target's own data, 0 to 1, `(N,)`.
    """

    bids: FloatArray
    clicks: FloatArray
    clicks_sd: FloatArray
    cost: FloatArray
    current: IntArray
    known: FloatArray


@dataclass(frozen=True, eq=False)
class BidChoice:
    """One bid per target, chosen jointly.

    Attributes:
        column: into `BidResponse.bids`, `(N,)`.
        shadow_price: profit that one more unit of money would bring, by channel, `(C,)`; 0 where the budget is slack.
        objective, bound: profit per day of the choice, and what no choice can exceed, by channel, `(C,)`.
        cost: expected money per day, by channel, `(C,)`.
        target_binds: whether a target on return, rather than the budget, limits the channel, `(C,)`.
    """

    column: IntArray
    shadow_price: FloatArray
    objective: FloatArray
    bound: FloatArray
    cost: FloatArray
    target_binds: BoolArray
