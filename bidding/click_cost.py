"""Costs and bids in; out come cost per click over bid by target, what it tells of the target's place, and how it grows.

Where a click costs what the next rival bid (a second price), a low cost per click over bid says that the bid lies far
above rivals: more would bring few clicks. So targets are grouped by it, and each group's place is believed to be
what log-logistic rival bids imply, until days at other bids tell better; and so is how its cost per click grows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.click_value import recency
from bidding.shrinkage import Nesting, nested, weighted
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HALF_LIFE_DAYS = 21.0
USUAL_COST_SHARE, LARGEST_COST_SHARE = 0.5, 2.0
SHARE_EDGES = np.array([0.12, 0.25, 0.4, 0.55, 0.8])
USUAL_POSITIONS = np.array([5.5, 4.0, 2.4, 1.2, 0.0, -0.5])
"""Logit of the share of attainable clicks won, by cost per click over bid between the edges: what log-logistic rivals
of slope 2 imply, 4.4 at 0.15, 2.4 at 0.33, 1.2 at 0.47 and 0 at 0.57."""
USUAL_ELASTICITIES = np.array([0.08, 0.16, 0.34, 0.54, 0.75, 0.85])
"""How cost per click grows with the bid there, in logs, from the same rivals."""
NOMINAL_ELASTICITY, ELASTICITY_SD = 0.5, 0.15


@dataclass(frozen=True, eq=False)
class Groups:
    """Targets that are believed to stand alike: of one kind, match and brand, and of a similar cost per click over bid.

    Attributes:
        group: of every target, `(N,)`.
        usual_position, usual_elasticity: what is believed of each group's place and cost per click, `(J,)`.
    """

    group: IntArray
    usual_position: FloatArray
    usual_elasticity: FloatArray


def groups_of(nesting: Nesting, share: FloatArray) -> Groups:
    """Group targets by cell and by cost per click over bid, `(N,)`."""
    place = np.searchsorted(SHARE_EDGES, share)
    used, group = np.unique(nesting.cell * len(USUAL_POSITIONS) + place, return_inverse=True)
    kind = used % len(USUAL_POSITIONS)
    return Groups(group.astype(np.int64), USUAL_POSITIONS[kind], USUAL_ELASTICITIES[kind])


def cost_shares(snapshot: Snapshot, nesting: Nesting, bid: FloatArray) -> FloatArray:
    """Cost per click over the bid in force, shrunk, `(N,)`."""
    rows, target, clicks, move = _paid(snapshot, bid)
    log_share = np.log(snapshot.performance.cost[rows] / clicks / bid[target])
    variance = _variance(log_share - NOMINAL_ELASTICITY * move, clicks, target, len(bid))
    share = np.exp(log_share - NOMINAL_ELASTICITY * move)
    weight = recency(snapshot, HALF_LIFE_DAYS)[rows]
    counted = clicks / (variance * USUAL_COST_SHARE)
    sums = weighted(target, weight, counted * share, counted, len(bid))
    return np.minimum(nested(*sums, nesting, np.full(nesting.channels, USUAL_COST_SHARE)).rate, LARGEST_COST_SHARE)


def cost_elasticity(snapshot: Snapshot, groups: Groups, bid: FloatArray) -> FloatArray:
    """How cost per click grows with the bid, in logs, by group, `(J,)`."""
    rows, target, clicks, move = _paid(snapshot, bid)
    log_share = np.log(snapshot.performance.cost[rows] / clicks / bid[target])
    x, y = (_within(each, clicks, target, len(bid)) for each in (move, log_share))
    variance = _variance(log_share, clicks, target, len(bid))
    size, group = len(groups.usual_elasticity), groups.group[target]
    known = np.bincount(group, weights=clicks * x**2 / variance, minlength=size)
    slope = np.bincount(group, weights=clicks * x * y / variance, minlength=size)
    precision = 1.0 / ELASTICITY_SD**2
    found: FloatArray = np.clip((precision * groups.usual_elasticity + slope) / (precision + known), 0.0, 1.0)
    return found


def _paid(snapshot: Snapshot, bid: FloatArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Rows with paid clicks: their places, targets, clicks, and the log of the day's bid over that in force."""
    rows = snapshot.performance
    paid = np.flatnonzero((rows.clicks > 0) & (rows.cost > 0))
    target, then = rows.target[paid], rows.bid[paid]
    move = np.log(np.where(then > 0, then, bid[target]) / bid[target])
    return paid, target, rows.clicks[paid], move


def _within(values: FloatArray, clicks: FloatArray, target: IntArray, size: int) -> FloatArray:
    """Values less their target's mean, weighted by clicks."""
    total = np.bincount(target, weights=clicks, minlength=size) + 1e-9
    rest: FloatArray = values - (np.bincount(target, weights=clicks * values, minlength=size) / total)[target]
    return rest


def _variance(values: FloatArray, clicks: FloatArray, target: IntArray, size: int) -> float:
    """Variance of one click's cost, in logs, from how days of a target scatter."""
    free = len(values) - np.count_nonzero(np.bincount(target, minlength=size))
    scatter = (clicks * _within(values, clicks, target, size) ** 2).sum()
    return float(np.clip(scatter / max(free, 1), 0.01, 1.0))
