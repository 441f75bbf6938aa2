"""A plan and its prices -> what each binding rule costs and what more budget returns, in numbers and in words.

A price holds for the next unit; a cost is that of the whole rule: the problem is solved again without it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.decide import Decision
from optimizer.errors import DeadlineExceeded
from optimizer.optimum import optimise
from optimizer.placement import SPEND_THE_BUDGET
from optimizer.plan import BindingRule
from optimizer.problem import PlanProblem
from optimizer.program import Program, build_program
from optimizer.proof import lagrangian_bound
from optimizer.question import Asked
from optimizer.restrictions import RowKind
from optimizer.solver import Deadline, SolverSettings
from optimizer.targets import is_target_label

LEAST_PRICE = 1e-6  # a rule that costs less per unit of money is not said to bind
LEAST_COST = 1e-6  # relative to the objective
MOST_COSTS = 8
STEP_SHARE = 0.01  # of the budget: "one more 10,000" of a million


def sensitivity(
    problem: PlanProblem, decision: Decision, prices: Mapping[str, float], settings: SolverSettings, deadline: Deadline
) -> tuple[BindingRule, ...]:
    """The rules that bind, the budget first and then the dearest.

    A rule may cost something although its next unit is worth nothing: an S-curve kept below its rise.
    """
    seconds = min(settings.costs_seconds, deadline.remaining_seconds)
    asked = _Again(problem, decision, settings, Deadline.after(seconds))
    in_money = {label: abs(price) * (1 if is_target_label(label) else 100) for label, price in prices.items()}
    left_out = set() if problem.rules.plan.reserve > 0 else {SPEND_THE_BUDGET}
    priced = {label: price for label, price in in_money.items() if price > LEAST_PRICE and label not in left_out}
    restrictions = decision.placement.restrictions
    kinds = {row.label: row.kind for row in restrictions.rows}
    rules = []
    for label in sorted(restrictions.labels, key=lambda name: -priced.get(name, 0.0)):
        price, kind = priced.get(label, 0.0), kinds.get(label, RowKind.RULE)
        if kind in (RowKind.BUDGET, RowKind.CURVE_END) or asked.is_the_question(label):
            if price:
                rules.append(BindingRule(label, price, None, asked.about(label, kind, price)))
            continue
        cost = asked.without(label)
        if price or cost:
            rules.append(BindingRule(label, price, cost, asked.in_words(label, kind, cost)))
    first = {RowKind.BUDGET: 0, RowKind.CURVE_END: 2}
    return tuple(sorted(rules, key=lambda rule: (first.get(kinds.get(rule.rule, RowKind.RULE), 1), -rule.shadow_price)))


def budget_step(budget_cents: int) -> int:
    """A round amount near a hundredth of the budget, in cents: 1, 2 or 5 times a power of ten."""
    share = max(STEP_SHARE * budget_cents, 1.0)
    size = 10 ** math.floor(math.log10(share) + 1e-9)
    return int(next(factor * size for factor in (5, 2, 1) if factor * size <= share * (1 + 1e-9)))


@dataclass
class _Again:
    """The same problem solved with one thing changed, as long as time is left."""

    problem: PlanProblem
    decision: Decision
    settings: SolverSettings
    deadline: Deadline
    solved: int = 0

    def without(self, label: str) -> float | None:
        """What the objective gains without a rule, in money; `None` where it is not known."""
        if self.deadline.is_over:
            return None
        restrictions = self.decision.placement.restrictions
        program = build_program(self.problem, restrictions.only(set(restrictions.labels) - {label}))
        reached, least = self.decision.optimum.value, LEAST_COST * abs(self.decision.value)
        if self._bound(program) <= reached + least:
            return 0.0
        if self.solved >= MOST_COSTS:
            return None
        self.solved += 1
        better = self._value(program)
        return None if better is None else better - reached if better > reached + least else 0.0

    def _bound(self, program: Program) -> float:
        """No plan of the freer program reaches more: the prices that prove the plan prove this as well."""
        mine = self.decision.program
        known = dict(zip(mine.labels, self.decision.optimum.row_prices, strict=True))
        prices = np.array([known.get(label, 0.0) for label in program.labels])
        return lagrangian_bound(program.at_worst(self.decision.optimum.spend), prices)

    def is_the_question(self, label: str) -> bool:
        """Whether a rule is what the question is to reach."""
        targets = self.decision.placement.restrictions.targets
        return self.problem.target is not None and bool(targets) and label == targets[-1].label

    def about(self, label: str, kind: RowKind, price: float) -> str:
        """What the budget, a curve's end or the question's own target means at the margin."""
        if label == SPEND_THE_BUDGET:
            return f"A larger reserve would pay: the last unit spent is worth {_money(1 - price)}{self._measure()}."
        if kind is RowKind.BUDGET:
            return self._more_budget()
        if kind is RowKind.CURVE_END:
            return f"{label}, so no more is planned for it."
        if self.problem.makes_least:
            return f"The next 1,000 of sales take {_money(1000 * price)} more budget."
        return f"{label} sets the budget."

    def _more_budget(self) -> str:
        step = budget_step(self.problem.budget_cents)
        more = self.problem.with_budget(self.problem.budget_cents + step)
        restrictions = self.decision.placement.restrictions.with_budget_moved(step)
        better = None if self.deadline.is_over else self._value(build_program(more, restrictions))
        if better is None:
            return "What more budget returns was not worked out."
        return f"One more {_money(step / 100)} returns {_money(better - self.decision.optimum.value)}{self._measure()}."

    def in_words(self, label: str, kind: RowKind, cost: float | None) -> str:
        """What a rule costs, in a sentence."""
        if cost is None:
            return f"{label}: it binds; what it costs in all was not worked out."
        if kind is RowKind.HOLD:
            held = f"{label.split(':')[0]} is held; moving it would be worth {_money(cost)}{self._measure()}"
            return f"{held} if its prior is right: a test would tell."
        asked = self.problem.target.asked if self.problem.target else Asked.BUDGET
        if asked is Asked.TARGET_SALES:
            return f"{label} raises the budget by {_money(cost)}."
        if asked is Asked.TARGET_IROAS:
            return f"{label} keeps the budget smaller by {_money(cost)}."
        return f"{label} costs {_money(cost)}{self._measure()}."

    def _value(self, program: Program) -> float | None:
        try:
            optimum = optimise(program, self.settings, self.deadline)
        except DeadlineExceeded:
            return None
        return optimum.value if optimum else None

    def _measure(self) -> str:
        """What the objective counts, where it is not plain expected sales."""
        plan = self.problem.rules.plan
        words = " of margin" if plan.margins or plan.margin != 1.0 else ""
        if plan.worst_share < 1:
            words += f" in the worst {100 * plan.worst_share:.4g} % of cases"
        return words


def _money(amount: float) -> str:
    if abs(amount) >= 1000:
        return f"{amount:,.0f}"
    return f"{amount:,.2f}" if abs(amount - round(amount)) >= 0.005 else f"{amount:,.0f}"
