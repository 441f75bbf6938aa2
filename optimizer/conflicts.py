"""Rules that cannot hold together -> smallest clashing sets in words, each with the least relaxation that mends it.

A set is found by the deletion filter (Chinneck, Feasibility and infeasibility in optimization, 2008): take rules away
one by one, and put back each without which the rest could hold. What is left clashes, and no part of it does.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from optimizer.formulation import spend_form
from optimizer.placement import SPEND_THE_BUDGET
from optimizer.restrictions import Restrictions, RowKind
from optimizer.solver import Deadline, Formulation, SolutionStatus, solve

MOST_CONFLICTS = 5
LEAST_SHARE = Fraction(1, 1000)  # a share below it could be met only by spending a thousandfold


@dataclass(frozen=True)
class Conflict:
    """Rules of which all but any one could hold together.

    Attributes:
        rules: in words.
        relaxation: least sum of money by which they must give way, in all.
        remedy: which of them gives way by how much, in words.
    """

    rules: tuple[str, ...]
    relaxation: float
    remedy: str

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {"rules": list(self.rules), "relaxation": self.relaxation}


def find_conflicts(restrictions: Restrictions, deadline: Deadline) -> tuple[Conflict, ...]:
    """Clashing sets that share no rule, until what is left could hold; at most `MOST_CONFLICTS`.

    The row that money is to be spent at all takes part only where the other rules could hold by spending nothing.
    """
    labels = [label for label in restrictions.labels if label != SPEND_THE_BUDGET]
    if _can_hold(restrictions, set(labels), deadline):
        labels.append(SPEND_THE_BUDGET)
        if _can_hold(restrictions, set(labels), deadline):
            return (Conflict(tuple(labels), 0.01, "they clash by less than the solver can tell"),)
    conflicts: list[Conflict] = []
    while len(conflicts) < MOST_CONFLICTS and not _can_hold(restrictions, set(labels), deadline):
        clashing = _deletion_filter(restrictions, labels, deadline)
        conflicts.append(_describe(restrictions, clashing, deadline))
        labels = [label for label in labels if label not in clashing]
    return tuple(sorted(conflicts, key=lambda conflict: restrictions.labels.index(conflict.rules[0])))


def _deletion_filter(restrictions: Restrictions, labels: list[str], deadline: Deadline) -> list[str]:
    kept = list(labels)
    for label in _least_interesting_first(restrictions, labels):
        without = [other for other in kept if other != label]
        if not _can_hold(restrictions, set(without), deadline):
            kept = without
    return kept


def _least_interesting_first(restrictions: Restrictions, labels: list[str]) -> list[str]:
    """Ends of curves go first and the budget last, so that a conflict is told in the buyer's own rules if it can be."""
    rank = {RowKind.CURVE_END: 0, RowKind.RULE: 1, RowKind.HOLD: 2, RowKind.BUDGET: 3}
    ranks = {row.label: rank[row.kind] for row in restrictions.rows}
    return sorted(labels, key=lambda label: ranks.get(label, 1))


def _can_hold(restrictions: Restrictions, labels: set[str], deadline: Deadline) -> bool:
    """Whether some spend keeps these rules. The ends of curves bind only where their row is among them."""
    loose = _without_ends(restrictions.only(labels))
    form = spend_form(loose, np.zeros(len(loose.channels)))
    return solve(form.formulation, deadline).status is not SolutionStatus.INFEASIBLE


def _without_ends(restrictions: Restrictions) -> Restrictions:
    """Curve ends as far out as any sum of rules could ask, so that only labelled rows limit spend."""
    limits = [abs(limit) for row in restrictions.rows for limit in (row.lower, row.upper) if limit is not None]
    amounts = sum(limits) + restrictions.budget + sum(jump.step + jump.minimum_viable for jump in restrictions.jumps)
    shares = [min(row.share, 1 - row.share) for row in restrictions.rows]
    smallest = min((share for share in shares if share > 0), default=Fraction(1))
    far = int(2 * amounts / max(smallest, LEAST_SHARE))
    return replace(restrictions, curve_ends=tuple(far for _ in restrictions.curve_ends))


def _describe(restrictions: Restrictions, clashing: list[str], deadline: Deadline) -> Conflict:
    """The least total relaxation of the set's rows, by an elastic program; ends of curves do not give way."""
    part = _without_ends(restrictions.only(set(clashing)))
    form = spend_form(part, np.zeros(len(part.channels))).formulation
    elastic = [index for index, row in enumerate(part.rows) if row.kind is not RowKind.CURVE_END]
    solution = solve(_with_slack(form, elastic), deadline)
    if not solution.has_values:
        return Conflict(tuple(clashing), math.nan, "")
    slack = solution.values[form.rows.shape[1] :].reshape(2, len(elastic))
    given = {part.rows[index].label: float(slack[0, i] - slack[1, i]) for i, index in enumerate(elastic)}
    changes = {label: amount for label, amount in given.items() if abs(amount) > 0.5}
    words = [
        f'"{label}" would have to {"fall" if up > 0 else "rise"} by {_money(abs(up))}' for label, up in changes.items()
    ]
    total = sum(math.ceil(abs(amount) - 0.01) for amount in changes.values())
    return Conflict(tuple(clashing), total / 100, " and ".join(words))


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
