"""What a person should look at this morning: a night and what its guardrails found in, alerts out.

Yesterday's spend, clicks and cost per click are held against their own expected range, orders against what its clicks
were worth; on ordinary days each leaves its range once in a thousand.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bidding.alerts import Alert
from bidding.days import days_since, totals
from bidding.expected_range import LEVEL, expected_range
from bidding.guardrails.flags import Found
from bidding.guardrails.rules import Guard, code_of
from bidding.maturity import learn_maturity
from bidding.night import Night
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]

DAYS = 56
EXHAUSTED = 0.1
"""Share of the day without budget above which a campaign is told; Google's "< 10%" counts as just that."""
ALL_SPENT = 0.98
"""Of a daily budget, from which on it counts as spent where no report tells for how long it was."""
MOST_CAMPAIGNS = 50
SHOWN = 5


def alarms(night: Night, found: Found) -> tuple[Alert, ...]:
    """Every alert, channels first."""
    alerts: list[Alert] = []
    for place in range(len(night.snapshot.channels)):
        alerts += _out_of_range(night, place)
        alerts += _from_guards(night, found, place)
    return (*alerts, *_exhausted(night), *_out_of_stock(night))


def _out_of_range(night: Night, place: int) -> Iterator[Alert]:
    snapshot, name = night.snapshot, night.snapshot.channels[place]
    clicks, cost = _by_day(snapshot, place)
    if clicks[-1] <= 0:
        return
    yesterday = snapshot.today - np.timedelta64(1, "D")
    weekday = ((snapshot.today - np.arange(DAYS + 1, 0, -1)).astype("datetime64[D]").astype(np.int64) + 3) % 7
    times = _event_multiplier(night, name, yesterday)
    with np.errstate(divide="ignore", invalid="ignore"):
        series = {"spend": cost, "clicks": clicks, "cost_per_click": cost / clicks}
    for code, values in series.items():
        scale = 1.0 if code == "cost_per_click" else times
        expected = expected_range(values[:-1], weekday[:-1], int(weekday[-1]), clicks[:-1])
        if expected is None or expected.low <= values[-1] / scale <= expected.high:
            continue
        low, high = expected.low * scale, expected.high * scale
        words = code.replace("_", " ")
        message = f"{name}: {words} was {values[-1]:,.2f} on {yesterday}, expected {low:,.2f} to {high:,.2f}"
        yield Alert(code, name, "", str(yesterday), float(values[-1]), low, high, message)
    yield from _conversions(night, place, str(yesterday))


def _conversions(night: Night, place: int, day: str) -> Iterator[Alert]:
    """Orders of the last week against what its clicks are worth, each day as complete as its age."""
    snapshot, rows = night.snapshot, night.snapshot.performance
    mine = (snapshot.channel_of_targets()[rows.target] == place) & (rows.age <= 7)
    maturity = learn_maturity(snapshot, night.account)
    if not maturity.learnt[place]:
        return
    rate = np.nan_to_num(night.values.conversion_rate[rows.target[mine]])
    known = maturity.of(np.full(int(mine.sum()), place), rows.age[mine])
    matured = float((rows.clicks[mine] * known).sum())
    due, came = float((rows.clicks[mine] * rate * known).sum()), float(rows.orders[mine].sum())
    if due <= 0:
        return
    low, high = (float(stats.poisson.ppf(level, due)) for level in (LEVEL / 2, 1 - LEVEL / 2))
    if not low <= came <= high:
        name = snapshot.channels[place]
        message = f"{name}: {came:,.0f} orders in the week to {day}, {low:,.0f} to {high:,.0f} were due of its clicks"
        yield Alert("conversion_rate", name, "", day, came / matured, low / matured, high / matured, message)


def _from_guards(night: Night, found: Found, place: int) -> Iterator[Alert]:
    name, day = night.snapshot.channels[place], str(night.snapshot.today)
    mine = night.snapshot.campaigns.channel == place
    for guard in (Guard.STALE_DATA, Guard.INCOMPLETE_DATA, Guard.TRACKING_ANOMALY, Guard.KILL_SWITCH, Guard.GEO_TEST):
        if guard in found.campaigns and found.campaigns[guard][mine].any():
            what = code_of(guard).replace("_", " ")
            message = f"{name}: {what}{found.why.get((guard, place), '')}; bids are held"
            yield Alert(code_of(guard), name, "", day, None, None, None, message)


