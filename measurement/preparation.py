"""A weekly panel in, the arrays that the model conditions on out: doses, relative sales, covariances, noise scales.

The first weeks feed the adstock and leave the likelihood. Outliers are pulled in to a Huber threshold and weeks that
stand out in every geo get an effect of their own, so that neither moves a channel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.calendar import fourier_columns, holiday_columns
from measurement.experiments import Experiment
from measurement.first_pass import first_pass
from measurement.hidden_demand import find_confounders
from measurement.lift_inputs import LiftInputs, lift_inputs
from measurement.panel import ControlKind, Level, Panel
from measurement.priors import Priors
from measurement.transforms import lagged

FloatArray = NDArray[np.float64]

LAGS = 13
BURN_IN_WEEKS = 8
WINDOW_WEEKS = 52
FOURIER_PAIRS = 2
LEVEL_SD, TREND_SD, SEASON_SD, HOLIDAY_SD, CONTROL_SD = 1.0, 0.3, 0.15, 0.1, 0.15
HARDLY_SPENT = 0.05
RUNS_FROM = 0.05
"""A channel runs where its dose per head is above this share of its mean."""
GEO_LEVEL_SD, GEO_TREND_SD = 0.5, 0.15
MATERN_WEEKS = 8.0


@dataclass(frozen=True)
class ModelInputs:
    """What the model conditions on. G geos, C channels, T weeks of which the last N are fitted, W in the window.

    Attributes:
        sales: relative sales, `(G, N)`: sales over the geo's mean, less 1, outliers pulled in.
        mean_sales: each geo's mean sales per week, `(G,)`.
        lagged_dose: spend or exposure per head over the channel's mean where it runs, `(C, G, T, LAGS)`, lag 0 first.
        population: `(G,)`.
        reference_weeks: 1 in the weeks over which a channel's iROAS parameter is defined, else 0, `(C, T)`: the
            window, or all weeks for a channel that hardly spent in it.
        reference_spend: spend in these weeks, `(C,)`.
        time: the week's place, 0 in the window's middle and 1 panel length per unit, `(T,)`.
        local: columns with a coefficient of standard deviation 1 in every geo, `(G, N, 2 + S)`: level, trend, and one
            per test that takes the level of its geo-weeks out of the panel's evidence.
        controls: columns with one common coefficient of standard deviation 1, `(G, N, K)`.
        common: covariance of the common week effect that needs no estimate, `(N, N)`.
        smooth: unit Matern covariance of the smooth week effect, `(N, N)`.
        noise_scale: each geo's noise relative to the typical geo's, `(G,)`.
        confounders: hidden demand's stand-in per confounded channel, `(J, G, N)`.
        confounded: which channels these are, `(J,)`.
        confounding_scale: relative sales per unit of these columns that are hidden demand, as first guessed, `(J,)`.
        confounding_by_proxy: whether a demand proxy told that guess; else it is our judgement, `(J,)`.
        varies_by_geo: whether geos' effects of the channel can be told apart, `(C,)`.
        typical_noise: first guess of the noise's standard deviation.
        lifts: what finished tests found; None without tests.
    """

    sales: FloatArray
    mean_sales: FloatArray
    lagged_dose: FloatArray
    population: FloatArray
    reference_weeks: FloatArray
    reference_spend: FloatArray
    time: FloatArray
    local: FloatArray
    controls: FloatArray
    common: FloatArray
    smooth: FloatArray
    noise_scale: FloatArray
    confounders: FloatArray
    confounded: NDArray[np.int64]
    confounding_scale: FloatArray
    confounding_by_proxy: NDArray[np.bool_]
    varies_by_geo: NDArray[np.bool_]
    typical_noise: float
    lifts: LiftInputs | None = None

    @property
    def burn_in(self) -> int:
        """Weeks that only feed the adstock."""
        return int(self.lagged_dose.shape[2] - self.sales.shape[1])

    @property
    def window_weeks(self) -> int:
        """Weeks of the report's window."""
        return window_length(int(self.lagged_dose.shape[2]))


def window_length(periods: int) -> int:
    """Weeks of the report's window: the last 52, or all of a shorter panel."""
    return min(WINDOW_WEEKS, periods)


