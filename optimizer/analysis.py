"""A decision -> what surrounds it: the rules that bind, what not knowing costs, what the grid may be wrong by."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.decide import Decision
from optimizer.grid_error import grid_error
from optimizer.plan import BindingRule
from optimizer.prices import marginal_prices
from optimizer.problem import PlanProblem
from optimizer.proportions import todays_split
from optimizer.regret import expected_regret
from optimizer.restrictions import Row, RowKind
from optimizer.sensitivity import sensitivity
from optimizer.solver import Deadline, SolverSettings

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Analysis:
    """What is said about a plan beside the plan.

    Attributes:
        binding: rules that bind, with what they cost.
        regret: expected regret of the plan and of today's proportions, in money.
        grid_error: relative to the objective.
    """

    binding: tuple[BindingRule, ...]
    regret: tuple[float, float]
    grid_error: float


def analyse(problem: PlanProblem, decision: Decision, settings: SolverSettings, deadline: Deadline) -> Analysis:
    """All of it; channels in the decision's order."""
    restrictions, optimum = decision.placement.restrictions, decision.optimum
    prices = marginal_prices(problem, restrictions, optimum.spend, deadline)
    error = grid_error(problem, restrictions, decision.program, optimum)
    return Analysis(
        binding=sensitivity(problem, decision, prices, settings, deadline),
        regret=_regret(problem, decision, deadline),
        grid_error=error / abs(decision.value) if decision.value else 0.0,
    )


def _regret(problem: PlanProblem, decision: Decision, deadline: Deadline) -> tuple[float, float]:
    restrictions, total = decision.placement.restrictions, sum(decision.cents)
    if problem.target is not None:
        problem = replace(problem.with_budget(total), target=None)
        row = Row("budget", RowKind.BUDGET, tuple(range(len(decision.channels))), total, total)
        restrictions = replace(restrictions, rows=(*restrictions.rows, row), budget=total)
    spends = (np.array(decision.cents, dtype=np.float64), todays_split(problem) * 100)
    plan, today = expected_regret(problem, restrictions, spends, deadline)
    return max(plan, 0.0), today  # a share met but for a part of a cent can pass the best by as much
