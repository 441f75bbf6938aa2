"""What is asked: response curves, a budget and rules, checked against each other. The answer is a `BudgetPlan`."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.report import Verdict
from optimizer.errors import BadProblem, BadRules, unknown_name
from optimizer.rules import ChannelRule, GroupRule, PlanRules, Risk, Rules

__all__ = ["ChannelRule", "GroupRule", "PlanProblem", "PlanRules", "Risk", "Rules"]

FloatArray = NDArray[np.float64]
LARGEST_BUDGET = 1e12  # cents must stay exact in a float


@dataclass(frozen=True)
class PlanProblem:
    """Best split of `budget` (money over `curves.weeks` weeks) under `rules`.

    Attributes:
        curves: response curves with all draws; the mean curve is what is optimised.
        budget: money, at least 0.01; fractions of a cent are dropped.
        rules: the buyer's rules.
        hold_unmeasurable: keep a channel whose verdict is `not_measurable` at its current spend, unless a rule of
            its own (min, max or fixed) says where it may go; a limit on its change does not.

    Raises:
        BadProblem: the budget is no positive number, or the curves are malformed.
        BadRules: a rule names a channel that the curves do not know, or is not yet supported.
    """

    curves: ResponseCurves
    budget: float
    rules: Rules = field(default_factory=Rules)
    hold_unmeasurable: bool = True

    def __post_init__(self) -> None:
        _check_budget(self.budget)
        _check_curves(self.curves)
        _check_names(self.rules, self.curves.channels)
        _refuse_unsupported(self.rules.plan)

    @cached_property
    def budget_cents(self) -> int:
        """The budget in whole cents, rounded down."""
        return math.floor(round(self.budget * 100, 4))

    @cached_property
    def mean_curves(self) -> FloatArray:
        """Posterior mean of the incremental sales at the grid, `(C, K)`, in money."""
        mean: FloatArray = self.curves.incremental.mean(axis=0)
        return mean

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
        )
        return replace(self, curves=curves)


def _check_budget(budget: float) -> None:
    if not (isinstance(budget, int | float) and math.isfinite(budget) and budget > 0):
        raise BadProblem(f"The budget must be a number above 0, not {budget}.")
    if budget < 0.01:
        raise BadProblem(f"The budget must be at least 0.01, not {budget}.")
    if budget > LARGEST_BUDGET:
        raise BadProblem(
            f"The budget {budget:,.0f} is larger than {LARGEST_BUDGET:,.0f}; plan in a larger unit of money."
        )


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
    if (curves.current_spend < 0).any() or curves.weeks < 1:
        raise BadProblem("current_spend must not be negative, and weeks must be at least 1.")


def _check_names(rules: Rules, channels: tuple[str, ...]) -> None:
    for name in rules.channels:
        if name not in channels:
            raise BadRules(f"[channel.{name}]: {unknown_name('channel', name, channels)}")
    for group in rules.groups:
        for name in group.channels:
            if name not in channels:
                raise BadRules(f'[[group]] "{group.label}": {unknown_name("channel", name, channels)}')


def _refuse_unsupported(plan: PlanRules) -> None:
    unsupported = {
        'risk = "cvar"': plan.risk is not Risk.MEAN or plan.risk_level is not None,
        "target_iroas": plan.target_iroas is not None,
        "margins (per outcome; use margin)": bool(plan.margins),
    }
    for name, asked in unsupported.items():
        if asked:
            raise BadRules(f"[plan]: {name} is not yet supported. Take it out of the rules to get a plan without it.")
