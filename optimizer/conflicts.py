"""Rules that cannot hold together -> smallest clashing sets in words, each with the least relaxation that mends it.

A set is found by the deletion filter (Chinneck, Feasibility and infeasibility in optimization, 2008): take rules away
one by one, and put back each without which the rest could hold. What is left clashes, and no part of it does.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.errors import DeadlineExceeded
from optimizer.formulation import spend_form
from optimizer.optimum import optimise
from optimizer.placement import SPEND_THE_BUDGET
from optimizer.problem import PlanProblem
from optimizer.program import build_program, grids_of, mean_sales
from optimizer.question import Asked
from optimizer.restrictions import Restrictions, RowKind
from optimizer.rounding import LEAST_MONEY
from optimizer.solver import Deadline, Formulation, SolutionStatus, SolverSettings, solve

FloatArray = NDArray[np.float64]
MOST_CONFLICTS = 5
MOST_RATIOS = 20
RATIO_TOLERANCE = 1e-9
FIRM = (RowKind.CURVE_END, RowKind.SPENT)
LEAST_SHARE = Fraction(1, 1000)  # a share below it could be met only by spending a thousandfold


@dataclass(frozen=True)
class Conflict:
    """Rules of which all but any one could hold together.

    Attributes:
        rules: in words.
        relaxation: least sum of money by which they must give way, in all; where a target is out of reach, the sales
            that it lacks, and where no money returns a marginal iROAS, what that iROAS is too high by.
        remedy: which of them gives way by how much, in words.
    """

    rules: tuple[str, ...]
    relaxation: float
    remedy: str

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {"rules": list(self.rules), "relaxation": self.relaxation}


def find_conflicts(problem: PlanProblem, restrictions: Restrictions, deadline: Deadline) -> tuple[Conflict, ...]:
    """Clashing sets that share no rule, until what is left could hold; at most `MOST_CONFLICTS`.

    Rules on spend come first. The row that money is to be spent at all takes part only where they could hold by
    spending nothing, and what the plan is to bring only where they could hold without it.
    """
    asked = _Rules(problem, restrictions, deadline)
    targets = [target.label for target in restrictions.targets]
    labels = [label for label in restrictions.labels if label != SPEND_THE_BUDGET and label not in targets]
    for further in ([SPEND_THE_BUDGET], targets):
        if not asked.can_hold(labels):
            break
        labels.extend(further)
    if asked.can_hold(labels):
        if problem.target is not None and problem.target.asked is Asked.TARGET_IROAS and not deadline.is_over:
            return (nothing_returns(problem, restrictions, deadline),)
        late = "which of them clash was not worked out in time"
        return (Conflict(tuple(labels), 0.01, late if deadline.is_over else "they clash by less than a cent"),)
    conflicts: list[Conflict] = []
    while len(conflicts) < MOST_CONFLICTS and not asked.can_hold(labels):
        clashing = _deletion_filter(asked, labels)
        conflicts.append(_describe(asked, clashing))
        labels = [label for label in labels if label not in clashing]
    return tuple(sorted(conflicts, key=lambda conflict: restrictions.labels.index(conflict.rules[0])))


def nothing_returns(problem: PlanProblem, restrictions: Restrictions, deadline: Deadline) -> Conflict:
    """What to say where not even the first money returns the iROAS that was asked for, at the margin or on average."""
    assert problem.target is not None
    label = f"{problem.target.asked.value} {problem.target.value:.4g}"
    best = best_average(problem, restrictions, deadline)
    return Conflict((label, SPEND_THE_BUDGET), problem.target.value - best, _fall_to(label, best))


@dataclass(frozen=True)
class _Rules:
    """A problem whose rules are put together in subsets."""

    problem: PlanProblem
    restrictions: Restrictions
    deadline: Deadline

    def can_hold(self, labels: Iterable[str]) -> bool:
        """Whether some spend keeps these rules. The ends of curves bind only where their row is among them.

        Targets are asked about only among rules that can hold without them. What is not decided in time counts as held.
        """
        loose = _without_ends(self.restrictions.only(set(labels)))
        if loose.targets:
            try:
                found = _most(self, loose)
            except DeadlineExceeded:
                return True
            return found is not None and found >= loose.targets[0].least - LEAST_MONEY
        form = spend_form(loose, np.zeros(len(loose.channels)))
        return solve(form.formulation, self.deadline).status is not SolutionStatus.INFEASIBLE


def _most(asked: _Rules, part: Restrictions) -> float | None:
    """The most that plans can bring of what the first target asks for, under the other rules; `None` without a plan."""
    target, others = part.targets[0], replace(part, targets=part.targets[1:])
    wanted = mean_sales(asked.problem, grids_of(asked.problem, others)).less_spend(target.iroas)
    found = optimise(build_program(asked.problem, others).valued_by(wanted), SolverSettings(), asked.deadline)
    return None if found is None else found.value


def best_average(problem: PlanProblem, restrictions: Restrictions, deadline: Deadline) -> float:
    """The highest average iROAS of any plan that spends something; 0 where none does."""
    spend = best_average_spend(problem, restrictions, deadline)
    spent = float(spend.sum()) / 100
    return mean_sales(problem, grids_of(problem, restrictions)).total(spend) / spent if spent > 0 else 0.0


def best_average_spend(problem: PlanProblem, restrictions: Restrictions, deadline: Deadline) -> FloatArray:
    """Its spend in cents, `(C,)` (Dinkelbach 1967: sales less a price for spend, a few times, each solved)."""
    program = build_program(problem, replace(restrictions, targets=()))
    sales = mean_sales(problem, grids_of(problem, restrictions))
    best, average = np.zeros(len(restrictions.channels)), 0.0
    for _ in range(MOST_RATIOS):
        found = optimise(program.valued_by(sales.less_spend(average)), SolverSettings(), deadline)
        spent = float(found.spend.sum()) / 100 if found else 0.0
        if found is None or spent <= 0:
            break
        reached = sales.total(found.spend) / spent
        if reached <= average * (1 + RATIO_TOLERANCE):
            break
        best, average = found.spend, reached
    return best


def _deletion_filter(asked: _Rules, labels: list[str]) -> list[str]:
    kept = list(labels)
    for label in _least_interesting_first(asked.restrictions, labels):
        without = [other for other in kept if other != label]
        if not asked.can_hold(without):
            kept = without
    return kept


def _least_interesting_first(restrictions: Restrictions, labels: list[str]) -> list[str]:
    """Ends of curves go first and the budget last, so that a conflict is told in the buyer's own rules if it can be."""
    rank = {RowKind.CURVE_END: 0, RowKind.RULE: 1, RowKind.HOLD: 2, RowKind.SPENT: 3, RowKind.BUDGET: 3}
    ranks = {row.label: rank[row.kind] for row in restrictions.rows}
    return sorted(labels, key=lambda label: ranks.get(label, 1))


