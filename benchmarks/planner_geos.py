"""How long it takes to spread a plan's totals over many geos: the model's response, the split, and its score."""

import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from measurement.geo_response import geo_response, sales_of_split
from measurement.report import Verdict
from measurement.simulate import WorldKind, WorldSpec, simulate
from optimizer.geos import RATIOS, ratios_of, split_over_geos

GEOS, CHANNELS, WEEKS, DRAWS = 200, 8, 13, 800


def time_geos() -> tuple[float, float, float]:
    """Wall and processor seconds, and the gap of the split; the least of two runs."""
    model: Any = stand_in(GEOS, CHANNELS, DRAWS, WEEKS)
    totals = model.totals
    walls, processors, gap = [], [], 0.0
    for _ in range(2):
        wall, processor = time.perf_counter(), time.process_time()
        response = geo_response(model, totals, WEEKS, RATIOS)
        split = split_over_geos(response)
        ratios = ratios_of(response, split)
        for spread in (ratios, np.ones_like(ratios)):
            sales_of_split(model, totals, WEEKS, spread)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
        gap = (split.bound - split.value) / split.bound
    return min(walls), min(processors), gap


def stand_in(geos: int, channels: int, count: int, weeks: int) -> SimpleNamespace:
    """A simulated panel with made-up draws, with all that the response of a fitted model is read from."""
    world = simulate(WorldSpec(WorldKind.PLAIN, geos, 104, channels, 1))
    rng = np.random.default_rng(0)

    def draws(mean: float, sd: float, *shape: int) -> Any:
        return mean + sd * rng.standard_normal((count, channels, *shape))

    return SimpleNamespace(
        panel=world.panel,
        totals=world.current_spend(weeks),
        draws={
            "log_half_life": draws(0.0, 0.2),
            "build_up": np.abs(draws(0.0, 0.3)),
            "sales_per_head": np.exp(draws(0.0, 0.3)),
            "drift": draws(0.0, 0.1),
            "geo_effect": draws(1.0, 0.2, geos),
            "log_half_saturation": draws(0.0, 0.2),
            "log_slope": draws(0.2, 0.1),
        },
        report=SimpleNamespace(channels=[SimpleNamespace(verdict=Verdict.MEASURED)] * channels),
    )
