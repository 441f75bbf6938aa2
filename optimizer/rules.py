"""The rules of a plan as values: what a buyer may ask for. Each value is checked by itself when `Rules` is made.

Clashes between rules are found later, where the plan's status says `infeasible`.
"""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum

from measurement.new_channel import NewChannel
from optimizer.errors import BadRules


class Risk(Enum):
    """What is made as large as possible.

    `MEAN`: expected sales. `CVAR`: the mean of sales over the worst draws. `GAIN`: the mean of the gain over the same
    budget in today's proportions, over the draws in which it is smallest: money moves only as far as most agree.
    """

    MEAN = "mean"
    CVAR = "cvar"
    GAIN = "gain"


DEFAULT_RISK_LEVEL = {Risk.MEAN: 1.0, Risk.CVAR: 0.2, Risk.GAIN: 0.7}
"""Shares of draws that count. In simulation the mean over seven tenths of the draws lost nothing on average against the
mean over all, and left a third as many plans worse than today's split."""


@dataclass(frozen=True)
class ChannelRule:
    """Rules of one channel; amounts are money over the planned weeks, `None` means no such rule.

    Attributes:
        min: least spend.
        max: largest spend.
        max_change: largest change against current spend, as a fraction.
        minimum_viable: nothing, or at least this.
        step: spend in multiples of this, in whole cents.
        fixed: exactly this.
        blackout: planned weeks in which nothing is spent: their numbers, from 1, or a day in them.
    """

    min: float | None = None
    max: float | None = None
    max_change: float | None = None
    minimum_viable: float | None = None
    step: float | None = None
    fixed: float | None = None
    blackout: tuple[int | datetime.date, ...] = ()

    @property
    def says_where_spend_may_go(self) -> bool:
        """Whether the rule moves a channel that would be held for want of a measurement; a limit on change does not."""
        return any(value is not None for value in (self.min, self.max, self.fixed))


@dataclass(frozen=True)
class GroupRule:
    """Rules on the sum of several channels; shares are fractions of what the whole plan spends."""

    channels: tuple[str, ...]
    name: str | None = None
    min: float | None = None
    max: float | None = None
    min_share: float | None = None
    max_share: float | None = None

    @property
    def label(self) -> str:
        """Its name, or its channels."""
        return self.name if self.name else " + ".join(self.channels)


@dataclass(frozen=True)
class PlanRules:
    """Rules of the whole plan.

    Attributes:
        reserve: share of the budget that may stay unspent. Money kept counts at its face value, so it is kept
            where its next unit would return less than a unit of `margin` x sales.
        risk: what is optimised; `None`, nothing stated, is expected sales (and see `as_a_buyer_means`).
        risk_level: share of worst draws that `Risk.CVAR` and `Risk.GAIN` look at; `None` is `DEFAULT_RISK_LEVEL`.
        target_iroas: least average iROAS of the whole plan, at the mean: sales, whatever the margin.
        min_weekly_spend_share: least spend of a week that is open to the plan, as a share of the line's mean such
            week; at 1 weeks are even.
        margin: profit per unit of incremental sales.
        margins: the same per outcome, for every outcome, instead of `margin`.
    """

    reserve: float = 0.0
    risk: Risk | None = None
    risk_level: float | None = None
    target_iroas: float | None = None
    min_weekly_spend_share: float | None = None
    margin: float = 1.0
    margins: Mapping[str, float] = field(default_factory=dict)

    @property
    def worst_share(self) -> float:
        """Share of draws whose mean is optimised: 1 at the mean."""
        return DEFAULT_RISK_LEVEL[self.risk or Risk.MEAN] if self.risk_level is None else self.risk_level


@dataclass(frozen=True)
class Rules:
    """All rules of a plan, and what is stated of channels that the model does not know.

    Raises:
        BadRules: a number is negative, not finite or out of its range, or a least value lies above its largest.
    """

    channels: Mapping[str, ChannelRule] = field(default_factory=dict)
    groups: tuple[GroupRule, ...] = ()
    plan: PlanRules = field(default_factory=PlanRules)
    new_channels: tuple[NewChannel, ...] = ()

    @property
    def without_history(self) -> frozenset[str]:
        """Names of the new channels."""
        return frozenset(channel.name for channel in self.new_channels)

    def __post_init__(self) -> None:
        for name, rule in self.channels.items():
            _check_channel(f"[channel.{name}]", rule)
        for group in self.groups:
            _check_group(f'[[group]] "{group.label}"', group)
        _check_plan("[plan]", self.plan)


def as_a_buyer_means(rules: Rules) -> Rules:
    """The rules of a buyer with a budget who says nothing of risk: the gain that most draws agree on is what counts."""
    if rules.plan.risk is not None:
        return rules
    return replace(rules, plan=replace(rules.plan, risk=Risk.GAIN))


def _check_channel(where: str, rule: ChannelRule) -> None:
    for entry in fields(rule):
        if entry.name != "blackout":
            _check_amount(where, entry.name, getattr(rule, entry.name))
    _check_order(where, "min", rule.min, "max", rule.max)
    if rule.step is not None and (rule.step < 0.01 or abs(rule.step * 100 - round(rule.step * 100)) > 1e-6):
        raise BadRules(f"{where}: step must be whole cents and at least 0.01, not {rule.step}.")


def _check_group(where: str, group: GroupRule) -> None:
    if not group.channels:
        raise BadRules(f"{where}: channels is empty. Name at least one.")
    if len(set(group.channels)) < len(group.channels):
        raise BadRules(f"{where}: a channel is named twice.")
    _check_amount(where, "min", group.min)
    _check_amount(where, "max", group.max)
    _check_share(where, "min_share", group.min_share)
    _check_share(where, "max_share", group.max_share)
    _check_order(where, "min", group.min, "max", group.max)
    _check_order(where, "min_share", group.min_share, "max_share", group.max_share)


def _check_plan(where: str, plan: PlanRules) -> None:
    _check_share(where, "reserve", plan.reserve)
    _check_share(where, "risk_level", plan.risk_level)
    _check_amount(where, "target_iroas", plan.target_iroas)
    _check_share(where, "min_weekly_spend_share", plan.min_weekly_spend_share)
    for name, margin in [("margin", plan.margin), *((f"margins.{key}", value) for key, value in plan.margins.items())]:
        _check_amount(where, name, margin)
        if margin == 0:
            raise BadRules(f"{where}: {name} must be above 0.")
    for name, value in (("target_iroas", plan.target_iroas), ("risk_level", plan.risk_level)):
        if value == 0:
            raise BadRules(f"{where}: {name} must be above 0.")
    if plan.risk_level is not None and plan.risk in (None, Risk.MEAN):
        raise BadRules(f'{where}: risk_level says nothing without risk = "cvar" or "gain". Add one, or take it out.')
    if plan.margins and plan.margin != 1.0:
        raise BadRules(f"{where}: give margin, or margins per outcome, not both.")


def _check_amount(where: str, name: str, value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise BadRules(f"{where}: {name} must be a finite number of at least 0, not {value}.")


def _check_share(where: str, name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise BadRules(f"{where}: {name} is a share and must lie between 0 and 1, not {value}.")


def _check_order(where: str, low_name: str, low: float | None, high_name: str, high: float | None) -> None:
    if low is not None and high is not None and low > high:
        raise BadRules(f"{where}: {low_name} {low} is above {high_name} {high}.")
