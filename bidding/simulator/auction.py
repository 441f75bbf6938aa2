"""Rivals' bids in, what a bid buys out: expected impressions, clicks and cost of one search, by exact integration.

Each search is an auction of its own. Every rival takes part with its own probability and bids a draw of its own
lognormal; whoever bids more stands higher; a click costs what the next lower bid is, or the reserve price. No curve is
assumed: what the bids' distribution makes of it is what there is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from bidding.outlook import FloatArray

SLOT_CLICKS = (1.0, 0.35, 0.18, 0.1)
"""Clicks that a slot gets, the first slot's as 1; who stands below the last is not shown."""
RESERVE = 0.04
"""The least that a click costs, in units of what rivals bid."""
GRID = np.linspace(np.log(RESERVE), 4.0, 33)
"""Logarithms of bids, in units of what rivals bid, at which the auction is integrated."""
CHUNK = 200


@dataclass(frozen=True, eq=False)
class Rivals:
    """Who else bids, J per target: log bid's mean (the target's price scale is 0) and deviation, presence; `(N, J)`."""

    log_mean: FloatArray
    log_sd: FloatArray
    presence: FloatArray


@dataclass(frozen=True, eq=False)
class AuctionTable:
    """Per search at each bid of `GRID`, `(N, K)` each.

    Attributes:
        shown: probability of an impression.
        clicks: clicks per search, the first slot's as 1.
        cost: price times those clicks, in units of the target's price scale.
    """

    shown: FloatArray
    clicks: FloatArray
    cost: FloatArray

    def at(self, log_bid: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Shown, clicks and cost at one log bid per target, `(N,)` each; nothing below the reserve price."""
        step = GRID[1] - GRID[0]
        position = np.clip((log_bid - GRID[0]) / step, 0.0, len(GRID) - 1.0)
        left = np.minimum(position.astype(np.int64), len(GRID) - 2)
        weight = position - left
        rows = np.arange(len(log_bid))
        served = log_bid >= GRID[0]
        shown, clicks, cost = (
            ((1 - weight) * table[rows, left] + weight * table[rows, left + 1]) * served
            for table in (self.shown, self.clicks, self.cost)
        )
        # Between two points of the grid a straight line could charge more than was bid.
        return shown, clicks, np.minimum(cost, clicks * np.exp(np.minimum(log_bid, GRID[-1])))


def auction_table(rivals: Rivals) -> AuctionTable:
    """Integrate every target's auction over its rivals' bids, a few hundred targets at a time."""
    parts = [
        _integrated(
            Rivals(rivals.log_mean[a : a + CHUNK], rivals.log_sd[a : a + CHUNK], rivals.presence[a : a + CHUNK])
        )
        for a in range(0, len(rivals.presence), CHUNK)
    ]
    return AuctionTable(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _integrated(rivals: Rivals) -> tuple[FloatArray, FloatArray, FloatArray]:
    joint = _above_and_below(rivals)
    prices = np.exp(GRID)
    at_bid = np.einsum("nkks->nks", joint)
    # E[price; k above] = b G(b) - integral of G from the reserve to b, where G(x) = P(k above b, all others below x).
    widths = np.diff(prices)
    pieces = 0.5 * (joint[:, :, 1:] + joint[:, :, :-1]) * widths[:, None]
    integral = np.concatenate([np.zeros_like(pieces[:, :, :1]), pieces.cumsum(axis=2)], axis=2)
    paid = prices[:, None] * at_bid - np.einsum("nkks->nks", integral)
    slots = np.array(SLOT_CLICKS)
    return at_bid.sum(axis=-1), at_bid @ slots, paid @ slots


def _above_and_below(rivals: Rivals) -> FloatArray:
    """P(k rivals above the bid, all others below x), `(N, K bids, K prices x, slots)`; of use where x <= bid."""
    below = ndtr((GRID - rivals.log_mean[..., None]) / rivals.log_sd[..., None]) * rivals.presence[..., None]
    absent = 1 - rivals.presence
    count, bids = len(absent), len(GRID)
    joint = np.zeros((count, bids, bids, len(SLOT_CLICKS)))
    joint[..., 0] = 1.0
    for rival in range(absent.shape[1]):
        above = (rivals.presence[:, rival, None] - below[:, rival])[:, :, None, None]
        quiet = (absent[:, rival, None] + below[:, rival])[:, None, :, None]
        raised = np.zeros_like(joint)
        raised[..., 1:] = joint[..., :-1] * above
        joint = joint * quiet + raised
    return joint
