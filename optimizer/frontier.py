"""One problem, many budgets -> what each returns: the frontier of budget against return."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from optimizer.allocate import DEFAULT_SETTINGS, allocate
from optimizer.plan import BudgetPlan
from optimizer.problem import PlanProblem
from optimizer.solver import SolverSettings


@dataclass(frozen=True)
class FrontierPoint:
    """The best plan for one budget, in money."""

    budget: float
    plan: BudgetPlan

    @property
    def iroas(self) -> float | None:
        """Expected incremental sales per unit spent; `None` where there is no plan."""
        total = self.plan.total
        return total.incremental.mean / total.spend if total and total.spend else None

    @property
    def next_unit_returns(self) -> float | None:
        """Objective that one more unit of budget would bring: its shadow price; `None` where there is no plan."""
        if self.plan.total is None:
            return None
        return next((entry.shadow_price for entry in self.plan.binding if entry.rule.startswith("budget ")), 0.0)


def sweep_budgets(
    problem: PlanProblem, budgets: Sequence[float], settings: SolverSettings = DEFAULT_SETTINGS
) -> tuple[FrontierPoint, ...]:
    """The problem at each budget, with all its rules; the deadline holds for each.

    Raises:
        BadProblem: a budget is no positive number.
    """
    return tuple(FrontierPoint(budget, allocate(replace(problem, budget=budget), settings)) for budget in budgets)
