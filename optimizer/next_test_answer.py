"""Which test to run next: tests in money, best first, with the keys of the public JSON. Values only."""

from dataclasses import dataclass
from typing import Any

from measurement.feasible_tests import NotTestable
from measurement.geotest.design_question import ExperimentKind
from measurement.interval import Interval


@dataclass(frozen=True)
class RankedTest:
    """One test in money over the horizon.

    Attributes:
        channel, kind, weeks, cooldown_weeks, geos: what would be done.
        value: expected gain of the plans over the horizon by knowing the result; `value_error` its Monte Carlo error.
        value_per_plan: the same of one plan.
        upper_bound: value of knowing the channel's curve exactly; `upper_bound_error` its Monte Carlo error.
        cost: sales lost, times the plan's margin, or extra spend; what is saved or sold besides is not set against it.
        net_value: value less cost.
        sales_change, spend_change: what the test does while it runs and carries over, treated less usual.
        expected_lift: what it would report; `standard_error`: how exactly, by rehearsal on the panel's past.
        narrowing: expected narrowing of the 90 % interval of the channel's iROAS, as a fraction.
        probability_plan_changes: that at least a hundredth of the budget moves.
    """

    channel: str
    kind: ExperimentKind
    weeks: int
    cooldown_weeks: int
    geos: tuple[str, ...]
    value: float
    value_error: float
    value_per_plan: float
    upper_bound: float
    upper_bound_error: float
    cost: float
    net_value: float
    spend_change: float
    sales_change: Interval
    expected_lift: Interval
    standard_error: float
    narrowing: float
    probability_plan_changes: float

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        intervals = {"sales_change": self.sales_change.to_json(), "expected_lift": self.expected_lift.to_json()}
        return dict(vars(self)) | intervals | {"kind": self.kind.value, "geos": list(self.geos)}


@dataclass(frozen=True)
class NextTest:
    """The answer: tests, best first.

    Attributes:
        budget, weeks, horizon_weeks: the plan, and how long what is learnt is used.
        tests: by net value, largest first.
        recommended: place of the test to run, or None where none pays for itself.
        not_testable: channels that no geo test can tell about.
        advice, assumptions: in plain words.
    """

    budget: float
    weeks: int
    horizon_weeks: int
    tests: tuple[RankedTest, ...]
    recommended: int | None
    not_testable: tuple[NotTestable, ...]
    advice: str
    assumptions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return dict(vars(self)) | {
            "tests": [test.to_json() for test in self.tests],
            "not_testable": [dict(vars(one)) for one in self.not_testable],
            "assumptions": list(self.assumptions),
        }
