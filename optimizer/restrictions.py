"""A problem's rules -> labelled rows over the channels' spend, in whole cents.

A row is read as: lower <= (members' spend) - share x (all spend) <= upper. Steps and minimum viable spends, which
make spend jump, stand beside the rows.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optimizer.problem import PlanProblem
from optimizer.rules import ChannelRule, GroupRule
from optimizer.targets import Target, targets_of

FloatArray = NDArray[np.float64]
SHARE_DENOMINATOR = 10**6  # shares are read to a millionth


class Hold(Enum):
    """How a channel that cannot be measured is held: at what it spends today, or at its share of the budget."""

    CURRENT = "current spend"
    PROPORTIONAL = "share of the budget"


class RowKind(Enum):
    """Where a row comes from."""

    RULE = "rule"
    HOLD = "hold"
    SPENT = "spent already"
    BUDGET = "budget"
    CURVE_END = "curve end"


@dataclass(frozen=True)
class Row:
    """One labelled rule; `None` means no limit on that side. Limits are cents."""

    label: str
    kind: RowKind
    members: tuple[int, ...]
    lower: int | None
    upper: int | None
    share: Fraction = Fraction(0)

    @property
    def is_bound(self) -> bool:
        """Whether the row limits one channel by itself."""
        return len(self.members) == 1 and self.share == 0 and self.kind is not RowKind.BUDGET

    def moved(self, cents: int) -> "Row":
        """The same row with its limits moved."""
        lower, upper = (None if limit is None else limit + cents for limit in (self.lower, self.upper))
        return replace(self, lower=lower, upper=upper)

    def weights(self, channels: int) -> FloatArray:
        """Coefficients on the channels' spend, `(C,)`."""
        weights = np.full(channels, -float(self.share))
        weights[list(self.members)] += 1.0
        return weights


@dataclass(frozen=True)
class Jump:
    """A rule that makes spend jump: `step` multiples, or nothing below `minimum_viable`; 0 where absent, cents."""

    label: str
    channel: int
    step: int = 0
    minimum_viable: int = 0


