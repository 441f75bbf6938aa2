"""What is set besides bids: placement modifiers, the ceiling they imply, and the levers of smart-bidding campaigns."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from bidding.optimize import Spending
from bidding.outlook import ClickValues
from bidding.snapshot import Campaigns, Placement, Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LARGEST_MODIFIER = 9.0
PLACEMENT_CLICKS = 100.0
"""Clicks that the account's own ratio between placements is worth in a campaign."""
UP_AT_TOP, UP_ELSEWHERE = 2.0, 1.5
SALES_ELASTICITY = 0.8
"""Next unit's return over the average one where a platform bids: sales grow with spend to this power."""
LARGEST_EDIT = 0.2
EDITS_A_WEEK = 2
WORTH_AN_EDIT = 0.03


@dataclass(frozen=True, eq=False)
class PlacementResults:
    """Clicks and attributed sales by campaign and `Placement`, `(M, 3)` each; sales in money."""

    clicks: FloatArray
    sales: FloatArray


@dataclass(frozen=True, eq=False)
class Modifiers:
    """Placement increases as fractions, `(M, 3)`, and what to multiply a campaign's optimal bids by, `(M,)`."""

    increase: FloatArray
    base: FloatArray


class Lever(Enum):
    """What a smart-bidding campaign or ad set is steered by."""

    TARGET_ROAS = "target_roas"
    COST_CAP = "cost_cap"


@dataclass(frozen=True, eq=False)
class SmartLevers:
    """New values of a lever.

    Attributes:
        campaign: rows in `Campaigns`, `(S,)`.
        value: sales per unit of money, or money per order, `(S,)`.
        edit: whether it is worth an edit and none is used up, `(S,)`.
    """

    campaign: IntArray
    value: FloatArray
    edit: BoolArray


def choose_modifiers(results: PlacementResults) -> Modifiers:
    """Modifiers of a platform that only increases: bids at the lowest placement's optimum, increases for the others.

    A click's value by placement relative to its campaign's average is shrunk to the account's own. Bids for the average
    click times `base` are then right for the lowest placement, and the increases make the others so.
    """
    clicks, sales = results.clicks, results.sales
    if sales.sum() <= 0:
        return Modifiers(np.zeros(clicks.shape), np.ones(len(clicks)))
    average = sales.sum() / max(clicks.sum(), 1e-9)
    of_placement = (sales.sum(axis=0) + average * PLACEMENT_CLICKS) / (clicks.sum(axis=0) + PLACEMENT_CLICKS)
    of_campaign = (sales.sum(axis=1) + average * PLACEMENT_CLICKS) / (clicks.sum(axis=1) + PLACEMENT_CLICKS)
    usual = of_placement / max(average, 1e-12) * of_campaign[:, None]
    value = (sales + usual * PLACEMENT_CLICKS) / (clicks + PLACEMENT_CLICKS)
    mix = (clicks + PLACEMENT_CLICKS * clicks.sum(axis=0) / max(clicks.sum(), 1e-9)) / (
        clicks.sum(axis=1, keepdims=True) + PLACEMENT_CLICKS
    )
    ratio = value / np.maximum((mix * value).sum(axis=1, keepdims=True), 1e-12)
    lowest = np.maximum(ratio.min(axis=1), 1.0 / (1.0 + LARGEST_MODIFIER) * ratio.max(axis=1))
    increase = np.clip(np.rint(100 * (ratio / lowest[:, None] - 1.0)) / 100, 0.0, LARGEST_MODIFIER)
    return Modifiers(increase, lowest)


def worst_multiple(campaigns: Campaigns, modifiers: FloatArray | None = None) -> FloatArray:
    """The largest cost per click over bid that placement and the platform's own bidding allow together, `(M,)`.

    The order in which they combine is not documented; their product is a safe bound.
    """
    increase = campaigns.modifiers if modifiers is None else modifiers
    up = np.full(3, UP_ELSEWHERE)
    up[Placement.TOP_OF_SEARCH] = UP_AT_TOP
    moved = (1.0 + increase) * np.where((campaigns.strategy == Strategy.UP_AND_DOWN)[:, None], up, 1.0)
    largest: FloatArray = np.maximum(moved.max(axis=1), 1.0)
    return largest


def bid_ceiling(snapshot: Snapshot, max_cost_per_click: FloatArray, modifiers: FloatArray | None = None) -> FloatArray:
    """The highest bid of every target at which no click can cost more than its channel allows, `(N,)`.

    Args:
        snapshot: whose targets.
        max_cost_per_click: money by channel, `(C,)`; infinite where there is no limit.
        modifiers: placement increases that will be in force, `(M, 3)`; those of the snapshot where `None`.
    """
    multiple = worst_multiple(snapshot.campaigns, modifiers)[snapshot.targets.campaign]
    ceiling: FloatArray = max_cost_per_click[snapshot.channel_of_targets()] / multiple
    return ceiling


def smart_levers(
    lever: Lever,
    snapshot: Snapshot,
    values: ClickValues,
    shadow_price: FloatArray,
    now: tuple[FloatArray, IntArray],
    spending: Spending = Spending.PLAN,
) -> SmartLevers:
    """Values at which smart-bidding campaigns spend to the same margin as the bids beside them.

    The next unit of money shall bring as much profit as the channel's price of money says. With attributed sales that
    grow as spend to the power of 0.8, that is an average target of price / (share x margin x 0.8), and a cost per order
    to match. A lever moves by 20 % at most, and not beyond two edits in seven days: every edit restarts learning.

    Args:
        lever: which.
        snapshot, values: of the night.
        shadow_price: by channel, `(C,)`, of `choose_bids`.
        now: the lever's value in force, `(M,)`, NaN where there is none yet, and edits in the last seven days, `(M,)`.
        spending: how the price was found; with `PROFIT` it is what a unit brings beyond itself.
    """
    in_force, edits = now
    campaigns = np.flatnonzero(snapshot.campaigns.strategy == Strategy.SMART)
    of = snapshot.targets.campaign
    size = len(snapshot.campaigns.ids)
    sales, profit, orders = (
        np.bincount(of, weights=each, minlength=size)[campaigns]
        for each in (values.attributed, values.profit, values.conversion_rate)
    )
    price = shadow_price[snapshot.campaigns.channel[campaigns]] + (spending is Spending.PROFIT)
    with np.errstate(divide="ignore", invalid="ignore"):
        roas = price * sales / profit / SALES_ELASTICITY
        wanted = roas if lever is Lever.TARGET_ROAS else sales / orders / roas
    old = in_force[campaigns]
    known = np.isfinite(old)
    value = np.where(known, np.clip(wanted, (1 - LARGEST_EDIT) * old, (1 + LARGEST_EDIT) * old), wanted)
    moved = ~known | (np.abs(value / np.where(known, old, 1.0) - 1.0) >= WORTH_AN_EDIT)
    usable = np.isfinite(value) & (value > 0)
    edit = usable & moved & (edits[campaigns] < EDITS_A_WEEK)
    return SmartLevers(campaigns, np.where(usable, value, old), edit)
