"""Clicks in, orders out: how late each comes, when a report first shows it, what it is worth, what of it is new.

Half of the orders come on the day of the click, with a tail to 30 days (Chapelle 2014); a platform shows an order a day
later, or only when it restates the day 7 or 28 days after.
"""

from dataclasses import dataclass

import numpy as np

from bidding.outlook import BoolArray, FloatArray, IntArray
from bidding.simulator.world import World

LONGEST_DELAY = 30
DELAY_DECAY_DAYS = 6.0
SHOWN_AFTER = np.array([1, 7, 28])
SHOWN_SHARE = np.array([0.9, 0.07, 0.03])
VALUE_SD = 0.4
"""Standard deviation of the logarithm of an order's value."""
NEW_TO_BRAND = 0.3
HALO_NEW = 0.6
"""Share of halo orders that are new, over that of orders of the advertised product."""


def delay_shares() -> FloatArray:
    """Share of orders by days since the click, `(31,)`."""
    tail = np.exp(-np.arange(1, LONGEST_DELAY + 1) / DELAY_DECAY_DAYS)
    return np.concatenate([[0.5], 0.5 * tail / tail.sum()])


def claimed_share(attribution_days: int) -> float:
    """Share of orders after a click that fall into the platform's window."""
    return float(delay_shares()[: attribution_days + 1].sum())


def shown_by_age(attribution_days: int) -> FloatArray:
    """Share of what is claimed in the end that a report shows when the day is `age` days old, by age from 0."""
    delays = delay_shares()[: attribution_days + 1]
    shown = np.zeros(len(delays) + int(SHOWN_AFTER.max()) + 1)
    for after, share in zip(SHOWN_AFTER, SHOWN_SHARE, strict=True):
        shown[after : after + len(delays)] += share * delays
    cumulated: FloatArray = shown.cumsum() / delays.sum()
    return cumulated


def new_share(world: World) -> FloatArray:
    """Expected share of orders after a click that would not have come without it, halo orders included, `(N,)`."""
    return world.incremental * (1 - world.halo * (1 - HALO_NEW))


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders of one day's clicks, E of them: target, age of the day when a report shows it (-1: never), sales, kind,
    placement of the click (0 until it is told)."""

    target: IntArray
    shown_at_age: IntArray
    sales: FloatArray
    halo: BoolArray
    new_to_brand: BoolArray
    incremental: BoolArray
    place: IntArray


def draw_orders(
    world: World, clicks: IntArray, rate: FloatArray, rng: np.random.Generator, hidden: np.random.Generator
) -> Orders:
    """Orders of a day's clicks at orders per click `rate`, `(N,)`; `hidden` draws what no report tells."""
    counts = rng.binomial(clicks, np.minimum(rate, 1.0))
    target = np.repeat(np.arange(len(counts)), counts)
    count = len(target)
    delay = rng.choice(LONGEST_DELAY + 1, count, p=delay_shares())
    age = delay + rng.choice(SHOWN_AFTER, count, p=SHOWN_SHARE)
    sales = world.order_value[target] * np.exp(rng.normal(-(VALUE_SD**2) / 2, VALUE_SD, count))
    halo = rng.random(count) < world.halo[target]
    new = hidden.random(count) < world.incremental[target] * np.where(halo, HALO_NEW, 1.0)
    claimed = delay <= world.spec.attribution_days
    brand = rng.random(count) < NEW_TO_BRAND
    return Orders(target, np.where(claimed, age, -1), sales, halo, brand, new, np.zeros(count, dtype=np.int64))
