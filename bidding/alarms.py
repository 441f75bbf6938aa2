"""What a person should look at this morning: a night and what its guardrails found in, alerts out.

Yesterday's spend, clicks and cost per click are held against their own expected range, orders against what its clicks
were worth; on ordinary days each leaves its range once in a thousand.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bidding.alerts import Alert
from bidding.days import days_since, totals
from bidding.expected_range import LEVEL, expected_range
from bidding.guardrails.flags import Found
from bidding.guardrails.rules import Guard, code_of
from bidding.guardrails.tracking import fewer_than_chance
from bidding.maturity import learn_maturity
from bidding.night import Night
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]

DAYS = 56
EXHAUSTED = 0.1
"""Share of the day without budget above which a campaign is told; Google's "< 10%" counts as just that."""
MOST_CAMPAIGNS = 50


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
    due = float((rows.clicks[mine] * rate * known).sum())
    came = float(rows.orders[mine].sum())
    if due <= 0:
        return
    low = float(fewer_than_chance(np.array([came]), np.array([due]), np.zeros(1))[0])
    high = float(1 - fewer_than_chance(np.array([came - 1]), np.array([due]), np.zeros(1))[0])
    if min(low, high) < LEVEL / 2:
        message = f"{snapshot.channels[place]}: {came:,.0f} orders in the week to {day}, about {due:,.0f} were due"
        yield Alert("conversion_rate", snapshot.channels[place], "", day, came, None, None, message)


def _from_guards(night: Night, found: Found, place: int) -> Iterator[Alert]:
    name, day = night.snapshot.channels[place], str(night.snapshot.today)
    mine = night.snapshot.campaigns.channel == place
    for guard in (Guard.STALE_DATA, Guard.INCOMPLETE_DATA, Guard.TRACKING_ANOMALY, Guard.KILL_SWITCH, Guard.GEO_TEST):
        if guard in found.campaigns and found.campaigns[guard][mine].any():
            what = code_of(guard).replace("_", " ")
            message = f"{name}: {what}{found.why.get((guard, place), '')}; bids are held"
            yield Alert(code_of(guard), name, "", day, None, None, None, message)


def _exhausted(night: Night) -> Iterator[Alert]:
    snapshot, rows = night.snapshot, night.snapshot.performance
    yesterday = snapshot.today - np.timedelta64(1, "D")
    fresh = rows.day.astype("datetime64[D]") == yesterday
    share = np.zeros(len(snapshot.campaigns.ids))
    np.maximum.at(share, snapshot.targets.campaign[rows.target[fresh]], np.nan_to_num(rows.out_of_budget[fresh]))
    for row in np.argsort(-share, kind="stable")[:MOST_CAMPAIGNS]:
        if share[row] <= EXHAUSTED:
            return
        channel = snapshot.channels[int(snapshot.campaigns.channel[row])]
        name = str(snapshot.campaigns.names[row])
        message = f"{channel}: campaign {name!r} was out of budget for {100 * share[row]:.0f} % of {yesterday}"
        where = ("budget_exhausted", channel, str(snapshot.campaigns.ids[row]), str(yesterday))
        yield Alert(*where, float(share[row]), 0.0, EXHAUSTED, message)


def _out_of_stock(night: Night) -> Iterator[Alert]:
    gone, snapshot = night.circumstances.unavailable, night.snapshot
    if gone is None:
        return
    gone = gone & snapshot.targets.enabled
    for place, name in enumerate(snapshot.channels):
        mine = gone & (snapshot.channel_of_targets() == place)
        if mine.any():
            products = len(set(snapshot.targets.sku[mine].tolist()))
            message = f"{name}: {products:,} advertised products are out of stock or have lost the buy box"
            yield Alert("no_stock", name, "", str(snapshot.today), float(products), None, None, message)


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
