"""What placements and devices of campaigns brought in; multipliers, and what they make of bids and click prices, out.

Platforms that only increase get the bid that is right for the placement whose clicks are worth least, and increases
that make it right for the others; where a multiplier may lower a bid too, bids stay those of the average click.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import BidLimits
from bidding.money import MICROS, UNBOUNDED
from bidding.multipliers import OFF, device_columns, of_platform, scheme_of
from bidding.platforms.limits import limits_of
from bidding.snapshot import Placement, PlacementResults, Platform, Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

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
"""What Amazon's up-and-down strategy may make of a bid at the top of search and elsewhere; the first is taken for what
other platforms may, which none of them states."""


@dataclass(frozen=True, eq=False)
class Modifiers:
    """Multipliers that the data ask for.

    Attributes:
        increase: as fractions, `(M, W)`.
        base: what to multiply a campaign's bid for its average click by, `(M,)`.
        mix: share of a campaign's clicks by placement, and again by device, `(M, W)`.
        device: columns of devices, `(M, W)`, or None where there are only placements.
    """

    increase: FloatArray
    base: FloatArray
    mix: FloatArray
    device: BoolArray | None = None

    def average(self, increase: FloatArray) -> FloatArray:
        """What multipliers `(M, W)` make of a campaign's bids on average over its clicks, `(M,)`.

        Clicks of a device are taken to be spread over placements as those of any other.
        """
        parts = self.mix * (1.0 + increase)
        if self.device is None:
            factor: FloatArray = parts.sum(axis=1)
            return factor
        return _whole(parts, ~self.device) * _whole(parts, self.device)


def _whole(parts: FloatArray, columns: BoolArray) -> FloatArray:
    """The sum over some columns, `(M,)`; 1 where a campaign has none of them."""
    return np.where((parts * columns).any(axis=1), (parts * columns).sum(axis=1), 1.0)


def modifiers_of(snapshot: Snapshot, results: PlacementResults, marketplace: str) -> Modifiers:
    """Multipliers of every platform's placements and devices, each learnt from the platform's own campaigns.

    What is in force stays where no report tells results, where too few orders can be expected of the clicks, and where
    a device is off.

    Raises:
        BidError: no limits are known for a platform's marketplace.
    """
    now, device = snapshot.campaigns.modifiers, device_columns(snapshot)
    increase, mix, base = now.copy(), np.zeros(now.shape), np.ones(len(now))
    for platform in dict.fromkeys(snapshot.platforms):
        scheme, rows = scheme_of(platform), np.flatnonzero(of_platform(snapshot, platform))
        split = len(scheme.placements)
        for columns in (np.arange(split), np.arange(split, len(scheme.names))):
            if not len(rows) or not len(columns):
                continue
            cells = np.ix_(rows, columns)
            own = PlacementResults(**{name: values[cells] for name, values in vars(results).items()})
            least = 0.0 if platform is Platform.AMAZON else float(limits_of(platform, marketplace).least_modifier)
            made = choose_modifiers(own, least)
            mix[cells] = made.mix
            if own.clicks.sum() > 0:
                stays = (now[cells] <= OFF) | (_orders_to_expect(own) < scheme.least_orders)
                increase[cells] = np.where(stays, now[cells], made.increase)
                base[rows] *= made.base
    return Modifiers(increase, base, mix, device if device.any() else None)


def _orders_to_expect(results: PlacementResults) -> FloatArray:
    """Of clicks at the platform's average rate, `(M, W)`."""
    found: FloatArray = results.clicks * results.orders.sum() / results.clicks.sum()
    return found


