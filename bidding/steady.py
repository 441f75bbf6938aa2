"""Values, responses and reach in; tonight's bids out, at a price of money that does not swing with the day's chance.

The price of money is that at which bids would spend the budget if they had the nights to get there. Tonight's limits
leave each bid a little room only: to make them alone meet a day's money would move all bids together, good ones and bad
ones, up one night and down the next. For the same reason the price moves little from night to night as long as that
keeps near the day's money: spend hardly answers to bids, so a day's chance would move the price by much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bidding.click_value import may_rise
from bidding.optimize import WORTH_MOVING, ChoiceSettings, ReturnTarget, choose_bids
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import USUAL_LEEWAY
from bidding.reach import Reach, column_of, columns_within, highest_columns
from bidding.snapshot import Snapshot
from bidding.worth import last_worth_bidding

FloatArray = NDArray[np.float64]

NIGHTLY = 1.05
"""How many times up or down the steady price of money moves in a night, while last night's is near enough."""
NEAR_ENOUGH = 0.25
"""In logs of a day's money: beyond it last night's price is no guide, and the price is looked for afresh."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a night has learnt, or remembers.

    Attributes:
        values: what clicks are worth.
        response: what bids bring; candidates go beyond tonight's reach, as far as `far_reach`.
        price: last night's steady price of money by channel, `(C,)`, 0 where there was none; or `None`.
    """

    values: ClickValues
    response: BidResponse
    price: FloatArray | None = None


def choose_tonight(
    learnt: Learnt,
    snapshot: Snapshot,
    budgets: Mapping[str, float],
    reach: Reach,
    targets: Sequence[ReturnTarget | None] | None = None,
    leeway: FloatArray | float = USUAL_LEEWAY,
) -> BidChoice:
    """Choose all bids of all channels within tonight's reach.

    Args:
        learnt: of every target.
        snapshot: this morning.
        budgets: money of a usual day by channel.
        reach: of every target's bid.
        targets: on return, by channel, in the snapshot's order.
        leeway: how many times the steady price up or down tonight's may be, by channel, `(C,)`; `pacing.price_leeway`.

    Returns:
        The choice; its shadow price is the steady one.

    Raises:
        BidError: a channel has no budget, or one that is not a positive number.
    """
    values, response = learnt.values, learnt.response
    highest = highest_columns(response, reach, may_rise(values))
    worth = np.minimum(highest, last_worth_bidding(values, response, snapshot, budgets))
    budget = np.array([budgets[name] for name in snapshot.channels])
    near = ChoiceSettings(last=worth, price_range=_near(learnt.price, len(budget)))
    steady = choose_bids(values, response, snapshot, budgets, targets, near)
    lost = np.abs(np.log(np.maximum(steady.cost, 1e-12) / budget)) > NEAR_ENOUGH
    if learnt.price is not None and lost.any():
        near = replace(near, price_range=_near(np.where(lost, 0.0, learnt.price), len(budget)))
        steady = choose_bids(values, response, snapshot, budgets, targets, near)
    hopeless = steady.cost > budget * np.where(lost | (learnt.price is None), 1 + 1e-9, np.exp(NEAR_ENOUGH))
    highest_price = np.where(hopeless, np.inf, steady.shadow_price * leeway)
    first, last = columns_within(response, reach)
    tonight = ChoiceSettings(
        first=first,
        last=np.maximum(np.minimum(last, worth), first),
        stay=column_of(response, reach.base),
        worth_moving=WORTH_MOVING,
        price_range=(steady.shadow_price / leeway, highest_price),
    )
    found = choose_bids(values, response, snapshot, budgets, targets, tonight)
    return replace(found, shadow_price=steady.shadow_price)


def _near(price: FloatArray | None, channels: int) -> tuple[FloatArray, FloatArray]:
    """Within what the steady price may lie; anything where none was known."""
    known = np.zeros(channels) if price is None else price
    return np.where(known > 0, known / NIGHTLY, 0.0), np.where(known > 0, known * NIGHTLY, np.inf)
