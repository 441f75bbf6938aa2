"""A quick robust regression before the model: noise scales, outliers, weeks that stand out, what proxies predict.

Relative sales and rough media columns in, `FirstPass` out. Media enter with one default shape, so nothing here is an
estimate of their effect; it only keeps them from being taken for noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.transforms import adstock_weights, hill, lagged

FloatArray = NDArray[np.float64]

HUBER = 3.5
SHOCK = 4.0
ROUNDS = 4
MAD_TO_SD = 1.4826
DEFAULT_DECAY = 0.45
SHRINKAGE_WEEKS = 15.0
"""A geo's noise scale counts as much as the typical one's when it rests on this many weeks."""


@dataclass(frozen=True)
class FirstPass:
    """What the first regression tells.

    Attributes:
        robust_sales: relative sales with outliers pulled in to the Huber threshold, `(G, N)`.
        noise_scale: noise of each geo over the typical geo's, `(G,)`.
        typical_noise: noise of the typical geo, relative to its mean sales.
        week_shock_sd: standard deviation granted to each week that stands out in all geos, else 0, `(N,)`.
        demand: what the demand proxies predict of sales, `(G, N)`, zero without proxies.
    """

    robust_sales: FloatArray
    noise_scale: FloatArray
    typical_noise: float
    week_shock_sd: FloatArray
    demand: FloatArray

    @property
    def demand_spread(self) -> float:
        """Standard deviation of what the proxies predict of sales, after geo and week means."""
        return float(two_way_residual(self.demand).std())


def two_way_residual(values: FloatArray) -> FloatArray:
    """What is left of `(..., G, N)` after each geo's mean and each week's mean over geos."""
    residual: FloatArray = (
        values
        - values.mean(axis=-1, keepdims=True)
        - values.mean(axis=-2, keepdims=True)
        + values.mean(axis=(-2, -1), keepdims=True)
    )
    return residual


def first_pass(
    sales: FloatArray, dose: FloatArray, calendar: FloatArray, controls: FloatArray, is_demand: NDArray[np.bool_]
) -> FirstPass:
    """Regress relative sales `(G, N)` on rough media columns, controls and the baseline.

    Args:
        sales: relative sales, `(G, N)`.
        dose: doses per head, `(C, G, N)`.
        calendar: season, holidays and shared controls, `(N, H)`.
        controls: controls that vary by geo, `(G, N, K)`.
        is_demand: which of these are demand proxies, `(K,)`.
    """
    columns = np.concatenate([_rough_media(dose), np.moveaxis(controls, 2, 0)])
    robust, noise, coefficients = _robust_fit(sales, columns, calendar)
    demand = np.tensordot(coefficients[len(dose) :] * is_demand, columns[len(dose) :], axes=1)
    typical = float(np.exp(np.mean(np.log(noise))))
    return FirstPass(
        robust_sales=robust,
        noise_scale=noise / typical,
        typical_noise=typical,
        week_shock_sd=_week_shocks(robust - np.tensordot(coefficients, columns, axes=1), calendar),
        demand=demand,
    )


def _rough_media(dose: FloatArray) -> FloatArray:
    weights = adstock_weights(np.array(DEFAULT_DECAY), 8)
    adstocked = lagged(dose, 8, dose[:, :, :4].mean(axis=2)) @ weights
    return hill(adstocked, np.array(1.0), np.array(1.0))


def _robust_fit(
    sales: FloatArray, columns: FloatArray, calendar: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Least squares on sales whose residuals are pulled in to the Huber threshold, a few times over."""
    clear = _baseline_remover(sales.shape, calendar)
    design = clear(columns).reshape(len(columns), -1).T
    robust = sales
    for _ in range(ROUNDS):
        target = clear(robust[None])[0]
        coefficients = _ridge(design, target.ravel())
        residual = clear(sales[None])[0] - (design @ coefficients).reshape(sales.shape)
        noise = _noise_by_geo(target - (design @ coefficients).reshape(sales.shape))
        threshold = HUBER * noise[:, None]
        robust = sales - (residual - np.clip(residual, -threshold, threshold))
    return robust, noise, coefficients


def _baseline_remover(shape: tuple[int, ...], calendar: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Two-way residuals where there are geos to compare; else level, trend and calendar are projected out."""
    geos, weeks = shape
    if geos >= 3:
        return two_way_residual
    basis = np.concatenate([np.ones((weeks, 1)), np.linspace(-1, 1, weeks)[:, None], calendar], axis=1)
    projection = basis @ np.linalg.pinv(basis, rcond=1e-8)

    def clear(values: FloatArray) -> FloatArray:
        cleared: FloatArray = values - values @ projection.T
        return cleared

    return clear


def _ridge(design: FloatArray, target: FloatArray) -> FloatArray:
    """A trace of ridge keeps columns that never vary, or that coincide, harmless."""
    gram = design.T @ design
    penalty = 1e-6 * np.trace(gram) / max(len(gram), 1) + 1e-12
    solution: FloatArray = np.linalg.solve(gram + penalty * np.eye(len(gram)), design.T @ target)
    return solution


def _noise_by_geo(residual: FloatArray) -> FloatArray:
    weeks = residual.shape[1]
    own = MAD_TO_SD * np.median(np.abs(residual), axis=1)
    own = np.maximum(own, 1e-4 + 0.1 * np.median(own))
    typical = np.exp(np.mean(np.log(own)))
    share = weeks / (weeks + SHRINKAGE_WEEKS)
    noise: FloatArray = np.exp(share * np.log(own) + (1 - share) * np.log(typical))
    return noise


def _week_shocks(unexplained: FloatArray, calendar: FloatArray) -> FloatArray:
    geos, weeks = unexplained.shape
    if geos < 3:
        return np.zeros(weeks)
    effect = np.median(unexplained - unexplained.mean(axis=1, keepdims=True), axis=0)
    basis = np.concatenate([np.ones((weeks, 1)), np.linspace(-1, 1, weeks)[:, None], calendar], axis=1)
    residual = effect - basis @ np.linalg.lstsq(basis, effect, rcond=1e-8)[0]
    neighbours = np.lib.stride_tricks.sliding_window_view(np.pad(residual, 4, mode="reflect"), 9)
    residual = residual - np.median(neighbours, axis=1)
    scale = MAD_TO_SD * float(np.median(np.abs(residual))) + 1e-4
    shocks: FloatArray = np.where(np.abs(residual) > SHOCK * scale, np.abs(residual), 0.0)
    return shocks
