"""What watching a locked test found, and what it means in plain words. Values only; the outcome is not among them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from measurement.geotest.departures import Departure
from measurement.panel_checks import name_list

OFF_PLAN = 0.1
"""Relative distance from the plan up to which spend counts as delivered."""
IDLE = 0.05
"""Share of usual spend that a geo may still spend where nothing is planned."""
PUSHED = 0.25
"""Share of the withheld money in control geos from which the test counts as contaminated."""


class TestStatus(Enum):
    """Where a test stands."""

    __test__ = False

    NOT_STARTED = "not_started"
    RUNNING = "running"
    COOLDOWN = "cooldown"
    OVER = "over"


@dataclass(frozen=True)
class Delivery:
    """Spend of a treated geo so far: planned (None without a plan), delivered, and what was usual."""

    geo: str
    planned: float | None
    delivered: float
    usual: float

    @property
    def off_plan(self) -> bool:
        """Whether the geo did not get what was planned."""
        if self.planned is None:
            return False
        if self.planned == 0:
            return self.delivered > IDLE * self.usual
        return abs(self.delivered / self.planned - 1) > OFF_PLAN

    def to_json(self) -> dict[str, Any]:
        """Money and shares."""
        share = self.delivered / self.planned if self.planned else None
        of_usual = self.delivered / self.usual if self.usual > 0 else None
        return {**vars(self), "share_of_plan": share, "share_of_usual": of_usual, "off_plan": self.off_plan}


@dataclass(frozen=True)
class ControlSpend:
    """A control geo whose spend on the tested channel is not as usual."""

    geo: str
    departure: Departure


@dataclass(frozen=True)
class Leakage:
    """Spend on the tested channel in the control geos.

    Attributes:
        controls: of all of them together.
        geos: those whose own spend stands out.
        withheld: what the treated geos spent less than usual, total so far.
        pushed_share: what the controls spent more than usual, as a share of that; None where nothing was withheld.
    """

    controls: Departure
    geos: tuple[ControlSpend, ...]
    withheld: float
    pushed_share: float | None


@dataclass(frozen=True)
class OtherChange:
    """Something besides the tested spend that moved in the treated geos against the controls."""

    what: str
    departure: Departure


@dataclass(frozen=True)
class MonitorReport:
    """How a locked test runs; days are those of the window."""

    test: str
    status: TestStatus
    spend: str | None
    currency: str
    last_day: date
    days_elapsed: int
    days_left: int
    missing: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    restated: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    leakage: Leakage | None = None
    other_changes: tuple[OtherChange, ...] = ()

    @property
    def contaminations(self) -> tuple[str, ...]:
        """What blurs the comparison of treated and control geos, in plain words."""
        return (*self._of_delivery(), *self._of_leakage(), *self._of_other_changes())

    @property
    def verdict(self) -> str:
        """One plain sentence."""
        if self.status is TestStatus.NOT_STARTED:
            return f"The test has not begun by {self.last_day}, the panel's last day."
        left = f"{self.days_left} days are left" if self.days_left else "its days are complete"
        if self.contaminations:
            return f"Contaminated: {'; '.join(self.contaminations)}. {left[:1].upper()}{left[1:]}."
        if self.missing or self.restated:
            return f"No contamination seen, but the data have changed or lack days; {left}."
        if self.spend is None:
            return f"No contamination seen, but no spend was locked, so delivery cannot be checked; {left}."
        return f"Clean so far: spend is as planned and nothing else moved; {left}."

    def _of_delivery(self) -> tuple[str, ...]:
        off = [one for one in self.deliveries if one.off_plan]
        if not off:
            return ()
        planned, delivered = sum(one.planned or 0.0 for one in off), sum(one.delivered for one in off)
        return (
            f"{len(off)} of {len(self.deliveries)} treated geos are off plan "
            f"({name_list([one.geo for one in off], 5)}): {planned:,.0f} planned, {delivered:,.0f} delivered",
        )

    def _of_leakage(self) -> tuple[str, ...]:
        found = self.leakage
        if found is None:
            return ()
        told = []
        if found.controls.stands_out:
            told.append(f"the control geos spend {_change(found.controls)} on {self.spend} than usual")
        if found.pushed_share is not None and found.pushed_share > PUSHED and found.controls.change > 0.02:
            told.append(f"what the control geos spend more is {_percent(found.pushed_share)} of the money withheld")
        if found.geos and not found.controls.stands_out:
            names = name_list([f"{one.geo} {_change(one.departure)}" for one in found.geos], 5)
            told.append(f"single control geos depart from their usual spend on {self.spend}: {names}")
        return tuple(told)

    def _of_other_changes(self) -> tuple[str, ...]:
        return tuple(
            f"{one.what} in the treated geos is {_change(one.departure)} than usual, against the controls"
            for one in self.other_changes
        )

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; infinite changes become null."""
        leakage = self.leakage
        return {
            "test": self.test,
            "status": self.status.value,
            "spend": self.spend,
            "last_day": self.last_day,
            "days": {"elapsed": self.days_elapsed, "left": self.days_left},
            "missing": {geo: list(days) for geo, days in self.missing.items()},
            "restated": list(self.restated),
            "delivery": [one.to_json() for one in self.deliveries],
            "leakage": {
                **vars(leakage.controls),
                "stands_out": leakage.controls.stands_out,
                "geos": [{"geo": one.geo, **vars(one.departure)} for one in leakage.geos],
                "withheld": leakage.withheld,
                "pushed_share": leakage.pushed_share,
            }
            if leakage
            else None,
            "other_changes": [{"what": one.what, **vars(one.departure)} for one in self.other_changes],
            "contaminated": bool(self.contaminations),
            "contaminations": list(self.contaminations),
            "verdict": self.verdict,
        }


def _change(of: Departure) -> str:
    if math.isinf(of.change):
        return "more (nothing before)"
    return f"{_percent(abs(of.change))} {'more' if of.change > 0 else 'less'}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
