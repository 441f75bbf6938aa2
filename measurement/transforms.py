"""Adstock and saturation in numpy; `measurement.density` states the same for the graph, and tests hold them equal.

Spend per head goes through a normalised adstock first, then a Hill curve.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SMALLEST_DOSE = 1e-6
"""Doses below this count as zero, in units of the channel's mean; it keeps the logarithm finite."""


def adstock_weights(decay: FloatArray, lags: int, build_up: FloatArray | float = 0.0) -> FloatArray:
    """Normalised adstock weights `(1 + lag)^build_up decay^lag`, lag 0 first: geometric, or with a later peak.

    Args:
        decay: share of an effect that survives a week, `(...)`, in [0, 1).
        lags: number of weeks, lag 0 included.
        build_up: 0 for the geometric adstock; at 1 the effect is that of two equal geometric adstocks in a row.

    Returns:
        Weights `(..., lags)` that sum to 1.
    """
    lag = np.arange(lags)
    rise = (1.0 + lag) ** np.asarray(build_up, dtype=np.float64)[..., None]
    powers = rise * np.asarray(decay)[..., None] ** lag
    weights: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return weights


def lagged(dose: FloatArray, lags: int, before: FloatArray) -> FloatArray:
    """Every period's dose beside its predecessors.

    Args:
        dose: `(..., T)`.
        lags: number of lags, lag 0 included.
        before: dose assumed in every period before the first, `(...)`.

    Returns:
        `(..., T, lags)`, lag 0 first.
    """
    history = np.repeat(np.asarray(before)[..., None], lags - 1, axis=-1)
    padded = np.concatenate([history, dose], axis=-1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, lags, axis=-1)
    return np.ascontiguousarray(windows[..., ::-1])


def hill(dose: FloatArray, half_saturation: FloatArray, slope: FloatArray) -> FloatArray:
    """Hill saturation `dose^slope / (dose^slope + half_saturation^slope)`; S-shaped where slope exceeds 1.

    The arguments broadcast; doses below `SMALLEST_DOSE` give (almost) zero.
    """
    exponent = slope * (np.log(np.maximum(dose, SMALLEST_DOSE)) - np.log(half_saturation))
    result: FloatArray = np.where(dose < SMALLEST_DOSE, 0.0, 1.0 / (1.0 + np.exp(-exponent)))
    return result
