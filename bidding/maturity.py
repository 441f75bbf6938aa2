"""Restatements in, completeness curves out: which share of a day's orders a pull of a given age already shows.

Chain ladder in reverse, as in claims reserving: of the orders known at age a, which share is new?
A beta prior around a stated curve steps in where vintages are few or absent. Attribution counts no order later than the
platform's window, and restates for 28 days more (`LONGEST` days in all).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.snapshot import Restatement, Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LONGEST = 42
RESTATED_FOR = 28
EARLY_SHARE, EARLY_DAYS, LATE_DAYS = 0.5, 0.4, 7.0
"""Of the stated curve: about half of the orders come within a day, the rest with a tail of a month (Chapelle 2014)."""
RESTATED_SHARE = 0.03
"""Orders that come from corrections spread over all six weeks, after the window too."""
PRIOR_ORDERS = 25.0
"""What the stated curve is worth in orders: without vintages a day-old day's completeness is 0.5 +- 0.1."""
SPREAD_ROUNDS = 5
FEWEST_ORDERS = 50.0
LEAST_STEP = 1e-6


@dataclass(frozen=True, eq=False)
class Maturity:
    """Completeness by age.

    Attributes:
        complete: share of final orders that a pull of age 0 to `LONGEST` days shows, `(C, LONGEST + 1)`, rising to 1.
        complete_sd: of what is not known about it, `(C, LONGEST + 1)`.
        learnt: whether vintages said something, `(C,)`.
    """

    complete: FloatArray
    complete_sd: FloatArray
    learnt: BoolArray

    def of(self, channel: IntArray, age: IntArray) -> FloatArray:
        """Completeness of rows of some channels and ages, both `(R,)`."""
        share: FloatArray = self.complete[channel, np.clip(age, 0, LONGEST)]
        return share


def stated_curve(attribution_days: int) -> FloatArray:
    """Completeness by age where nothing was learnt, `(LONGEST + 1,)`."""
    age = np.arange(LONGEST + 1.0)
    within = np.minimum(age, attribution_days)
    early = EARLY_SHARE * -np.expm1(-within / EARLY_DAYS)
    late = (1.0 - EARLY_SHARE - RESTATED_SHARE) * -np.expm1(-within / LATE_DAYS)
    curve = early + late + RESTATED_SHARE * age / LONGEST
    grown: FloatArray = curve / curve[-1]
    return grown


def learn_maturity(snapshot: Snapshot, account: Account) -> Maturity:
    """Completeness of every channel from all vintages of its reports."""
    windows = {channel.name: channel.attribution_days for channel in account.channels}
    found = []
    for place, name in enumerate(snapshot.channels):
        mine = snapshot.restatement.channel == place
        found.append(_curve(snapshot.restatement, mine, stated_curve(windows.get(name, 14)), windows.get(name, 14)))
    return Maturity(
        np.stack([curve for curve, _, _ in found]),
        np.stack([sd for _, sd, _ in found]),
        np.array([learnt for _, _, learnt in found]),
    )


def _curve(table: Restatement, mine: BoolArray, stated: FloatArray, window: int) -> tuple[FloatArray, FloatArray, bool]:
    """One channel's curve, its sd, and whether its vintages said something."""
    last = min(LONGEST, window + RESTATED_FOR)
    day, age, orders = table.day[mine], np.minimum(table.age[mine], last), table.orders[mine]
    order = np.lexsort((age, day))
    day, age, orders = day[order], age[order], orders[order]
    pairs = np.flatnonzero((day[1:] == day[:-1]) & (age[1:] > age[:-1]))
    young, old = age[pairs], age[pairs + 1]
    before, after = orders[pairs], np.maximum(orders[pairs + 1], 0.0)
    curve, arrived, known = stated, np.zeros(LONGEST + 1), np.zeros(LONGEST + 1)
    spread = 1.0
    for _ in range(SPREAD_ROUNDS):
        arrived, known = _arrivals(curve, young, old, before, after)
        curve, variance = _chain(stated, arrived / spread, known / spread)
        spread = _overdispersion(curve, young, old, before, after)
    return curve, curve * np.sqrt(variance), bool(after.sum() >= FEWEST_ORDERS)


def _arrivals(
    curve: FloatArray, young: IntArray, old: IntArray, before: FloatArray, after: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Orders that arrived on reaching each age, and orders known then; gaps between pulls are filled by the curve."""
    stepped = curve + LEAST_STEP * np.arange(len(curve))
    growth = (after - before) / (stepped[old] - stepped[young])

    def over(part: FloatArray) -> FloatArray:
        """At each age, the sum over pairs of pulls that are younger before it and have reached it after."""
        size = LONGEST + 2
        entered = np.bincount(young + 1, part, minlength=size)
        total: FloatArray = np.cumsum(entered - np.bincount(old + 1, part, minlength=size))[: LONGEST + 1]
        return total

    grown, at = over(growth), stepped[: LONGEST + 1]
    arrived = grown * np.diff(at, prepend=at[0])
    return arrived, over(before) + at * grown - over(growth * stepped[young])


def _chain(stated: FloatArray, arrived: FloatArray, known: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Completeness and its relative variance: the product of what had not yet arrived, from the last age back."""
    prior = np.append(0.0, 1.0 - stated[:-1] / np.maximum(stated[1:], 1e-12))
    new = np.clip((prior * PRIOR_ORDERS + arrived) / (PRIOR_ORDERS + np.maximum(known, 0.0)), 0.0, 0.98)
    variance = new / (1.0 - new) / (PRIOR_ORDERS + known)
    kept = np.log1p(-new)
    curve = np.exp(np.append(np.cumsum(kept[:0:-1])[::-1], 0.0))
    return curve, np.append(np.cumsum(variance[:0:-1])[::-1], 0.0)


def _overdispersion(curve: FloatArray, young: IntArray, old: IntArray, before: FloatArray, after: FloatArray) -> float:
    """How much more than chance the growth between two pulls scatters from day to day, at least 1."""
    share = 1.0 - curve[young] / np.maximum(curve[old], 1e-12)
    expected = after * share * (1.0 - share)
    used = expected > 0.5
    if used.sum() < 10:
        return 1.0
    surplus = float(np.mean((after - before - after * share)[used] ** 2 / expected[used]))
    return max(1.0, surplus)
