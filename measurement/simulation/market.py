"""The market without advertising: season, holidays, prices, hidden demand, noise. A spec in, a `Market` out."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from measurement.simulation.spec import HISTORY_WEEKS, Stream, WorldKind, WorldSpec, generator

FloatArray = NDArray[np.float64]

_FIRST_MONDAY = np.datetime64("2021-01-04")
_COUNTRY_IN_MEDIAN_GEOS = 60
# Month, day, least and greatest lift in logs. The Monday week that holds 25 November always holds Thanksgiving.
_HOLIDAYS = (
    (2, 13, 0.00, 0.06),
    (5, 27, 0.00, 0.08),
    (7, 3, 0.00, 0.06),
    (7, 15, 0.02, 0.14),
    (9, 3, 0.00, 0.08),
    (11, 25, 0.12, 0.35),
    (12, 2, 0.08, 0.25),
    (12, 9, 0.05, 0.20),
    (12, 16, 0.05, 0.22),
    (12, 24, -0.06, 0.08),
)


@dataclass(frozen=True, eq=False)
class Market:
    """What happens with no advertising at all; H weeks of hidden history and panel, T weeks of panel.

    Attributes:
        dates: Mondays of the panel's weeks, `(T,)`.
        population: people by geo, `(G,)`.
        season: what planners know ahead, common to all geos, in logs, `(H,)`.
        demand: hidden demand by geo in standard deviations, `(G, H)`.
        baseline: expected sales without advertising, `(G, T)`, in money.
        noise: deviation of sales from what is expected, `(G, T)`, in money.
        queries: search queries, a noisy proxy of demand, `(G, T)`.
        price_index, promo: controls with real effects, `(G, T)`.
    """

    dates: NDArray[np.datetime64]
    population: FloatArray
    season: FloatArray
    demand: FloatArray
    baseline: FloatArray
    noise: FloatArray
    queries: FloatArray
    price_index: FloatArray
    promo: FloatArray


def draw_market(spec: WorldSpec) -> Market:
    """Draw the market of a spec."""
    rng = generator(spec, Stream.MARKET)
    history = _history_dates(rng, spec)
    population = _population(rng, spec.geos)
    season = _season(rng, history)
    promo = _promo(rng, season, spec.geos)
    price_index = _price_index(rng, promo)
    demand = _demand(spec)
    log_sales = (
        _geo_levels_and_trends(rng, spec.geos, len(history))
        + season
        + _geo_seasons(rng, spec.geos, history)
        + _common_shocks(rng, len(history))
        + rng.uniform(0.05, 0.16) * promo
        - rng.uniform(0.6, 1.8) * np.log(price_index / 100)
        + rng.uniform(0.03, 0.07) * demand
    )
    panel = slice(HISTORY_WEEKS, None)
    baseline = population[:, None] * np.exp(log_sales[:, panel])
    return Market(
        dates=history[panel],
        population=population,
        season=season,
        demand=demand,
        baseline=baseline,
        noise=baseline * _relative_noise(spec, population),
        queries=_queries(spec, population, season, demand)[:, panel],
        price_index=price_index[:, panel],
        promo=promo[:, panel],
    )


def autoregressive(rng: np.random.Generator, rho: float, shape: tuple[int, ...]) -> FloatArray:
    """Stationary AR(1) along the last axis with unit variance."""
    return filter_autoregressive(rng.standard_normal(shape), rho)


def filter_autoregressive(innovations: FloatArray, rho: float) -> FloatArray:
    """Turn independent unit-variance innovations into a stationary AR(1) with unit variance."""
    scaled = innovations * np.sqrt(1 - rho**2)
    scaled[..., 0] = innovations[..., 0]
    series: FloatArray = lfilter([1.0], [1.0, -rho], scaled, axis=-1)
    return series


def _history_dates(rng: np.random.Generator, spec: WorldSpec) -> NDArray[np.datetime64]:
    first = _FIRST_MONDAY + np.timedelta64(7 * int(rng.integers(52)), "D")
    dates: NDArray[np.datetime64] = first + 7 * np.arange(HISTORY_WEEKS + spec.weeks) * np.timedelta64(1, "D")
    return dates


def _population(rng: np.random.Generator, geos: int) -> FloatArray:
    spread = rng.uniform(0.8, 1.0)
    sizes = 1e6 * np.exp(spread * rng.standard_normal(geos))
    return np.round(sizes * (_COUNTRY_IN_MEDIAN_GEOS if geos == 1 else 1))


def _season(rng: np.random.Generator, dates: NDArray[np.datetime64]) -> FloatArray:
    season: FloatArray = np.zeros(len(dates))
    for harmonic, largest in ((1, 0.16), (2, 0.06)):
        amplitude, peak = rng.uniform(0.2, 1.0) * largest, rng.uniform(0, 1)
        season += amplitude * np.cos(2 * np.pi * harmonic * (_year_fraction(dates) - peak))
    return season + _holiday_lift(rng, dates)


def _holiday_lift(rng: np.random.Generator, dates: NDArray[np.datetime64]) -> FloatArray:
    lift = np.zeros(len(dates))
    years = range(dates[0].astype(date).year, dates[-1].astype(date).year + 2)
    for month, day, low, high in _HOLIDAYS:
        usual = rng.uniform(low, high)
        for year in years:
            this_year = usual * rng.uniform(0.8, 1.2)
            week = (np.datetime64(f"{year}-{month:02d}-{day:02d}") - dates[0]).astype(int) // 7
            if 0 <= week < len(dates):
                lift[week] += this_year
    return lift


def _year_fraction(dates: NDArray[np.datetime64]) -> FloatArray:
    fraction: FloatArray = (dates - _FIRST_MONDAY).astype(np.float64) / 365.25
    return fraction


def _promo(rng: np.random.Generator, season: FloatArray, geos: int) -> FloatArray:
    """Promotions of one or two weeks, more likely in season, run by nearly all geos."""
    chance = rng.uniform(0.06, 0.10) * np.exp(3 * (season - season.mean()))
    starts = rng.random(len(season)) < chance
    lasts = starts & (rng.random(len(season)) < 0.5)
    national = starts.copy()
    national[1:] |= lasts[:-1]
    joins = rng.random((geos, len(season))) < (0.95 if geos > 1 else 1.0)
    runs: FloatArray = (national & joins).astype(np.float64)
    return runs


def _price_index(rng: np.random.Generator, promo: FloatArray) -> FloatArray:
    """Price steps every few months, weekly wobble, discounts during promotions; about 100."""
    geos, weeks = promo.shape
    steps = np.where(rng.random(weeks) < 0.07, 0.035 * rng.standard_normal(weeks), 0.0)
    level: FloatArray = lfilter([1.0], [1.0, -0.98], steps)
    national = level + 0.008 * rng.standard_normal(weeks)
    mix = 0.004 * rng.standard_normal((geos, weeks))
    return np.round(100 * np.exp(national + mix - 0.03 * promo), 2)


def _demand(spec: WorldSpec) -> FloatArray:
    """Smooth hidden demand: mostly of each geo its own, a little common to all."""
    rng = generator(spec, Stream.DEMAND)
    weeks = HISTORY_WEEKS + spec.weeks
    persistence = rng.uniform(0.85, 0.95)
    common = autoregressive(rng, persistence, (weeks,))
    local = autoregressive(rng, persistence, (spec.geos, weeks))
    return local + 0.4 * common


def _geo_levels_and_trends(rng: np.random.Generator, geos: int, weeks: int) -> FloatArray:
    sales_per_head = np.log(0.05) + 0.4 * rng.standard_normal()
    years = (np.arange(weeks) - HISTORY_WEEKS) / 52
    level = 0.25 * rng.standard_normal((geos, 1))
    trend = rng.uniform(-0.04, 0.08) + 0.02 * rng.standard_normal((geos, 1))
    paths: FloatArray = sales_per_head + level + trend * years
    return paths


def _geo_seasons(rng: np.random.Generator, geos: int, dates: NDArray[np.datetime64]) -> FloatArray:
    angle = 2 * np.pi * _year_fraction(dates)
    waves = np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    weights = rng.uniform(0.005, 0.02) * rng.standard_normal((geos, 4))
    seasons: FloatArray = weights @ waves
    return seasons


def _common_shocks(rng: np.random.Generator, weeks: int) -> FloatArray:
    """News, weather and competitors: what moves every geo at once; half of its variance lasts."""
    size = rng.uniform(0.01, 0.04)
    lasting = autoregressive(rng, rng.uniform(0.5, 0.9), (weeks,))
    passing = rng.standard_normal(weeks)
    shocks: FloatArray = size * np.sqrt(0.5) * (lasting + passing)
    return shocks


def _relative_noise(spec: WorldSpec, population: FloatArray) -> FloatArray:
    rng = generator(spec, Stream.NOISE)
    shape = (spec.geos, spec.weeks)
    rho = rng.uniform(0.0, 0.5)
    size = np.clip(rng.uniform(0.03, 0.08) * (population / 1e6) ** -0.2, 0.012, 0.16)
    innovations = rng.standard_normal(shape)
    if spec.kind is WorldKind.OUTLIERS:
        heavy = generator(spec, Stream.KIND)
        # Student t with 3 degrees of freedom has variance 3.
        innovations = heavy.standard_t(3, shape) / np.sqrt(3)
        noise = size[:, None] * filter_autoregressive(innovations, rho) + _shocks(heavy, shape)
    else:
        noise = size[:, None] * filter_autoregressive(innovations, rho)
    bounded: FloatArray = np.clip(noise, -0.9, 3.0)
    return bounded


def _shocks(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """One geo-week in a hundred hit hard, and two or three weeks hit everywhere, as by stock-outs or promotions."""
    sign = rng.choice([-1.0, 1.0], size=shape)
    local = np.where(rng.random(shape) < 0.01, sign * rng.uniform(0.25, 0.7, shape), 0.0)
    weeks = rng.choice(shape[1], size=int(rng.integers(2, 4)), replace=False)
    national = np.zeros(shape)
    for week in weeks:
        hit = rng.choice([-1.0, 1.0]) * rng.uniform(0.12, 0.35)
        national[:, week] = hit * rng.uniform(0.7, 1.3, shape[0])
    return local + national


def _queries(spec: WorldSpec, population: FloatArray, season: FloatArray, demand: FloatArray) -> FloatArray:
    """Query volume: demand seen through noise; reliability is a share of demand's variance within geos and weeks."""
    rng = generator(spec, Stream.DEMAND, 1)
    reliability = rng.uniform(0.5, 0.8)
    error = rng.standard_normal(demand.shape)
    within = np.var(_within(demand)) / np.var(_within(error))
    error *= np.sqrt(within * (1 - reliability) / reliability)
    per_head = np.log(0.02) + 0.3 * rng.standard_normal((spec.geos, 1)) + rng.uniform(0.4, 1.0) * season
    volume: FloatArray = population[:, None] * np.exp(per_head + rng.uniform(0.10, 0.25) * (demand + error))
    return np.maximum(volume.round(), 1.0)


def _within(values: FloatArray) -> FloatArray:
    """Deviations from geo means and, with several geos, from week means too."""
    centred: FloatArray = values - values.mean(axis=1, keepdims=True)
    if len(values) > 1:
        centred = centred - centred.mean(axis=0)
    return centred
