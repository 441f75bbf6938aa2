"""One problem, many budgets -> what each returns, where returns begin to diminish, and where they no longer pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.interval import Interval, summarise
from optimizer.conflicts import best_average_spend
from optimizer.decide import Decision, decide
from optimizer.optimum import optimise
from optimizer.placement import place
from optimizer.plan import PlanStatus
from optimizer.prices import marginal_prices
from optimizer.problem import PlanProblem
from optimizer.program import build_program, grids_of, mean_sales, mean_worth
from optimizer.proof import relative_gap
from optimizer.question import Asked, Question
from optimizer.rules import Risk
from optimizer.scoring import sales
from optimizer.solver import Deadline, SolverSettings

FloatArray = NDArray[np.float64]
DEFAULT_SETTINGS = SolverSettings()
SHARES = np.round(np.arange(0.1, 2.01, 0.1), 2)  # of the budget that is asked about


@dataclass(frozen=True)
class FrontierPoint:
    """The best plan for one budget, in money; `None` where the rules leave none.

    Attributes:
        objective: margin x expected sales, or with risk of the worst draws.
        iroas: expected incremental sales per unit spent.
        marginal_iroas: objective that one more unit of budget would bring; 0 where it could not be spent.
    """

    budget: float
    status: PlanStatus
    gap: float | None = None
    spend: float | None = None
    objective: float | None = None
    incremental: Interval | None = None
    iroas: float | None = None
    marginal_iroas: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "budget": self.budget,
            "status": self.status.value,
            "gap": self.gap,
            "spend": self.spend,
            "objective": self.objective,
            "incremental": self.incremental.to_json() if self.incremental else None,
            "iroas": self.iroas,
            "marginal_iroas": self.marginal_iroas,
        }


@dataclass(frozen=True)
class Frontier:
    """Budgets and what they return.

    Attributes:
        points: in the order of budgets.
        diminishing_returns: the budget of the highest average iROAS; larger ones return less on average.
        highest_iroas: that average.
        break_even: the budget up to which further money is worth more than it costs, by margin x sales.
    """

    points: tuple[FrontierPoint, ...]
    diminishing_returns: float | None
    highest_iroas: float | None
    break_even: float | None

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "points": [point.to_json() for point in self.points],
            "diminishing_returns": {"budget": self.diminishing_returns, "iroas": self.highest_iroas},
            "break_even": {"budget": self.break_even},
            "advice": self.advice,
        }

    @property
    def advice(self) -> str:
        """Return or scale, in two sentences."""
        sentences = []
        if self.diminishing_returns is not None and self.highest_iroas is not None:
            sentences.append(
                f"The return is highest at {self.diminishing_returns:,.0f}, {self.highest_iroas:.2f} on average; "
                "larger budgets return less on average."
            )
        if self.break_even is not None and self.break_even > 0:
            sentences.append(f"Up to {self.break_even:,.0f} the next unit is worth more than it costs.")
        elif self.break_even is not None:
            sentences.append("At no budget is the next unit worth what it costs.")
        return " ".join(sentences)


def draw_frontier(problem: PlanProblem, around: float, settings: SolverSettings = DEFAULT_SETTINGS) -> Frontier:
    """Budgets from a tenth of `around` (money) to twice as much, with all rules; the deadline holds for each.

    Raises:
        DeadlineExceeded: some budget found no plan in time.
    """
    budgets = [round(float(share) * around, 2) for share in SHARES]
    deadline = Deadline.after(settings.deadline_seconds)
    best, average = _highest_return(problem, deadline)
    points = sweep_budgets(problem, [budget for budget in budgets if budget >= 0.01], settings)
    return Frontier(points, best, average, _break_even(problem, settings, deadline))


def sweep_budgets(
    problem: PlanProblem, budgets: Sequence[float], settings: SolverSettings = DEFAULT_SETTINGS
) -> tuple[FrontierPoint, ...]:
    """The problem at each budget, with all its rules; the deadline holds for each.

    Raises:
        BadProblem: a budget is no positive number.
    """
    ordered = replace(problem.sorted_by_name(), target=None)
    return tuple(_point(replace(ordered, budget=budget), settings) for budget in budgets)


def _point(problem: PlanProblem, settings: SolverSettings) -> FrontierPoint:
    deadline = Deadline.after(settings.deadline_seconds)
    decision = decide(problem, settings, deadline)
    if not isinstance(decision, Decision):
        return FrontierPoint(problem.budget, PlanStatus.INFEASIBLE)
    spend = np.array(decision.cents, dtype=np.float64) / 100
    sold = summarise(sales(problem.curves, spend).sum(axis=1))
    gap = relative_gap(decision.bound, decision.value)
    prices = marginal_prices(problem, decision.placement.restrictions, decision.optimum.spend, deadline)
    next_unit = next((price for label, price in prices.items() if label.startswith("budget ")), 0.0)
    total = sum(decision.cents) / 100
    return FrontierPoint(
        budget=problem.budget,
        status=PlanStatus.OPTIMAL if gap <= settings.gap_limit else PlanStatus.FEASIBLE,
        gap=gap,
        spend=total,
        objective=decision.value,
        incremental=sold,
        iroas=sold.mean / total,
        marginal_iroas=next_unit * 100,
    )


def _highest_return(problem: PlanProblem, deadline: Deadline) -> tuple[float | None, float | None]:
    """Budget and average iROAS of the plan with the highest average; of several, the one that spends most."""
    free = _without_budget(problem)
    placement = place(free, deadline)
    if not placement.is_feasible:
        return None, None
    spend = best_average_spend(free, placement.restrictions, deadline)
    total = float(spend.sum()) / 100
    if total <= 0:
        return None, None
    return total, mean_sales(free, grids_of(free, placement.restrictions)).total(spend) / total


def _break_even(problem: PlanProblem, settings: SolverSettings, deadline: Deadline) -> float | None:
    free = _without_budget(problem)
    placement = place(free, deadline)
    if not placement.is_feasible:
        return None
    worth = mean_worth(free, grids_of(free, placement.restrictions)).less_spend(1.0)
    optimum = optimise(build_program(free, placement.restrictions).valued_by(worth), settings, deadline)
    return float(optimum.spend.sum()) / 100 if optimum else None


def _without_budget(problem: PlanProblem) -> PlanProblem:
    """The same rules on spend, with the budget left open; at the mean."""
    plan = replace(problem.rules.plan, reserve=0.0, target_iroas=None)
    if plan.risk is Risk.GAIN:
        plan = replace(plan, risk=None, risk_level=None)
    rules = replace(problem.rules, plan=plan)
    open_budget = PlanProblem.reaching(Question(Asked.MARGINAL_IROAS, 1.0), problem.curves, rules)
    return replace(open_budget, hold_unmeasurable=problem.hold_unmeasurable).sorted_by_name()
