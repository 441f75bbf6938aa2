"""Spend to date and the plan's money in; today's budget of every channel, and daily budgets of its campaigns, out.

What is left of a period is spread over its days in the channel's shape of a week, today included: an early day over or
under plan moves every later day a little, and the last days close the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.errors import BidError
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]

LARGEST_CATCH_UP = 2.0
"""A day's budget is at most this many times its share of the plan: platforms allow twice, and rushed money is dear."""
SMALLEST_SHARE = 0.05
"""Of its share of the plan, so that a channel ahead of plan stays visible and keeps learning."""
SHAPE_WEEKS, SHAPE_PRIOR_WEEKS = 8, 4.0
TRUSTED_DAYS = 5.0
LARGEST_CORRECTION = 1.5
OUTLIER = 1.3
HEADROOM, SHARE_OF_ALL = 3.0, 0.03
"""A campaign's daily budget over its expected cost, and what it has besides of all of the channel's: chance moves
single campaigns, a budget that ends a day cuts good and bad clicks alike, and bids hold the channel."""
TOLERANCE = 0.01
"""Of a period's money: by how much it may be missed."""
GROWING, LAST_DAYS = 0.1, 12.0
"""How fast tonight's price of money may leave the steady one on a period's last days."""
NEAR_PLAN = 2.0
"""Times its share of the plan up or down, within which a day's money moves the steady price."""
DOUBLE = 2.0
"""Platforms let a day spend twice its daily budget."""
OVERBOOKED = 1.1
"""What all campaigns together could spend in a day over what is left of the period: not all run out at once."""


@dataclass(frozen=True)
class Period:
    """Days of the plan, inclusive at both ends; a calendar month, usually."""

    start: np.datetime64
    end: np.datetime64

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise BidError(f"the plan's period ends on {self.end}, before it starts on {self.start}: swap them")


@dataclass(frozen=True)
class DailyBudget:
    """A channel's money for today.

    Attributes:
        channel: its name.
        planned, spent: money of the period, and of its days before today.
        today: what today should spend.
        by_plan: what today would spend had every day kept to plan.
        days_left: today included.
        ahead: spend over plan to date, as a fraction of the plan to date; 0 on the first day.
    """

    channel: str
    planned: float
    spent: float
    today: float
    by_plan: float
    days_left: int
    ahead: float


def pace(
    snapshot: Snapshot, planned: Mapping[str, float], period: Period, events: Mapping[str, FloatArray] | None = None
) -> tuple[DailyBudget, ...]:
    """Today's budget of every channel.

    Args:
        snapshot: whose costs since the period's start are counted; `snapshot.today` must lie in the period.
        planned: money by channel over the period.
        period: its days.
        events: by channel, how much more than usual each day of the period shall spend, `(days,)`; 1 for a usual day.

    Raises:
        BidError: today is outside the period, or a channel has no money planned.
    """
    if not period.start <= snapshot.today <= period.end:
        raise BidError(
            f"today, {snapshot.today}, is outside the plan's period {period.start} to {period.end}: plan again"
        )
    days = np.arange(period.start, period.end + np.timedelta64(1, "D"))
    today = int((snapshot.today - period.start).astype(np.int64))
    rows = snapshot.performance
    channel = snapshot.channel_of_targets()[rows.target]
    found = []
    for place, name in enumerate(snapshot.channels):
        if not planned.get(name, 0.0) > 0:
            raise BidError(f"channel {name} has a budget of {planned.get(name, 0.0):g}: pause it, or plan money for it")
        mine = (channel == place) & (rows.day >= period.start)
        spent = float(rows.cost[mine].sum())
        shape = weekday_shape(snapshot, place)[_weekday(days)] * (1.0 if events is None else events.get(name, 1.0))
        found.append(_daily(name, planned[name], spent, shape, today))
    return tuple(found)


def weekday_shape(snapshot: Snapshot, channel: int) -> FloatArray:
    """What Monday to Sunday spend over a usual day, `(7,)`, from eight weeks, leaning on an even week."""
    rows = snapshot.performance
    recent = rows.day >= snapshot.today - np.timedelta64(7 * SHAPE_WEEKS, "D")
    mine = recent & (snapshot.channel_of_targets()[rows.target] == channel)
    cost = np.bincount(_weekday(rows.day[mine]), weights=rows.cost[mine], minlength=7)
    if cost.sum() <= 0:
        return np.ones(7)
    weeks = len(np.unique(rows.day[mine])) / 7.0
    share = 7.0 * cost / cost.sum()
    leaning: FloatArray = (weeks * share + SHAPE_PRIOR_WEEKS) / (weeks + SHAPE_PRIOR_WEEKS)
    return leaning


def weekday_factor(snapshot: Snapshot, channel: int) -> float:
    """What today's weekday spends over a usual day."""
    return float(weekday_shape(snapshot, channel)[_weekday(snapshot.today)])


