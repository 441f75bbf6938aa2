"""Bayesian synthetic control in closed form: treated and donor series in, the window's predictive distribution out.

The gap between the treated mean and the donors' volume-weighted mean is a Gaussian process: autocorrelated noise, donor
weights that may move away from volume shares, a level and perhaps a drift. Its covariance is integrated over a grid.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from measurement.geotest.comparison import FloatArray

AUTOCORRELATIONS = np.array([0.0, 0.2, 0.4, 0.6, 0.8])
DRIFTS = np.array([0.01, 0.05, 0.25])
"""Variance of a step of a random walk that the gap may hold beside its noise, over the noise's variance."""
DRIFTING_AUTOCORRELATION = 0.2
DRIFTING = 0.05
"""Probability that the gap drifts, before the data: a drift widens every window, so it takes evidence."""
WEIGHT_SCALES = np.array([0.0, 0.3, 0.6, 1.0, 1.5, 2.2, 3.0])
"""How far donor weights move from volume shares: relative to the noise, before the data."""
SHARED_SLOPE_SD = 0.15
LEVEL_VARIANCE = 100.0
LEAST_WEIGHT = 3e-4
"""Grid points of less posterior weight are dropped."""


@dataclass(frozen=True)
class Gap:
    """What the process is fitted to, all relative to the treated mean before the window.

    Attributes:
        values: treated minus volume-weighted donors, centred before the window, `(T,)`.
        shared: the donors' volume-weighted mean, centred before the window, `(T,)`; zero without donors.
        deviations: each donor minus `shared`, `(J, T)`.
        shares: the donors' volume shares, `(J,)`.
        periods_before: T0.
    """

    values: FloatArray
    shared: FloatArray
    deviations: FloatArray
    shares: FloatArray
    periods_before: int


@dataclass(frozen=True)
class Prediction:
    """Effect of the window, summed over its periods, in units of the treated mean before it.

    Attributes:
        effect: observed minus predicted.
        sd: predictive standard deviation under no effect.
        block_ratio: mean squared standardised error of blocks of the window's length, about 1 where the process is
            right: the larger of that of blocks left out in turn, and of blocks forecast from what came before them.
        movements: how much each donor's weight moves away from its share, `(J,)`.
        shared_slope: how much more than one-to-one the treated follow the donors' mean.
    """

    effect: float
    sd: float
    block_ratio: float
    movements: FloatArray
    shared_slope: float


def gap_of(treated: FloatArray, donors: FloatArray, periods_before: int) -> Gap:
    """Scale and centre the treated mean `(T,)` and the donors `(J, T)`; J may be 0, means before the window > 0."""
    before = slice(0, periods_before)
    own = treated / treated[before].mean()
    if not len(donors):
        none = np.zeros(len(treated))
        return Gap(own - own[before].mean(), none, np.zeros((0, len(treated))), np.zeros(0), periods_before)
    volumes = donors[:, before].mean(axis=1)
    shares = volumes / volumes.sum()
    relative = donors / volumes[:, None]
    shared = shares @ relative
    deviations = relative - shared
    values = own - shared
    return Gap(
        values - values[before].mean(),
        shared - shared[before].mean(),
        deviations - deviations[:, before].mean(axis=1, keepdims=True),
        shares,
        periods_before,
    )


