"""Values, responses and reach in; tonight's bids out, at a price of money that does not swing with the day's chance.

The price of money is that at which bids would spend the budget if they had the nights to get there. Tonight's limits
leave each bid a little room only: to make them alone meet a day's money would move all bids together, good ones and bad
ones, up one night and down the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a night has learnt: what clicks are worth, and what bids bring; candidates go as far as `Reach.far_low`."""

    values: ClickValues
    response: BidResponse


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

    Raises:
        BidError: a channel has no budget, or one that is not a positive number.
    """
    values, response = learnt.values, learnt.response
    highest = highest_columns(response, reach, may_rise(values))
    worth = np.minimum(highest, last_worth_bidding(values, response, snapshot, budgets))
    steady = choose_bids(values, response, snapshot, budgets, targets, ChoiceSettings(last=worth))
    budget = np.array([budgets[name] for name in snapshot.channels])
    hopeless = steady.cost > budget * (1 + 1e-9)
    highest_price = np.where(hopeless, np.inf, steady.shadow_price * leeway)
    first, last = columns_within(response, reach)
    tonight = ChoiceSettings(
        first=first,
        last=np.maximum(np.minimum(last, worth), first),
        stay=column_of(response, reach.base),
        worth_moving=WORTH_MOVING,
        price_range=(steady.shadow_price / leeway, highest_price),
    )
    return choose_bids(values, response, snapshot, budgets, targets, tonight)