def money_of_usual_day(snapshot: Snapshot, today: Sequence[DailyBudget]) -> dict[str, float]:
    """Today's money of each channel over what its weekday spends: what a response that is a usual day's is held to."""
    factor = {name: weekday_factor(snapshot, place) for place, name in enumerate(snapshot.channels)}
    return {each.channel: each.today / factor[each.channel] for each in today}


def correction(expected: FloatArray, spent: FloatArray) -> float:
    """What to multiply today's budget by before bids are chosen, where they spent otherwise than expected.

    Args:
        expected, spent: money of recent days at the bids that were then in force, latest last, `(days,)` each.
    """
    if len(expected) == 0 or expected.sum() <= 0 or spent.sum() <= 0:
        return 1.0
    trust = len(expected) / (len(expected) + TRUSTED_DAYS)
    ratio = (1.0 / _usual_ratio(expected, spent)) ** trust
    return float(np.clip(ratio, 1.0 / LARGEST_CORRECTION, LARGEST_CORRECTION))


def _usual_ratio(expected: FloatArray, spent: FloatArray) -> float:
    """Spent over expected, days that stand out brought near the median: a sale says nothing of the days after it."""
    told = expected > 0
    each = spent[told] / expected[told]
    middle = float(np.median(each))
    if middle <= 0:
        return float(spent.sum() / expected.sum())
    near = np.clip(each, middle / OUTLIER, middle * OUTLIER)
    return float((near * expected[told]).sum() / expected[told].sum())


@dataclass(frozen=True, eq=False)
class Slack:
    """How little a night must do for the day's money.

    Attributes:
        leeway: how many times the steady price of money up or down tonight's may be, by channel, `(C,)`.
        miss: part of the day's money by which bids may be expected to miss it, by channel, `(C,)`.
        steady: money that the steady price is held to, over the day's, by channel, `(C,)`.
    """

    leeway: FloatArray
    miss: FloatArray
    steady: FloatArray


NO_SLACK = Slack(np.array([1.0]), np.array([0.0]), np.array([1.0]))


def slack_of(today: Sequence[DailyBudget]) -> Slack:
    """The steady price alone decides until the last days, which must close the rest by as much as is not tolerated.

    What a period may be missed by is little of its first day's money and much of its last day's: a price that has kept
    near plan need not follow the chance of the last days. Nor does the steady price follow a day's money far from the
    plan: what a month has overspent is no reason for low bids in the next.
    """
    days = np.array([max(each.days_left, 1) for each in today])
    left = np.array([max(each.planned - each.spent, 1e-9 * each.planned) for each in today])
    planned = np.array([each.planned for each in today])
    leeway: FloatArray = 1.0 + GROWING * np.maximum(0.0, LAST_DAYS / days - 1.0)
    money, by_plan = (np.array([getattr(each, name) for each in today]) for name in ("today", "by_plan"))
    steady = np.clip(money, by_plan / NEAR_PLAN, by_plan * NEAR_PLAN)
    return Slack(leeway, TOLERANCE * planned / left, steady / np.maximum(money, 1e-12))


def campaign_budgets(
    budget: DailyBudget,
    expected_cost: FloatArray,
    least: float,
    step: float = 0.01,
    besides: FloatArray | float = SHARE_OF_ALL,
) -> FloatArray:
    """Daily budgets of a channel's campaigns, on the platform's step, `(M,)`.

    Each has much room above its expected cost. But even if every campaign spent twice its budget today, as platforms
    allow, no more would go than `OVERBOOKED` times what is left of the period and `TOLERANCE` of it.

    Args:
        budget: of the channel today.
        expected_cost: of each campaign today, money, `(M,)`.
        least: the platform's smallest daily budget.
        step: of the platform.
        besides: part of the channel's money that each may have on top, `(M,)`; none where a budget is what steers.
    """
    left = max(budget.planned - budget.spent, 0.0) + TOLERANCE * budget.planned
    room = HEADROOM * expected_cost + besides * max(expected_cost.sum(), budget.today)
    room = room * min(1.0, OVERBOOKED * left / DOUBLE / max(room.sum(), 1e-12))
    stepped: FloatArray = np.floor(room / step + 1e-9) * step
    return np.maximum(stepped, least).round(6)


def _daily(name: str, planned: float, spent: float, shape: FloatArray, today: int) -> DailyBudget:
    by_plan = planned * shape / shape.sum()
    left = max(planned - spent, 0.0)
    wanted = left * shape[today] / shape[today:].sum()
    floor = SMALLEST_SHARE * by_plan[today]
    money = min(max(wanted, floor), LARGEST_CATCH_UP * by_plan[today])
    to_date = by_plan[:today].sum()
    ahead = spent / to_date - 1.0 if to_date > 0 else 0.0
    return DailyBudget(name, planned, spent, float(money), float(by_plan[today]), len(shape) - today, float(ahead))


def _weekday(days: NDArray[np.datetime64] | np.datetime64) -> NDArray[np.int64]:
    """0 for Monday."""
    number: NDArray[np.int64] = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return number
