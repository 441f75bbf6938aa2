"""Levers of campaigns whose bids the platform sets: what targets on return and cost caps should be, and what follows.

The next unit of money shall bring as much profit in a smart-bidding campaign as in the bids beside it. Attributed sales
are taken to grow as spend to the power of 0.8, so that the next unit returns 0.8 times what the average one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.days import totals
from bidding.optimize import Return, ReturnTarget
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.snapshot import Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SALES_ELASTICITY = 0.8
EDITS_A_WEEK = 2
"""Every edit restarts what the platform has learnt."""
WORTH_AN_EDIT = 0.03
LARGEST_RESPONSE = 1.5
"""Spend is expected to move by at most this factor with one edit, whatever the power of 0.8 says of it."""
SLACK = 0.1
"""Below what comes, from which on a target on return no longer binds."""
LEAST_SHARE = 0.05
"""Of a channel's budget, that smart campaigns are steered to where the bids beside them take all of it."""


@dataclass(frozen=True, eq=False)
class SmartLevers:
    """What levers should stand at; NaN where nothing is known of what a campaign sells or it is not a smart one.

    Attributes:
        campaign_roas, target_roas: attributed sales per unit of cost, by campaign `(M,)` and by target `(N,)`.
        campaign_cap, cap: cost per order, money, by campaign `(M,)` and by target `(N,)`.
        campaign_return, target_return: attributed sales per unit of cost as they are, `(M,)` and `(N,)`.
        campaign_order_cost, order_cost: cost per order as it is, `(M,)` and `(N,)`.
        appetite: spend over today's at which the campaign's next unit returns what it should, `(M,)`.
        price: profit that the next unit of money shall bring, by channel, `(C,)`.
    """

    campaign_roas: FloatArray
    target_roas: FloatArray
    campaign_cap: FloatArray
    cap: FloatArray
    campaign_return: FloatArray
    target_return: FloatArray
    campaign_order_cost: FloatArray
    order_cost: FloatArray
    appetite: FloatArray
    price: FloatArray


@dataclass(frozen=True, eq=False)
class _Daily:
    """What some units bring a day at what is in force."""

    cost: FloatArray
    orders: FloatArray
    sales: FloatArray
    incremental: FloatArray
    profit: FloatArray

    def by(self, group: IntArray, count: int) -> "_Daily":
        return _Daily(*(totals(group, column, count) for column in vars(self).values()))


def smart_targets(snapshot: Snapshot) -> BoolArray:
    """Targets whose bids the platform sets, `(N,)`."""
    found: BoolArray = (snapshot.campaigns.strategy == Strategy.SMART)[snapshot.targets.campaign]
    return found


def smart_levers(
    snapshot: Snapshot,
    values: ClickValues,
    response: BidResponse,
    choice: BidChoice,
    budget: FloatArray,
    targets: Sequence[ReturnTarget | None] = (),
) -> SmartLevers:
    """Values at which smart-bidding campaigns spend to the same margin as the bids beside them.

    An average target of price / (share x margin x 0.8) makes the next unit bring the price; a cost per order to match.
    Where a channel has no bids of its own, or bids that leave money over, the price is the one at which its smart
    campaigns spend what is left of its budget.

    Args:
        snapshot, values, response, choice: of the night.
        budget: money a day by channel, `(C,)`.
        targets: the channels' own targets on return, below which no lever goes; () for none.
    """
    own = _daily(snapshot, values, response)
    campaigns = own.by(snapshot.targets.campaign, len(snapshot.campaigns.ids))
    price = _price(snapshot, campaigns, choice, budget)
    by_campaign, by_target = price[snapshot.campaigns.channel], price[snapshot.channel_of_targets()]
    with np.errstate(divide="ignore", invalid="ignore"):
        appetite = (SALES_ELASTICITY * campaigns.profit / campaigns.cost / by_campaign) ** _POWER
        returns, of_targets = campaigns.sales / campaigns.cost, own.sales / own.cost
        of_campaign_orders, of_orders = campaigns.cost / campaigns.orders, own.cost / own.orders
    smart = snapshot.campaigns.strategy == Strategy.SMART
    of_smart = smart[snapshot.targets.campaign]
    roas = _roas(campaigns, by_campaign, _asked_of(targets, snapshot.campaigns.channel))
    of_targets_roas = _roas(own, by_target, _asked_of(targets, snapshot.channel_of_targets()))
    return SmartLevers(
        campaign_roas=np.where(smart, roas, np.nan),
        target_roas=np.where(of_smart, of_targets_roas, np.nan),
        campaign_cap=np.where(smart, _cap(campaigns, roas), np.nan),
        cap=np.where(of_smart, _cap(own, of_targets_roas), np.nan),
        campaign_return=returns,
        target_return=of_targets,
        campaign_order_cost=of_campaign_orders,
        order_cost=of_orders,
        appetite=np.where(smart & np.isfinite(appetite), appetite, np.nan),
        price=price,
    )


