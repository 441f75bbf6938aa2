"""Daily results of many pulls in; the latest of each target and day, and how days grew from pull to pull, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidding.reports.parsed import ParsedDays, Pull, chosen, joined
from bidding.reports.state import State
from bidding.reports.sums import groups
from bidding.snapshot import BoolArray, Days, FloatArray, IntArray, Performance, RejectedRow, Restatement

OLDEST_TOLD_BID = 2
"""A report tells the bid at its pull: beyond this age it is not the bid of the day."""
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Located:
    """Daily results with the row of their target.

    Attributes:
        days: the results, `(R,)`.
        target: row in `Targets`, `(R,)`.
        pulled: day of the pull, `(R,)`.
        fills_gaps: whether they count only where no other report has that day, `(R,)`.
    """

    days: ParsedDays
    target: IntArray
    pulled: Days
    fills_gaps: BoolArray


def located(pull: Pull, state: State) -> tuple[Located | None, tuple[RejectedRow, ...]]:
    """The pull's days whose target exists and whose day was over; the other rows with a reason.

    Rows of campaigns that no channel claims are passed over without a word.
    """
    days = pull.parsed.days
    if days is None or not len(days):
        return None, ()
    outside = state.outside.get(pull.parsed.platform, frozenset())
    places = state.places.get((pull.parsed.platform, pull.parsed.by_name), {})
    target = np.array([places.get(text, -2) for text in days.targets], dtype=np.int64)
    reasons: dict[int, str] = {}
    for place in np.flatnonzero(target < 0):
        if days.campaigns[place] in outside:
            continue
        shown = days.targets[place].replace("\x1f", " / ").strip(" /")
        what = "is the name of two targets" if target[place] == -1 else "no longer exists: no report of bids has it"
        reasons[int(place)] = f"target {shown} {what}"
    for place in np.flatnonzero(days.day >= pull.pulled):
        reasons.setdefault(int(place), f"{days.day[place]} was not over when the report was pulled on {pull.pulled}")
    number, first = groups(days)
    for place in np.setdiff1d(np.arange(len(days)), first):
        row = days.rows[first[number[place]]]
        reasons.setdefault(int(place), f"the target's {days.day[place]} stands in row {row} already")
    good = (target >= 0) & (days.day < pull.pulled)
    good[list(reasons)] = False
    kept = chosen(days, good)
    found = (
        None
        if not len(kept)
        else Located(
            kept,
            target[good],
            np.full(len(kept), pull.pulled, dtype="datetime64[D]"),
            np.full(len(kept), pull.parsed.fills_gaps),
        )
    )
    return found, tuple(
        RejectedRow(pull.parsed.file, int(days.rows[place]), reason) for place, reason in sorted(reasons.items())
    )


def history(parts: Sequence[Located], state: State, today: np.datetime64) -> tuple[Performance, Restatement]:
    """The latest results by target and day, and the channel's totals as each pull had them."""
    if not parts:
        return _performance(None, today), _restatement(None, state)
    everything = _without_filled(_one(parts), state)
    return _performance(everything, today), _restatement(everything, state)


def _one(parts: Sequence[Located]) -> Located:
    return Located(
        joined([part.days for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.pulled for part in parts]),
        np.concatenate([part.fills_gaps for part in parts]),
    )


def _without_filled(one: Located, state: State) -> Located:
    """Without results that only fill gaps on days of a channel that other reports have."""
    channel = state.campaigns.channel[state.targets.campaign][one.target]
    key = channel * (1 << 32) + one.days.day.astype(np.int64)
    covered = np.isin(key, np.unique(key[~one.fills_gaps]))
    return _rows(one, ~one.fills_gaps | ~covered)


def _rows(one: Located, rows: "IntArray | BoolArray") -> Located:
    return Located(chosen(one.days, rows), one.target[rows], one.pulled[rows], one.fills_gaps[rows])


def _performance(one: Located | None, today: np.datetime64) -> Performance:
    if one is None:
        none = np.empty(0)
        whole = np.empty(0, dtype=np.int64)
        day = np.empty(0, dtype="datetime64[D]")
        return Performance(whole, day, none, none, none, none, none, none, none, whole, none, none)
    key = one.target * (1 << 32) + one.days.day.astype(np.int64)
    order = np.lexsort((np.arange(len(key)), one.pulled.astype(np.int64), key))
    last = order[np.append(np.diff(key[order]) != 0, True)]
    latest = _rows(one, last)
    return Performance(
        target=latest.target,
        day=latest.days.day,
        impressions=latest.days.impressions,
        clicks=latest.days.clicks,
        cost=latest.days.cost,
        orders=latest.days.orders,
        sales=latest.days.sales,
        new_to_brand_sales=latest.days.new_to_brand_sales,
        halo_sales=latest.days.halo_sales,
        age=((latest.pulled - latest.days.day) // DAY).astype(np.int64),
        bid=_bids(one, key, key[last]),
        out_of_budget=latest.days.out_of_budget,
    )


def _bids(one: Located, key: IntArray, wanted: IntArray) -> FloatArray:
    """The bid of each day: one stated by day, else what the first pull after it told; NaN where neither is known."""
    age = (one.pulled - one.days.day) // DAY
    known = ~np.isnan(one.days.bid) & (one.days.daily_bid | (age <= OLDEST_TOLD_BID))
    rank = np.where(one.days.daily_bid, 0, age.astype(np.int64))
    rows = np.flatnonzero(known)
    order = rows[np.lexsort((rank[rows], key[rows]))]
    first = order[np.append(True, np.diff(key[order]) != 0)] if len(order) else order
    place = np.searchsorted(key[first], wanted)
    hit = place < len(first)
    hit[hit] = key[first][place[hit]] == wanted[hit]
    bids = np.full(len(wanted), np.nan)
    bids[hit] = one.days.bid[first[place[hit]]]
    return bids


def _restatement(one: Located | None, state: State) -> Restatement:
    if one is None:
        none, whole = np.empty(0), np.empty(0, dtype=np.int64)
        return Restatement(whole, np.empty(0, "datetime64[D]"), whole, none, none, none)
    day, pulled = one.days.day.astype(np.int64), one.pulled.astype(np.int64)
    # A pull given in two files counts once: the last row of target, day and pull stands.
    order = np.lexsort((np.arange(len(day)), pulled, day, one.target))
    same = (np.diff(one.target[order]) == 0) & (np.diff(day[order]) == 0) & (np.diff(pulled[order]) == 0)
    last = order[np.append(~same, True)]
    channel = state.campaigns.channel[state.targets.campaign[one.target[last]]]
    keys, group = np.unique(np.stack([channel, day[last], pulled[last]]), axis=1, return_inverse=True)
    group = group.reshape(-1)

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(group, weights=values[last], minlength=keys.shape[1]).astype(np.float64)

    return Restatement(
        channel=keys[0],
        day=keys[1].astype("datetime64[D]"),
        age=keys[2] - keys[1],
        clicks=total(one.days.clicks),
        orders=total(one.days.orders),
        sales=total(one.days.sales),
    )
