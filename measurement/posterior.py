"""What the stored draws say: the report, contributions by week, response curves. A fitted model in, values out.

Draws by name, first axis the draws: per channel (C) `iroas` (of a geo of average effect), `log_half_life`, `build_up`,
`log_half_saturation`, `log_slope`, `drift`, `log_geo_spread`, `sales_per_head` and `incremental` (window, money);
`geo_effect` (C, G); `contribution` (C, T) and `baseline`, `predicted` (N), summed over geos, in money; scalars `rho`,
`log_noise`, `log_smooth`, `log_weekly`, `inside`; and `hidden_demand` (J) where spend follows demand.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel, WeeklyContributions
from measurement.future import horizon_of, planned_sales
from measurement.panel import Panel
from measurement.preparation import LAGS, window_length
from measurement.transforms import adstock_weights
from measurement.weekly_response import WeeklyResponse, open_response

FloatArray = NDArray[np.float64]

GRID_POINTS = 41
FAR_POINTS, FAR = 7, 40.0
"""A few points more, out to this many times the end of the dense grid: room for budgets that nobody has spent."""
CURVE_DRAWS = 500
MARGINAL_STEP = 0.05
MARGINAL_WEEKS = 13
"""Weeks of the plan on whose curve the report's marginal iROAS is taken."""


def weekly_contributions(model: FittedModel) -> WeeklyContributions:
    """Contributions, baseline and fit by week over the fitted weeks, summed over geos."""
    weeks = model.draws["predicted"].shape[1]
    contribution = np.swapaxes(model.draws["contribution"][:, :, -weeks:], 1, 2)
    low, high = np.percentile(contribution, (5, 95), axis=0)
    fitted_low, fitted_high = np.percentile(model.draws["predicted"], (5, 95), axis=0)
    return WeeklyContributions(
        dates=model.panel.dates[-weeks:],
        channels=model.panel.channel_names,
        mean=contribution.mean(axis=0),
        low=low,
        high=high,
        baseline=model.draws["baseline"].mean(axis=0),
        observed=model.panel.sales.sum(axis=0)[-weeks:],
        fitted=model.draws["predicted"].mean(axis=0),
        fitted_low=fitted_low,
        fitted_high=fitted_high,
    )


def current_spend(panel: Panel, weeks: int) -> FloatArray:
    """What the last 52 weeks spent per channel, scaled to `weeks`, `(C,)`."""
    window = window_length(len(panel.dates))
    scaled: FloatArray = panel.spend[:, -window:].sum(axis=(0, 1)) * (weeks / window)
    return scaled


def response_curves(model: FittedModel, weeks: int) -> ResponseCurves:
    """Response curves of a plan of some weeks, on at most `CURVE_DRAWS` draws and a grid denser near zero.

    The grid runs to three times today's spend or one and a half times the largest run of weeks observed, with a few
    points far beyond, and has today's spend on it.
    """
    draws = thinned(model.draws, CURVE_DRAWS)
    current = current_spend(model.panel, weeks)
    largest = _largest_run(model.panel, weeks)
    grid = _grid(current, np.maximum(3.0 * current, 1.5 * largest))
    weekly = weekly_response(model, weeks)
    weights = adstock_weights(0.5 ** np.exp(-draws["log_half_life"]), LAGS, draws["build_up"])
    return ResponseCurves(
        channels=model.panel.channel_names,
        spend_grid=grid,
        incremental=weekly.sales_of_totals(grid),
        carry_over_weights=weights,
        current_spend=current,
        largest_observed_spend=largest,
        verdicts=tuple(entry.verdict for entry in model.report.channels),
        weeks=weeks,
        model_id=model.provenance.model_id,
        currency=model.panel.currency,
        outcomes=(model.panel.outcomes[0].name,) if len(model.panel.outcomes) == 1 else ("total",),
        weekly=weekly,
    )


def weekly_response(model: FittedModel, weeks: int) -> WeeklyResponse:
    """What weeks right after the panel sell, on the draws of `response_curves`."""
    horizon = horizon_of(model.panel, end_time(len(model.panel.dates)), weeks)
    first_day = model.panel.dates[-1] + np.timedelta64(7, "D")
    largest_week = model.panel.spend.sum(axis=0).max(axis=0)
    return open_response(horizon, thinned(model.draws, CURVE_DRAWS), first_day, largest_week)


def marginal_iroas(
    panel: Panel, draws: Mapping[str, FloatArray], spend: FloatArray | None = None, weeks: int = MARGINAL_WEEKS
) -> FloatArray:
    """Slope of the response curve at planned totals `(C,)`, or at today's spend, `(D, C)`; zero without spend."""
    current = current_spend(panel, weeks) if spend is None else spend
    low, high = (1 - MARGINAL_STEP) * current, (1 + MARGINAL_STEP) * current
    horizon = horizon_of(panel, end_time(len(panel.dates)), weeks)
    sales = planned_sales(horizon, draws, np.stack([low, high], axis=1))
    slope: FloatArray = (sales[:, :, 1] - sales[:, :, 0]) / np.maximum(high - low, 1e-12)
    return np.where(current > 0, slope, 0.0)


def thinned(draws: Mapping[str, FloatArray], count: int) -> dict[str, FloatArray]:
    """At most `count` draws, evenly spaced."""
    available = len(next(iter(draws.values())))
    chosen = np.linspace(0, available - 1, min(count, available)).round().astype(int)
    return {name: values[chosen] for name, values in draws.items()}


def end_time(periods: int) -> float:
    """The model's time in the last week: one per panel length, zero in the middle of the window."""
    return (window_length(periods) - 1) / 2 / periods


def _largest_run(panel: Panel, weeks: int) -> FloatArray:
    """Largest spend of any run of as many weeks; of a shorter panel, its total scaled up."""
    spend = panel.spend.sum(axis=0)
    if weeks > len(spend):
        scaled: FloatArray = spend.sum(axis=0) * (weeks / len(spend))
        return scaled
    total = np.concatenate([np.zeros((1, spend.shape[1])), np.cumsum(spend, axis=0)])
    largest: FloatArray = (total[weeks:] - total[:-weeks]).max(axis=0)
    return largest


def _grid(current: FloatArray, top: FloatArray) -> FloatArray:
    steps = (np.arange(GRID_POINTS) / (GRID_POINTS - 1)) ** 1.5
    grid: FloatArray = top[:, None] * steps
    nearest = np.clip(np.argmin(np.abs(grid - current[:, None]), axis=1), 1, GRID_POINTS - 2)
    rows = np.flatnonzero(current > 0)
    grid[rows, nearest[rows]] = current[rows]
    return np.concatenate([grid, top[:, None] * np.geomspace(1.0, FAR, FAR_POINTS + 1)[1:]], axis=1)
