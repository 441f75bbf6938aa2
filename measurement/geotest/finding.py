"""What an estimator says of a test or a placebo: an effect, interval and p-value from one inference. Values only."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TIE = 1e-9
"""p-values of tests over a finite number of assignments or blocks may lie on the level exactly."""


@dataclass(frozen=True)
class Range:
    """An estimate and the ends of its interval; an end is infinite where the data do not bound it."""

    estimate: float
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        """The same quantity in other units; a negative factor turns the interval around."""
        ends = sorted((self.low * factor, self.high * factor))
        return Range(self.estimate * factor, *ends)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def touches(self, value: float) -> bool:
        """Whether `value` lies in the interval, ends included."""
        return self.low <= value <= self.high

    def to_json(self) -> dict[str, float]:
        """The keys of the public JSON."""
        return {"estimate": self.estimate, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Finding:
    """What an estimator found.

    Attributes:
        lift: outcome caused, total over treated geos and window.
        p_value: of no effect, two-sided; at most 1 - level exactly where the interval leaves zero out.
        counterfactual: what the treated geos would have sold without treatment, mean per geo, `(T,)`.
        weights: what each donor adds to the counterfactual, `(J,)`; None where the method has none.
        inference: where interval and p-value come from, in words.
        notes: what the reader should know of this estimate.
    """

    lift: Range
    p_value: float
    counterfactual: FloatArray
    weights: FloatArray | None
    inference: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placebos:
    """What the same inference says where nothing was treated.

    Attributes:
        relative_lift: estimated lift as a share of the counterfactual, one per placement.
        p_values: one per placement.
        windows: how many different windows the placements lie in.
    """

    relative_lift: FloatArray
    p_values: FloatArray
    windows: int = 1

    def false_positive_rate(self, level: float) -> float | None:
        """Share of placements called an effect at this level; None without placements."""
        return float((self.p_values <= 1 - level + TIE).mean()) if self.p_values.size else None
