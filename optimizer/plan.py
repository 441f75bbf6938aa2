"""The answer: a budget plan as values, with the keys of the public JSON."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from measurement.interval import Interval
from optimizer.conflicts import Conflict
from optimizer.laid_out import LaidOut
from optimizer.question import Question


class PlanStatus(Enum):
    """`OPTIMAL`: proven to be within the gap limit. `FEASIBLE`: keeps the rules, the proof stands out."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True)
class PlanLine:
    """One channel over the planned weeks, in money.

    Attributes:
        current_spend: what the last 52 weeks spent, scaled to as many weeks.
        change: fraction of current spend; `None` where that is 0.
        iroas: `None` where nothing is spent.
        marginal_iroas: slope of the curve at the plan.
        extrapolated: spend lies beyond the largest ever observed.
        held: kept, because the channel is not measurable.
        without_history: the channel never ran; its figures are what was stated of it.
    """

    channel: str
    current_spend: float
    spend: float
    change: float | None
    incremental: Interval
    iroas: Interval | None
    marginal_iroas: Interval
    extrapolated: bool
    held: bool
    without_history: bool = False

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "channel": self.channel,
            "current_spend": self.current_spend,
            "spend": self.spend,
            "change": self.change,
            "incremental": self.incremental.to_json(),
            "iroas": self.iroas.to_json() if self.iroas else None,
            "marginal_iroas": self.marginal_iroas.to_json(),
            "extrapolated": self.extrapolated,
            "held": self.held,
            "without_history": self.without_history,
        }


@dataclass(frozen=True)
class PlanTotal:
    """All lines together; `gain` is against spending the same budget in today's proportions.

    Attributes:
        expected_regret: how much more each draw's own optimum would have been worth, on average, at most; in money.
        expected_regret_today: the same for today's proportions.
        worst_incremental: mean sales over the worst share of draws that a plan with risk looks at; else `None`.
    """

    spend: float
    unspent: float
    incremental: Interval
    gain: Interval
    probability_better: float
    expected_regret: float
    expected_regret_today: float
    worst_incremental: float | None

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "spend": self.spend,
            "unspent": self.unspent,
            "incremental": self.incremental.to_json(),
            "gain": self.gain.to_json(),
            "probability_better": self.probability_better,
            "expected_regret": self.expected_regret,
            "expected_regret_today": self.expected_regret_today,
            "worst_incremental": self.worst_incremental,
        }


@dataclass(frozen=True)
class WeekSpend:
    """What one channel spends in one planned week, counted from 1."""

    week: int
    channel: str
    spend: float

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {"week": self.week, "channel": self.channel, "spend": self.spend}


@dataclass(frozen=True)
class BindingRule:
    """A rule that costs something.

    Attributes:
        shadow_price: objective per unit of money by which it would give way; 0 for steps and minimum viable spends.
        cost: objective that the whole rule costs, `None` where that was not worked out or is no question.
        words: the same as a sentence.
    """

    rule: str
    shadow_price: float
    cost: float | None
    words: str

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {"rule": self.rule, "shadow_price": self.shadow_price, "cost": self.cost, "words": self.words}


@dataclass(frozen=True)
class BudgetPlan:
    """A plan with its proof.

    `objective`, `bound` and `gap` are those of the totals, on curves of even weeks; lines and total are scored on the
    plan's own weeks once these are laid out.

    Attributes:
        status: optimal, feasible or infeasible; an infeasible plan has conflicts, no lines and no total.
        gap: relative distance of `objective` to `bound`.
        bound: no plan under the same rules reaches more, on the interpolated curves; where the least budget is asked
            for, none needs less.
        objective: margin x expected incremental sales, plus the money a reserve keeps; with risk the mean of the worst
            draws, or what today's proportions are expected to sell and the mean of the smallest gains over it; where a
            budget is asked for that budget, or sales less the marginal iROAS for every unit spent.
        grid_error: what the curves between their grid points may add to the gap, estimated from their curvature.
        question: what was asked, by the names of the options.
        notes: what a reader should know, in plain words.
        flighting: how weeks were laid out; `None` where they are even because nothing is known by week.
    """

    status: PlanStatus
    gap: float | None
    bound: float | None
    objective: float | None
    budget: float
    weeks: int
    lines: tuple[PlanLine, ...]
    total: PlanTotal | None
    schedule: tuple[WeekSpend, ...]
    binding: tuple[BindingRule, ...]
    conflicts: tuple[Conflict, ...]
    advice: str
    question: Question
    grid_error: float | None = None
    notes: tuple[str, ...] = ()
    flighting: LaidOut | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; `total`, `gap`, `bound` and `objective` are null where there is no plan."""
        return {
            "status": self.status.value,
            "gap": self.gap,
            "bound": self.bound,
            "objective": self.objective,
            "budget": self.budget,
            "weeks": self.weeks,
            "lines": [line.to_json() for line in self.lines],
            "total": self.total.to_json() if self.total else None,
            "schedule": [week.to_json() for week in self.schedule],
            "binding": [rule.to_json() for rule in self.binding],
            "conflicts": [conflict.to_json() for conflict in self.conflicts],
            "advice": self.advice,
            "question": {"asked": self.question.asked.value, "value": self.question.value},
            "grid_error": self.grid_error,
            "notes": list(self.notes),
            "flighting": self.flighting.to_json() if self.flighting else None,
        }
