"""An account, its history and limits in; between which bids each target's may be chosen tonight, out.

The guardrails clip what is chosen; a choice that knows what they will leave spends the money where it can be spent.
Changes count from the base in force, which is the bid without its jitter, or jitter would add up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account, BidLimits
from bidding.history import History
from bidding.money import MICROS, micros_of
from bidding.night import PlatformBounds
from bidding.outlook import BidResponse
from bidding.placements import Increases, ceilings
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]

FAR = 10.0
"""How many times the base up or down a steady price of money looks: a bid that has fallen behind its optimum must not
pass for one that can spend no more."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Base in force, and the lowest and highest bid that tonight's limits can leave, money, `(N,)`; base in between."""

    base: FloatArray
    low: FloatArray
    high: FloatArray


def reach_of(snapshot: Snapshot, account: Account, bounds: PlatformBounds, history: History, live: FloatArray) -> Reach:
    """What a day's and a week's largest change, a turn too soon and all fixed limits leave of each target's bids.

    Args:
        snapshot, account: whose limits hold.
        bounds: of the platforms.
        history: of the targets' bids.
        live: bids in force, money, `(N,)`; every one known, as `bids_in_force` gives them.
    """
    campaign, channel = snapshot.targets.campaign, snapshot.channel_of_targets()
    limits = [next(c.limits for c in account.channels if c.name == name) for name in snapshot.channels]
    now, before = history.bases(micros_of(live))
    # A chosen bid beside a new increase may have been less than a step: what is in force never is.
    step = bounds.bid_step[campaign] / MICROS
    base, week = np.maximum(now / MICROS, step), np.maximum(before / MICROS, step)
    daily = np.array([limit.daily_change for limit in limits])[channel]
    weekly = np.array([limit.weekly_change for limit in limits])[channel]
    low = np.maximum(base * (1 - daily), week * (1 - weekly))
    high = np.minimum(base * (1 + daily), week * (1 + weekly))
    low, high = np.where(history.rose, base, low), np.where(history.fell, base, high)
    # A fifth of a small bid is less than a step; one step is always allowed.
    low = np.where(low < base, np.minimum(low, base - step), low)
    high = np.where(high > base, np.maximum(high, base + step), high)
    least, most = _fixed(snapshot, limits, bounds)
    return Reach(base, np.minimum(np.maximum(low, least), base), np.maximum(np.minimum(high, most), base))


def lifted(reach: Reach, snapshot: Snapshot, asked: Increases) -> Reach:
    """Reach in bids under the placement increases in force, where new ones lift every bid of a campaign on average."""
    lift = asked.lift[snapshot.targets.campaign]
    low, high = np.minimum(reach.low * lift, reach.base), np.maximum(reach.high * lift, reach.base)
    return Reach(reach.base, low, high)


def far_reach(
    snapshot: Snapshot, account: Account, bounds: PlatformBounds, reach: Reach
) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest bids that coming nights can reach, money, `(N,)` each: `FAR` times the base, within limits."""
    limits = [next(c.limits for c in account.channels if c.name == name) for name in snapshot.channels]
    least, most = _fixed(snapshot, limits, bounds)
    low, high = np.maximum(reach.base / FAR, least), np.minimum(reach.base * FAR, most)
    return np.minimum(low, reach.low), np.maximum(high, reach.high)


def highest_columns(response: BidResponse, reach: Reach, may_rise: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Last column that each target's choice may take, `(N,)`: the base's where its bid may not rise.

    The column of the bid in force will not do: where jitter has raised that, the base would follow it up.
    """
    base = column_of(response, reach.base)
    last: NDArray[np.int64] = np.where(may_rise, response.bids.shape[1] - 1, base).astype(np.int64)
    return last


def columns_within(response: BidResponse, reach: Reach) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last column that tonight's limits leave, `(N,)` each; the base's is one of them."""
    near = 1e-6
    first = (response.bids < reach.low[:, None] - near).sum(axis=1)
    last = (response.bids <= reach.high[:, None] + near).sum(axis=1) - 1
    base = column_of(response, reach.base)
    return np.minimum(first, base), np.maximum(last, base)


def column_of(response: BidResponse, bids: FloatArray) -> NDArray[np.int64]:
    """The column nearest to each target's bid, money, `(N,)`; the first of equals."""
    column: NDArray[np.int64] = np.abs(response.bids - bids[:, None]).argmin(axis=1)
    return column


def _fixed(snapshot: Snapshot, limits: list[BidLimits], bounds: PlatformBounds) -> tuple[FloatArray, FloatArray]:
    """Limits of the platform and the account and the ceiling on a click, money, `(N,)`."""
    campaign, channel = snapshot.targets.campaign, snapshot.channel_of_targets()
    own_least = np.array([limit.min_bid or 0.0 for limit in limits])[channel]
    own_most = np.array([np.inf if limit.max_bid is None else limit.max_bid for limit in limits])[channel]
    least = np.maximum(bounds.min_bid[campaign] / MICROS, own_least)
    most = np.minimum(bounds.max_bid[campaign], ceilings(snapshot, limits)[campaign]) / MICROS
    return least, np.minimum(most, own_most)
