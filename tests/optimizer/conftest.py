"""Response curves of known form: Hill functions with random draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from measurement.curves import ResponseCurves
from measurement.report import Verdict


@dataclass(frozen=True)
class HillWorld:
    """Hill parameters per channel: sales(x) = top * x^slope / (x^slope + half^slope), x in money."""

    top: Sequence[float]
    half: Sequence[float]
    slope: Sequence[float]
    current: Sequence[float]
    end: float = 400.0
    points: int = 40
    draws: int = 30
    noise: float = 0.2
    unmeasurable: tuple[int, ...] = ()
    weeks: int = 13
    seed: int = 0


def make_curves(world: HillWorld) -> ResponseCurves:
    """Curves whose tops vary by draw around the world's, so that the mean curve keeps its Hill form."""
    rng = np.random.default_rng(world.seed)
    count = len(world.top)
    grid = np.tile(np.linspace(0.0, world.end, world.points), (count, 1))
    slope, half = np.asarray(world.slope)[:, None], np.asarray(world.half)[:, None]
    shape = grid**slope / (grid**slope + half**slope)
    tops = np.asarray(world.top) * np.exp(world.noise * rng.standard_normal((world.draws, count)))
    current = np.asarray(world.current, dtype=np.float64)
    return ResponseCurves(
        channels=tuple(f"channel_{index}" for index in range(count)),
        spend_grid=grid,
        incremental=tops[:, :, None] * shape,
        carry_over_weights=np.ones((world.draws, count, 1)),
        current_spend=current,
        largest_observed_spend=current * 1.5,
        verdicts=tuple(
            Verdict.NOT_MEASURABLE if index in world.unmeasurable else Verdict.MEASURED for index in range(count)
        ),
        weeks=world.weeks,
        model_id="hill",
    )


def random_world(seed: int, channels: int, slopes: tuple[float, float] = (1.0, 3.0), points: int = 40) -> HillWorld:
    """A world drawn at random; current spends between 20 and 150."""
    rng = np.random.default_rng(seed)
    return HillWorld(
        top=tuple(rng.uniform(100, 900, channels)),
        half=tuple(rng.uniform(30, 250, channels)),
        slope=tuple(rng.uniform(*slopes, channels)),
        current=tuple(rng.uniform(20, 150, channels).round(2)),
        points=points,
        seed=seed,
    )


@pytest.fixture
def hill_curves() -> Callable[[HillWorld], ResponseCurves]:
    return make_curves


@pytest.fixture
def random_hill_world() -> Callable[..., HillWorld]:
    return random_world