_POWER = 1.0 / (1.0 - SALES_ELASTICITY)


def spend_after_roas(old: FloatArray, new: FloatArray, now: FloatArray) -> FloatArray:
    """Spend over today's that follows a target on return which moves from old to new, where `now` is what comes.

    A target well below what comes holds nothing back: moving it changes nothing until it reaches that. 1 where nothing
    is known.
    """
    return _followed(np.maximum(new, _least(now)), np.maximum(old, _least(now)))


def spend_after_cap(old: FloatArray, new: FloatArray, now: FloatArray) -> FloatArray:
    """The same of a cost per order, which holds nothing back where it lies well above what an order costs."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return spend_after_roas(1.0 / old, 1.0 / new, 1.0 / now)


def _least(now: FloatArray) -> FloatArray:
    """The lowest target on return that still holds something back: averages of few orders scatter around it."""
    return np.nan_to_num(now, posinf=0.0) * (1.0 - SLACK)


def worth_an_edit(old: IntArray, wanted: IntArray) -> BoolArray:
    """Whether a lever would move far enough for the platform to learn anew, `(V,)`."""
    found: BoolArray = np.abs(wanted - old) >= WORTH_AN_EDIT * np.maximum(old, 1)
    return found


def _followed(new: FloatArray, old: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        spend = np.clip((old / new) ** _POWER, 1.0 / LARGEST_RESPONSE, LARGEST_RESPONSE)
    found: FloatArray = np.where(np.isfinite(spend), spend, 1.0)
    return found


def _daily(snapshot: Snapshot, values: ClickValues, response: BidResponse) -> _Daily:
    rows = np.arange(len(snapshot.targets))
    clicks = response.clicks[rows, response.current] * snapshot.targets.enabled
    cost = response.cost[rows, response.current] * snapshot.targets.enabled
    per_click = (values.conversion_rate, values.attributed, values.incremental, values.profit)
    return _Daily(cost, *(clicks * each for each in per_click))


def _price(snapshot: Snapshot, campaigns: _Daily, choice: BidChoice, budget: FloatArray) -> FloatArray:
    smart = (snapshot.campaigns.strategy == Strategy.SMART) & (campaigns.cost > 0)
    channel, size = snapshot.campaigns.channel, len(snapshot.channels)
    cost = np.where(smart, campaigns.cost, 0.0)
    left = np.maximum(budget - choice.cost + totals(channel, cost, size), LEAST_SHARE * budget)
    rate = np.where(smart, campaigns.profit / np.where(smart, campaigns.cost, 1.0), 0.0)
    wanted = totals(channel, cost * rate**_POWER, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = SALES_ELASTICITY * (wanted / left) ** (1.0 / _POWER)
    price: FloatArray = np.where(choice.shadow_price > 0, choice.shadow_price, np.nan_to_num(alone))
    return price


def _asked_of(targets: Sequence[ReturnTarget | None], channel: IntArray) -> tuple[FloatArray, FloatArray]:
    """Attributed and incremental sales per unit of cost that units' channels ask for; 0 where they ask for nothing."""
    asked = np.zeros((2, int(channel.max(initial=0)) + 1))
    for place, target in enumerate(targets[: asked.shape[1]]):
        if target is not None:
            asked[0 if target.kind is Return.ATTRIBUTED else 1, place] = target.value
    return asked[0][channel], asked[1][channel]


def _roas(units: _Daily, price: FloatArray, asked: tuple[FloatArray, FloatArray]) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        roas = price * units.sales / units.profit / SALES_ELASTICITY
        least = np.maximum(asked[0], np.where(asked[1] > 0, asked[1] * units.sales / units.incremental, 0.0))
    return np.where(np.isfinite(roas) & (roas > 0), np.fmax(roas, least), np.nan)


def _cap(units: _Daily, roas: FloatArray) -> FloatArray:
    """What an order may cost where its sales are to be so many times that."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cap = units.sales / units.orders / roas
    return np.where(np.isfinite(cap) & (cap > 0), cap, np.nan)
