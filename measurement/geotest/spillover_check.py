"""A panel of units and perhaps a finished test in, what spilled over between units out, and who is no fit control.

After a test the controls that are substitutes of treated units are analysed as if they were treated, against the
controls that are not: the same analysis, interval and placebo record as of any geo test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.analysis import analyze_geo_test
from measurement.geotest.arrangement import LEAST_CONTROLS, outcome_of, spend_channel
from measurement.geotest.finding import Range
from measurement.geotest.result import Effect
from measurement.geotest.specification import AnalysisSettings, GeoTest
from measurement.geotest.spillover import (
    NEGLIGIBLE,
    CrossEffect,
    PastSpillover,
    SpilloverStatus,
    UnitWeeks,
    past_spillover,
)
from measurement.panel import Panel
from measurement.reading import ReadPanel
from measurement.resampling import to_weekly

SHOWN = 10


@dataclass(frozen=True)
class TestSpillover:
    """What a finished test did to controls that are substitutes of treated units.

    Attributes:
        spillover: on the exposed controls, lift below zero where sales were taken from them.
        treated, treated_all: the test's own effect against unexposed controls only, and against all.
    """

    __test__ = False

    status: SpilloverStatus
    exposed: tuple[str, ...]
    unexposed: tuple[str, ...]
    spillover: Effect
    treated: Effect
    treated_all: Effect

    @property
    def overstated_by(self) -> float:
        """By how much the test's lift grows, in money, when exposed controls stand in for no treatment."""
        return self.treated_all.lift.estimate - self.treated.lift.estimate

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "status": self.status.value,
            "exposed": list(self.exposed),
            "unexposed": list(self.unexposed),
            "spillover": self.spillover.percent_lift.to_json(),
            "spillover_total": self.spillover.lift.to_json(),
            "p_value": self.spillover.p_value,
            "lift_against_unexposed": self.treated.lift.to_json(),
            "lift_against_all": self.treated_all.lift.to_json(),
            "overstated_by": self.overstated_by,
            "net_lift": self.treated.lift.estimate + self.spillover.lift.estimate,
        }


@dataclass(frozen=True)
class SpilloverAnswer:
    """Before any test, after one where it is given, and in words."""

    channel: str
    outcome: str
    before: PastSpillover
    after: TestSpillover | None
    drop_as_controls: tuple[str, ...]
    verdict: str
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "channel": self.channel,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "before": {
                "status": self.before.status.value,
                "within": self.before.within,
                "level": self.before.level,
                "looked_at": len(self.before.effects),
                "effects": [_effect_json(one) for one in self.before.effects[:SHOWN]],
            },
            "after": self.after.to_json() if self.after else None,
            "drop_as_controls": list(self.drop_as_controls),
            "warnings": list(self.warnings),
        }


def check_spillover(
    read: ReadPanel,
    channel: str,
    test: GeoTest | None,
    neighbours: Mapping[str, frozenset[str]] | None,
    settings: AnalysisSettings,
) -> SpilloverAnswer:
    """Look for spillover in the panel's past, and in a finished test where one is given (`test.outcome` is used).

    Raises:
        GeoTestError: units, channel or window do not fit the panel, or a test is given without substitutes.
    """
    outcome = test.outcome if test else None
    name, _, _ = outcome_of(read.panel, outcome)
    before = past_spillover(_weeks(read.panel, channel, test), neighbours, settings.level)
    after = None
    if test is not None:
        if neighbours is None:
            raise GeoTestError("a finished test is checked by who substitutes whom: name them with --substitutes FILE")
        after = _after(read, replace(test, spend=None), neighbours, settings)
    notes = (
        ()
        if neighbours
        else (
            "without --substitutes every pair of units is looked at against the common weeks: what a unit's spend does "
            "to all others alike is not seen",
        )
    )
    return SpilloverAnswer(
        channel=channel,
        outcome=name,
        before=before,
        after=after,
        drop_as_controls=_to_drop(before, after),
        verdict=_verdict(before, after),
        warnings=(*read.warnings, *notes),
    )


def _weeks(panel: Panel, channel: str, test: GeoTest | None) -> UnitWeeks:
    """Weeks before the test."""
    index = spend_channel(panel, channel)
    weekly, _ = to_weekly(panel)
    _, sold, _ = outcome_of(weekly, test.outcome if test else None)
    weeks = len(weekly.dates)
    if test is not None:
        weeks = int((weekly.dates <= np.datetime64(test.window.start - timedelta(days=7))).sum())
    return UnitWeeks(panel.geos, sold[:, :weeks], weekly.spend[:, :weeks, index])


