"""Values, responses and reach in; tonight's bids out, at a price of money that does not swing with the day's chance.

The price of money is that at which bids would spend the budget if they had the nights to get there. Spend hardly
answers to bids, so a day's chance would move the price by much, and with it all bids together, good ones and bad ones.
It is remembered, stays where it keeps a period's money, and goes a part of the way to where it would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bidding.click_value import may_rise
from bidding.optimize import WORTH_MOVING, ChoiceSettings, ReturnTarget, choose_bids
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import NO_SLACK, Slack
from bidding.reach import Reach, column_of, columns_within, highest_columns
from bidding.snapshot import Snapshot
from bidding.worth import last_worth_bidding

FloatArray = NDArray[np.float64]
Money = Mapping[str, float]

PART_OF_THE_WAY = 0.3
"""Of the way, in logs, that the steady price goes in a night to where it would keep the money."""
NIGHTLY = 0.1
"""The most, in logs, that it goes in a night while the money is missed by less than `NEAR`; beyond it in proportion."""
NEAR = 0.25
"""Logs of a day's money."""
TOO_DEAR = 1.3
"""Times a day's money, and that of the steady price: bids that would cost more than both are held tonight by a price of
up to `EMERGENCY` times the steady one. What is left of an overspent month the campaigns' budgets hold."""
EMERGENCY = 3.0
LOWEST_PRICE, HIGHEST_MISS = 1e-3, 0.7


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
    budgets: Money,
    reach: Reach,
    targets: Sequence[ReturnTarget | None] | None = None,
    slack: Slack = NO_SLACK,
) -> BidChoice:
    """Choose all bids of all channels within tonight's reach.

    Args:
        learnt: of every target.
        snapshot: this morning.
        budgets: money of a usual day by channel.
        reach: of every target's bid.
        targets: on return, by channel, in the snapshot's order.
        slack: how far tonight may leave the steady price and the day's money; `pacing.slack_of`.

    Returns:
        The choice; its shadow price is the steady one.

    Raises:
        BidError: a channel has no budget, or one that is not a positive number.
    """
    values, response = learnt.values, learnt.response
    highest = highest_columns(response, reach, may_rise(values))
    money = np.array([budgets[name] for name in snapshot.channels])
    steady = dict(zip(snapshot.channels, money * slack.steady, strict=True))
    worth = np.minimum(highest, last_worth_bidding(values, response, snapshot, steady))
    choice = _Choice(learnt, snapshot, money, targets)
    price = _steady_price(choice, worth, slack)
    first, last = columns_within(response, reach)
    tonight = ChoiceSettings(
        first=first,
        last=np.maximum(np.minimum(last, worth), first),
        stay=column_of(response, reach.base),
        worth_moving=WORTH_MOVING,
    )
    return replace(_near(choice, tonight, price, slack), shadow_price=price)


@dataclass(frozen=True, eq=False)
class _Choice:
    """What every choice of a night is made from; money by channel, `(C,)`."""

    learnt: Learnt
    snapshot: Snapshot
    money: FloatArray
    targets: Sequence[ReturnTarget | None] | None

    def of(self, settings: ChoiceSettings, money: FloatArray | None = None) -> BidChoice:
        """The choice for this much money, or for the day's."""
        amounts = self.money if money is None else money
        budgets = {name: float(amounts[place]) for place, name in enumerate(self.snapshot.channels)}
        values, response = self.learnt.values, self.learnt.response
        return choose_bids(values, response, self.snapshot, budgets, self.targets, settings)

    def at(self, settings: ChoiceSettings, price: FloatArray) -> FloatArray:
        """What bids at a price of money cost, `(C,)`; channels without one, and those with a target, spend theirs."""
        known = price > 0
        limits = (np.where(known, price, 0.0), np.where(known, price, np.inf))
        return self.of(replace(settings, price_range=limits)).cost


def _steady_price(choice: _Choice, worth: NDArray[np.int64], slack: Slack) -> FloatArray:
    """Last night's price, or on the way to one at which the money is missed by no more than it may be, `(C,)`."""
    free, money = ChoiceSettings(last=worth), choice.money * slack.steady
    price = np.zeros(len(money)) if choice.learnt.price is None else choice.learnt.price
    known = price > 0
    cost = np.where(known, choice.at(free, price), 0.0) if known.any() else money
    aim = np.clip(cost, *_around(money, slack))
    searched = choice.of(free, np.where(known, aim, money))
    # A channel whose lowest bids cost more than it has gets no price, and looks for one again the night after.
    fits = searched.cost <= np.where(known, aim, money) * (1 + 1e-9)
    if not known.any():
        return np.where(fits, searched.shadow_price, 0.0)
    way = np.log(np.maximum(searched.shadow_price, LOWEST_PRICE) / np.where(known, price, 1.0))
    way = np.where(fits, way, np.inf)
    most = NIGHTLY * np.maximum(1.0, np.abs(np.log(np.maximum(cost, 1e-12) / money)) / NEAR)
    moved = price * np.exp(np.where(aim == cost, 0.0, np.clip(PART_OF_THE_WAY * way, -most, most)))
    return np.where(known, moved, np.where(fits, searched.shadow_price, 0.0))


def _near(choice: _Choice, tonight: ChoiceSettings, price: FloatArray, slack: Slack) -> BidChoice:
    """Tonight's bids at the steady price, or as near it as the day's money and the slack ask."""
    known, money = price > 0, choice.money
    cost = choice.at(tonight, price)
    # Where the price may not leave the steady one, what that costs is what is spent.
    aim = np.where(slack.leeway > 1, np.clip(cost, *_around(money, slack)), cost)
    aim = np.where(known, aim, money)
    low = np.where(known, np.where(cost < aim, price / slack.leeway, price), 0.0)
    high = np.where(known, np.where(cost > aim, price * slack.leeway, price), np.inf)
    found = choice.of(replace(tonight, price_range=(low, high)), aim)
    most = TOO_DEAR * money * np.maximum(slack.steady, 1.0)
    dear = known & (found.cost > most)
    if not dear.any():
        return found
    low, high = np.where(dear, high, low), np.where(dear, np.maximum(high, EMERGENCY * price), high)
    return choice.of(replace(tonight, price_range=(low, high)), np.where(dear, most, aim))


def _around(money: FloatArray, slack: Slack) -> tuple[FloatArray, FloatArray]:
    """Between which amounts a day's money may be left alone, `(C,)` each."""
    miss = np.minimum(slack.miss, HIGHEST_MISS)
    return money * (1.0 - miss), money * (1.0 + slack.miss)
