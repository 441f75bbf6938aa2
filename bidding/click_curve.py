"""Days at different bids in; by target, how clicks change with the bid out, with what is not known of it.

Clicks follow a logistic curve in the log of the bid. Where on it a target stands, and how steep it is, are weights on a
grid: each target's days are compared with one another only (its clicks given their sum), so that busy targets do not
pass for high bids; positions scatter around a group's mean that is learnt too, as is the steepness.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

POSITIONS = np.linspace(-3.5, 6.5, 15)
"""Logit of the share of attainable clicks that the bid in force wins."""
STEEPNESS = np.array([1.0, 1.5, 2.2, 3.5])
STEEPNESS_PRIOR = np.array([0.2, 0.3, 0.3, 0.2])
MEAN_SHIFTS = np.linspace(-2.8, 2.8, 13)
MEAN_SD = 0.8
"""Of a group's mean position around what is usual for it."""
POSITION_SD = 0.7
REACH, STEPS = 1.2, 96
"""Curves are kept on this many steps from -REACH to REACH in the log of bid over bid in force."""
LEAST_CLICKS, LEAST_MOVE = 10.0, 0.01
LARGEST_SAMPLE = 30_000
ROWS = 2_000_000
"""Rows of days by the block: what is needed of each only on the way stays small."""
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class BidDays:
    """Days with a known bid, rows of I targets.

    Attributes:
        target: `(R,)`.
        move: log of the day's bid over the bid in force, `(R,)`.
        clicks: `(R,)`.
        exposure: how much of a usual day it was: open hours, traffic of the channel, `(R,)`.
    """

    target: IntArray
    move: FloatArray
    clicks: FloatArray
    exposure: FloatArray


