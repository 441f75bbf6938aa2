"""The advertising: what is spent where and when, and what it truly sells. A spec and its market in, a `Media` out."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from measurement.simulation.market import Market, autoregressive
from measurement.simulation.response import CarryOver, ChannelTruth
from measurement.simulation.spec import HISTORY_WEEKS, RETAIL_CHANNELS, Stream, WorldKind, WorldSpec, generator

FloatArray = NDArray[np.float64]

_LARGEST_INCREMENTAL_SHARE = 0.35


@dataclass(frozen=True, eq=False)
class Media:
    """Spend and truth of every channel.

    Attributes:
        spend: money by geo and week over hidden history and panel, `(G, H, C)`, whole cents.
        channels: how each channel works, length C.
        marked: the channels that the world's kind singles out, by name.
    """

    spend: FloatArray
    channels: tuple[ChannelTruth, ...]
    marked: tuple[str, ...]


@dataclass(frozen=True)
class _Traits:
    """Drawn for each channel before anything is scaled."""

    name: str
    iroas: float
    carry_over: CarryOver
    slope: float
    half_saturation_ratio: float
    geo_effect_sd: float
    budget_weight: float


@dataclass(frozen=True)
class _SpendStyle:
    """How one channel's buyers spend; see `_spend_pattern`."""

    flighted: bool
    staggered: bool
    follows_demand: float
    varies: bool = True


def draw_media(spec: WorldSpec, market: Market) -> Media:
    """Draw channels and spend; each channel's iROAS in the report's window is the one drawn for it."""
    marked = _marked_channels(spec)
    traits = [_adapt(spec, _draw_traits(spec, index), marked) for index in range(spec.channels)]
    patterns = [_spend_pattern(spec, market, index, marked) for index in range(spec.channels)]
    totals = _window_budgets(spec, market, traits)
    per_channel = [
        _scale_to_budget(spec, market, pattern, total) for pattern, total in zip(patterns, totals, strict=True)
    ]
    channels = tuple(
        _channel_truth(spec, market, index, traits[index], per_channel[index]) for index in range(spec.channels)
    )
    return Media(np.stack(per_channel, axis=2), channels, marked)


def _marked_channels(spec: WorldSpec) -> tuple[str, ...]:
    rng = generator(spec, Stream.KIND, 1)
    names = spec.channel_names
    order = rng.permutation(np.arange(1, len(names)))
    one_of_all = names[int(rng.integers(len(names)))]
    return {
        WorldKind.DEMAND: (names[0], names[int(order[0])]),
        WorldKind.NATIONAL: tuple(name for name in names if name in RETAIL_CHANNELS),
        WorldKind.NULL: (one_of_all,),
        WorldKind.CONSTANT: (one_of_all,),
        WorldKind.S_SHAPE: tuple(names[int(index)] for index in sorted(order[: 2 if len(names) < 6 else 3])),
        WorldKind.DELAYED: names,
        WorldKind.DRIFT: names,
    }.get(spec.kind, ())


def _draw_traits(spec: WorldSpec, index: int) -> _Traits:
    rng = generator(spec, Stream.CHANNEL, index)
    return _Traits(
        name=spec.channel_names[index],
        iroas=float(np.clip(np.exp(np.log(1.6) + 0.55 * rng.standard_normal()), 0.3, 5.0)),
        carry_over=CarryOver(float(rng.uniform(0.1, 0.75))),
        slope=float(rng.uniform(1.0, 1.6)),
        half_saturation_ratio=float(np.exp(rng.uniform(np.log(0.5), np.log(2.5)))),
        geo_effect_sd=float(rng.uniform(0.1, 0.3)),
        budget_weight=float(rng.gamma(4.0)),
    )


