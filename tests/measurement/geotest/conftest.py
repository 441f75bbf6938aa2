"""What tests of geo tests share: comparisons made of simulated geos, and the public panels as comparisons."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from measurement.geotest.comparison import Comparison
from measurement.panel import Channel, Frequency, Outcome, Panel
from measurement.reading import ReadPanel

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


def _simulated(
    seed: int, *, geos: int = 20, treated: int = 3, before: int = 60, periods: int = 10, lift: float = 0.0
) -> Comparison:
    """Geos of unlike size that share a week and a slow wave, with autocorrelated noise of 5 %."""
    rng = np.random.default_rng(seed)
    time = np.arange(before + periods)
    shared = 0.1 * np.sin(2 * np.pi * time / 7) + 0.02 * np.cumsum(rng.normal(0, 0.3, len(time)))
    noise = np.zeros((geos, len(time)))
    state = rng.standard_normal(geos)
    for period in time:
        state = 0.3 * state + np.sqrt(1 - 0.09) * rng.standard_normal(geos)
        noise[:, period] = 0.05 * state
    outcome = rng.lognormal(7, 0.6, (geos, 1)) * (1 + rng.normal(1, 0.2, (geos, 1)) * shared + noise)
    outcome[:treated, before:] *= 1 + lift
    names = tuple(f"control {number}" for number in range(geos - treated))
    return Comparison(outcome[:treated], outcome[treated:], before, names, NO_PAIRS)


@pytest.fixture(scope="session")
def simulated() -> Callable[..., Comparison]:
    """Makes a comparison without effect, or with a lift that multiplies sales."""
    return _simulated


@pytest.fixture
def geolift(shared_data: Path) -> Callable[..., Comparison]:
    """Makes a comparison of GeoLift's cities; `without` are left out."""

    def make(file: str, treated: tuple[str, ...], without: tuple[str, ...] = ()) -> Comparison:
        wide = pd.read_csv(shared_data / "geo" / file).pivot_table(index="location", columns="date", values="Y")
        wide = wide.drop(list(without))
        chosen = wide.index.isin(treated)
        values = wide.to_numpy(dtype=np.float64)
        return Comparison(values[chosen], values[~chosen], 90, tuple(wide.index[~chosen]), NO_PAIRS)

    return make


def _market_panel(seed: int, days: int = 60, geos: int = 12, noise: float = 0.05, **channel: Any) -> ReadPanel:
    """Daily sales of geos of unlike size that share a week, with autocorrelated noise, and 20 a day spent on tv."""
    rng = np.random.default_rng(seed)
    time = np.arange(days)
    state, values = rng.standard_normal(geos), np.zeros((geos, days))
    for day in time:
        state = 0.3 * state + np.sqrt(1 - 0.09) * rng.standard_normal(geos)
        values[:, day] = noise * state
    sales = rng.uniform(500, 1500, (geos, 1)) * (1 + 0.1 * np.sin(2 * np.pi * time / 7) + values)
    spend = np.full((geos, days, 1), 20.0)
    panel = Panel(
        dates=np.datetime64("2024-01-01") + time,
        geos=tuple(f"geo {number}" for number in range(geos)),
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=(Channel("tv", **channel),),
        spend=spend,
        exposure=spend,
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(),
        control_values=np.zeros((geos, days, 0)),
        population=sales.mean(axis=1),
        frequency=Frequency.DAILY,
    )
    return ReadPanel(panel)


@pytest.fixture(scope="session")
def market_panel() -> Callable[..., ReadPanel]:
    """Makes a panel to design on; further arguments are of the channel tv."""
    return _market_panel
