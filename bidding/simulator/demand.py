"""A world in, its days out: who searches, who buys, what rivals bid, what is out of stock, what a person does."""

from dataclasses import dataclass

import numpy as np

from bidding.outlook import BoolArray, FloatArray
from bidding.simulator.spec import MarketSpec
from bidding.simulator.world import World
from bidding.snapshot import Days

WEEKDAYS = np.array([1.08, 1.23, 1.03, 1.01, 0.96, 0.86, 0.83])
"""Searches by weekday, Monday first; as `HOURS` the average of a marketplace's published traffic shares by region."""
HOURS = np.array(
    [
        1.4,
        1.0,
        0.8,
        0.8,
        1.0,
        1.4,
        2.0,
        2.9,
        4.4,
        6.0,
        7.1,
        7.3,
        7.3,
        7.1,
        6.9,
        6.7,
        6.3,
        5.8,
        5.4,
        4.9,
        4.4,
        3.8,
        3.1,
        2.2,
    ]
)
"""Searches by hour of the day."""
WEEKEND_CONVERSION = 0.92
SALE_DAYS = 5
SALES_PER_YEAR = 6
SHOCK_RATE = 1 / 150
"""Days between two moves of a campaign's rivals, inverted."""
STOCK_RATE = 1 / 250
"""Days between two spells without stock of a product, inverted."""
PERSON_RATE = 1e-3
"""Changes by a person per target and day."""


@dataclass(frozen=True, eq=False)
class Demand:
    """What each day brings, whoever bids; T days, N targets.

    Attributes:
        days: `(T,)`.
        searches: expected searches, 0 where the product is out of stock, `(T, N)`.
        conversion: conversion over the usual, `(T,)`.
        price_index: what rivals bid over the usual, `(T, N)`.
        person: factor by which a person changes the bid in force before the day, 1 where none does, `(T, N)`.
    """

    days: Days
    searches: FloatArray
    conversion: FloatArray
    price_index: FloatArray
    person: FloatArray


def draw_demand(world: World) -> Demand:
    """Draw every day of the horizon; season and sales are the market's, drift and stock each target's."""
    spec = world.spec
    rng = np.random.default_rng([spec.seed, 3])
    days = np.datetime64(spec.start) + np.arange(spec.horizon)
    weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    sale = _sales(spec, rng)
    phase = 2 * np.pi * (np.arange(spec.horizon) / 365.0 + rng.random())
    season = np.exp(0.12 * np.sin(phase) + 0.4 * sale)
    conversion = np.exp(0.05 * np.sin(phase + 0.5) + 0.25 * sale) * np.where(weekday >= 5, WEEKEND_CONVERSION, 1.0)
    daily = season * WEEKDAYS[weekday]
    searches = world.searches * daily[:, None] * _wander(spec, rng, 0.02, 0.1) * ~_out_of_stock(world, rng)
    return Demand(days, searches, conversion, _prices(world, sale, rng), _person(spec, rng))


def _sales(spec: MarketSpec, rng: np.random.Generator) -> FloatArray:
    sale = np.zeros(spec.horizon)
    for start in np.flatnonzero(rng.random(spec.horizon) < SALES_PER_YEAR / 365):
        sale[start : start + SALE_DAYS] = 1.0
    return sale


def _wander(spec: MarketSpec, rng: np.random.Generator, drift: float, noise: float) -> FloatArray:
    """Factors around 1: a random walk per target that is pulled back over two months, and each day's own noise."""
    steps = rng.normal(0, drift * spec.unrest, (spec.horizon, spec.targets))
    walk = np.zeros_like(steps)
    for day in range(1, spec.horizon):
        walk[day] = walk[day - 1] * (1 - 1 / 60) + steps[day]
    factors: FloatArray = np.exp(walk + rng.normal(-(noise**2) / 2, noise, walk.shape))
    return factors


def _prices(world: World, sale: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Rivals' bids drift with each target, rise in sales, and jump for a whole campaign when a rival comes or goes."""
    spec, campaign = world.spec, world.targets.campaign
    shape = (spec.horizon, int(campaign.max()) + 1)
    jumps = (rng.random(shape) < SHOCK_RATE) * rng.normal(0, 0.35, shape) * spec.unrest
    level = np.zeros(shape)
    for day in range(1, spec.horizon):
        level[day] = level[day - 1] * (1 - 1 / 45) + jumps[day]
    prices: FloatArray = np.exp(level[:, campaign] + 0.15 * sale[:, None]) * _wander(spec, rng, 0.015, 0.03)
    return prices


def _out_of_stock(world: World, rng: np.random.Generator) -> BoolArray:
    days, products = world.spec.horizon, int(world.sku.max()) + 1
    out = np.zeros((days, products), dtype=np.bool_)
    starts = rng.random((days, products)) < STOCK_RATE
    for day, product in zip(*np.nonzero(starts), strict=True):
        out[day : day + int(rng.integers(2, 8)), product] = True
    return out[:, world.sku]


def _person(spec: MarketSpec, rng: np.random.Generator) -> FloatArray:
    shape = (spec.horizon, spec.targets)
    moved = rng.random(shape) < PERSON_RATE
    moved[0] = False
    return np.where(moved, np.exp(rng.normal(-0.1, 0.3, shape)), 1.0)
