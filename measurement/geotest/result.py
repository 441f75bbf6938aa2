"""The answer to a geo test: lift, return, placebo record and verdict, with the keys of the public JSON. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.geotest.finding import Placebos, Range
from measurement.geotest.specification import Estimator, Window

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """What a window brought.

    Attributes:
        lift: outcome caused, total over treated geos and window.
        percent_lift: of the counterfactual, as a fraction.
        att: per treated geo and period.
        p_value: of no effect; at most 1 - level exactly where the lift's interval leaves zero out.
        spend_change: against what would have been spent, total; None without a spend column.
        iroas: lift per unit of spend change, or None.
        iroas_refused_because: why there is none, or None.
    """

    lift: Range
    percent_lift: Range
    att: Range
    p_value: float
    spend_change: Range | None
    iroas: Range | None
    iroas_refused_because: str | None

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "lift": self.lift.to_json(),
            "percent_lift": self.percent_lift.to_json(),
            "att": self.att.to_json(),
            "p_value": self.p_value,
            "spend_change": self.spend_change.estimate if self.spend_change else None,
            "spend_change_interval": self.spend_change.to_json() if self.spend_change else None,
            "iroas": self.iroas.to_json() if self.iroas else None,
            "iroas_refused_because": self.iroas_refused_because,
        }


@dataclass(frozen=True)
class PreFit:
    """How closely the counterfactual follows the treated geos before the window.

    Attributes:
        l2: root of the summed squared gap, mean per treated geo.
        scaled_l2: relative to equal weights; 0 is perfect, 1 no better than the plain mean of the controls.
        periods: before the window.
    """

    l2: float
    scaled_l2: float
    periods: int


@dataclass(frozen=True)
class Series:
    """What plots show, totals over the treated geos by period, `(T,)` each."""

    dates: NDArray[np.datetime64]
    observed: FloatArray
    counterfactual: FloatArray


@dataclass(frozen=True)
class GeoTestResult:
    """The analysed test; `effect` is of the test's window, `with_cooldown` of the window to the cooldown's end."""

    estimator: Estimator
    inference: str
    outcome: str
    currency: str
    treated: tuple[str, ...]
    window: Window
    level: float
    effect: Effect
    with_cooldown: Effect | None
    pre_fit: PreFit
    placebos: Placebos
    placebo_periods: int
    weights: Mapping[str, float]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]
    verdict: str
    series: Series = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; series are for plots and stay out."""
        return {
            "estimator": self.estimator.value,
            "inference": self.inference,
            "outcome": self.outcome,
            "currency": self.currency,
            "treated": list(self.treated),
            "window": {"start": self.window.start, "end": self.window.end, "cooldown_end": self.window.cooldown_end},
            "level": self.level,
            **self.effect.to_json(),
            "with_cooldown": self.with_cooldown.to_json() if self.with_cooldown else None,
            "pre_fit": {
                "l2": self.pre_fit.l2,
                "scaled_l2": self.pre_fit.scaled_l2,
                "periods": self.pre_fit.periods,
            },
            "placebo": {
                "placements": len(self.placebos.p_values),
                "false_positive_rate": self.placebos.false_positive_rate(self.level),
                "windows": self.placebos.windows,
                "periods": self.placebo_periods,
            },
            "weights": dict(self.weights),
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
            "verdict": self.verdict,
        }
