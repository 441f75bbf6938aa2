"""Draws in, the summary that every answer carries out."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

PERCENTILES = (5, 10, 50, 90, 95)


@dataclass(frozen=True)
class Interval:
    """Mean, standard deviation and percentiles of a quantity's posterior draws."""

    mean: float
    sd: float
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float

    def to_json(self) -> dict[str, float]:
        """The keys of the public JSON."""
        return asdict(self)


def summarise(draws: ArrayLike) -> Interval:
    """Summarise draws of shape `(draws,)`; needs at least one, all finite."""
    values: NDArray[np.float64] = np.asarray(draws, dtype=np.float64).ravel()
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("draws must be finite and not empty")
    p5, p10, p50, p90, p95 = (float(q) for q in np.percentile(values, PERCENTILES))
    return Interval(float(values.mean()), float(values.std()), p5, p10, p50, p90, p95)
