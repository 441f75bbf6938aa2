"""Simulated panels for the proof of geo-test inference, after Recast's study: shared weeks and trend, lasting noise.

The noise is set so that the default errs about as much as in the studies that name its cells, 7 to 8 % in A1.
"""

from dataclasses import dataclass

import numpy as np

from measurement.geotest.comparison import Comparison

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)
WINDOW = 15
AUTOCORRELATION = 0.3
LIFT = 0.075


@dataclass(frozen=True)
class Cell:
    """One kind of panel; `treated_scale` multiplies the treated baseline, `drift` is each geo's own daily sd."""

    name: str
    treated: int = 1
    donors: int = 20
    before: int = 90
    treated_scale: float = 1.0
    noise: float = 0.17
    drift: float = 0.0


CELLS = (
    Cell("A1"),
    Cell("A2", treated_scale=5.0),
    Cell("A3", donors=9),
    Cell("A4", before=30),
    Cell("5 of 40", treated=5, donors=35),
    Cell("drifting", treated=5, donors=35, noise=0.04, drift=0.006),
)


def simulated(cell: Cell, seed: int) -> tuple[Comparison, Comparison, float]:
    """The panel with a lift of 7.5 %, the same without, and the true lift over treated geos and window."""
    rng = np.random.default_rng([seed, *cell.name.encode()])
    geos, days = cell.treated + cell.donors, cell.before + WINDOW
    time = np.arange(days)
    week = 0.12 * np.sin(2 * np.pi * (time + rng.uniform(0, 7)) / 7)
    trend = np.cumsum(rng.normal(0, 0.006, days))
    state = rng.standard_normal(geos)
    noise = np.zeros((geos, days))
    for day in time:
        state = AUTOCORRELATION * state + np.sqrt(1 - AUTOCORRELATION**2) * rng.standard_normal(geos)
        noise[:, day] = cell.noise * state
    own = np.cumsum(rng.normal(0, cell.drift, (geos, days)), axis=1) if cell.drift else 0.0
    loadings = rng.normal(1, 0.25, (geos, 2))
    outcome = rng.uniform(500, 2500, (geos, 1)) * np.exp(own) * (1 + loadings @ np.stack([week, trend]) + noise)
    outcome[: cell.treated] *= cell.treated_scale
    outcome = np.maximum(outcome, 1.0)
    lifted = outcome.copy()
    lifted[: cell.treated, cell.before :] *= 1 + LIFT
    truth = float((lifted - outcome).sum())
    return _comparison(cell, lifted), _comparison(cell, outcome), truth


def with_futures(cell: Cell, seed: int, count: int) -> list[np.ndarray]:
    """One past of `cell.before` days, and as many fresh windows of 15 days after it as asked for: `(G, days)` each.

    Made as `simulated` makes panels, without treatment; noise, trend and drift go on from where the past left them.
    """
    rng = np.random.default_rng([seed, *cell.name.encode(), 1])
    geos = cell.treated + cell.donors
    time = np.arange(cell.before + WINDOW)
    week = 0.12 * np.sin(2 * np.pi * (time + rng.uniform(0, 7)) / 7)
    levels, loadings = rng.uniform(500, 2500, (geos, 1)), rng.normal(1, 0.25, (geos, 2))
    past = _days(cell, rng.standard_normal(geos), cell.before, rng)
    panels = []
    for future in range(count):
        after = _days(cell, past[2], WINDOW, np.random.default_rng([seed, *cell.name.encode(), 2, future]))
        steps, noise, _, own = (np.concatenate(both, axis=-1) for both in zip(past, after, strict=True))
        shared = np.stack([week, np.cumsum(steps)])
        panels.append(np.maximum(levels * np.exp(np.cumsum(own, axis=1)) * (1 + loadings @ shared + noise), 1.0))
    return panels


def _days(
    cell: Cell, state: np.ndarray, days: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Steps of the trend `(days,)`, noise `(G, days)`, the state of the noise at the end `(G,)`, drift `(G, days)`."""
    steps, noise = rng.normal(0, 0.006, days), np.zeros((len(state), days))
    for day in range(days):
        state = AUTOCORRELATION * state + np.sqrt(1 - AUTOCORRELATION**2) * rng.standard_normal(len(state))
        noise[:, day] = cell.noise * state
    return steps, noise, state, rng.normal(0, cell.drift, (len(state), days)) if cell.drift else np.zeros_like(noise)


def _comparison(cell: Cell, outcome: np.ndarray) -> Comparison:
    names = tuple(f"donor {number}" for number in range(cell.donors))
    return Comparison(outcome[: cell.treated], outcome[cell.treated :], cell.before, names, NO_PAIRS)
