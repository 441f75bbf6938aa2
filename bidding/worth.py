"""Click values, response and budgets in; how high each target's bid may go before it only buys clicks that lose money.

No click costs more than its bid, so a bid above what a click is worth adds only clicks that lose money. What is learnt
of clicks and cost does not tell that of bids far above rivals': nothing happens there until a rival comes.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bidding.click_value import may_rise
from bidding.outlook import BidResponse, ClickValues
from bidding.snapshot import Snapshot

OVER_WORTH = (1.0, 1.25, 1.6, 2.0, 3.0, 5.0, 10.0)
"""Bids over what a click is worth, tried in turn until a budget can be spent."""


def last_worth_bidding(
    values: ClickValues, response: BidResponse, snapshot: Snapshot, budgets: Mapping[str, float]
) -> NDArray[np.int64]:
    """The last column that each target may take, `(N,)`; for `ChoiceSettings.last`.

    Args:
        values, response: of every target; a target whose factor is not trusted does not go above its bid in force.
        snapshot: whose channels are meant.
        budgets: money per day by channel. Where bids within worth cannot spend one, all bids of the channel may go
            above it by the same factor.
    """
    channel = snapshot.channel_of_targets()
    budget = np.array([budgets[name] for name in snapshot.channels])
    rows, last = np.arange(len(channel)), response.bids.shape[1] - 1
    allowed = np.where(may_rise(values), last, response.current)
    found, short = np.zeros(len(channel), dtype=np.int64), np.ones(len(budget), dtype=bool)
    for factor in (*OVER_WORTH, np.inf):
        worth = (response.bids <= factor * np.maximum(values.profit, 1e-12)[:, None]).sum(axis=1) - 1
        found = np.where(short[channel], np.clip(worth, 0, allowed), found)
        cost = np.where(snapshot.targets.enabled, response.cost[rows, found], 0.0)
        short = np.bincount(channel, cost, minlength=len(budget)) < budget
        if not short.any():
            break
    return found