@dataclass(frozen=True)
class Restrictions:
    """All rules of one problem.

    Attributes:
        channels: labels, length C.
        rows: labelled rows.
        jumps: rules that need integers.
        targets: rules on what the plan brings.
        budget: cents.
        curve_ends: largest spend at which a channel may be planned, cents, length C.
    """

    channels: tuple[str, ...]
    rows: tuple[Row, ...]
    jumps: tuple[Jump, ...]
    targets: tuple[Target, ...]
    budget: int
    curve_ends: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Every rule that can be taken away by itself."""
        rules: tuple[Row | Jump | Target, ...] = (*self.rows, *self.jumps, *self.targets)
        return tuple(rule.label for rule in rules)

    def only(self, labels: set[str]) -> "Restrictions":
        """The same problem with only these rules."""
        return replace(
            self,
            rows=tuple(row for row in self.rows if row.label in labels),
            jumps=tuple(jump for jump in self.jumps if jump.label in labels),
            targets=tuple(target for target in self.targets if target.label in labels),
        )

    def with_least_total(self, label: str, least: int) -> "Restrictions":
        """The same problem with at least `least` cents spent in all."""
        row = Row(label, RowKind.BUDGET, tuple(range(len(self.channels))), least, None)
        return replace(self, rows=(*self.rows, row))

    def with_budget_moved(self, cents: int) -> "Restrictions":
        """The same problem with all limits on the total moved by some cents."""
        rows = tuple(row.moved(cents) if row.kind is RowKind.BUDGET else row for row in self.rows)
        return replace(self, rows=rows, budget=self.budget + cents)

    def step(self, channel: int) -> int:
        """The channel's step in cents, 0 for none."""
        return max((jump.step for jump in self.jumps if jump.channel == channel), default=0)

    def minimum_viable(self, channel: int) -> int:
        """The channel's least spend if it spends at all, in cents, 0 for none."""
        return max((jump.minimum_viable for jump in self.jumps if jump.channel == channel), default=0)

    def bounds(self, channel: int) -> tuple[int, int]:
        """Least and largest spend by the channel's own rows and step, in cents."""
        mine = [row for row in self.rows if row.is_bound and row.members == (channel,)]
        lower = max((row.lower for row in mine if row.lower is not None), default=0)
        upper = min((row.upper for row in mine if row.upper is not None), default=self.curve_ends[channel])
        upper, step = min(upper, self.curve_ends[channel]), self.step(channel)
        return (-(-lower // step) * step, upper // step * step) if step else (lower, upper)


def restrict(problem: PlanProblem, hold: Hold) -> Restrictions:
    """All rules of the problem as labelled rows, in the order channels, groups, budget."""
    channels = problem.curves.channels
    rows: list[Row] = []
    jumps: list[Jump] = []
    for index, channel in enumerate(channels):
        rule = problem.rules.channels.get(channel, ChannelRule())
        current = problem.curves.current_spend[index]
        rows.extend(_spent_rows(problem, index))
        jumps.extend(_jumps(index, channel, rule))
        if problem.is_held(channel):
            rows.append(_hold_row(problem, index, hold, rule))
        rows.extend(_channel_rows(index, channel, rule, float(current)))
    for group in problem.rules.groups:
        rows.extend(_group_rows(group, tuple(channels.index(name) for name in group.channels)))
    if problem.target is None:
        everyone = tuple(range(len(channels)))
        rows.append(Row(f"budget {_money(problem.budget_cents)}", RowKind.BUDGET, everyone, None, problem.budget_cents))
    ends = _curve_ends(problem, rows)
    rows.extend(_end_rows(channels, ends))
    return Restrictions(channels, _distinct(rows), tuple(jumps), targets_of(problem), problem.budget_cents, ends)


def cents_up(money: float) -> int:
    """The least whole cents that are not below an amount."""
    return math.ceil(round(money * 100, 4))


def cents_down(money: float) -> int:
    """The largest whole cents that are not above an amount."""
    return math.floor(round(money * 100, 4))


def _channel_rows(index: int, channel: str, rule: ChannelRule, current: float) -> Iterator[Row]:
    def row(text: str, lower: int | None, upper: int | None) -> Row:
        return Row(f"{channel}: {text}", RowKind.RULE, (index,), lower, upper)

    if rule.fixed is not None:
        yield row(f"fixed {rule.fixed:,.2f}", round(rule.fixed * 100), round(rule.fixed * 100))
    if rule.min is not None:
        yield row(f"min {rule.min:,.2f}", cents_up(rule.min), None)
    if rule.max is not None:
        yield row(f"max {rule.max:,.2f}", None, cents_down(rule.max))
    if rule.max_change is not None:
        low = cents_up(max(0.0, current * (1 - rule.max_change)))
        high = max(low, cents_down(current * (1 + rule.max_change)))
        yield row(f"max_change {rule.max_change:.4g} ({_money(low)} to {_money(high)})", low, high)


def _spent_rows(problem: PlanProblem, index: int) -> Iterator[Row]:
    """What the planned weeks have spent already is the least that their total can be."""
    cents = _spent_cents(problem, index)
    if cents:
        label = f"{problem.curves.channels[index]}: {_money(cents)} is spent already"
        yield Row(label, RowKind.SPENT, (index,), cents, None)


def _spent_cents(problem: PlanProblem, index: int) -> int:
    spent = problem.curves.already_spent
    return 0 if spent is None else round(float(spent[index]) * 100)


def _hold_row(problem: PlanProblem, index: int, hold: Hold, rule: ChannelRule) -> Row:
    curves = problem.curves
    current, total = float(curves.current_spend[index]), float(curves.current_spend.sum())
    share = current / total if total > 0 else 0.0
    amount = current if hold is Hold.CURRENT else share * problem.budget_cents / 100
    cents, spent = _nearest_allowed(cents_down(amount), rule), _spent_cents(problem, index)
    if cents < spent:
        step = round((rule.step or 0.0) * 100) or 1
        cents = -(-spent // step) * step
    label = f"{curves.channels[index]}: held at {_money(cents)}, because it is not measurable"
    return Row(label, RowKind.HOLD, (index,), cents, cents)


def _nearest_allowed(cents: int, rule: ChannelRule) -> int:
    """The amount nearest to `cents` that step and minimum viable spend allow, rounded down to a step."""
    viable = cents_up(rule.minimum_viable or 0.0)
    step = round((rule.step or 0.0) * 100) or 1
    viable = -(-viable // step) * step
    if cents >= viable:
        return cents // step * step
    return viable if 2 * cents > viable else 0


def _jumps(index: int, channel: str, rule: ChannelRule) -> Iterator[Jump]:
    if rule.step is not None:
        yield Jump(f"{channel}: step {rule.step:,.2f}", index, step=round(rule.step * 100))
    if rule.minimum_viable:
        viable = cents_up(rule.minimum_viable)
        yield Jump(f"{channel}: minimum_viable {rule.minimum_viable:,.2f}", index, minimum_viable=viable)


def _group_rows(group: GroupRule, members: tuple[int, ...]) -> Iterator[Row]:
    def row(text: str, lower: int | None, upper: int | None, share: float = 0.0) -> Row:
        exact = Fraction(share).limit_denominator(SHARE_DENOMINATOR)
        return Row(f"group {group.label}: {text}", RowKind.RULE, members, lower, upper, exact)

    if group.min is not None:
        yield row(f"min {group.min:,.2f}", cents_up(group.min), None)
    if group.max is not None:
        yield row(f"max {group.max:,.2f}", None, cents_down(group.max))
    if group.min_share is not None:
        yield row(f"min_share {group.min_share:.4g}", 0, None, group.min_share)
    if group.max_share is not None:
        yield row(f"max_share {group.max_share:.4g}", None, 0, group.max_share)


def _curve_ends(problem: PlanProblem, rows: list[Row]) -> tuple[int, ...]:
    """The last grid point, or further where a rule asks for more: the curve is then taken as flat."""
    ends = [cents_down(float(end)) for end in problem.curves.spend_grid[:, -1]]
    for row in rows:
        if row.is_bound and row.lower is not None:
            ends[row.members[0]] = max(ends[row.members[0]], row.lower)
    return tuple(ends)


def _end_rows(channels: tuple[str, ...], ends: tuple[int, ...]) -> Iterator[Row]:
    for index, (channel, end) in enumerate(zip(channels, ends, strict=True)):
        label = f"{channel}: its response curve is known only up to {_money(end)}"
        yield Row(label, RowKind.CURVE_END, (index,), None, end)


def _distinct(rows: list[Row]) -> tuple[Row, ...]:
    """The rows with labels that occur once: a repeated label gets a number."""
    seen: dict[str, int] = {}
    result = []
    for row in rows:
        seen[row.label] = seen.get(row.label, 0) + 1
        count = seen[row.label]
        result.append(row if count == 1 else replace(row, label=f"{row.label} ({count})"))
    return tuple(result)


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"
