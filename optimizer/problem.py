"""What is asked: response curves, a question and rules, checked against each other. The answer is a `BudgetPlan`."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.report import Verdict
from optimizer.blackouts import check_blackouts
from optimizer.errors import BadProblem, BadRules, unknown_name
from optimizer.question import Asked, Question
from optimizer.rules import ChannelRule, GroupRule, PlanRules, Risk, Rules

__all__ = ["Asked", "ChannelRule", "GroupRule", "PlanProblem", "PlanRules", "Question", "Risk", "Rules"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PlanProblem:
    """Best split of `budget` (money over `curves.weeks` weeks) under `rules`, or the budget that reaches a target.

    Attributes:
        curves: response curves with all draws; the mean curve is what is optimised, unless risk is asked for.
        budget: money, at least 0.01; fractions of a cent are dropped. Where a target is asked for, the largest budget
            that may be answered.
        rules: the buyer's rules.
        hold_unmeasurable: keep a channel whose verdict is `not_measurable` at its current spend, unless a rule of
            its own (min, max or fixed) says where it may go; a limit on its change does not.
        target: what to reach instead of spending the budget; `None` to spend it.
        draw_weights: how likely the curves' draws are, `(D,)`, in any unit; `None` where all are as likely.

    Raises:
        BadProblem: the budget is no positive number, or the curves are malformed.
        BadRules: a rule names a channel or an outcome that the curves do not know, or does not go with the question.
    """

    curves: ResponseCurves
    budget: float
    rules: Rules = field(default_factory=Rules)
    hold_unmeasurable: bool = True
    target: Question | None = None
    draw_weights: FloatArray | None = None

    def __post_init__(self) -> None:
        Question(Asked.BUDGET, self.budget)
        _check_curves(self.curves)
        _check_names(self.rules, self.curves.channels)
        check_blackouts(self.rules, self.curves)
        _check_margins(self.rules.plan, self.curves.outcomes)
        if self.draw_weights is not None:
            _check_weights(self.draw_weights, len(self.curves.incremental))
        if self.target is not None:
            _check_target(self.target, self.rules.plan)

    @classmethod
    def reaching(cls, target: Question, curves: ResponseCurves, rules: Rules | None = None) -> "PlanProblem":
        """The problem that asks how much to spend: up to the ends of all curves, or as far as fixed rules go."""
        rules = rules or Rules()
        _check_curves(curves)
        least = sum(max(rule.min or 0.0, rule.fixed or 0.0) for rule in rules.channels.values())
        cap = float(curves.spend_grid[:, -1].sum() + curves.current_spend.sum()) + least
        return cls(curves, max(cap, 0.01), rules, target=target)

    @cached_property
    def budget_cents(self) -> int:
        """The budget in whole cents, rounded down."""
        return math.floor(round(self.budget * 100, 4))

    @cached_property
    def mean_curves(self) -> FloatArray:
        """Posterior mean of the incremental sales at the grid, `(C, K)`, in money."""
        mean: FloatArray = np.average(self.curves.incremental, axis=0, weights=self.draw_weights)
        return mean

    @cached_property
    def value_draws(self) -> FloatArray:
        """What incremental sales at the grid are worth by draw: margin x sales, summed over outcomes, `(D, C, K)`."""
        plan, curves = self.rules.plan, self.curves
        if not plan.margins:
            return plan.margin * curves.incremental
        if curves.by_outcome is None:
            return plan.margins[curves.outcomes[0]] * curves.incremental
        margins = np.array([plan.margins[outcome] for outcome in curves.outcomes])
        worth: FloatArray = np.einsum("o,odck->dck", margins, curves.by_outcome)
        return worth

    @cached_property
    def mean_values(self) -> FloatArray:
        """Posterior mean of `value_draws`, `(C, K)`, in money."""
        mean: FloatArray = np.average(self.value_draws, axis=0, weights=self.draw_weights)
        return mean

    @property
    def question(self) -> Question:
        """The target, or the budget as a question."""
        return self.target or Question(Asked.BUDGET, self.budget)

    @property
    def makes_least(self) -> bool:
        """Whether the question is for the least of something, a budget; else for the most."""
        return self.target is not None and self.target.asked is Asked.TARGET_SALES

    def with_budget(self, cents: int) -> "PlanProblem":
        """The same rules and target with another budget."""
        return replace(self, budget=max(cents, 1) / 100)

    def is_held(self, channel: str) -> bool:
        """Whether the channel is held for want of a measurement."""
        verdict = self.curves.verdicts[self.curves.channels.index(channel)]
        rule = self.rules.channels.get(channel)
        freed = rule is not None and rule.says_where_spend_may_go
        return self.hold_unmeasurable and verdict is Verdict.NOT_MEASURABLE and not freed

    def sorted_by_name(self) -> "PlanProblem":
        """The same problem with channels in order of name, so that the answer does not depend on their order."""
        order = sorted(range(len(self.curves.channels)), key=lambda index: self.curves.channels[index])
        curves = replace(
            self.curves,
            channels=tuple(self.curves.channels[i] for i in order),
            spend_grid=self.curves.spend_grid[order],
            incremental=self.curves.incremental[:, order],
            carry_over_weights=self.curves.carry_over_weights[:, order],
            current_spend=self.curves.current_spend[order],
            largest_observed_spend=self.curves.largest_observed_spend[order],
            verdicts=tuple(self.curves.verdicts[i] for i in order),
            by_outcome=None if self.curves.by_outcome is None else self.curves.by_outcome[:, :, order],
            already_spent=None if self.curves.already_spent is None else self.curves.already_spent[order],
            weekly=None if self.curves.weekly is None else self.curves.weekly.only(np.array(order)),
        )
        return replace(self, curves=curves)


def _check_curves(curves: ResponseCurves) -> None:
    channels, grid = len(curves.channels), curves.spend_grid
    if channels == 0 or len(set(curves.channels)) < channels:
        raise BadProblem("The response curves need at least one channel, each named once.")
    if grid.ndim != 2 or grid.shape[0] != channels or grid.shape[1] < 2:
        raise BadProblem(f"spend_grid must have the shape (channels, at least 2), not {grid.shape}.")
    if curves.incremental.ndim != 3 or curves.incremental.shape[1:] != grid.shape or len(curves.incremental) == 0:
        raise BadProblem(f"incremental must have the shape (draws, {channels}, {grid.shape[1]}).")
    arrays = (grid, curves.incremental, curves.current_spend, curves.largest_observed_spend)
    if not all(np.isfinite(array).all() for array in arrays):
        raise BadProblem("The response curves hold values that are not finite.")
    if not (np.diff(grid, axis=1) > 0).all() or (grid[:, 0] != 0).any():
        raise BadProblem("spend_grid must start at 0 and rise.")
    if (curves.incremental[:, :, 0] != 0).any():
        raise BadProblem("incremental must be 0 where spend is 0.")
    if not curves.outcomes or (curves.by_outcome is None) != (len(curves.outcomes) == 1):
        raise BadProblem("The response curves need at least one outcome, and by_outcome where there are several.")
    if curves.by_outcome is not None and curves.by_outcome.shape != (len(curves.outcomes), *curves.incremental.shape):
        raise BadProblem(f"by_outcome must have the shape (outcomes, draws, {channels}, {grid.shape[1]}).")
    if (curves.current_spend < 0).any() or curves.weeks < 1:
        raise BadProblem("current_spend must not be negative, and weeks must be at least 1.")


def _check_weights(weights: FloatArray, draws: int) -> None:
    if weights.shape != (draws,) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise BadProblem(f"draw_weights must have the shape ({draws},), none below 0 and some above.")


def _check_names(rules: Rules, channels: tuple[str, ...]) -> None:
    for name in rules.channels:
        if name not in channels:
            raise BadRules(f"[channel.{name}]: {unknown_name('channel', name, channels)}")
    for group in rules.groups:
        for name in group.channels:
            if name not in channels:
                raise BadRules(f'[[group]] "{group.label}": {unknown_name("channel", name, channels)}')


def _check_margins(plan: PlanRules, outcomes: tuple[str, ...]) -> None:
    if not plan.margins:
        return
    for name in plan.margins:
        if name not in outcomes:
            raise BadRules(f"[plan.margins]: {unknown_name('outcome', name, outcomes)}")
    missing = [name for name in outcomes if name not in plan.margins]
    if missing:
        raise BadRules(f"[plan.margins]: give a margin for {', '.join(missing)} as well.")


def _check_target(target: Question, plan: PlanRules) -> None:
    if target.asked is Asked.BUDGET:
        raise BadProblem("A budget is no target: give it as the budget.")
    name = target.asked.value
    if plan.reserve > 0:
        raise BadRules(f"[plan]: reserve is a share of a budget, but the question is {name}. Take one of them out.")
    if plan.risk is Risk.GAIN:
        raise BadRules(f'[plan]: risk = "gain" is over a budget in today\'s proportions, but the question is {name}.')
    if plan.risk is Risk.CVAR and target.asked is not Asked.MARGINAL_IROAS:
        raise BadRules(f'[plan]: {name} is reached at the mean: take out risk = "cvar", or give a budget.')
    if plan.target_iroas is not None and target.asked is Asked.TARGET_IROAS:
        raise BadRules("[plan]: target_iroas is asked for already. Take it out of the rules.")
