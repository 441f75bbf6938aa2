"""Response curves, budget and rules -> the budget plan with its proof."""

import numpy as np

from optimizer.assemble import assemble_plan, assemble_refusal
from optimizer.conflicts import find_conflicts
from optimizer.optimum import build_program, optimise
from optimizer.placement import place
from optimizer.plan import BudgetPlan
from optimizer.problem import PlanProblem
from optimizer.rounding import round_to_cents
from optimizer.solver import Deadline, SolverSettings

DEFAULT_SETTINGS = SolverSettings()


def allocate(problem: PlanProblem, settings: SolverSettings = DEFAULT_SETTINGS) -> BudgetPlan:
    """The split of the budget that is expected to sell most under the rules.

    What is optimised is the linear interpolant, on the curves' own grid, of the posterior-mean curves; `bound` and
    `gap` are proven for that. Intervals come from each draw's own interpolant at the plan. Channels are solved in
    order of their names, so that the answer does not depend on the order they come in.

    Args:
        problem: what is asked.
        settings: gap limit and deadline.

    Returns:
        The plan; status `infeasible`, with conflicts, where the rules cannot hold together.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    deadline = Deadline.after(settings.deadline_seconds)
    ordered = problem.sorted_by_name()
    placement = place(ordered, deadline)
    if not placement.is_feasible:
        return assemble_refusal(problem, find_conflicts(placement.restrictions, deadline))
    optimum = optimise(ordered, placement.restrictions, settings, deadline)
    program = build_program(ordered, placement.restrictions)
    cents = round_to_cents(placement.restrictions, program, optimum.spend, deadline)
    objective = program.value(np.array(cents, dtype=np.float64))
    by_name = dict(zip(ordered.curves.channels, cents, strict=True))
    in_order = tuple(by_name[channel] for channel in problem.curves.channels)
    return assemble_plan(problem, placement, optimum, in_order, objective, settings)
