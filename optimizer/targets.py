"""A problem -> the rules on what its plan brings, as values."""

from dataclasses import dataclass

from optimizer.problem import PlanProblem
from optimizer.question import Asked


@dataclass(frozen=True)
class Target:
    """Expected incremental sales - `iroas` x all spend >= `least`, in money."""

    label: str
    iroas: float
    least: float


def targets_of(problem: PlanProblem) -> tuple[Target, ...]:
    """The least average iROAS of the rules, and what the question is to reach."""
    targets = []
    least, asked = problem.rules.plan.target_iroas, problem.target
    if least is not None:
        targets.append(Target(f"target_iroas {least:.4g}", least, 0.0))
    if asked is not None and asked.asked is Asked.TARGET_SALES:
        targets.append(Target(f"target_sales {asked.value:,.2f}", 0.0, asked.value))
    if asked is not None and asked.asked is Asked.TARGET_IROAS:
        targets.append(Target(f"target_iroas {asked.value:.4g}", asked.value, 0.0))
    return tuple(targets)


def is_target_label(label: str) -> bool:
    """Whether a rule is on what the plan brings."""
    return label.startswith(("target_iroas ", "target_sales "))
