"""Response curves, a question and rules -> the budget plan with its proof."""

from optimizer.analysis import analyse
from optimizer.assemble import assemble_plan, assemble_refusal
from optimizer.decide import Decision, decide
from optimizer.plan import BudgetPlan
from optimizer.problem import PlanProblem
from optimizer.solver import Deadline, SolverSettings

DEFAULT_SETTINGS = SolverSettings()


def allocate(problem: PlanProblem, settings: SolverSettings = DEFAULT_SETTINGS) -> BudgetPlan:
    """The split of the budget that is expected to sell most under the rules, or the budget that reaches a target.

    What is optimised is the linear interpolant, on the curves' own grid, of the posterior-mean curves, or with risk of
    each draw's; `bound` and `gap` are proven for that. Intervals come from each draw's own interpolant at the plan.
    Channels are solved in order of their names, so that the answer does not depend on the order they come in.

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
    decision = decide(ordered, settings, deadline)
    if not isinstance(decision, Decision):
        return assemble_refusal(problem, decision)
    return assemble_plan(problem, decision, analyse(ordered, decision, settings, deadline), settings)
