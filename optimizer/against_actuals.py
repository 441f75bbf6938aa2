"""A plan and the weeks that were spent under it -> whether spend or sales have left the plan, as values and words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from measurement.actuals import Actuals
from measurement.interval import Interval
from optimizer.plan import BudgetPlan

SPEND_LEFT = 0.1  # of what was planned: our judgement of what is more than the noise of delivery
DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class SpendSoFar:
    """One channel over the weeks spent, in money; `difference` is a fraction of what was planned, `None` of nothing."""

    channel: str
    planned: float
    actual: float

    @property
    def difference(self) -> float | None:
        """Actual against planned."""
        return self.actual / self.planned - 1 if self.planned > 0 else None

    @property
    def has_left_plan(self) -> bool:
        """Whether they differ by more than `SPEND_LEFT` of what was planned and by a unit of money."""
        apart = abs(self.actual - self.planned)
        return apart > SPEND_LEFT * self.planned and apart > 1.0

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "channel": self.channel,
            "planned": self.planned,
            "actual": self.actual,
            "difference": self.difference,
            "left_plan": self.has_left_plan,
        }


@dataclass(frozen=True)
class SalesSoFar:
    """Sales over the weeks spent, in money.

    Attributes:
        actual: as told; `None` where they are not.
        expected: what the plan expected, baseline and incremental together; `None` where that cannot be told.
        reason: why not, or how it compares.
    """

    actual: float | None
    expected: Interval | None
    reason: str

    @property
    def has_left_interval(self) -> bool | None:
        """Whether sales lie outside the 90 % interval; `None` where it cannot be told."""
        if self.actual is None or self.expected is None:
            return None
        return not self.expected.p5 <= self.actual <= self.expected.p95

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "actual": self.actual,
            "expected": self.expected.to_json() if self.expected else None,
            "left_interval": self.has_left_interval,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class AgainstActuals:
    """The plan as it was made before its first week, against the weeks that were spent.

    Attributes:
        weeks: how many were spent.
        through: their last day, ISO.
        spend: per channel.
        sales: over all geos.
    """

    weeks: int
    through: str
    spend: tuple[SpendSoFar, ...]
    sales: SalesSoFar

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "weeks": self.weeks,
            "through": self.through,
            "spend": [one.to_json() for one in self.spend],
            "sales": self.sales.to_json(),
        }

    @property
    def in_words(self) -> str:
        """How spend and sales stand against the plan."""
        planned, actual = sum(one.planned for one in self.spend), sum(one.actual for one in self.spend)
        weeks = "1 week is" if self.weeks == 1 else f"{self.weeks} weeks are"
        whole = f" ({_percent(actual / planned - 1)})" if planned > 0 else ""
        said = [f"{weeks} spent, through {self.through}: {actual:,.0f} where {planned:,.0f} was planned{whole}."]
        left = [f"{one.channel} ({_percent(one.difference)})" for one in self.spend if one.has_left_plan]
        if left:
            said.append(f"Spend has left the plan: {', '.join(left)}.")
        else:
            said.append(f"Every channel is within {100 * SPEND_LEFT:.0f} % of its plan.")
        return " ".join([*said, self.sales.reason])


def spend_so_far(plan: BudgetPlan, actuals: Actuals) -> tuple[SpendSoFar, ...]:
    """Planned and actual spend of the weeks that were spent; `plan` has lines in the order of the actuals' channels."""
    weeks = len(actuals.dates)
    planned = {line.channel: 0.0 for line in plan.lines}
    for entry in plan.schedule:
        if entry.week <= weeks:
            planned[entry.channel] += entry.spend
    spent = actuals.spend.sum(axis=0)
    return tuple(
        SpendSoFar(line.channel, round(planned[line.channel], 2), round(float(spent[index]), 2))
        for index, line in enumerate(plan.lines)
    )


def last_day(actuals: Actuals) -> str:
    """Of the weeks that were spent, ISO."""
    return str(actuals.dates[-1].astype("datetime64[D]") + np.timedelta64(DAYS_PER_WEEK - 1, "D"))


def _percent(difference: float | None) -> str:
    return "not planned" if difference is None else f"{difference:+.0%}".replace("%", " %")
