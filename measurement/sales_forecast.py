"""A fitted model and planned spend in, the sales of the weeks right after its panel out, by draw: baseline and media.

The baseline goes on as the model's own prior has it, given the weeks it was fitted on: level, trend, season, holidays
and the smooth week effect are carried forward, what is new in each week is drawn. Promotions, prices and demand of the
weeks ahead are unknown; what such controls moved in the past widens the interval.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from measurement.calendar import fourier_columns, holiday_columns
from measurement.fitted import FittedModel
from measurement.future import by_lag, carried_in, horizon_of, shape_of
from measurement.posterior import end_time
from measurement.preparation import (
    FOURIER_PAIRS,
    HOLIDAY_SD,
    LAGS,
    LEVEL_SD,
    SEASON_SD,
    TREND_SD,
    matern52,
)
from measurement.transforms import hill

FloatArray = NDArray[np.float64]

UNEXPLAINED = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Candidates for what controls move from week to week, in standard deviations of the weekly effect."""
JITTER = 1e-8


def forecast_sales(model: FittedModel, spend: FloatArray, seed: int = 0) -> FloatArray:
    """Total sales over geos and weeks right after the panel, `(D,)`, in the outcome's unit.

    Args:
        model: a fitted model.
        spend: money by channel and week, `(C, A)`, in the panel's shares over geos.
        seed: of what is drawn anew.
    """
    rng = np.random.default_rng(seed)
    weeks = spend.shape[1]
    return _baseline(model, weeks, rng) + _media(model, spend) + _noise(model, weeks, rng)


def _media(model: FittedModel, spend: FloatArray) -> FloatArray:
    """Sales in these very weeks, what earlier spend carries into them included, `(D,)`."""
    weeks = spend.shape[1]
    horizon = horizon_of(model.panel, end_time(len(model.panel.dates)), weeks)
    total = np.zeros(len(model.draws["rho"]))
    for channel in range(len(spend)):
        shape = shape_of(horizon, model.draws, channel)
        carried = carried_in(horizon.recent[channel], shape.weights)
        felt = np.einsum("dl,tl->dt", shape.weights, by_lag(spend[channel][:, None])[:weeks, :, 0])
        dose = horizon.dose_per_spend[channel][None, :, None] * felt[:, None, :]
        known = min(weeks, LAGS - 1)
        dose[:, :, :known] += carried[:, :, :known]
        saturated = hill(dose, np.exp(shape.log_half)[:, None, None], shape.slope[:, None, None])
        total += np.einsum("dgt,dg->d", saturated, shape.heads)
    return total


def _baseline(model: FittedModel, weeks: int, rng: np.random.Generator) -> FloatArray:
    fitted = model.draws["baseline"].shape[1]
    scale = float(model.panel.sales.mean(axis=1).sum())
    relative = model.draws["baseline"] / scale - 1.0
    covariance = _covariance(model, fitted, weeks, relative.mean(axis=0))
    past, across, ahead = covariance[:fitted, :fitted], covariance[fitted:, :fitted], covariance[fitted:, fitted:]
    gain = cho_solve(cho_factor(past), across.T).T
    spread = np.linalg.cholesky(ahead - gain @ across.T + JITTER * np.eye(weeks))
    drawn = relative @ gain.T + rng.standard_normal((len(relative), weeks)) @ spread.T
    total: FloatArray = scale * (1.0 + drawn).sum(axis=1)
    return total


def _covariance(model: FittedModel, fitted: int, weeks: int, relative: FloatArray) -> FloatArray:
    """Prior covariance of the relative baseline over fitted weeks and those ahead, `(N + A, N + A)`.

    What controls move in single weeks is not told apart in the stored draws; its size is the likeliest of a few.
    """
    dates = model.panel.dates[-1] + np.timedelta64(7, "D") * np.arange(1 - fitted, weeks + 1)
    _, holiday = holiday_columns(dates, model.panel.country, 7)
    place = np.arange(fitted + weeks) / max(fitted - 1, 1) * 2.0 - 1.0
    columns = np.concatenate(
        [
            LEVEL_SD * np.ones((len(dates), 1)),
            TREND_SD * place[:, None],
            SEASON_SD * fourier_columns(dates, FOURIER_PAIRS),
            HOLIDAY_SD * np.minimum(holiday, 1.0),
        ],
        axis=1,
    )
    smooth = float(np.exp(2 * model.draws["log_smooth"]).mean())
    weekly = float(np.exp(2 * model.draws["log_weekly"]).mean())
    known = columns @ columns.T + smooth * matern52(len(dates))
    candidates = [known + weekly * (1.0 + more**2) * np.eye(len(dates)) for more in UNEXPLAINED]
    return max(candidates, key=lambda whole: _log_likelihood(whole[:fitted, :fitted], relative))


def _log_likelihood(covariance: FloatArray, values: FloatArray) -> float:
    factor = cho_factor(covariance)
    return float(-0.5 * values @ cho_solve(factor, values) - np.log(np.diagonal(factor[0])).sum())


def _noise(model: FittedModel, weeks: int, rng: np.random.Generator) -> FloatArray:
    """A run of weeks of each draw's own noise, so that it lingers as it did, `(D,)`."""
    fitted = model.draws["predicted"].shape[1]
    media = model.draws["contribution"][:, :, -fitted:].sum(axis=1)
    noise = model.draws["predicted"] - model.draws["baseline"] - media
    starts = rng.integers(max(1, fitted - weeks + 1), size=len(noise))
    return np.array([row[start : start + weeks].sum() for row, start in zip(noise, starts, strict=True)])
