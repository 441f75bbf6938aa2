"""Adstock and saturation in numpy; `measurement.model` states the same for the graph, and tests hold them equal.

Spend per head goes through a normalised adstock first, then a Hill curve.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SMALLEST_DOSE = 1e-6
"""Doses below this count as zero, in units of the channel's mean; it keeps the logarithm finite."""


def geometric_weights(decay: FloatArray, lags: int) -> FloatArray:
    """Normalised geometric adstock weights, lag 0 first.

    Args:
        decay: share of an effect that survives a week, `(...)`, in [0, 1).
        lags: number of weeks, lag 0 included.

    Returns:
        Weights `(..., lags)` that sum to 1.
    """
    powers = np.asarray(decay)[..., None] ** np.arange(lags)
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
