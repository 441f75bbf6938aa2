"""A weekly panel in, a forecast out of how well each channel's iROAS will be measured, before any model is fitted.

The forecast is the standard error of a plain regression: sales per head on every channel's adstocked and saturated
dose and on the controls, after what geos and weeks have in common is taken out. Where a channel does not differ
between geos, only its ups and downs in time tell, and the regression runs on national totals less trend and season.
One fixed shape stands for all channels, so the forecast is rough, and a model that learns shapes knows less.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.calendar import fourier_columns
from measurement.panel import Level, Panel
from measurement.panel_checks import SAME

FloatArray = NDArray[np.float64]

DECAY = 0.5
SEASON_PAIRS = 2
NO_VARIATION = 0.01
"""Standard deviation relative to the mean below which a channel does not vary."""
LEAST_FREEDOM = 5


@dataclass(frozen=True)
class ChannelForecast:
    """What a regression could tell of a channel.

    Attributes:
        variation: standard deviation of spend per head left after geo and week effects, relative to its mean; for a
            channel learnt from time alone, of its national total.
        time_only: whether the channel differs between geos too little to learn from that.
        correlation, correlated_with: the other channel whose spend, so cleaned, moves most like this one's; (0, "")
            for an only channel.
        explained: share of the dose's variation that other channels and controls explain, 0 to 1.
        standard_error: of the channel's iROAS at today's spend, sales per unit of money; infinite if it cannot be told.
    """

    variation: float
    time_only: bool
    correlation: float
    correlated_with: str
    explained: float
    standard_error: float


@dataclass(frozen=True)
class _Regression:
    """Cleaned series of one design, each `(G, T)`, time on the last axis.

    Attributes:
        sales: outcome, `(G, T)`.
        doses: adstocked, saturated doses, `(C, G, T)`.
        spend: spend, `(C, G, T)`.
        controls: `(K, G, T)`.
        incremental: what a dose coefficient of 1 sells over the panel, per channel, `(C,)`.
        freedom: observations less the effects taken out.
    """

    sales: FloatArray
    doses: FloatArray
    spend: FloatArray
    controls: FloatArray
    incremental: FloatArray
    freedom: int


def forecast_channels(panel: Panel) -> tuple[ChannelForecast, ...]:
    """Forecast every channel of a weekly panel, in its order."""
    if not panel.channels:
        return ()
    national = _national_regression(panel)
    local = _local_regression(panel) if len(panel.geos) > 1 else national
    time_only = np.array([_known_in_time_only(panel, index) for index in range(len(panel.channels))], dtype=np.bool_)
    return tuple(
        _forecast(panel, national if time_only[index] else local, index, time_only) for index in range(len(time_only))
    )


def varies(panel: Panel, channel: int) -> bool:
    """Whether the channel's spend in any geo changes over time by more than a hundredth of its mean."""
    spend = panel.spend[:, :, channel]
    mean = np.maximum(spend.mean(axis=1), 1e-300)
    return bool((spend.std(axis=1) / mean > NO_VARIATION).any())


def _known_in_time_only(panel: Panel, channel: int) -> bool:
    """Whether each geo's share of the channel's spend is the same all the time; then geos tell nothing apart."""
    if len(panel.geos) == 1 or panel.channels[channel].level is Level.NATIONAL:
        return True
    spend = panel.spend[:, :, channel]
    total = spend.sum()
    proportional = np.outer(spend.sum(axis=1), spend.sum(axis=0)) / total if total > 0 else spend
    return bool(np.abs(spend - proportional).max() <= max(SAME, NO_VARIATION**2) * max(spend.max(), 1e-300))


def _local_regression(panel: Panel) -> _Regression:
    geos, weeks = panel.sales.shape
    heads = _heads(panel)
    doses = np.stack([_dose(panel.exposure[:, :, c] / heads) for c in range(len(panel.channels))])
    return _Regression(
        sales=_less_geo_and_week(panel.sales / heads),
        doses=_less_geo_and_week(doses),
        spend=_less_geo_and_week(np.moveaxis(panel.spend, 2, 0) / heads),
        controls=_less_geo_and_week(np.moveaxis(panel.control_values, 2, 0)),
        incremental=(doses * heads).sum(axis=(1, 2)),
        freedom=(geos - 1) * (weeks - 1),
    )


def _heads(panel: Panel) -> FloatArray:
    """Population of each geo over the mean geo's, `(G, 1)`."""
    heads: FloatArray = panel.population[:, None] / panel.population.mean()
    return heads


def _national_regression(panel: Panel) -> _Regression:
    weights = panel.population / panel.population.sum()
    doses = np.stack([_dose(panel.exposure[:, :, c].sum(axis=0)[None]) for c in range(len(panel.channels))])
    weeks = np.arange(len(panel.dates), dtype=np.float64)
    trend = np.stack([np.ones_like(weeks), weeks / len(weeks), (weeks / len(weeks)) ** 2], axis=1)
    common, _ = np.linalg.qr(np.concatenate([trend, fourier_columns(panel.dates, SEASON_PAIRS)], axis=1))

    def cleaned(series: FloatArray) -> FloatArray:
        return _without_rounding(series - (series @ common) @ common.T, series)

    controls = np.einsum("g,gtk->kt", weights, panel.control_values)[:, None, :]
    return _Regression(
        sales=cleaned(panel.sales.sum(axis=0)[None]),
        doses=cleaned(doses),
        spend=cleaned(np.moveaxis(panel.spend.sum(axis=0)[None], 2, 0)),
        controls=cleaned(controls),
        incremental=doses.sum(axis=(1, 2)),
        freedom=len(weeks) - common.shape[1],
    )