def _after(
    read: ReadPanel, test: GeoTest, neighbours: Mapping[str, frozenset[str]], settings: AnalysisSettings
) -> TestSpillover:
    treated_all = analyze_geo_test(read, test, settings).effect
    controls = [unit for unit in read.panel.geos if unit not in (*test.treated, *test.excluded)]
    exposed = tuple(unit for unit in controls if neighbours.get(unit, frozenset()) & set(test.treated))
    unexposed = tuple(unit for unit in controls if unit not in exposed)
    if not exposed:
        raise GeoTestError("no control is a substitute of a treated unit, so there is no spillover to look for")
    if len(unexposed) < LEAST_CONTROLS:
        raise GeoTestError(
            f"only {len(unexposed)} controls are no substitutes of treated units: {LEAST_CONTROLS} are needed to tell "
            "spillover from a common change"
        )
    out = (*test.excluded, *test.treated)
    spillover = analyze_geo_test(read, GeoTest(test.window, exposed, out, outcome=test.outcome), settings).effect
    without = GeoTest(test.window, test.treated, (*test.excluded, *exposed), outcome=test.outcome)
    treated = analyze_geo_test(read, without, settings).effect
    return TestSpillover(_status(spillover.percent_lift), exposed, unexposed, spillover, treated, treated_all)


def _status(share: Range) -> SpilloverStatus:
    if not share.touches(0.0):
        return SpilloverStatus.SEEN
    small = max(abs(share.low), abs(share.high)) <= NEGLIGIBLE
    return SpilloverStatus.NONE_SEEN if small else SpilloverStatus.CANNOT_TELL


def _to_drop(before: PastSpillover, after: TestSpillover | None) -> tuple[str, ...]:
    if after is not None:
        return after.exposed if after.status is SpilloverStatus.SEEN else ()
    return tuple(sorted({one.unit for one in before.seen if one.unit != "units"}))


def _verdict(before: PastSpillover, after: TestSpillover | None) -> str:
    return _of_past(before) if after is None else f"{_of_test(after)} {_of_past(before)}"


def _of_past(before: PastSpillover) -> str:
    if before.within is None:
        return "Before any test: cannot tell, as no unit's spend varied apart from the others'."
    if before.status is SpilloverStatus.SEEN:
        seen = "; ".join(_in_words(one) for one in before.seen[:3])
        return f"Before any test spillover is seen: {seen}. Keep such units out of each other's controls."
    if before.status is SpilloverStatus.NONE_SEEN:
        return f"Before any test none is seen, within ±{before.within:.1%} of a unit's sales."
    return f"Before any test: cannot tell; spillover of up to ±{before.within:.1%} of a unit's sales may be hidden."


def _of_test(after: TestSpillover) -> str:
    share = after.spillover.percent_lift
    figures = f"{share.estimate:+.1%} ({share.low:+.1%} to {share.high:+.1%})"
    names = ", ".join(after.exposed)
    if after.status is SpilloverStatus.SEEN:
        how = "overstated" if after.overstated_by > 0 else "understated"
        total = after.spillover.lift.estimate
        moved = f"{-total:,.0f} was taken from them" if total < 0 else f"they gained {total:,.0f} with it"
        return (
            f"The test moved sales of controls that are substitutes ({names}): {figures}; {moved}. Drop them: "
            f"against all controls the lift of {after.treated.lift.estimate:,.0f} is {how} by "
            f"{abs(after.overstated_by):,.0f}."
        )
    if after.status is SpilloverStatus.NONE_SEEN:
        return f"In the test none is seen on substitutes ({names}): {figures}, all within ±{NEGLIGIBLE:.0%}."
    return f"In the test: cannot tell whether sales of substitutes ({names}) moved: {figures}."


def _in_words(one: CrossEffect) -> str:
    kind = "cannibalisation" if one.effect.estimate < 0 else "halo"
    return (
        f"{kind}, the spend of {one.source} moves sales of {one.unit} by {one.effect.estimate:+.1%} "
        f"({one.effect.low:+.1%} to {one.effect.high:+.1%})"
    )


def _effect_json(one: CrossEffect) -> dict[str, Any]:
    return {"unit": one.unit, "source": one.source, "effect": one.effect.to_json(), "p_value": one.p_value}
