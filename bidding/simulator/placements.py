"""A day's clicks, cost and orders of targets in; at which placement each came out, as a report by placement tells.

Chance of its own: what targets bring is the same whether anyone asks where it came from.
"""

from dataclasses import replace

import numpy as np

from bidding.outlook import FloatArray, IntArray
from bidding.simulator.conversions import Orders
from bidding.simulator.world import PLACEMENT_CONVERSION


def placed_clicks(clicked: IntArray, expected: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A day's clicks by target and placement, `(N, 3)`; over placements they sum to the targets' own.

    Args:
        clicked: of the day, `(N,)`.
        expected: per search by placement, `(3, N)`.
        rng: of this alone.
    """
    return rng.multinomial(clicked.astype(np.int64), _shares(expected.T)).astype(np.float64)


def placed_cost(charged: FloatArray, clicks: FloatArray, price: FloatArray, campaign: IntArray) -> FloatArray:
    """A day's cost by campaign and placement, `(M, 3)`: as its clicks there and what a click costs there on average.

    What one click of one target cost is drawn without its placement, so that campaigns, which have more clicks, tell
    placements' prices apart better than targets do.

    Args:
        charged: cost of the day by campaign, `(M,)`.
        clicks: by target and placement, `(N, 3)`.
        price: expected cost of a click, likewise.
        campaign: of each target, `(N,)`.
    """
    usual = np.zeros((len(charged), clicks.shape[1]))
    np.add.at(usual, campaign, clicks * price)
    return charged[:, None] * _shares(usual)


def placed_orders(orders: Orders, clicks: FloatArray, rng: np.random.Generator) -> Orders:
    """The same orders with the placement of their click: as many as clicks there, times how well they convert."""
    reached = _shares(clicks * PLACEMENT_CONVERSION)[orders.target].cumsum(axis=1)
    place = (rng.random(len(orders.target))[:, None] >= reached[:, :-1]).sum(axis=1)
    return replace(orders, place=place)


def _shares(weight: FloatArray) -> FloatArray:
    """Of each row's sum, `(N, 3)`; the same for all where there is nothing to share."""
    total = weight.sum(axis=1, keepdims=True)
    found: FloatArray = np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / weight.shape[1])
    return found
