"""A plan's problem and tests that could be run → what the next plan gains by knowing their results, in money.

The expected value of sample information (Raiffa and Schlaifer 1961), with the planner in the loop: a result is one of
a few equally likely ranges of the lift; given each, draws are weighed anew, the budget is planned anew, and the new
plan is held against the old one on draws that neither was made from. Coarse results and fewer draws make a little less
of a test than it is worth, never more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from measurement.diagnostics import STILL_PRIOR
from optimizer.informed_plans import Replanner

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RESULTS = 8
"""Ranges that a test's result may fall into."""
FOLDS = 4
"""Parts of the draws: each judges the plans that the others make."""
KNOWN_DRAWS = 40
"""Draws at which a channel is thought to be known exactly."""
ALIKE = 0.3
"""Share of all draws by which the other channels are told then: those whose curve of the channel is nearest."""
MOVED = 0.01
"""Share of the budget that must move for a plan to count as changed."""


@dataclass(frozen=True)
class PossibleTest:
    """A test as the planner sees it.

    Attributes:
        channel: what is tested.
        lift: what the test would truly find, by draw of the problem's curves, `(D,)`, in money.
        standard_error: of the lift that it reports, in money; infinite for a test that tells nothing.
        iroas: the channel's return by the same draws, `(D,)`.
    """

    channel: str
    lift: FloatArray
    standard_error: float
    iroas: FloatArray


@dataclass(frozen=True)
class Worth:
    """Expected gain of one plan by knowing something, in money, and its Monte Carlo standard error."""

    gain: float
    error: float


@dataclass(frozen=True)
class ValueOfTest:
    """What one test is expected to do.

    Attributes:
        worth: gain of the next plan.
        narrowing: expected narrowing of the 90 % interval of the channel's iROAS, as a fraction.
        probability_plan_changes: that at least `MOVED` of the budget moves.
    """

    worth: Worth
    narrowing: float
    probability_plan_changes: float


def value_of_test(planner: Replanner, test: PossibleTest) -> ValueOfTest:
    """What the next plan gains on average by knowing the test's result.

    A channel that is held for want of a measurement is planned after a test that is expected to narrow its interval by
    as much as the gate asks of data; after a blunter one it stays held.
    """
    chances = chances_of_results(test.lift, test.standard_error)
    before, after = _width(test.iroas, np.ones(len(test.iroas))), _widths(test.iroas, chances)
    narrowing = max(0.0, 1.0 - after / before) if before > 0 else 0.0
    freed = test.channel if after < STILL_PRIOR * before else None
    gains = np.zeros(len(test.lift))
    moved = []
    for own, others in _folds(len(test.lift)):
        unchanged = planner.by_weights(own)
        if unchanged is None:
            continue
        for result in chances.T:
            plan = _or(planner.by_weights(own * result, freed) if (own * result).sum() > 0 else None, unchanged)
            gains += others * result * planner.gain(plan, unchanged)
            is_moved = np.abs(plan - unchanged).sum() / 2 > MOVED * planner.problem.budget_cents
            moved.append(float(others @ result) * is_moved)
    return ValueOfTest(_worth(gains), narrowing, float(np.sum(moved)) / len(gains))


def value_of_knowing(planner: Replanner, channel: str, frees: bool = True) -> Worth:
    """What the next plan gains on average by knowing one channel's curve exactly: no test of it alone is worth more.

    At each of some draws, from the channel's weakest to its strongest, its curve is that draw's own, and the other
    channels' are those of the draws whose curve of this channel is nearest to it: half of them plan, half judge.
    """
    every = planner.problem.curves.incremental
    place = planner.channels.index(channel)
    unchanged = planner.by_weights(np.ones(len(every)))
    if unchanged is None:
        return Worth(0.0, 0.0)
    curves = every[:, place] * _within_reach(planner, place)
    ranked = np.argsort(curves.sum(axis=1), kind="stable")
    count = max(2, int(ALIKE * len(every)))
    gains = []
    for draw in ranked[((np.arange(KNOWN_DRAWS) + 0.5) / KNOWN_DRAWS * len(every)).astype(int)]:
        apart = ((curves - curves[draw]) ** 2).sum(axis=1)
        apart[draw] = np.inf
        alike = np.argsort(apart, kind="stable")[:count]
        known = every[alike[::2]].copy()
        known[:, place] = every[draw, place]
        plan = _or(planner.by_draws(known, channel if frees else None), unchanged)
        gains.append(_gain(planner, (plan, unchanged), place, draw, alike[1::2]))
    return _worth(np.array(gains))


def _gain(planner: Replanner, plans: tuple[FloatArray, FloatArray], known: int, draw: int, judges: IntArray) -> float:
    """What the first plan brings more than the second: the known channel at one draw, the others over the judges."""
    total = -planner.extra_spend(*plans)
    for channel, (new, old) in enumerate(zip(*plans, strict=True)):
        change = planner.worth.by_draw(channel, float(new)) - planner.worth.by_draw(channel, float(old))
        total += float(change[draw] if channel == known else change[judges].mean())
    return total


def chances_of_results(lift: FloatArray, standard_error: float) -> FloatArray:
    """Probability of each of `RESULTS` ranges of the reported lift, about equally likely over all draws, `(D, R)`."""
    if not np.isfinite(standard_error) or np.ptp(lift) == 0:
        return np.full((len(lift), RESULTS), 1.0 / RESULTS)
    noise = ndtri((np.arange(33) + 0.5) / 33)
    edges = np.quantile(lift[:, None] + standard_error * noise, np.arange(1, RESULTS) / RESULTS)
    below = ndtr((edges - lift[:, None]) / max(standard_error, np.finfo(float).tiny))
    whole = np.concatenate([np.zeros((len(lift), 1)), below, np.ones((len(lift), 1))], axis=1)
    chances: FloatArray = np.diff(whole, axis=1)
    return chances


def _folds(count: int) -> Sequence[tuple[FloatArray, FloatArray]]:
    """Draws that plan and draws that judge, as weights 0 and 1; every draw judges once. Runs of chains stay whole."""
    fold = np.arange(count) * FOLDS // count
    return [((fold != number).astype(np.float64), (fold == number).astype(np.float64)) for number in range(FOLDS)]


def _within_reach(planner: Replanner, place: int) -> FloatArray:
    """Grid points of a channel up to twice today's spend, or to the budget where it spends nothing, 1.0 or 0.0."""
    current = planner.problem.curves.current_spend[place]
    end = 2.0 * current if current > 0 else planner.problem.budget
    within: FloatArray = (planner.problem.curves.spend_grid[place] <= end).astype(np.float64)
    return within


def _widths(iroas: FloatArray, chances: FloatArray) -> float:
    """Mean width of the 90 % interval over the results."""
    likely = chances.sum(axis=0)
    widths = [_width(iroas, result) for result in chances.T]
    return float(np.array(widths) @ likely / likely.sum())


def _width(iroas: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(iroas)
    reached = (np.cumsum(weights[order]) - 0.5 * weights[order]) / max(weights.sum(), np.finfo(float).tiny)
    low, high = np.interp([0.05, 0.95], reached, iroas[order])
    return float(high - low)


def _or(plan: FloatArray | None, otherwise: FloatArray) -> FloatArray:
    return otherwise if plan is None else plan


def _worth(gains: FloatArray) -> Worth:
    spread = float(gains.std(ddof=1)) if len(gains) > 1 else 0.0
    return Worth(float(gains.mean()), spread / float(np.sqrt(len(gains))))