def _without_ends(restrictions: Restrictions) -> Restrictions:
    """Curve ends as far out as any sum of rules could ask, so that only labelled rows limit spend."""
    limits = [abs(limit) for row in restrictions.rows for limit in (row.lower, row.upper) if limit is not None]
    amounts = sum(limits) + restrictions.budget + sum(jump.step + jump.minimum_viable for jump in restrictions.jumps)
    shares = [min(row.share, 1 - row.share) for row in restrictions.rows]
    smallest = min((share for share in shares if share > 0), default=Fraction(1))
    far = int(2 * amounts / max(smallest, LEAST_SHARE))
    return replace(restrictions, curve_ends=tuple(far for _ in restrictions.curve_ends))


def _describe(asked: _Rules, clashing: list[str]) -> Conflict:
    part = _without_ends(asked.restrictions.only(set(clashing)))
    if part.targets:
        return _out_of_reach(asked, part, tuple(clashing))
    return _least_relaxation(part, tuple(clashing), asked.deadline)


def _out_of_reach(asked: _Rules, part: Restrictions, clashing: tuple[str, ...]) -> Conflict:
    """By how much what the plan can bring falls short of the first target, if all other rules stay that can."""
    target = part.targets[0]
    try:
        whole = replace(asked.restrictions, targets=(target,))
        most = _most(asked, whole)
        kept = part if most is None else whole
        most = _most(asked, part) if most is None else most
    except DeadlineExceeded:
        most = None
    if most is None:
        return Conflict(clashing, math.nan, "")
    short = math.ceil(100 * (target.least - most) - 0.01) / 100
    if target.iroas > 0:
        return Conflict(clashing, short, _fall_to(target.label, best_average(asked.problem, kept, asked.deadline)))
    return Conflict(clashing, short, f'"{target.label}" would have to fall by {short:,.2f}')


def _fall_to(label: str, reached: float) -> str:
    return f'"{label}" would have to fall to {math.floor(reached * 1000) / 1000:,.3f}'


def _least_relaxation(part: Restrictions, clashing: tuple[str, ...], deadline: Deadline) -> Conflict:
    """The least total relaxation of the set's rows, by an elastic program.

    Ends of curves and what is spent already do not give way.
    """
    form = spend_form(part, np.zeros(len(part.channels))).formulation
    elastic = [index for index, row in enumerate(part.rows) if row.kind not in FIRM]
    solution = solve(_with_slack(form, elastic), deadline)
    if not solution.has_values:
        return Conflict(clashing, math.nan, "")
    slack = solution.values[form.rows.shape[1] :].reshape(2, len(elastic))
    given = {part.rows[index].label: float(slack[0, i] - slack[1, i]) for i, index in enumerate(elastic)}
    changes = {label: amount for label, amount in given.items() if abs(amount) > 0.5}
    words = [
        f'"{label}" would have to {"fall" if up > 0 else "rise"} by {_money(abs(up))}' for label, up in changes.items()
    ]
    total = sum(math.ceil(abs(amount) - 0.01) for amount in changes.values())
    return Conflict(clashing, total / 100, " and ".join(words))


def _with_slack(form: Formulation, elastic: list[int]) -> Formulation:
    """The same rows with two slack variables each, one upwards and one downwards, whose sum is made least."""
    count, rows = len(elastic), form.rows.shape[0]
    pick = sparse.csr_matrix((np.ones(count), (elastic, np.arange(count))), shape=(rows, count))
    return Formulation(
        objective=np.concatenate([form.objective, -np.ones(2 * count)]),
        lower=np.concatenate([form.lower, np.zeros(2 * count)]),
        upper=np.concatenate([form.upper, np.full(2 * count, form.upper.max(initial=1.0))]),
        is_integer=np.concatenate([form.is_integer, np.zeros(2 * count, dtype=bool)]),
        rows=sparse.csr_matrix(sparse.hstack([form.rows, pick, -pick])),
        row_lower=form.row_lower,
        row_upper=form.row_upper,
    )


def _money(cents: float) -> str:
    return f"{math.ceil(cents - 0.01) / 100:,.2f}"
