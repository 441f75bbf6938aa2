"""Two plans in money -> how much more the first sells, by the same draws, with how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.interval import Interval, summarise
from optimizer.errors import BadProblem, unknown_name
from optimizer.scoring import sales, share_better

CLEAR = 0.8  # probability from which one plan is said to be better


@dataclass(frozen=True)
class LineDifference:
    """One channel in both plans; `gain` is what the first sells more there."""

    channel: str
    spend: float
    other_spend: float
    gain: Interval

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "channel": self.channel,
            "spend": self.spend,
            "other_spend": self.other_spend,
            "gain": self.gain.to_json(),
        }


@dataclass(frozen=True)
class Comparison:
    """A plan against another one; `gain` is what the first sells more, in money."""

    spend: float
    other_spend: float
    gain: Interval
    probability_better: float
    lines: tuple[LineDifference, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "spend": self.spend,
            "other_spend": self.other_spend,
            "gain": self.gain.to_json(),
            "probability_better": self.probability_better,
            "lines": [line.to_json() for line in self.lines],
            "advice": self.advice,
        }

    @property
    def advice(self) -> str:
        """Which plan sells more, in a sentence or two."""
        more, extra = self.gain.mean, self.spend - self.other_spend
        amount = f"{abs(more):,.0f} {'more' if more >= 0 else 'less'} than the other plan"
        words = f"This plan is expected to sell {amount} ({self.probability_better:.0%} sure to sell more)"
        if abs(extra) >= 0.01:
            words += f" for {abs(extra):,.0f} {'more' if extra > 0 else 'less'} spent"
        if 1 - CLEAR < self.probability_better < CLEAR:
            return f"{words}. The data do not tell them apart clearly."
        return f"{words}."


def compare_plans(curves: ResponseCurves, first: Mapping[str, float], second: Mapping[str, float]) -> Comparison:
    """Score two plans, money per channel over the planned weeks, on the same draws.

    Raises:
        BadProblem: a plan names a channel that the curves do not know, leaves one out, or spends what is no amount.
    """
    here, there = (_spend(curves, plan) for plan in (first, second))
    difference = sales(curves, here) - sales(curves, there)
    level = float(np.abs(sales(curves, there).sum(axis=1)).mean())
    lines = tuple(
        LineDifference(channel, float(here[c]), float(there[c]), summarise(difference[:, c]))
        for c, channel in enumerate(curves.channels)
    )
    gain = difference.sum(axis=1)
    return Comparison(float(here.sum()), float(there.sum()), summarise(gain), share_better(gain, level), lines)


def _spend(curves: ResponseCurves, plan: Mapping[str, float]) -> NDArray[np.float64]:
    for channel, amount in plan.items():
        if channel not in curves.channels:
            raise BadProblem(f"The other plan: {unknown_name('channel', channel, curves.channels)}")
        if not (np.isfinite(amount) and amount >= 0):
            raise BadProblem(f"The other plan spends {amount} on {channel}, which is no amount of money.")
    missing = [channel for channel in curves.channels if channel not in plan]
    if missing:
        raise BadProblem(f"The other plan has no line for {', '.join(missing)}.")
    return np.array([plan[channel] for channel in curves.channels], dtype=np.float64)
