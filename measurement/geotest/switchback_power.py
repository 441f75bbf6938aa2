"""A switchback in, what its analysis would find out: effects injected into the series' own past, with carry-over.

Every window of the past takes the test's blocks on the same weekdays; every outcome of the coins can be the actual one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.geotest.comparison import LEAST_BEFORE
from measurement.geotest.finding import TIE
from measurement.geotest.switchback_estimate import Weights, coins, weigh
from measurement.geotest.switchback_schedule import BlockGrid
from measurement.geotest.switchback_series import NationalSeries
from measurement.transforms import adstock_weights, lagged

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

EFFECTS = np.concatenate([np.arange(0.0, 0.1, 0.002), np.arange(0.1, 0.5001, 0.01)])
"""Effects that are tried, as shares of sales."""
MOST_WINDOWS = 12
OUTCOMES = 511
"""Outcomes of the coins that are compared in a rehearsal."""
ACTUAL = 48
"""Outcomes that are taken as the actual one in each window."""
HALF_LIVES = 10
"""Half-lives after which an effect counts as gone."""


@dataclass(frozen=True)
class Rehearsal:
    """What the analysis said in W windows.

    Attributes:
        found: share of windows and outcomes of the coins in which each of `EFFECTS` was found, `(E,)`; the first is of
            no effect, the size.
        windows: how many.
    """

    found: FloatArray
    windows: int

    @property
    def size(self) -> float:
        """False-positive rate."""
        return float(self.found[0])

    def power(self, effect: float) -> float:
        """Probability of finding an effect, between those tried by a straight line."""
        return float(np.interp(effect, EFFECTS, self.found))

    def mde(self, power: float) -> float | None:
        """The least effect from which on the power is reached; None where even half of all sales is not found."""
        short = np.flatnonzero(self.found < power)
        if len(short) and short[-1] == len(EFFECTS) - 1:
            return None
        return float(EFFECTS[short[-1] + 1]) if len(short) else 0.0


def past_windows(series: NationalSeries, periods: int, before: int) -> tuple[int, ...]:
    """First periods of windows of this length that end before period `before`, a third of a length apart."""
    weekday = 7 // series.days_per_period
    step = max(weekday, periods // 3 // weekday * weekday)
    earliest = max(LEAST_BEFORE, before // 4)
    return tuple(range(before - periods, earliest - 1, -step))[:MOST_WINDOWS]


def rehearse(
    series: NationalSeries, grid: BlockGrid, starts: tuple[int, ...], level: float, half_life: float, seed: int
) -> Rehearsal:
    """Inject every effect into every window and count how often it is found."""
    found = np.zeros((len(starts), len(EFFECTS)))
    for place, start in enumerate(starts):
        window = grid.moved(start)
        weights = weigh(series, window, coins(window, seed + place, OUTCOMES))
        found[place] = _found(series, window, weights, level, half_life)
    return Rehearsal(found.mean(axis=0), len(starts))


def _found(series: NationalSeries, grid: BlockGrid, weights: Weights, level: float, half_life: float) -> FloatArray:
    """Share of the outcomes, each taken as the actual one, in which each effect is found, `(E,)`."""
    actual = np.linspace(0, len(weights.rows) - 1, min(ACTUAL, len(weights.rows))).astype(int)
    nothing = weights.estimates(series.level)
    unit = weights.carried(exposure(grid, weights.states[actual], half_life))
    sizes = np.log1p(EFFECTS) if series.in_logs else EFFECTS
    found = np.zeros(len(EFFECTS))
    for place, size in enumerate(sizes):
        estimates = np.abs(nothing[:, None] + size * unit)
        own = estimates[actual, np.arange(len(actual))]
        p_values = (estimates >= own * (1 - TIE)).mean(axis=0)
        found[place] = (p_values <= 1 - level + TIE).mean()
    return found


def carried_share(series: NationalSeries, grid: BlockGrid, half_life: float, seed: int) -> float:
    """What the estimate keeps of an effect with this carry-over, a share: below 1 it is biased towards zero.

    Every outcome of the coins is the actual one in turn. The estimate is linear, so one window tells.
    """
    weights = weigh(series, grid, coins(grid, seed, OUTCOMES))
    kept = weights.carried(exposure(grid, weights.states, half_life))
    return float(np.diagonal(kept).mean())


def exposure(grid: BlockGrid, states: BoolArray, half_life: float) -> FloatArray:
    """How much of the full effect each period that counts has, `(R, N)`, under states `(R, B)`; on before the test."""
    block = np.repeat(np.arange(len(grid.first)), np.append(grid.first[1:], grid.stop[-1]) - grid.first)
    daily = states[:, block].astype(np.float64)
    if half_life <= 0:
        return daily[:, grid.kept - grid.first[0]]
    lags = int(np.ceil(HALF_LIVES * half_life)) + 1
    kernel = adstock_weights(np.array(0.5 ** (1 / half_life)), lags)
    carried = lagged(daily, lags, np.ones(len(daily))) @ kernel
    return carried[:, grid.kept - grid.first[0]]
