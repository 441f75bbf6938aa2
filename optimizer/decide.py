"""A problem, channels in order of their names -> whole cents per channel with their proof, or why there are none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.conflicts import Conflict, find_conflicts, nothing_returns
from optimizer.errors import DeadlineExceeded
from optimizer.optimum import optimise
from optimizer.placement import Placement, place
from optimizer.problem import PlanProblem
from optimizer.program import Program, build_program
from optimizer.proof import Optimum
from optimizer.question import Asked
from optimizer.rounding import round_to_cents
from optimizer.solver import Deadline, SolverSettings

CENT_SLACK = 1e-4  # cents: a bound this little under a whole cent counts as that cent


@dataclass(frozen=True)
class Decision:
    """A plan in whole cents.

    Attributes:
        channels: labels in order of name.
        cents: per channel.
        placement: restrictions it keeps.
        program: what was solved.
        optimum: before rounding.
        value: objective of the whole cents, in money.
        bound: no plan reaches more.
    """

    channels: tuple[str, ...]
    cents: tuple[int, ...]
    placement: Placement
    program: Program
    optimum: Optimum
    value: float
    bound: float

    def cents_of(self, channels: Sequence[str]) -> tuple[int, ...]:
        """The amounts in the order of these channels."""
        by_name = dict(zip(self.channels, self.cents, strict=True))
        return tuple(by_name[channel] for channel in channels)


def decide(problem: PlanProblem, settings: SolverSettings, deadline: Deadline) -> Decision | tuple[Conflict, ...]:
    """The best whole cents, or the rules that cannot hold together.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    placement = place(problem, deadline)
    restrictions = placement.restrictions
    if not placement.is_feasible:
        return find_conflicts(problem, restrictions, deadline)
    program = build_program(problem, restrictions)
    optimum = optimise(program, settings, deadline)
    if optimum is None:
        return find_conflicts(problem, restrictions, deadline)
    cents = round_to_cents(restrictions, program, optimum.spend, deadline)
    if sum(cents) == 0:
        return (nothing_returns(problem, restrictions, deadline),)
    if _may_be_split_better(problem):
        cents = _split_better(problem, cents, settings, deadline)
    value = program.value(np.array(cents, dtype=np.float64))
    bound = max(_bound(problem, optimum), value)  # a share met but for a part of a cent may pass the bound by as much
    return Decision(problem.curves.channels, cents, placement, program, optimum, value, bound)


def _bound(problem: PlanProblem, optimum: Optimum) -> float:
    """The proven bound; where a budget is asked for, in whole cents, as every budget is."""
    if problem.target is None or problem.target.asked is Asked.MARGINAL_IROAS:
        return optimum.bound
    return math.floor(optimum.bound * 100 + CENT_SLACK) / 100


def _may_be_split_better(problem: PlanProblem) -> bool:
    """Whether the budget that a target asks for may have a better split than the one that proved it."""
    if problem.target is None or problem.target.asked is Asked.TARGET_SALES:
        return False
    return problem.target.asked is Asked.TARGET_IROAS or len(problem.rules.plan.margins) > 1


def _split_better(
    problem: PlanProblem, cents: tuple[int, ...], settings: SolverSettings, deadline: Deadline
) -> tuple[int, ...]:
    """The best split of the same total, still at the average that was asked for; the given one where none is found."""
    assert problem.target is not None
    rules = problem.rules
    if problem.target.asked is Asked.TARGET_IROAS:
        rules = replace(rules, plan=replace(rules.plan, target_iroas=problem.target.value))
    same_total = replace(problem.with_budget(sum(cents)), target=None, rules=rules)
    try:
        placement = place(same_total, deadline)
        program = build_program(same_total, placement.restrictions)
        optimum = optimise(program, settings, deadline) if placement.is_feasible else None
        split = round_to_cents(placement.restrictions, program, optimum.spend, deadline) if optimum else cents
    except DeadlineExceeded:
        return cents
    is_better = program.value(np.array(split, dtype=np.float64)) > program.value(np.array(cents, dtype=np.float64))
    return split if sum(split) == sum(cents) and is_better else cents