@dataclass(frozen=True, eq=False)
class ClickCurves:
    """Clicks over clicks at the bid in force, on `grid`.

    Attributes:
        grid: log of bid over bid in force, `(X,)`.
        mean, sd: of the groups, `(J, X)`.
        own: number of a target's own curve in `weights`, rising with targets, or -1 where the group's stands, `(N,)`.
        weights: of all shapes for each own curve, `(I, positions x steepness)`; a third of what the curves would take.
        known: how much a target's own days narrowed its position, 0 to 1, `(N,)`.
    """

    grid: FloatArray
    mean: FloatArray
    sd: FloatArray
    own: IntArray
    weights: FloatArray
    known: FloatArray

    def of(self, targets: slice) -> "ClickCurves":
        """The curves of some targets that stand side by side."""
        own = self.own[targets]
        mine = _span(own)
        return replace(
            self,
            own=np.where(own >= 0, own - mine.start, -1),
            weights=self.weights[mine],
            known=self.known[targets],
        )

    def at(self, group: IntArray, move: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and sd at moves `(N, K)` of targets of some groups `(N,)`; beyond the grid its ends stand."""
        place = np.clip((move + REACH) * (STEPS / (2 * REACH)), 0, STEPS - 1e-9)
        left = place.astype(np.int64)
        share = place - left
        row = np.where(self.own >= 0, len(self.mean) + self.own, group)[:, None]
        found = []
        for groups, own in zip((self.mean, self.sd), _moments(self.weights, _shapes(self.grid)), strict=True):
            table = np.concatenate([groups, own])
            found.append((1 - share) * table[row, left] + share * table[row, left + 1])
        return found[0], found[1]

    def mean_at(self, target: IntArray, group: IntArray, move: FloatArray) -> FloatArray:
        """Mean at one move of each of some targets, `(R,)`, of groups `(N,)`; beyond the grid its ends stand."""
        place = np.clip(np.rint((move + REACH) * (STEPS / (2 * REACH))), 0, STEPS).astype(np.int64)
        own = self.own[target]
        mine = _span(own)
        table = np.concatenate([self.mean, self.weights[mine] @ _shapes(self.grid)])
        found: FloatArray = table[np.where(own >= 0, len(self.mean) + own - mine.start, group[target]), place]
        return found


def _span(own: IntArray) -> slice:
    """From the first to the last number of an own curve among some."""
    numbers = own[own >= 0]
    return slice(int(numbers.min()), int(numbers.max()) + 1) if len(numbers) else slice(0, 0)


def learn_curves(days: BidDays, group: IntArray, usual: FloatArray, noise: float) -> ClickCurves:
    """Learn all curves.

    Args:
        days: days with a known bid.
        group: of every target, `(N,)`.
        usual: prior mean of each group's position, `(J,)`.
        noise: how much more than chance clicks scatter, at least 1; evidence counts that much less.
    """
    count = len(group)
    clicks = np.bincount(days.target, weights=days.clicks, minlength=count).astype(np.float64)
    total = np.bincount(days.target, weights=days.exposure, minlength=count) + TINY
    mean = np.bincount(days.target, weights=days.exposure * days.move, minlength=count) / total
    spread = np.bincount(days.target, weights=days.exposure * (days.move - mean[days.target]) ** 2, minlength=count)
    telling = np.flatnonzero((clicks >= LEAST_CLICKS) & (spread / total > LEAST_MOVE**2))
    own = np.full(count, -1, dtype=np.int64)
    own[telling] = np.arange(len(telling))
    evidence = _evidence(days, own, clicks[telling], len(telling))
    evidence /= noise
    prior = np.stack(
        [_group(evidence, np.flatnonzero(group[telling] == each), mean) for each, mean in enumerate(usual)]
    )
    # In the evidence's place: it is among the largest arrays of a night.
    evidence -= evidence.max(axis=1, initial=-np.inf, keepdims=True)
    posterior = np.exp(evidence, out=evidence)
    posterior *= prior[group[telling]]
    posterior /= posterior.sum(axis=1, keepdims=True)
    known = np.zeros(count)
    known[telling] = np.clip(1.0 - _scatter(posterior) / _scatter(prior)[group[telling]], 0.0, 1.0)
    grid = np.linspace(-REACH, REACH, STEPS + 1)
    shape = _shapes(grid)
    return ClickCurves(grid, *_moments(prior, shape), own, posterior, known)


def _shapes(move: FloatArray) -> FloatArray:
    """Clicks over clicks at the bid in force, `(positions x steepness, moves)`."""
    at = POSITIONS[:, None, None]
    curve = (1 + np.exp(-at)) / (1 + np.exp(-at - STEEPNESS[None, :, None] * move))
    flat: FloatArray = curve.reshape(-1, move.shape[-1])
    return flat


def _evidence(days: BidDays, own: IntArray, clicks: FloatArray, size: int) -> FloatArray:
    """Log likelihood of each telling target's clicks given their sum, at every shape, `(I, positions x steepness)`."""
    grid = np.linspace(-REACH, REACH, 401)
    shape = np.ascontiguousarray(_shapes(grid).T)
    log_shape = np.log(shape)
    logs, sums = np.zeros((size, shape.shape[1])), np.full((size, shape.shape[1]), TINY)
    for start in range(0, len(days.target), ROWS):
        block = slice(start, start + ROWS)
        target = own[days.target[block]]
        rows = np.flatnonzero(target >= 0)
        place = np.clip(np.rint((days.move[block][rows] + REACH) * (400 / (2 * REACH))), 0, 400).astype(np.int64)
        told = days.clicks[block][rows], days.exposure[block][rows]
        add_days(target[rows], place, *told, shape, log_shape, logs, sums)
    np.log(sums, out=sums)
    sums *= clicks[:, None]
    logs -= sums
    return logs


def _add_days(
    target: IntArray,
    place: IntArray,
    clicks: FloatArray,
    exposure: FloatArray,
    shape: FloatArray,
    log_shape: FloatArray,
    logs: FloatArray,
    sums: FloatArray,
) -> None:
    for row in range(len(target)):
        i, x = target[row], place[row]
        for j in range(shape.shape[1]):
            sums[i, j] += exposure[row] * shape[x, j]
            logs[i, j] += clicks[row] * log_shape[x, j]


add_days: Callable[..., None] = numba.njit(cache=True)(_add_days)


def _group(everyones: FloatArray, mine: IntArray, usual: float) -> FloatArray:
    """Weights of all shapes for a new target of a group, given its telling targets, `(positions x steepness,)`."""
    if len(mine) > LARGEST_SAMPLE:
        mine = mine[np.linspace(0, len(mine) - 1, LARGEST_SAMPLE).astype(np.int64)]
    evidence = everyones[mine]
    positions = np.exp(-0.5 * ((POSITIONS - usual - MEAN_SHIFTS[:, None]) / POSITION_SD) ** 2)
    positions /= positions.sum(axis=1, keepdims=True)
    score = -0.5 * (MEAN_SHIFTS[:, None] / MEAN_SD) ** 2 + np.log(STEEPNESS_PRIOR)
    if len(evidence):
        top = evidence.max(axis=1)
        likely = np.exp(evidence - top[:, None]).reshape(-1, len(POSITIONS), len(STEEPNESS))
        score = score + np.log(np.einsum("mp,ips->ims", positions, likely, optimize=True) + 1e-300).sum(axis=0)
    weight = np.exp(score - score.max())
    mixed = np.einsum("ms,mp->ps", weight / weight.sum(), positions).ravel()
    total: FloatArray = mixed / mixed.sum()
    return total


def _scatter(weights: FloatArray) -> FloatArray:
    """Variance of the elasticity at the bid in force under weights of shapes, by row."""
    elasticity = (STEEPNESS[None, :] / (1 + np.exp(POSITIONS))[:, None]).ravel()
    mean = weights @ elasticity
    variance: FloatArray = weights @ elasticity**2 - mean**2
    return variance


def _moments(weights: FloatArray, shape: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean = weights @ shape
    sd = weights @ shape**2
    sd -= mean**2
    np.maximum(sd, 0.0, out=sd)
    return mean, np.sqrt(sd, out=sd)
