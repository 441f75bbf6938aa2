"""The answer to a geo test: lift, return, placebo record and verdict, with the keys of the public JSON. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
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
    """The analysed test; `effect` is of the test's window, `with_cooldown` of the window to the cooldown's end.

    With several cells the figures are of all of them together, and `cells` holds each. `registration` is there for a
    locked test.
    """

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
    cells: tuple["CellResult", ...] = ()
    differences: tuple["Difference", ...] = ()
    cells_verdict: str | None = None
    registration: "Registered | None" = None

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
            "cells": [cell.to_json() for cell in self.cells],
            "differences": [difference.to_json() for difference in self.differences],
            "cells_verdict": self.cells_verdict,
            "registration": self.registration.to_json() if self.registration else None,
        }


@dataclass(frozen=True)
class CellResult:
    """One cell of a test with several, against the common controls."""

    name: str
    result: GeoTestResult

    @property
    def treated(self) -> tuple[str, ...]:
        """The cell's geos."""
        return self.result.treated

    def to_json(self) -> dict[str, Any]:
        """The keys of a test with one cell, and the cell's name."""
        told = self.result.to_json()
        for key in ("cells", "differences", "cells_verdict", "registration"):
            del told[key]
        return {"name": self.name, **told}


@dataclass(frozen=True)
class Difference:
    """How two cells differ, first minus second.

    Attributes:
        percent_lift, p_value: difference of the percent lifts, as a fraction, and its p-value; from one inference.
        iroas, iroas_p_value: difference of the returns, or None where a cell's return is refused.
        better: the better cell by iROAS where there is one, else by percent lift; None where the data cannot tell.
    """

    first: str
    second: str
    percent_lift: Range
    p_value: float
    iroas: Range | None
    iroas_p_value: float | None
    better: str | None
    verdict: str
    inference: str

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return dict(vars(self)) | {
            "percent_lift": self.percent_lift.to_json(),
            "iroas": self.iroas.to_json() if self.iroas else None,
        }


@dataclass(frozen=True)
class Registered:
    """What a locked test's report says of its registration.

    Attributes:
        test: the test's name.
        lock_hash: content hash of the lock.
        locked_at, test_start: when it was locked, and when the test began.
        after_the_fact: whether the panel already held days of the window when the test was locked.
        exclusions: geo and reason of each, logged before the result was first shown.
        analyses: how often the result had been shown before.
        restated: sentences on locked days whose data have changed since.
    """

    test: str
    lock_hash: str
    locked_at: datetime
    test_start: date
    after_the_fact: bool
    exclusions: tuple[tuple[str, str], ...] = ()
    analyses: int = 0
    restated: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """One sentence for the report."""
        count = len(self.exclusions)
        excluded = "1 exclusion" if count == 1 else f"{count} exclusions"
        day = self.locked_at.date()
        how = f"registered on {day}"
        if self.after_the_fact:
            how = f"registered on {day} after the fact: days of the test were in the panel already"
        elif day > self.test_start:
            how = f"registered on {day}, after the test began on {self.test_start}, from a panel that ends before it"
        again = f"; analysed {self.analyses} times before" if self.analyses > 1 else ""
        again = "; analysed once before" if self.analyses == 1 else again
        return f"{how[:1].upper()}{how[1:]}, {excluded}{again}."

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "test": self.test,
            "lock_hash": self.lock_hash,
            "registered_on": self.locked_at.date(),
            "locked_at": self.locked_at,
            "after_the_fact": self.after_the_fact,
            "exclusions": [{"geo": geo, "reason": reason} for geo, reason in self.exclusions],
            "analyses_before": self.analyses,
            "restated": list(self.restated),
            "statement": self.statement,
        }
