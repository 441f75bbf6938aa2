"""The answer of `rmo plan --json` in; out, each channel's money for the weeks around today and its shape by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.errors import BidError
from bidding.factors import parts_of

FloatArray = NDArray[np.float64]
BLOCK_WEEKS = 4
"""Weeks that are paced together: long enough to even out, short enough that every report still reaches their start."""
WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True, eq=False)
class PlanMoney:
    """What may be spent around today.

    Attributes:
        start, end: days, both inclusive.
        planned: money by channel from `start` to `end`.
        shape: by channel, each day's money against an even spread, `(days,)`.
        whole: money by channel of the whole plan, and `weeks`, its length.
    """

    start: np.datetime64
    end: np.datetime64
    planned: Mapping[str, float]
    shape: Mapping[str, FloatArray]
    whole: Mapping[str, float]
    weeks: int


def money_around(plan: Mapping[str, Any], today: np.datetime64, start: np.datetime64 | None = None) -> PlanMoney:
    """The four weeks of the plan that today lies in.

    Args:
        plan: the answer of `rmo plan --json`.
        today: the day for which bids are set.
        start: first day of the plan's week 1; None where the plan says.

    Raises:
        BidError: this is no plan, it has no start, or today is not in it.
    """
    try:
        schedule = [(int(row["week"]), str(row["channel"]), float(row["spend"])) for row in plan["schedule"]]
        weeks = int(plan["weeks"])
        stated = (plan.get("flighting") or {}).get("starts")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BidError("the plan is not an answer of `rmo plan --json`: it lacks weeks or schedule") from error
    if not schedule:
        raise BidError("the plan has no schedule: it is infeasible, so there is no money to bid with")
    first = start if start is not None else (np.datetime64(stated, "D") if stated else None)
    if first is None:
        raise BidError("the plan does not say when its first week starts: give --plan-start YYYY-MM-DD")
    last = first + weeks * WEEK - np.timedelta64(1, "D")
    if not first <= today <= last:
        raise BidError(f"today, {today}, is not in the plan, which runs from {first} to {last}: plan again")
    block = int((today - first) // WEEK) // BLOCK_WEEKS * BLOCK_WEEKS
    count = min(BLOCK_WEEKS, weeks - block)
    table = {name: np.zeros(weeks) for _, name, _ in schedule}
    for week, name, spend in schedule:
        if not 1 <= week <= weeks:
            raise BidError(f"the plan's schedule names week {week}, it has {weeks}")
        table[name][week - 1] += spend
    mine = {name: spends[block : block + count] for name, spends in table.items()}
    return PlanMoney(
        start=first + block * WEEK,
        end=first + (block + count) * WEEK - np.timedelta64(1, "D"),
        planned={name: float(spends.sum()) for name, spends in mine.items()},
        shape={name: np.repeat(_shape(spends), 7) for name, spends in mine.items()},
        whole={name: float(spends.sum()) for name, spends in table.items()},
        weeks=weeks,
    )


def for_channels(money: PlanMoney, channels: Sequence[str]) -> PlanMoney:
    """The same with the money of a channel that the plan has in two parts, branded and generic, put together."""
    planned, shape = dict(money.planned), dict(money.shape)
    for channel in channels:
        parts = [name for _, name in parts_of(channel, tuple(money.planned))]
        if channel in money.planned or not parts:
            continue
        total = sum(money.planned[name] for name in parts)
        planned[channel] = total
        days = np.array([money.planned[name] * money.shape[name] for name in parts]).sum(axis=0)
        shape[channel] = days / total if total > 0 else np.ones(len(days))
    return replace(money, planned=planned, shape=shape)


def from_day(money: PlanMoney, first: np.datetime64) -> PlanMoney:
    """The same without the days before the first: for reports that do not reach back to the start."""
    skipped = int((first - money.start) // np.timedelta64(1, "D"))
    if skipped <= 0:
        return money
    left = {name: float(shape[skipped:].sum() / shape.sum()) for name, shape in money.shape.items() if shape.sum() > 0}
    return PlanMoney(
        start=first,
        end=money.end,
        planned={name: planned * left.get(name, 0.0) for name, planned in money.planned.items()},
        shape={name: shape[skipped:] for name, shape in money.shape.items()},
        whole=money.whole,
        weeks=money.weeks,
    )


def _shape(spends: FloatArray) -> FloatArray:
    mean = float(spends.mean())
    return spends / mean if mean > 0 else np.ones_like(spends)
