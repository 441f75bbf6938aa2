"""Rows of a run in, the sentences and values that a person is shown out: made only for what is shown or written."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from bidding.changes import BidChange, ChangeKind, Expected, Held
from bidding.expected import interval
from bidding.guardrails.rules import BY_GUARD, Guard, code_of
from bidding.in_force import is_cost_per_order
from bidding.money import MICROS, text_of
from bidding.multipliers import scheme_of
from bidding.platforms.limits import limits_of
from bidding.run import KINDS, BidRun

NO_DECIMALS = ("JPY", "KRW", "CLP", "VND")


class Changes(Sequence[BidChange]):
    """The changes of a run as objects, each made when it is asked for."""

    def __init__(self, run: BidRun) -> None:
        self._run = run

    def __len__(self) -> int:
        return len(self._run.changes)

    def __iter__(self) -> Iterator[BidChange]:
        return (change_of(self._run, row) for row in range(len(self)))

    @overload
    def __getitem__(self, row: int) -> BidChange: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[BidChange]: ...
    def __getitem__(self, row: int | slice) -> BidChange | Sequence[BidChange]:
        if isinstance(row, slice):
            return [change_of(self._run, at) for at in range(*row.indices(len(self)))]
        return change_of(self._run, range(len(self))[row])


def change_of(run: BidRun, row: int) -> BidChange:
    """One change, its sentence and its intervals."""
    table = run.changes
    channel, kind = int(table.channel[row]), KINDS[int(table.kind[row])]
    guard = int(table.binding[row])
    return BidChange(
        platform=run.written.platforms[channel].value,
        channel=run.channels[channel],
        entity=str(table.entity[row]),
        kind=kind,
        old=value_text(run, kind, int(table.old[row])),
        new=value_text(run, kind, int(table.new[row])),
        reason=_reason(run, row),
        code="rollback" if run.reverses else code_of(guard),
        binding=None if guard == Guard.NONE else code_of(guard),
        expected=Expected(
            clicks=interval(float(table.clicks[row]), float(table.clicks_sd[row])),
            cost=interval(float(table.cost[row]), float(table.cost_sd[row])),
            incremental_sales=interval(float(table.sales[row]), float(table.sales_sd[row])),
        ),
    )


def held_of(run: BidRun, row: int) -> Held:
    """One thing that did not move, and why."""
    guard = int(run.held.guard[row])
    words = _sentence(run, guard, int(run.held.channel[row]))
    return Held(str(run.held.entity[row]), code_of(guard), f"{code_of(guard)}: {words}")


def value_text(run: BidRun, kind: ChangeKind, micros: int) -> str:
    """Exact text: money in the account's currency, a multiplier's whole percent, sales per unit of cost."""
    if kind is ChangeKind.PLACEMENT:
        return text_of(micros, 0)
    return text_of(micros) if kind is ChangeKind.TARGET else money_text(run, micros)


def money_text(run: BidRun, micros: int) -> str:
    """Exact text in the account's currency."""
    return text_of(micros, 0 if run.account.currency in NO_DECIMALS else 2)


def _reason(run: BidRun, row: int) -> str:
    table = run.changes
    if run.reverses:
        return f"rollback: puts back what stood before run {run.reverses}"
    kind, guard = KINDS[int(table.kind[row])], int(table.binding[row])
    start = _what_is_best(run, row, kind)
    if guard == Guard.NONE:
        return f"{code_of(guard)}: {start}"
    return f"{code_of(guard)}: {start}; limited: {_sentence(run, guard, int(table.channel[row]))}"


def _what_is_best(run: BidRun, row: int, kind: ChangeKind) -> str:
    table = run.changes
    channel, cent = run.channels[int(table.channel[row])], MICROS // 100
    wanted = value_text(run, kind, round(int(table.wanted[row]) / cent) * cent)
    price = f"where the next unit of budget earns {run.shadow_price.get(channel, 0.0):.2f}"
    if kind is ChangeKind.CAMPAIGN_BUDGET:
        return f"the campaign's part of today's budget for {channel} is {wanted}"
    if kind is ChangeKind.PLACEMENT:
        return _of_multiplier(run, row, wanted)
    if kind is ChangeKind.TARGET and is_cost_per_order(str(table.entity[row])):
        return f"{price}, its platform should bid for orders at {wanted} each"
    if kind is ChangeKind.TARGET:
        return f"{price}, its platform should bid for sales of {wanted} per unit of cost"
    if np.isnan(table.worth[row]):
        return f"{price}, an order may cost {wanted}"
    worth = money_text(run, round(float(table.worth[row]) * 100) * cent)
    return f"a click earns {worth} before its cost; {price} the best bid is {wanted}"


def _of_multiplier(run: BidRun, row: int, wanted: str) -> str:
    name = str(run.changes.entity[row]).rpartition(":")[2]
    platform = run.written.platforms[int(run.changes.channel[row])]
    kind, at = ("device", "on") if name in scheme_of(platform).devices else ("placement", "at")
    place = name.replace("_", " ")
    if limits_of(platform, run.account.marketplace).least_modifier < 0:
        more = f"{wanted.removeprefix('-')} % {'less' if wanted.startswith('-') else 'more'}"
        return f"against the campaign's average click, clicks {at} {place} are worth {more}"
    return f"against the {kind} whose clicks are worth least, clicks {at} {place} are worth {wanted} % more"


def _sentence(run: BidRun, guard: int, channel: int) -> str:
    rule = BY_GUARD[Guard(guard)]
    return rule.sentence.format(why=run.why.get(why_key(guard, channel), ""))


def why_key(guard: int, channel: int) -> str:
    """Where `BidRun.why` keeps the end of a guardrail's sentence."""
    return f"{Guard(guard).name.lower()}:{channel}"