def _adapt(spec: WorldSpec, traits: _Traits, marked: tuple[str, ...]) -> _Traits:
    """Change the drawn traits as the kind demands."""
    rng = generator(spec, Stream.KIND, 2 + spec.channel_names.index(traits.name))
    if spec.kind is WorldKind.NULL and traits.name in marked:
        return replace(traits, iroas=0.0)
    if spec.kind is WorldKind.S_SHAPE:
        if traits.name not in marked:
            return replace(traits, slope=1.0 + (traits.slope - 1.0) * 5 / 6)
        return replace(traits, slope=float(rng.uniform(2.0, 3.0)), half_saturation_ratio=float(rng.uniform(0.8, 2.0)))
    if spec.kind is WorldKind.DELAYED:
        return replace(traits, carry_over=CarryOver(float(rng.uniform(0.58, 0.75)), float(rng.uniform(0.5, 0.72))))
    return traits


def _spend_pattern(spec: WorldSpec, market: Market, index: int, marked: tuple[str, ...]) -> FloatArray:
    """Relative spend per head, `(G, H)`: season, flights, budget swings, geo differences and weekly noise."""
    shape = market.demand.shape
    name = spec.channel_names[index]
    rng = generator(spec, Stream.SPEND, index)
    style = _spend_style(spec, rng, name, marked)
    if not style.varies:
        return np.ones(shape)
    lowest, highest = (0.8, 1.8) if name in RETAIL_CHANNELS else (0.2, 1.0)
    log_budget = rng.uniform(lowest, highest) * market.season + _budget_swings(rng, shape[1])
    noise_sd = np.sqrt(np.log1p(rng.uniform(0.3, 0.8) ** 2))
    own = np.sqrt(0.5) * (autoregressive(rng, 0.7, shape) + rng.standard_normal(shape))
    share = style.follows_demand
    noise = noise_sd * (share * market.demand + np.sqrt(1 - share**2) * own)
    geo_level = rng.uniform(0.15, 0.45) * rng.standard_normal((shape[0], 1))
    pattern: FloatArray = np.exp(log_budget + geo_level + noise) * _presence(rng, spec, index)
    flights = _flights(generator(spec, Stream.SPEND, 100 + index), shape, style.staggered)
    return pattern * flights if style.flighted else pattern


def _spend_style(spec: WorldSpec, rng: np.random.Generator, name: str, marked: tuple[str, ...]) -> _SpendStyle:
    flighted = bool(rng.random() < 0.45) and name != "search"
    staggered = bool(rng.random() < 0.5)
    strong, faint = rng.uniform(0.65, 0.8), rng.uniform(0.35, 0.5)
    singled_out = name in marked
    if spec.kind is WorldKind.DEMAND and singled_out:
        return _SpendStyle(flighted, staggered, float(strong if name == "search" else faint))
    if spec.kind is WorldKind.S_SHAPE and singled_out:
        return _SpendStyle(True, staggered, 0.0)
    return _SpendStyle(flighted, staggered, 0.0, varies=not (spec.kind is WorldKind.CONSTANT and singled_out))


def _budget_swings(rng: np.random.Generator, weeks: int) -> FloatArray:
    """Budgets drift over quarters and wobble from week to week, in all geos at once."""
    slow = rng.uniform(0.10, 0.25) * autoregressive(rng, 0.95, (weeks,))
    return slow + rng.uniform(0.08, 0.25) * rng.standard_normal(weeks)


def _presence(rng: np.random.Generator, spec: WorldSpec, index: int) -> FloatArray:
    """Zero before a late launch and in geos not served, one elsewhere; search is old and runs everywhere."""
    present = np.ones((spec.geos, HISTORY_WEEKS + spec.weeks))
    launched_late, partly_served = rng.random() < 0.15, rng.random() < 0.25
    launch_share, unserved_share = rng.uniform(0.2, 0.5), rng.uniform(0.1, 0.3)
    ranks = rng.permutation(spec.geos)
    if index == 0:
        return present
    if launched_late and spec.weeks >= 78:
        present[:, : HISTORY_WEEKS + int(launch_share * spec.weeks)] = 0.0
    if partly_served and spec.geos >= 8:
        present[ranks < int(unserved_share * spec.geos)] = 0.0
    return present


