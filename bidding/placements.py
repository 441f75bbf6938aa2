"""What placements of campaigns brought in; increases by placement, and what they make of bids and click prices, out.

Platforms that only increase get the bid that is right for the placement whose clicks are worth least, and increases
that make it right for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import BidLimits
from bidding.money import MICROS, UNBOUNDED
from bidding.snapshot import Placement, PlacementResults, Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_MODIFIER = 9.0
PLACEMENT_ORDERS = 32.0
"""Orders that the account's own ratio between placements is worth in a campaign: campaigns differ from it by a relative
sd of about 0.25, and the value of a click is known to 2 / orders in relative variance."""
ROUNDS = 20
"""Of fitting campaigns and placements in turn; after five, increases move by less than 1 % even where campaigns show at
different placements."""
WORTH_MOVING = 0.2
"""Of 1 + increase, below which an increase stays: near the optimum it is flat, and every move blurs what was learnt of
bids before it."""
UP_AT_TOP, UP_ELSEWHERE = 2.0, 1.5
"""What Amazon's up-and-down strategy may make of a bid at the top of search and elsewhere."""


@dataclass(frozen=True, eq=False)
class Modifiers:
    """Increases that the data ask for.

    Attributes:
        increase: as fractions, `(M, 3)`.
        base: what to multiply a campaign's bid for its average click by, `(M,)`.
        mix: share of a campaign's clicks by placement, `(M, 3)`.
    """

    increase: FloatArray
    base: FloatArray
    mix: FloatArray

    def average(self, increase: FloatArray) -> FloatArray:
        """What increases `(M, 3)` make of a campaign's bids on average over its clicks, `(M,)`."""
        factor: FloatArray = (self.mix * (1.0 + increase)).sum(axis=1)
        return factor


def choose_modifiers(results: PlacementResults) -> Modifiers:
    """Increases for platforms that only increase: bids at the lowest placement's optimum, increases for the others.

    A click's value by placement relative to its campaign's average is shrunk to the account's own. Bids for the average
    click times `base` are then right for the lowest placement, and the increases make the others so.
    """
    clicks, sales = results.clicks, results.sales
    usual_mix = np.full(clicks.shape, 1.0 / clicks.shape[1])
    if sales.sum() <= 0 or results.orders.sum() <= 0:
        return Modifiers(np.zeros(clicks.shape), np.ones(len(clicks)), usual_mix)
    worth = PLACEMENT_ORDERS * clicks.sum() / results.orders.sum()
    usual = _usual_values(clicks, sales, worth)
    value = (sales + usual * worth) / (clicks + worth)
    mix = (clicks + worth * clicks.sum(axis=0) / clicks.sum()) / (clicks.sum(axis=1, keepdims=True) + worth)
    ratio = value / np.maximum((mix * value).sum(axis=1, keepdims=True), 1e-12)
    lowest = np.maximum(ratio.min(axis=1), 1.0 / (1.0 + LARGEST_MODIFIER) * ratio.max(axis=1))
    increase = np.clip(np.rint(100 * (ratio / lowest[:, None] - 1.0)) / 100, 0.0, LARGEST_MODIFIER)
    return Modifiers(increase, lowest, mix)


def _usual_values(clicks: FloatArray, sales: FloatArray, worth: float) -> FloatArray:
    """Value of a click as campaign times placement, `(M, 3)`: marginal totals of a multiplicative model, both shrunk.

    Sums over campaigns alone would take for a placement's worth what its campaigns are worth: those with large
    increases have their clicks at the top.
    """
    average = sales.sum() / clicks.sum()
    of_placement, of_campaign = np.ones(clicks.shape[1]), np.full(len(clicks), average)
    for _ in range(ROUNDS):
        of_campaign = (sales.sum(axis=1) + average * worth) / (clicks @ of_placement + worth)
        of_placement = (sales.sum(axis=0) + average * worth) / (of_campaign @ clicks + average * worth)
    found: FloatArray = of_placement * of_campaign[:, None]
    return found


@dataclass(frozen=True, eq=False)
class Increases:
    """Increases that shall be asked tonight.

    Attributes:
        modifiers: what they were chosen from; None where no report tells of placements.
        wanted: fractions, `(M, 3)`; those in force where none is asked.
        lift: what tonight's limits let them make of a campaign's bids on average, against those in force, `(M,)`.
    """

    modifiers: Modifiers | None
    wanted: FloatArray
    lift: FloatArray


def increases_to_ask(snapshot: Snapshot, chosen: Modifiers) -> FloatArray:
    """The chosen increases where they are worth a move, else those in force, `(M, 3)`."""
    now = snapshot.campaigns.modifiers
    worth = np.abs((1.0 + chosen.increase) / (1.0 + now) - 1.0) >= WORTH_MOVING
    found: FloatArray = np.where(worth, chosen.increase, now)
    return found


def worst_multiple(modifiers: FloatArray, strategy: IntArray) -> FloatArray:
    """The largest cost per click over bid that increases `(M, 3)` and the platform's bidding allow together, `(M,)`.

    The order in which they combine is not documented; their product is a safe bound.
    """
    raised = (1.0 + modifiers) * platform_raise(strategy)
    largest: FloatArray = np.maximum(raised.max(axis=1), 1.0)
    return largest


def platform_raise(strategy: IntArray) -> FloatArray:
    """What the platform itself may make of a bid by placement, `(M, 3)`."""
    up = np.full(len(Placement), UP_ELSEWHERE)
    up[Placement.TOP_OF_SEARCH] = UP_AT_TOP
    return np.where((strategy == Strategy.UP_AND_DOWN)[:, None], up, 1.0)


def ceilings(snapshot: Snapshot, limits: Sequence[BidLimits], modifiers: FloatArray | None = None) -> IntArray:
    """Largest bid of each campaign whose click, with every increase, stays below the channel's ceiling, `(M,)`.

    Args:
        snapshot: whose campaigns.
        limits: by channel.
        modifiers: increases that may be in force, `(M, 3)`; those of the snapshot where `None`.
    """
    campaigns = snapshot.campaigns
    most = dearest_clicks(limits)[campaigns.channel]
    worst = worst_multiple(campaigns.modifiers if modifiers is None else modifiers, campaigns.strategy)
    return np.where(most >= UNBOUNDED, UNBOUNDED, np.floor(most / worst + 1e-6)).astype(np.int64)


def dearest_clicks(limits: Sequence[BidLimits]) -> IntArray:
    """The most that a click may cost by channel, millionths, `(C,)`."""
    amounts = [limit.max_cost_per_click for limit in limits]
    return np.array(
        [int(UNBOUNDED) if amount is None else round(amount * MICROS) for amount in amounts], dtype=np.int64
    )
