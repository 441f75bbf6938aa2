"""From spend per head to sales: the simulator's own carry-over and saturation, apart from those of the fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

FloatArray = NDArray[np.float64]

TAIL_WEEKS = 104
"""Weeks after a plan until its carry-over has died out (0.75 to the 104th is 1e-13)."""


@dataclass(frozen=True)
class CarryOver:
    """A filter with infinite memory and weights that sum to one.

    Attributes:
        decay: share of the effect kept from week to week.
        build_up: second decay in cascade; 0 gives the geometric adstock, `decay + build_up > 1` a later peak.
    """

    decay: float
    build_up: float = 0.0

    def apply(self, spend: FloatArray) -> FloatArray:
        """Adstock along the last axis, which holds the weeks."""
        gain = (1 - self.decay) * (1 - self.build_up)
        memory = [1.0, -(self.decay + self.build_up), self.decay * self.build_up]
        filtered: FloatArray = lfilter([gain], memory, spend, axis=-1)
        return np.maximum(filtered, 0.0)

    def impulse_response(self, weeks: int) -> FloatArray:
        """Share of a week's effect felt in that week and the following ones, `(weeks,)`."""
        impulse = np.zeros(weeks)
        impulse[0] = 1.0
        return self.apply(impulse)


def saturation(adstocked: FloatArray, half: float, slope: float) -> FloatArray:
    """Hill curve: 0 at 0, one half at `half`, S-shaped where `slope` exceeds 1."""
    ratio: FloatArray = (adstocked / half) ** slope
    response: FloatArray = ratio / (1 + ratio)
    return response


@dataclass(frozen=True)
class ChannelTruth:
    """How one channel works.

    Attributes:
        name: the channel.
        carry_over: its adstock.
        half_saturation: adstocked spend per head and week at half effect, in money.
        slope: Hill slope.
        ceiling: sales per head and week at full saturation, in money.
        geo_effects: multiplier by geo, `(G,)`.
        effectiveness: multiplier by week over hidden history and panel, `(H,)`; the last one holds for the future.
    """

    name: str
    carry_over: CarryOver
    half_saturation: float
    slope: float
    ceiling: float
    geo_effects: FloatArray
    effectiveness: FloatArray

    def sales(self, spend: FloatArray, population: FloatArray) -> FloatArray:
        """Sales caused by spend `(G, H)` over hidden history and panel, `(G, H)`."""
        adstocked = self.carry_over.apply(spend / population[:, None])
        per_head = self.ceiling * saturation(adstocked, self.half_saturation, self.slope)
        caused: FloatArray = population[:, None] * self.geo_effects[:, None] * self.effectiveness * per_head
        return caused