def choose_modifiers(results: PlacementResults, least: float = 0.0) -> Modifiers:
    """Multipliers of one platform's placements or of its devices.

    A click's value by placement relative to its campaign's average is shrunk to the account's own. Bids for the average
    click times `base` are then right for the lowest placement, and the increases make the others so; with `least`
    below nothing, multipliers go both ways from bids for the average click.

    Args:
        results: of the platform's campaigns, `(M, W)`.
        least: that the platform takes, as a fraction.
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
    base = lowest if least >= 0 else np.ones(len(clicks))
    increase = np.clip(np.rint(100 * (ratio / base[:, None] - 1.0)) / 100, least, LARGEST_MODIFIER)
    return Modifiers(increase, base, mix)


def _usual_values(clicks: FloatArray, sales: FloatArray, worth: float) -> FloatArray:
    """Value of a click as campaign times placement, `(M, W)`: marginal totals of a multiplicative model, both shrunk.

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
    """Multipliers that shall be asked tonight.

    Attributes:
        modifiers: what they were chosen from; None where no report tells of placements or devices.
        wanted: fractions, `(M, W)`; those in force where none is asked.
        lift: what tonight's limits let them make of a campaign's bids on average, against those in force, `(M,)`.
    """

    modifiers: Modifiers | None
    wanted: FloatArray
    lift: FloatArray


def increases_to_ask(snapshot: Snapshot, chosen: Modifiers) -> FloatArray:
    """The chosen multipliers where they are worth a move, else those in force, `(M, W)`."""
    now = snapshot.campaigns.modifiers
    worth = np.abs((1.0 + chosen.increase) / np.where(now > OFF, 1.0 + now, 1.0) - 1.0) >= WORTH_MOVING
    found: FloatArray = np.where(worth, chosen.increase, now)
    return found


def worst_multiple(modifiers: FloatArray, strategy: IntArray, device: BoolArray | None = None) -> FloatArray:
    """The largest cost per click over bid that multipliers and the platform's bidding allow together, `(M,)`.

    The order in which they combine is not documented; their product is a safe bound.

    Args:
        modifiers: `(M, W)`.
        strategy: `Strategy` of each campaign.
        device: columns of devices, `(M, W)`, or None where there are only placements.
    """
    of_device = np.zeros(modifiers.shape, dtype=bool) if device is None else device
    placed = np.where(of_device, 1.0, 1.0 + modifiers) * platform_raise(strategy, of_device)
    worst = placed.max(axis=1) * np.where(of_device.any(axis=1), _largest(modifiers, of_device), 1.0)
    largest: FloatArray = np.maximum(worst, 1.0)
    return largest


def _largest(modifiers: FloatArray, columns: BoolArray) -> FloatArray:
    """The largest of some columns' factors, `(M,)`; 0 where a campaign has none of them."""
    found: FloatArray = np.where(columns, 1.0 + modifiers, 0.0).max(axis=1)
    return found


def platform_raise(strategy: IntArray, device: BoolArray) -> FloatArray:
    """What the platform itself may make of a bid by placement or device, `(M, W)`."""
    up = np.full(device.shape, UP_ELSEWHERE)
    up[:, Placement.TOP_OF_SEARCH] = UP_AT_TOP
    up[device.any(axis=1)] = UP_AT_TOP
    return np.where((strategy == Strategy.UP_AND_DOWN)[:, None], up, 1.0)


def ceilings(snapshot: Snapshot, limits: Sequence[BidLimits], modifiers: FloatArray | None = None) -> IntArray:
    """Largest bid of each campaign whose click, with every multiplier, stays below the channel's ceiling, `(M,)`.

    Args:
        snapshot: whose campaigns.
        limits: by channel.
        modifiers: multipliers that may be in force, `(M, W)`; those of the snapshot where `None`.
    """
    campaigns = snapshot.campaigns
    most = dearest_clicks(limits)[campaigns.channel]
    told = campaigns.modifiers if modifiers is None else modifiers
    worst = worst_multiple(told, campaigns.strategy, device_columns(snapshot))
    return np.where(most >= UNBOUNDED, UNBOUNDED, np.floor(most / worst + 1e-6)).astype(np.int64)


def dearest_clicks(limits: Sequence[BidLimits]) -> IntArray:
    """The most that a click may cost by channel, millionths, `(C,)`."""
    amounts = [limit.max_cost_per_click for limit in limits]
    return np.array(
        [int(UNBOUNDED) if amount is None else round(amount * MICROS) for amount in amounts], dtype=np.int64
    )