def _dose(exposure: FloatArray) -> FloatArray:
    """Adstocked exposure `(G, T)` over its mean, then its square root; zeros where there is none."""
    carried = np.empty_like(exposure)
    carried[:, 0] = exposure[:, 0]
    for week in range(1, exposure.shape[1]):
        carried[:, week] = exposure[:, week] + DECAY * carried[:, week - 1]
    mean = carried.mean()
    return np.sqrt(carried / mean) if mean > 0 else np.zeros_like(carried)


def _less_geo_and_week(values: FloatArray) -> FloatArray:
    """Values `(..., G, T)` less the mean of each geo and of each week."""
    by_geo, by_week = values.mean(axis=-1, keepdims=True), values.mean(axis=-2, keepdims=True)
    rest: FloatArray = values - by_geo - by_week + values.mean(axis=(-2, -1), keepdims=True)
    return _without_rounding(rest, values)


def _without_rounding(rest: FloatArray, values: FloatArray) -> FloatArray:
    """Cleaned series `(..., G, T)`, exactly zero where only rounding is left of the values."""
    left, whole = (np.sqrt((part**2).sum(axis=(-2, -1), keepdims=True)) for part in (rest, values))
    return np.where(left > SAME * whole, rest, 0.0)


def _forecast(panel: Panel, design: _Regression, index: int, time_only: NDArray[np.bool_]) -> ChannelForecast:
    spend = panel.spend[:, :, index]
    mean = spend.sum() / design.sales.shape[1] if design.sales.shape[0] == 1 else (spend / _heads(panel)).mean()
    variation = float(design.spend[index].std() / mean) if mean > 0 else 0.0
    # A channel known in time only is flat after week effects: beside local channels it neither explains nor moves.
    peers = np.ones_like(time_only) if time_only[index] else ~time_only
    correlation, partner = _closest_partner(design.spend, index, peers)
    dose = design.doses[index]
    others = [design.doses[c] for c in np.flatnonzero(peers) if c != index] + list(design.controls)
    own = _less(dose.ravel(), _columns(others, dose.size))
    explained = 1.0 - float(own @ own) / float((dose**2).sum()) if dose.any() else 0.0
    error = _standard_error(design, index, others, float(spend.sum()))
    if variation < NO_VARIATION or not varies(panel, index):
        error = np.inf
    name = panel.channels[partner].name if partner is not None else ""
    return ChannelForecast(variation, bool(time_only[index]), correlation, name, min(max(explained, 0.0), 1.0), error)


def _closest_partner(spend: FloatArray, index: int, peers: NDArray[np.bool_]) -> tuple[float, int | None]:
    best: tuple[float, int | None] = (0.0, None)
    own = spend[index].ravel()
    for other in np.flatnonzero(peers):
        theirs = spend[other].ravel()
        size = float(np.sqrt((own @ own) * (theirs @ theirs)))
        if other == index or size <= 0:
            continue
        correlation = float(np.clip(own @ theirs / size, -1.0, 1.0))
        if abs(correlation) > abs(best[0]):
            best = (correlation, int(other))
    return best


def _standard_error(design: _Regression, index: int, others: list[FloatArray], spend: float) -> float:
    """Standard error of the channel's iROAS from a regression with noise that lingers from week to week.

    Noise is taken as AR(1): one regression tells by how much it lingers, a second one runs on what is new each week.
    """
    dose = design.doses[index]
    freedom = design.freedom - len(others) - 1
    if freedom < LEAST_FREEDOM or spend <= 0 or not dose.any():
        return float(np.inf)
    noise = _less(design.sales.ravel(), _columns([dose, *others], dose.size)).reshape(dose.shape)
    lingering = _lag_one(noise)
    sales, dose, *others = (series[:, 1:] - lingering * series[:, :-1] for series in (design.sales, dose, *others))
    own = _less(dose.ravel(), _columns(others, dose.size))
    information = float(own @ own)
    if information <= SAME * float((dose**2).sum()):
        return float(np.inf)
    noise = _less(sales.ravel(), _columns([dose, *others], dose.size))
    variance = float(noise @ noise) / freedom
    return float(np.sqrt(variance / information) * design.incremental[index] / spend)


def _lag_one(series: FloatArray) -> float:
    """Autocorrelation of `(G, T)` from one week to the next, kept between 0 and 0.95."""
    power = float((series**2).sum())
    return float(np.clip((series[:, 1:] * series[:, :-1]).sum() / power, 0.0, 0.95)) if power > 0 else 0.0


def _columns(series: list[FloatArray], size: int) -> FloatArray:
    """Series `(G, T)` that are not zero, at unit length, as columns `(G * T, n)`."""
    kept = [one.ravel() / np.sqrt((one**2).sum()) for one in series if one.any()]
    return np.stack(kept, axis=1) if kept else np.zeros((size, 0))


def _less(target: FloatArray, regressors: FloatArray) -> FloatArray:
    """What the regressors leave of the target."""
    if regressors.shape[1] == 0:
        return target
    coefficients, *_ = np.linalg.lstsq(regressors, target, rcond=None)
    rest: FloatArray = target - regressors @ coefficients
    return rest