def _flights(rng: np.random.Generator, shape: tuple[int, int], staggered: bool) -> FloatArray:
    """Bursts of 3 to 8 weeks with pauses of 3 to 8, at the same time everywhere or in groups of geos."""
    geos, weeks = shape
    groups = int(rng.integers(2, 5)) if staggered else 1
    pause_level = rng.uniform(0.05, 0.2) if rng.random() < 0.4 else 0.0
    sequences = np.stack([_bursts(rng, weeks, pause_level) for _ in range(groups)])
    chosen: FloatArray = sequences[rng.integers(groups, size=geos)]
    return chosen


def _bursts(rng: np.random.Generator, weeks: int, pause_level: float) -> FloatArray:
    parts: list[FloatArray] = []
    while sum(map(len, parts)) < weeks + 16:
        parts.append(np.full(int(rng.integers(3, 9)), np.exp(0.3 * rng.standard_normal())))
        parts.append(np.full(int(rng.integers(3, 9)), pause_level))
    start = int(rng.integers(16))
    return np.concatenate(parts)[start : start + weeks]


def _window_budgets(spec: WorldSpec, market: Market, traits: list[_Traits]) -> FloatArray:
    """Spend per channel in the report's window: 4 to 14 % of sales in all, `(C,)`."""
    weights = np.array([each.budget_weight for each in traits])
    shares = weights / weights.sum()
    average_iroas = float(shares @ np.array([each.iroas for each in traits]))
    spend_share = generator(spec, Stream.CHANNEL, 100).uniform(0.04, 0.14)
    if average_iroas > 0:
        spend_share = min(spend_share, _LARGEST_INCREMENTAL_SHARE / average_iroas)
    baseline = market.baseline[:, -spec.window_weeks :].sum()
    budgets: FloatArray = shares * baseline * spend_share / (1 - spend_share * average_iroas)
    return budgets


def _scale_to_budget(spec: WorldSpec, market: Market, pattern: FloatArray, window_total: float) -> FloatArray:
    money = pattern * market.population[:, None]
    scaled: FloatArray = np.round(money * window_total / money[:, -spec.window_weeks :].sum(), 2)
    return scaled


def _channel_truth(spec: WorldSpec, market: Market, index: int, traits: _Traits, spend: FloatArray) -> ChannelTruth:
    """Scale a channel's curve so that its iROAS in the report's window is the one drawn."""
    rng = generator(spec, Stream.CHANNEL, 200 + index)
    sd = np.sqrt(np.log1p(traits.geo_effect_sd**2))
    adstocked = traits.carry_over.apply(spend / market.population[:, None])[:, HISTORY_WEEKS:]
    unscaled = ChannelTruth(
        name=traits.name,
        carry_over=traits.carry_over,
        half_saturation=traits.half_saturation_ratio * float(adstocked[adstocked > 0.02 * adstocked.mean()].mean()),
        slope=traits.slope,
        ceiling=1.0,
        geo_effects=np.exp(sd * rng.standard_normal(spec.geos) - sd**2 / 2),
        effectiveness=_effectiveness(spec, index),
    )
    window = slice(-spec.window_weeks, None)
    sold_at_one = unscaled.sales(spend, market.population)[:, window].sum()
    return replace(unscaled, ceiling=float(traits.iroas * spend[:, window].sum() / sold_at_one))


def _effectiveness(spec: WorldSpec, index: int) -> FloatArray:
    """Ones, or in a drifting world a smooth path that strays by 15 to 40 % from where it began, `(H,)`."""
    path = np.zeros(HISTORY_WEEKS + spec.weeks)
    if spec.kind is WorldKind.DRIFT:
        rng = generator(spec, Stream.KIND, 100 + index)
        steps = autoregressive(rng, 0.9, (spec.weeks,))
        walk = np.cumsum(steps) - steps[0]
        path[HISTORY_WEEKS:] = walk * rng.uniform(0.15, 0.34) / np.abs(walk).max()
    return np.exp(path)
