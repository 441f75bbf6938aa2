"""How much the rules on spend let a plan spend, and how unmeasurable channels are held. Curves play no part."""

import math
from dataclasses import dataclass

import numpy as np

from optimizer.errors import DeadlineExceeded
from optimizer.formulation import spend_form
from optimizer.problem import PlanProblem
from optimizer.question import Asked
from optimizer.restrictions import Hold, Restrictions, restrict
from optimizer.solver import Deadline, SolutionStatus, solve

TOTAL_TOLERANCE = 1e-3  # cents: a solver's sum this little under a whole cent counts as that cent
SPEND_THE_BUDGET = "the budget is to be spent"


@dataclass(frozen=True)
class Placement:
    """Restrictions under which a plan exists, or those under which none does.

    Attributes:
        restrictions: with the row that the budget is to be spent, as far as it can be.
        hold: how unmeasurable channels are held.
        is_feasible: whether some plan keeps all of them.
        placeable: the largest sum in cents that the rules let a plan spend.
    """

    restrictions: Restrictions
    hold: Hold
    is_feasible: bool
    placeable: int


def place(problem: PlanProblem, deadline: Deadline) -> Placement:
    """Hold channels at their current spend, or, where that cannot be, at their share of the budget.

    Raises:
        DeadlineExceeded: not even feasibility was decided in time.
    """
    placement = _place(problem, Hold.CURRENT, deadline)
    holds_any = any(problem.is_held(channel) for channel in problem.curves.channels)
    if placement.is_feasible or not holds_any or problem.target is not None:
        return placement
    return _place(problem, Hold.PROPORTIONAL, deadline)


def _place(problem: PlanProblem, hold: Hold, deadline: Deadline) -> Placement:
    restrictions = restrict(problem, hold)
    required = _required(problem)
    most = _largest_total(restrictions, deadline)
    if most is not None and most >= 1:
        least = required if most >= required else most - 1  # a cent of room for the solvers' tolerances
        return Placement(restrictions.with_least_total(SPEND_THE_BUDGET, least), hold, True, most)
    return Placement(restrictions.with_least_total(SPEND_THE_BUDGET, max(required, 1)), hold, False, 0)


def _required(problem: PlanProblem) -> int:
    """Cents to be spent: the budget but for its reserve; a target on the average needs a cent to have an average."""
    if problem.target is not None:
        return 0 if problem.target.asked is Asked.MARGINAL_IROAS else 1
    return math.ceil(problem.budget_cents * (1 - problem.rules.plan.reserve) - 1e-6)


def _largest_total(restrictions: Restrictions, deadline: Deadline) -> int | None:
    """Cents, or `None` where the rules cannot hold together."""
    form = spend_form(restrictions, np.ones(len(restrictions.channels)))
    solution = solve(form.formulation, deadline)
    if solution.status is SolutionStatus.INFEASIBLE:
        return None
    if not solution.has_values:
        raise DeadlineExceeded("The time given was too short to find any plan that keeps the rules.")
    total = float(form.spend(solution.values).sum())
    return min(math.floor(total + TOTAL_TOLERANCE), restrictions.budget)