def predict(gap: Gap) -> Prediction:
    """Fit before the window, predict the window, and leave blocks out in turn."""
    count, values = gap.periods_before, gap.values[: gap.periods_before]
    if not np.ptp(values) > 1e-12:
        return Prediction(float(gap.values[count:].sum()), 0.0, 1.0, np.zeros(len(gap.shares)), 0.0)
    covariances, moving = _covariances(gap)
    grid = _Grid.of(covariances, values)
    across = grid.covariances[:, count:, :count].sum(axis=1)
    effects = gap.values[count:].sum() - (across * grid.solved).sum(axis=1)
    explained = ((across[:, None, :] @ grid.inverses)[:, 0, :] * across).sum(axis=1)
    variances = grid.scales * (grid.covariances[:, count:, count:].sum(axis=(1, 2)) - explained)
    effect = float(grid.weights @ effects)
    variance = float(grid.weights @ (variances + (effects - effect) ** 2))
    scale2 = np.tile(WEIGHT_SCALES**2, len(covariances) // len(WEIGHT_SCALES))[grid.kept]
    solved = grid.weights @ grid.solved
    moved = (grid.weights * scale2) @ grid.solved
    return Prediction(
        effect=effect,
        sd=float(np.sqrt(max(variance, 0.0))),
        block_ratio=max(_left_out_ratio(grid, len(gap.values) - count), _forecast_ratio(grid, len(gap.values) - count)),
        movements=moving * (gap.deviations[:, :count] @ moved),
        shared_slope=float(SHARED_SLOPE_SD**2 / values.var() * (gap.shared[:count] @ solved)),
    )


def _covariances(gap: Gap) -> tuple[FloatArray, FloatArray]:
    """Covariance over the grid without its scale, `(grid, T, T)`, and each donor's prior weight variance `(J,)`."""
    before = slice(0, gap.periods_before)
    period = np.arange(len(gap.values))
    lags = np.abs(period[:, None] - period)
    steady = AUTOCORRELATIONS[:, None, None] ** lags
    walk = DRIFTS[:, None, None] * np.minimum(period[:, None], period)
    noise = np.concatenate([steady, DRIFTING_AUTOCORRELATION**lags + walk])
    spread = float((gap.shares @ gap.deviations**2)[before].mean()) if len(gap.shares) else 0.0
    moving = 0.5 * gap.shares / spread if spread > 0 else np.zeros_like(gap.shares)
    donors = (gap.deviations.T * moving) @ gap.deviations
    level = SHARED_SLOPE_SD**2 / gap.values[before].var() * np.outer(gap.shared, gap.shared) + LEVEL_VARIANCE
    # Added before the grid is spread out: large arrays cost more than sums.
    grid = noise[:, None] + ((WEIGHT_SCALES**2)[:, None, None] * donors + level)
    return grid.reshape(-1, len(period), len(period)), moving


@dataclass(frozen=True)
class _Grid:
    """The grid points that matter: weights, covariances, inverses before the window, solved values, scales.

    `factors` are the Cholesky factors before the window, `(grid, T0, T0)`, `whitened` the values that they divide,
    `(grid, T0)`.
    """

    kept: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    weights: FloatArray
    covariances: FloatArray
    inverses: FloatArray
    solved: FloatArray
    scales: FloatArray
    factors: FloatArray
    whitened: FloatArray

    @classmethod
    def of(cls, covariances: FloatArray, values: FloatArray) -> "_Grid":
        count = len(values)
        factors, whitened = _factors_and_whitened(covariances[:, :count, :count], values)
        squares = (whitened**2).sum(axis=1)
        log_weights = _log_prior() - np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        log_weights -= count / 2 * np.log(squares)
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        kept = weights > LEAST_WEIGHT
        inverses = np.stack([_inverse(factor) for factor in factors[kept]])
        return cls(
            kept=kept,
            weights=weights[kept] / weights[kept].sum(),
            covariances=covariances[kept],
            inverses=inverses,
            solved=inverses @ values,
            scales=squares[kept] / count,
            factors=factors[kept],
            whitened=whitened[kept],
        )


def _inverse(factor: FloatArray) -> FloatArray:
    """Of a covariance, from its Cholesky factor `(T0, T0)`: a third of the work of inverting anew."""
    lower, failed = lapack.dpotri(factor, lower=1)
    assert not failed
    return np.asarray(np.tril(lower) + np.tril(lower, -1).T, dtype=np.float64)


def _log_prior() -> FloatArray:
    """Of every grid point, `(grid,)`, but for a constant."""
    steady = np.full(len(AUTOCORRELATIONS), (1 - DRIFTING) / len(AUTOCORRELATIONS))
    drifting = np.full(len(DRIFTS), DRIFTING / max(1, len(DRIFTS)))
    return np.repeat(np.log(np.concatenate([steady, drifting])), len(WEIGHT_SCALES))


def _factors_and_whitened(covariances: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cholesky factors L, `(grid, T0, T0)`, and L^-1 values, `(grid, T0)`, from one factorisation.

    The values stand as one more row under each covariance, so that the factor's last row is L^-1 values.
    """
    count = len(values)
    bordered = np.empty((len(covariances), count + 1, count + 1))
    bordered[:, :count, :count] = covariances
    bordered[:, count, :count] = bordered[:, :count, count] = values
    bordered[:, count, count] = 1e3 * (values @ values)
    factors = np.asarray(np.linalg.cholesky(bordered), dtype=np.float64)
    return factors[:, :count, :count], factors[:, count, :count]


def _forecast_ratio(grid: _Grid, length: int) -> float:
    """Mean squared standardised error over blocks of the later half, each forecast from the periods before it alone.

    A leading block of a Cholesky factor is the factor of the leading block, so no further one is needed. 0 where none
    fits: then the blocks left out in turn decide alone.
    """
    count = grid.solved.shape[1]
    ratios = []
    for start in range(count - length, max(count // 2, length) - 1, -max(1, length // 2)):
        block = slice(start, start + length)
        reach = grid.factors[:, block, block].sum(axis=1)
        ratios.append(_standardised(grid, (reach * grid.whitened[:, block]).sum(axis=1), (reach**2).sum(axis=1)))
    return float(np.mean(ratios)) if ratios else 0.0


def _left_out_ratio(grid: _Grid, length: int) -> float:
    """Mean squared standardised error over blocks left out in turn, half a block apart; 1 where none fits."""
    count = grid.solved.shape[1]
    ratios = []
    for start in range(count - length, -1, -max(1, length // 2)):
        block = slice(start, start + length)
        spread = np.linalg.inv(grid.inverses[:, block, block])
        errors = (spread @ grid.solved[:, block, None])[:, :, 0].sum(axis=1)
        ratios.append(_standardised(grid, errors, spread.sum(axis=(1, 2))))
    return float(np.mean(ratios)) if ratios else 1.0


def _standardised(grid: _Grid, errors: FloatArray, variances: FloatArray) -> float:
    """Squared error of a block's sum over its variance, both over the grid `(grid,)`; variances without their scale."""
    error = float(grid.weights @ errors)
    return error**2 / float(grid.weights @ (grid.scales * variances + (errors - error) ** 2))
