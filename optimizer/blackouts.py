"""Weeks in which a channel must not spend: the rule's list in, checked; out, which planned weeks are closed to whom."""

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.curves import ResponseCurves
from measurement.plan_start import with_closed_weeks
from measurement.weekly_response import WeeklyResponse
from optimizer.errors import BadRules
from optimizer.rules import Rules

BoolArray = NDArray[np.bool_]
DAYS_PER_WEEK = 7
TOTALS_ONLY = "blackout: these response curves know totals only. Take it out, or plan on a stored model."


def read_blackout(where: str, value: Any) -> tuple[int | datetime.date, ...]:
    """The rule as a file has it: a list of week numbers and days.

    Raises:
        BadRules: it is no list, or an entry is neither.
    """
    if not isinstance(value, list):
        raise BadRules(f'{where}: blackout must be a list of weeks, such as [3, 4] or ["2026-07-06"], not {value!r}.')
    return tuple(_entry(where, entry) for entry in value)


def close_weeks(rules: Rules, curves: ResponseCurves) -> ResponseCurves:
    """The curves of totals spread over the weeks that the rules leave open; as they are where there is no blackout.

    Raises:
        BadRules: a week lies outside the plan, a channel is left without one that is still to come, or the curves know
            no weeks.
    """
    if not _has_any(rules):
        return curves
    if curves.weekly is None:
        raise BadRules(TOTALS_ONLY)
    closed = _closed(rules, curves.channels, curves.weekly)
    for index in np.flatnonzero(closed.any(axis=1) & (closed | ~curves.weekly.open_weeks).all(axis=1)):
        spent = float(curves.weekly.spent[index].sum())
        where = f"[channel.{curves.channels[index]}]"
        raise BadRules(f"{where}: blackout leaves no week to spend in. Write max = {spent:.2f} instead.")
    return with_closed_weeks(curves, closed)


def check_blackouts(rules: Rules, curves: ResponseCurves) -> None:
    """Refuse curves that were not computed for the weeks that the rules leave open.

    Raises:
        BadRules: the curves know no weeks, or take a closed one as open.
    """
    if not _has_any(rules):
        return
    if curves.weekly is None:
        raise BadRules(TOTALS_ONLY)
    if (_closed(rules, curves.channels, curves.weekly) & curves.weekly.open_weeks).any():
        raise BadRules("blackout: the response curves were computed for other weeks. Compute them with these closed.")


def _has_any(rules: Rules) -> bool:
    return any(rule.blackout for rule in rules.channels.values())


def _closed(rules: Rules, channels: tuple[str, ...], weekly: WeeklyResponse) -> BoolArray:
    """Which of the planned weeks are closed to which channel, `(C, W)`."""
    closed = np.zeros((len(channels), weekly.weeks), dtype=bool)
    for index, channel in enumerate(channels):
        rule = rules.channels.get(channel)
        for entry in rule.blackout if rule else ():
            week = _week(f"[channel.{channel}]", entry, weekly.first_day, weekly.weeks)
            closed[index, week - 1] = True
    return closed


def _entry(where: str, value: Any) -> int | datetime.date:
    if isinstance(value, datetime.datetime | bool):
        raise BadRules(f"{where}: a week of blackout is a number from 1 or a day, not {value!r}.")
    if isinstance(value, int | datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadRules(
            f'{where}: a week of blackout is a number from 1 or a day such as "2026-07-06", not {value!r}.'
        ) from None


def _week(where: str, entry: int | datetime.date, first_day: np.datetime64, weeks: int) -> int:
    first = first_day.astype("datetime64[D]").item()
    number = entry if isinstance(entry, int) else (entry - first).days // DAYS_PER_WEEK + 1
    if not 1 <= number <= weeks:
        last = first + datetime.timedelta(days=DAYS_PER_WEEK * weeks - 1)
        raise BadRules(f"{where}: blackout {entry} lies outside the plan, weeks 1 to {weeks}, {first} to {last}.")
    return number