def prepare(panel: Panel, priors: Priors, tests: tuple[Experiment, ...] = ()) -> ModelInputs:
    """Arrays of a weekly, checked panel and of finished tests that speak of it."""
    burn_in = min(BURN_IN_WEEKS, len(panel.dates) // 5)
    mean_sales = panel.sales.mean(axis=1)
    relative = (panel.sales / mean_sales[:, None] - 1.0)[:, burn_in:]
    dose = dose_per_head(panel)
    calendar = _calendar_columns(panel, burn_in)
    shared, varying, is_demand = _split_controls(panel, burn_in)
    fixed = np.concatenate([calendar, shared], axis=1)
    first = first_pass(relative, dose[:, :, burn_in:], fixed, varying, is_demand)
    confounders = find_confounders(panel, priors, dose[:, :, burn_in:], first, calendar)
    reference = _reference_weeks(panel)
    time = _time(len(panel.dates))
    lifts = lift_inputs(tests, panel, dose, time, LAGS, burn_in) if tests else None
    return ModelInputs(
        sales=first.robust_sales,
        mean_sales=mean_sales,
        lagged_dose=lagged(dose, LAGS, dose[:, :, :4].mean(axis=2)),
        population=panel.population,
        reference_weeks=reference,
        reference_spend=np.einsum("gtc,ct->c", panel.spend, reference),
        time=time,
        local=_local_columns(relative.shape, lifts),
        controls=CONTROL_SD * varying,
        common=_common_covariance(fixed, first.week_shock_sd, len(panel.geos)),
        smooth=matern52(relative.shape[1]),
        noise_scale=first.noise_scale,
        confounders=confounders.columns,
        confounded=confounders.channels,
        confounding_scale=confounders.scale,
        confounding_by_proxy=confounders.by_proxy,
        varies_by_geo=np.array([channel.level is Level.GEO and len(panel.geos) > 2 for channel in panel.channels]),
        typical_noise=first.typical_noise,
        lifts=lifts,
    )


def _local_columns(shape: tuple[int, ...], lifts: LiftInputs | None) -> FloatArray:
    geos, weeks = shape
    place = np.linspace(-1.0, 1.0, weeks)
    own = np.stack([GEO_LEVEL_SD * np.ones(weeks), GEO_TREND_SD * place], axis=1)
    columns = np.broadcast_to(own, (geos, weeks, 2))
    return columns.copy() if lifts is None else np.concatenate([columns, lifts.set_aside], axis=2)


def dose_per_head(panel: Panel) -> FloatArray:
    """Spend or exposure per head over the channel's mean where and when it runs, `(C, G, T)`.

    Pauses, late launches and regions not served do not count: what is believed of saturation is told in usual doses.
    """
    raw = np.where([channel.has_exposure for channel in panel.channels], panel.exposure, panel.spend)
    population = np.broadcast_to(panel.population[:, None, None], raw.shape)
    per_head = raw / population
    runs = per_head > RUNS_FROM * raw.sum(axis=(0, 1)) / population.sum(axis=(0, 1))
    scale = (raw * runs).sum(axis=(0, 1)) / (population * runs).sum(axis=(0, 1))
    dose: FloatArray = np.ascontiguousarray(np.moveaxis(per_head / scale, 2, 0))
    return dose


def _reference_weeks(panel: Panel) -> FloatArray:
    spend = panel.spend.sum(axis=0).T
    window = np.zeros(spend.shape)
    window[:, -window_length(spend.shape[1]) :] = 1.0
    hardly = (spend * window).sum(axis=1) < HARDLY_SPENT * spend.sum(axis=1)
    reference: FloatArray = np.where(hardly[:, None], 1.0, window)
    return reference


def _time(periods: int) -> FloatArray:
    place = np.arange(periods) / periods
    centred: FloatArray = place - place[-window_length(periods) :].mean()
    return centred


def _calendar_columns(panel: Panel, burn_in: int) -> FloatArray:
    """Season and holidays, `(N, H)`, each scaled to its coefficient's prior standard deviation."""
    _, holiday = holiday_columns(panel.dates, panel.country, 7)
    season = fourier_columns(panel.dates, FOURIER_PAIRS)
    return np.concatenate([SEASON_SD * season, HOLIDAY_SD * np.minimum(holiday, 1.0)], axis=1)[burn_in:]


def _split_controls(panel: Panel, burn_in: int) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Standardised controls: those that all geos share, `(N, K1)`, those that vary by geo, `(G, N, K2)`, and which
    of the latter are demand proxies."""
    values = panel.control_values[:, burn_in:, :]
    within = values - values.mean(axis=1, keepdims=True)
    spread = within.std(axis=(0, 1))
    within = within[:, :, spread > 0] / spread[spread > 0]
    is_demand = np.array([control.kind is ControlKind.DEMAND for control in panel.controls], dtype=bool)[spread > 0]
    is_shared = np.abs(within - within[:1]).max(axis=(0, 1), initial=0.0) < 1e-9
    return CONTROL_SD * within[0][:, is_shared], within[:, :, ~is_shared], is_demand[~is_shared]


def _common_covariance(fixed: FloatArray, shock_sd: FloatArray, geos: int) -> FloatArray:
    weeks = len(fixed)
    trend = TREND_SD * np.linspace(-1.0, 1.0, weeks)[:, None]
    level = LEVEL_SD * np.ones((weeks, 1))
    columns = np.concatenate([level, trend, fixed], axis=1)
    jitter = 1e-6 if geos > 1 else 1e-5
    covariance: FloatArray = columns @ columns.T + np.diag(shock_sd**2 + jitter)
    return covariance


def matern52(weeks: int) -> FloatArray:
    """Unit Matern covariance, smooth over `MATERN_WEEKS`, of so many weeks in a row, `(T, T)`."""
    distance = np.sqrt(5.0) * np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks))) / MATERN_WEEKS
    covariance: FloatArray = (1.0 + distance + distance**2 / 3.0) * np.exp(-distance)
    return covariance
