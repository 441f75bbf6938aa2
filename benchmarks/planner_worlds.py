"""Random advertisers for the planner's benchmark: Hill curves, and response curves as a fit would give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.report import Verdict

FloatArray = NDArray[np.float64]
GRID = (np.arange(41) / 40) ** 1.5  # as the curves of a fitted model have it


@dataclass(frozen=True)
class HillWorld:
    """sales(x) = top x^slope / (x^slope + half^slope) per channel; `current` and `half` in money over the plan."""

    top: FloatArray
    half: FloatArray
    slope: FloatArray
    current: FloatArray

    @property
    def budget(self) -> float:
        """What is spent today, to the cent."""
        return round(float(self.current.sum()), 2)

    @property
    def ends(self) -> FloatArray:
        """As far as the curves are known: three times today's spend."""
        return 3.0 * self.current

    def sales(self, spend: FloatArray) -> FloatArray:
        """`(C, M)` at spends `(C, M)`, by the formula."""
        power = np.maximum(spend, 0.0) ** self.slope[:, None]
        sold: FloatArray = self.top[:, None] * power / (power + self.half[:, None] ** self.slope[:, None])
        return sold

    def slopes(self, spend: FloatArray) -> FloatArray:
        """Marginal sales `(C,)` at a spend `(C,)`."""
        x = np.maximum(spend, 1e-9)
        scaled = (x / self.half) ** self.slope
        marginal: FloatArray = self.top * self.slope * scaled / (x * (1.0 + scaled) ** 2)
        return marginal

    def curves(self) -> ResponseCurves:
        """What the planner sees: the formula on a grid of 41 points, without doubt."""
        grid = self.ends[:, None] * GRID
        return response_curves(grid, self.sales(grid)[None], self.current)


def random_world(seed: int, channels: int, slopes: tuple[float, float]) -> HillWorld:
    """Currents of 20 to 150 thousand, half saturation at 0.3 to 3 times today's spend or so."""
    rng = np.random.default_rng(seed)
    return HillWorld(
        top=1e3 * rng.uniform(100, 900, channels),
        half=1e3 * rng.uniform(30, 250, channels),
        slope=rng.uniform(*slopes, channels),
        current=(1e3 * rng.uniform(20, 150, channels)).round(2),
    )


def uncertain_curves(lines: int, weeks: int, draws: int, seed: int = 0) -> ResponseCurves:
    """Curves whose draws differ in height, half saturation and slope (1 to 2.5), as a posterior's do."""
    rng = np.random.default_rng(seed)
    world = random_world(seed, lines, (1.0, 2.5))
    grid = world.ends[:, None] * GRID
    half = world.half * np.exp(0.3 * rng.standard_normal((draws, lines)))
    top = world.top * np.exp(0.4 * rng.standard_normal((draws, lines)))
    slope = np.clip(world.slope + 0.2 * rng.standard_normal((draws, lines)), 0.8, 3.0)
    scaled = (grid[None] / half[:, :, None]) ** slope[:, :, None]
    return response_curves(grid, top[:, :, None] * scaled / (1.0 + scaled), world.current, weeks)


def response_curves(grid: FloatArray, sales: FloatArray, current: FloatArray, weeks: int = 13) -> ResponseCurves:
    """Curves of measured channels."""
    channels = len(current)
    return ResponseCurves(
        channels=tuple(f"channel_{index:02d}" for index in range(channels)),
        spend_grid=grid,
        incremental=sales,
        carry_over_weights=np.ones((len(sales), channels, 1)),
        current_spend=current,
        largest_observed_spend=1.5 * current,
        verdicts=(Verdict.MEASURED,) * channels,
        weeks=weeks,
        model_id="benchmark",
    )
