"""A series and blocks in, the effect of the on-blocks out, with p-value and interval from the coins that chose them.

The estimate is that of generalised least squares: level, step of the test, weekdays, season and holidays are taken out,
and the noise (autocorrelated, on a wandering level) weighs the periods. Noise is fitted to the past alone, so nothing
but the coins is random in the test; p-values are exact whatever the noise is (sharp null of one constant effect).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from measurement.geotest.finding import Range
from measurement.geotest.randomisation import accepted_effects, accepted_interval, coin_flips, p_value_of
from measurement.geotest.switchback_schedule import BlockGrid
from measurement.geotest.switchback_series import NationalSeries

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LONGEST_PAST = 400
"""Periods before the test that are used at most."""
AUTOCORRELATIONS = (0.0, 0.2, 0.4, 0.6, 0.8)
WANDERING = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Variances of the level's steps, relative to the noise's own."""
FLAT = 1e4
"""Variance of the coefficients that are taken out, relative to the noise's: as good as unknown."""


@dataclass(frozen=True, eq=False)
class Weights:
    """What makes the estimates of R outcomes of the coins from N periods, the actual or first outcome in row 0.

    Attributes:
        positions: the past's periods and those of the test that count, `(N,)`.
        rows: weights of the periods, `(R, N)`.
        states: on or off, of all blocks, `(R, B)`.
        tested: how many of the positions lie in the test; they are the last.
    """

    positions: IntArray
    rows: FloatArray
    states: BoolArray
    tested: int

    def estimates(self, level: FloatArray) -> FloatArray:
        """Effects as each outcome of the coins would have it, `(R,)`, of a series `(T,)`."""
        return self.rows @ level[self.positions]

    def carried(self, exposure: FloatArray) -> FloatArray:
        """What each outcome would make of a unit effect with this exposure, `(..., N tested)` → `(R, ...)`."""
        return self.rows[:, -self.tested :] @ exposure.T


@dataclass(frozen=True)
class Estimate:
    """An effect on a series' level with its interval, its p-value, and how many outcomes of the coins were compared."""

    effect: Range
    p_value: float
    outcomes: int


def estimate(level: FloatArray, weights: Weights, grid: BlockGrid, confidence: float) -> Estimate:
    """Invert the randomisation test; `weights` have the actual outcome of the coins first."""
    exposure = grid.on[grid.block_of_kept].astype(np.float64)
    low_ends, high_ends, effect = accepted_effects(weights.estimates(level), weights.carried(exposure))
    low, high = accepted_interval(low_ends, high_ends, 1 - confidence)
    found = Range(effect, min(low, effect), max(high, effect))
    return Estimate(found, p_value_of(low_ends, high_ends), len(weights.rows))


def coins(grid: BlockGrid, seed: int, most: int | None = None) -> BoolArray:
    """States under outcomes of the coins, the actual first, `(R, B)`; all of them, or `most` at random."""
    generator = np.random.default_rng(seed)
    states = grid.states(coin_flips(len(grid.first) // 2, generator))
    if most is not None and len(states) > most:
        states = states[generator.choice(len(states), most, replace=False)]
    return np.vstack([grid.on, states[~(states == grid.on).all(axis=1)]])


def weigh(series: NationalSeries, grid: BlockGrid, states: BoolArray) -> Weights:
    """Weights of the generalised least squares estimate under every outcome of the coins."""
    start = int(grid.first[0])
    past = np.arange(max(0, start - LONGEST_PAST), start)
    positions = np.concatenate([past, grid.kept])
    taken_out = _taken_out(series, positions, start)
    autocorrelation, wandering = _noise_of_the_past(series, past)
    covariance = _covariance(positions, autocorrelation, wandering) + FLAT * taken_out @ taken_out.T
    tested = len(grid.kept)
    precision = np.linalg.inv(covariance)[-tested:]
    # Coded -1/2 and 1/2, two opposite outcomes are exact mirrors, whatever the past says of the level.
    coded = states[:, grid.block_of_kept] - 0.5
    rows = coded @ precision
    scale = np.einsum("rn,rn->r", rows[:, -tested:], coded)
    return Weights(positions, rows / scale[:, None], states, tested)


def weigh_plainly(grid: BlockGrid, states: BoolArray) -> Weights:
    """Weights of the mean difference within pairs, without any adjustment."""
    block = grid.block_of_kept
    sizes = np.bincount(block).astype(np.float64)
    signs = np.where(states, 1.0, -1.0) / (len(grid.first) // 2)
    return Weights(grid.kept, (signs / sizes)[:, block], states, len(block))


def _taken_out(series: NationalSeries, positions: IntArray, start: int) -> FloatArray:
    """Columns whose coefficients are unknown, `(N, K)`: level, step of the test, and what varies of the calendar."""
    step = (positions >= start).astype(np.float64)
    calendar = series.calendar[positions]
    return np.column_stack([np.ones(len(positions)), step, calendar[:, np.ptp(calendar, axis=0) > 0]])


def _noise_of_the_past(series: NationalSeries, past: IntArray) -> tuple[float, float]:
    """Autocorrelation and wandering that make the past likeliest, its variance maximised out."""
    columns = _taken_out(series, past, int(past[-1]) + 1)
    level = series.level[past] - series.level[past].mean()
    unknown, free = FLAT * columns @ columns.T, max(len(past) - columns.shape[1], 1)
    return max(_noises(), key=lambda noise: _likelihood(level, _covariance(past, *noise) + unknown, free))


def _noises() -> Iterator[tuple[float, float]]:
    return ((rho, wandering) for rho in AUTOCORRELATIONS for wandering in WANDERING)


def _likelihood(level: FloatArray, covariance: FloatArray, free: int) -> float:
    factor = np.linalg.cholesky(covariance)
    white = solve_triangular(factor, level, lower=True, check_finite=False)
    squares = max(float(white @ white), 1e-300)
    return float(-np.log(np.diag(factor)).sum() - 0.5 * free * np.log(squares))


def _covariance(positions: IntArray, autocorrelation: float, wandering: float) -> FloatArray:
    apart = np.abs(positions[:, None] - positions[None, :])
    since = positions - positions[0]
    memory = np.power(autocorrelation, np.arange(int(since[-1]) + 1, dtype=np.float64))
    covariance: FloatArray = memory[apart] + wandering * np.minimum.outer(since, since)
    return covariance