def _exhausted(night: Night) -> Iterator[Alert]:
    """Plans that are spent before their end, and campaigns that ran out of their daily budget yesterday."""
    for plan in night.budgets.paced:
        if plan.spent >= plan.planned:
            message = (
                f"{plan.channel}: all of the plan's {plan.planned:,.2f} is spent ({plan.spent:,.2f}), "
                f"{plan.days_left} days early"
            )
            day = str(night.snapshot.today)
            yield Alert("budget_exhausted", plan.channel, "", day, plan.spent, 0.0, plan.planned, message)
    snapshot, rows = night.snapshot, night.snapshot.performance
    fresh = rows.day.astype("datetime64[D]") == snapshot.today - np.timedelta64(1, "D")
    campaign = snapshot.targets.campaign[rows.target[fresh]]
    share = np.zeros(len(snapshot.campaigns.ids))
    np.maximum.at(share, campaign, np.nan_to_num(rows.out_of_budget[fresh]))
    spent = totals(campaign, rows.cost[fresh], len(share))
    yield from _out_of_budget(snapshot, share)
    yield from _all_spent(snapshot, spent, share)


def _out_of_budget(snapshot: Snapshot, share: FloatArray) -> Iterator[Alert]:
    """Where reports tell for how much of the day the budget was spent, `(M,)`."""
    yesterday = snapshot.today - np.timedelta64(1, "D")
    for row in np.argsort(-share, kind="stable")[:MOST_CAMPAIGNS]:
        if share[row] <= EXHAUSTED:
            return
        channel = snapshot.channels[int(snapshot.campaigns.channel[row])]
        name = str(snapshot.campaigns.names[row])
        message = f"{channel}: campaign {name!r} was out of budget for {100 * share[row]:.0f} % of {yesterday}"
        where = ("budget_exhausted", channel, str(snapshot.campaigns.ids[row]), str(yesterday))
        yield Alert(*where, float(share[row]), 0.0, EXHAUSTED, message)


def _all_spent(snapshot: Snapshot, spent: FloatArray, share: FloatArray) -> Iterator[Alert]:
    """Where no report tells that, campaigns whose spend of the day `(M,)` reached their daily budget."""
    yesterday = snapshot.today - np.timedelta64(1, "D")
    campaigns = snapshot.campaigns
    told = totals(campaigns.channel, share, len(snapshot.channels)) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = np.where(campaigns.daily_budget > 0, spent / campaigns.daily_budget, 0.0)
    reached = np.where(told[campaigns.channel] | np.isnan(reached), 0.0, reached)
    for row in np.argsort(-reached, kind="stable")[:MOST_CAMPAIGNS]:
        if reached[row] < ALL_SPENT:
            return
        channel, name = snapshot.channels[int(campaigns.channel[row])], str(campaigns.names[row])
        budget = float(campaigns.daily_budget[row])
        message = (
            f"{channel}: campaign {name!r} spent {spent[row]:,.2f} of a daily budget of {budget:,.2f} on {yesterday}: "
            "it may have run out early"
        )
        where = ("budget_exhausted", channel, str(campaigns.ids[row]), str(yesterday))
        yield Alert(*where, float(spent[row]), 0.0, ALL_SPENT * budget, message)


def _out_of_stock(night: Night) -> Iterator[Alert]:
    gone, snapshot = night.circumstances.unavailable, night.snapshot
    if gone is None:
        return
    gone = gone & snapshot.targets.enabled
    for place, name in enumerate(snapshot.channels):
        mine = gone & (snapshot.channel_of_targets() == place)
        if mine.any():
            skus = sorted(set(snapshot.targets.sku[mine].tolist()))
            shown = ", ".join(skus[:SHOWN]) + (", ..." if len(skus) > SHOWN else "")
            message = f"{name}: {len(skus):,} advertised products are out of stock or have lost the buy box: {shown}"
            yield Alert("no_stock", name, "", str(snapshot.today), float(len(skus)), 0.0, 0.0, message)


def _event_multiplier(night: Night, channel: str, day: np.datetime64) -> float:
    """What events of that day make of spend and clicks; 1 where none is on or nobody knows."""
    on = [event.multiplier for event in night.circumstances.events if event.touches(channel, day)]
    return float(np.prod([by for by in on if np.isfinite(by)])) if on else 1.0


def _by_day(snapshot: Snapshot, place: int) -> tuple[FloatArray, FloatArray]:
    """Clicks and cost by day, oldest first, yesterday last, `(DAYS + 1,)`."""
    rows = snapshot.performance
    age = days_since(rows.day, snapshot.today)
    use = (age >= 1) & (age <= DAYS + 1) & (snapshot.channel_of_targets()[rows.target] == place)
    at = DAYS + 1 - age[use]
    return totals(at, rows.clicks[use], DAYS + 1), totals(at, rows.cost[use], DAYS + 1)
