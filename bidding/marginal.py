"""A snapshot and candidate bids in; clicks and cost out, the cost built from what one more click costs in an auction.

Days at other bids tell well what a bid costs and badly what its next click costs: cost per click times one plus a ratio
of two small slopes. The auction itself tells that better. Where a click costs what the next lower bid is, a higher bid
wins only clicks that its old bid did not, each for at least the old bid, and makes those dearer that it had in a lower
place. So one more click costs the bid and a part of what clicks cost now, on targets of all kinds; Varian (2007,
position auctions) calls it the incremental cost per click.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.landscape import learn_response
from bidding.outlook import BidResponse
from bidding.snapshot import BidSimulations, Snapshot

FloatArray = NDArray[np.float64]

LEAST_KEPT = 0.5
"""Of its cost per click over bid, that a lower bid keeps at least: a fall in clicks cannot save more than was paid."""
BLOCK = 50_000


def learn_priced_response(snapshot: Snapshot, account: Account, candidates: FloatArray) -> BidResponse:
    """`learn_response`, priced by the auction: what a night chooses by and expects to spend."""
    return priced_by_the_auction(learn_response(snapshot, account, candidates), snapshot.simulations)


def priced_by_the_auction(response: BidResponse, points: BidSimulations | None = None) -> BidResponse:
    """The response with cost that equals what was learnt at the bid in force and grows by the auction's rule elsewhere.

    Args:
        response: of every target.
        points: the platform's own simulations; targets that have some keep their cost.
    """
    cost = np.empty_like(response.cost)
    for start in range(0, len(cost), BLOCK):
        block = slice(start, start + BLOCK)
        cost[block] = _cost(response.bids[block], response.clicks[block], response.cost[block], response.current[block])
    if points is not None:
        told = np.unique(points.target)
        cost[told] = response.cost[told]
    return replace(response, cost=cost)


def _cost(bids: FloatArray, clicks: FloatArray, learnt: FloatArray, current: NDArray[np.int64]) -> FloatArray:
    rows = np.arange(len(bids))
    bid, now = bids[rows, current], learnt[rows, current]
    share = now / np.maximum(clicks[rows, current] * bid, 1e-12)
    steps = np.zeros_like(bids)
    steps[:, 1:] = np.diff(clicks, axis=1) * 0.5 * (bids[:, 1:] + bids[:, :-1])
    grown = np.cumsum(steps, axis=1) * (1.0 + share)[:, None]
    cost = now[:, None] + grown - grown[rows, current][:, None]
    least = np.where(bids < bid[:, None], LEAST_KEPT * clicks * share[:, None] * bids, 0.0)
    rising: FloatArray = np.maximum.accumulate(np.maximum(cost, least), axis=1)
    return rising
