"""A fitted model and planned spend in, the sales of the weeks right after its panel out, by draw: baseline and media.

The baseline goes on as the model's own prior has it, given the weeks it was fitted on: level, trend, season, holidays
and the smooth week effect are carried forward, what is new in each week is drawn. Promotions, prices and demand of the
weeks ahead are unknown; what such controls moved in the past widens the interval, as much and for as long as it did.
"""

from itertools import product

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

PASSING = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Candidates for what controls move in single weeks, in standard deviations of the weekly effect."""
LASTING = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Candidates for what lasts beyond the smooth week effect (a new price, a rival gone), in the same unit."""
PERSISTENCE = (0.8, 0.9, 0.97)
"""Candidates for the share of it that is left a week later."""
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
    """Each draw goes on by one of the candidate covariances, chosen as often as it is likely."""
    fitted = model.draws["baseline"].shape[1]
    scale = float(model.panel.sales.mean(axis=1).sum())
    relative = model.draws["baseline"] / scale - 1.0
    candidates = _covariances(model, fitted, weeks)
    heights = np.array([_log_likelihood(one[:fitted, :fitted], relative.mean(axis=0)) for one in candidates])
    shares = np.exp(heights - heights.max())
    chosen = rng.choice(len(candidates), size=len(relative), p=shares / shares.sum())
    drawn = np.empty((len(relative), weeks))
    for number in np.unique(chosen):
        rows = chosen == number
        drawn[rows] = _goes_on(candidates[number], relative[rows], rng)
    total: FloatArray = scale * (1.0 + drawn).sum(axis=1)
    return total


def _goes_on(covariance: FloatArray, relative: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Weeks ahead given those before, `(D, N)` to `(D, A)`, by a covariance over both."""
    fitted, weeks = relative.shape[1], len(covariance) - relative.shape[1]
    past, across, ahead = covariance[:fitted, :fitted], covariance[fitted:, :fitted], covariance[fitted:, fitted:]
    gain = cho_solve(cho_factor(past), across.T).T
    spread = np.linalg.cholesky(ahead - gain @ across.T + JITTER * np.eye(weeks))
    expected: FloatArray = relative @ gain.T
    return expected + rng.standard_normal((len(relative), weeks)) @ spread.T


def _covariances(model: FittedModel, fitted: int, weeks: int) -> list[FloatArray]:
    """Prior covariances of the relative baseline over fitted weeks and those ahead, `(N + A, N + A)` each.

    What controls move is not told apart in the stored draws: its size and how long it lasts are open.
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
    known = columns @ columns.T + smooth * matern52(len(dates)) + weekly * np.eye(len(dates))
    apart = np.abs(np.subtract.outer(np.arange(len(dates)), np.arange(len(dates))))
    return [
        known + weekly * (passing**2 * np.eye(len(dates)) + lasting**2 * persistence**apart)
        for passing, lasting, persistence in product(PASSING, LASTING, PERSISTENCE)
        if lasting > 0 or persistence == PERSISTENCE[0]
    ]


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
