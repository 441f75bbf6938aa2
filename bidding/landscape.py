"""A snapshot and candidate bids in; clicks and cost a day to expect at each out, and how much of that is known.

Level, cost per click and curve are learnt apart: clicks a day at the bid in force are shrunk by `shrinkage`, cost per
click comes from `click_cost`, the curve in the bid from `click_curve`. Days out of budget count for their open hours.
Where a platform states what other bids would have brought, its points replace the curve.
"""

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.click_cost import LARGEST_COST_SHARE, cost_elasticity, cost_shares, groups_of
from bidding.click_curve import REACH, ROWS, BidDays, ClickCurves, learn_curves
from bidding.click_value import days_ago, recency
from bidding.outlook import BidResponse
from bidding.shrinkage import Nesting, Shrunk, nested, nesting_of
from bidding.snapshot import BidSimulations, Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HALF_LIFE_DAYS = 21.0
"""A day's clicks count half after three weeks: traffic moves faster than orders per click."""
USUAL_CLICKS = 0.2
NOISE = (1.0, 4.0)
KNOWN_BY_PLATFORM = 0.9
LEAST_OPEN = 0.02
BLOCK = 50_000
BEYOND = 4
"""Candidates on either side of what tonight's limits leave, for where a bid would go if it had more nights."""


def bids_in_force(snapshot: Snapshot) -> FloatArray:
    """The bid of every target; where none is known its last recorded one, else its campaign's median, else all's."""
    targets, rows = snapshot.targets, snapshot.performance
    bid = np.where(targets.bid > 0, targets.bid, np.nan)
    lacking = np.isnan(bid)
    if not lacking.any():
        return bid
    known = np.flatnonzero((rows.bid > 0) & lacking[rows.target])
    latest = known[np.argsort(rows.day[known], kind="stable")]
    bid[rows.target[latest]] = rows.bid[latest]
    median = np.nanmedian(bid) if np.isfinite(bid).any() else 1.0
    for campaign in np.unique(targets.campaign[np.isnan(bid)]):
        mine = targets.campaign == campaign
        own = bid[mine]
        bid[mine & np.isnan(bid)] = np.median(own[~np.isnan(own)]) if (~np.isnan(own)).any() else median
    return bid


def candidate_bids(
    current: FloatArray,
    step: float,
    low: FloatArray,
    high: FloatArray,
    count: int = 13,
    far: tuple[FloatArray, FloatArray] | None = None,
) -> FloatArray:
    """Bids to choose from: around each bid in force, which is one of them, on the platform's step; `(N, columns)`.

    Args:
        current: bids in force, `(N,)`.
        step: of the platform, such as 0.01.
        low, high: between which bids may lie, `(N,)`; a bid in force outside them stays a candidate.
        count: how many; equal ones are moved to the row's end as its largest bid again.
        far: how far a few more bids go on either side, `(N,)` each; `BEYOND` columns more for each.
    """
    columns = count if far is None else count + 2 * BEYOND
    bids = np.empty((len(current), columns))
    for block in _blocks(len(current)):
        found = _on_steps(_around(current[block], low[block], high[block], count), current[block], step)
        if far is not None:
            found = _on_steps(_beyond(found, far[0][block], far[1][block]), current[block], step)
        bids[block] = found
    return bids


def _blocks(count: int) -> list[slice]:
    """Targets by the block: what is needed only on the way to a table of candidates stays small."""
    return [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]


def _around(current: FloatArray, low: FloatArray, high: FloatArray, count: int) -> FloatArray:
    half = count // 2
    down = np.exp(np.linspace(np.log(np.minimum(low, current)), np.log(current), half + 1, axis=1))
    up = np.exp(np.linspace(np.log(current), np.log(np.maximum(high, current)), count - half, axis=1))
    found: FloatArray = np.concatenate([down[:, :-1], up], axis=1)
    return found


def _beyond(near: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    least, most = near[:, 0], near[:, -1]
    down = np.exp(np.linspace(np.log(np.minimum(low, least)), np.log(least), BEYOND + 1, axis=1))
    up = np.exp(np.linspace(np.log(most), np.log(np.maximum(high, most)), BEYOND + 1, axis=1))
    found: FloatArray = np.concatenate([down[:, :-1], near, up[:, 1:]], axis=1)
    return found


def _on_steps(raw: FloatArray, current: FloatArray, step: float) -> FloatArray:
    """Rising bids on the platform's step, none outside the row's own range; what repeats becomes its largest again."""
    low, high = raw[:, :1], raw[:, -1:]
    middle = np.abs(raw - current[:, None]).argmin(axis=1)
    bids = np.rint(raw / step) * step
    bids = np.clip(bids, np.ceil(low / step - 1e-6) * step, np.floor(high / step + 1e-6) * step)
    bids[np.arange(len(bids)), middle] = np.rint(current / step) * step
    bids = np.sort(bids, axis=1)
    repeated = np.zeros(bids.shape, dtype=bool)
    repeated[:, 1:] = np.diff(bids, axis=1) < step / 2
    found: FloatArray = np.sort(np.where(repeated, bids[:, -1:], bids), axis=1).round(6)
    return found


def learn_response(snapshot: Snapshot, account: Account, candidates: FloatArray) -> BidResponse:
    """Clicks and cost a day at every candidate bid, as a usual day within budget would bring them.

    Args:
        snapshot: the account this morning; where it holds the platform's own simulations, these count.
        account: not needed for what is learnt today; part of the port.
        candidates: rising bids of every target, `(N, K)`; `candidate_bids`.
    """
    nesting, bid = nesting_of(snapshot), bids_in_force(snapshot)
    noise = click_noise(snapshot)
    share = cost_shares(snapshot, nesting, bid)
    groups = groups_of(nesting, share)
    curves = learn_curves(_bid_days(snapshot, nesting, bid), groups.group, groups.usual_position, noise)
    level = _level(snapshot, nesting, noise, _other_bids(snapshot, bid, curves, groups.group))
    elasticity = cost_elasticity(snapshot, groups, bid)
    clicks, sd, cost = (np.empty(candidates.shape) for _ in range(3))
    current = np.empty(len(bid), dtype=np.int64)
    for block in _blocks(len(bid)):
        bids, now, group = candidates[block], bid[block, None], groups.group[block]
        move = np.log(bids / now)
        shape, shape_sd = curves.of(block).at(group, move)
        relative = level.relative_variance[block, None] + (shape_sd / np.maximum(shape, 1e-9)) ** 2
        each = share[block, None] * now * np.exp(elasticity[group][:, None] * move)
        clicks[block] = level.rate[block, None] * shape
        sd[block] = clicks[block] * np.sqrt(relative)
        cost[block] = clicks[block] * np.minimum(each, LARGEST_COST_SHARE * bids)
        current[block] = np.argmin(np.abs(bids - now), axis=1)
    response = BidResponse(candidates, clicks, sd, cost, current, curves.known)
    return response if snapshot.simulations is None else _with_simulations(response, snapshot.simulations)


def click_noise(snapshot: Snapshot) -> float:
    """How much more than chance a busy target's clicks scatter from day to day, 1 to 4."""
    rows, count = snapshot.performance, len(snapshot.targets)
    open_all_day = rows.out_of_budget <= 0
    days = np.bincount(rows.target, weights=open_all_day, minlength=count)
    mean = np.bincount(rows.target, weights=rows.clicks * open_all_day, minlength=count) / np.maximum(days, 1)
    busy = (mean >= 2.0) & (days >= 10)
    used = busy[rows.target] & open_all_day
    if used.sum() < 100:
        return 1.5
    off = (rows.clicks[used] - mean[rows.target[used]]) ** 2 / mean[rows.target[used]]
    return float(np.clip(off.mean(), *NOISE))


def _bid_days(snapshot: Snapshot, nesting: Nesting, bid: FloatArray) -> BidDays:
    """Rows whose bid is recorded and not further from that in force than curves are kept, by the channel's traffic."""
    rows = snapshot.performance
    place = days_ago(snapshot)
    place += nesting.target_channel[rows.target] * (place.max(initial=0) + 1)
    daily = np.bincount(place, weights=rows.clicks) + 1.0
    traffic = daily / np.maximum(daily[daily > 1].mean() if (daily > 1).any() else 1.0, 1e-9)
    used = _near(snapshot, bid)
    exposure = traffic[place[used]]
    del place
    exposure *= 1.0 - rows.out_of_budget[used]
    target = rows.target[used]
    move = rows.bid[used]
    move /= bid[target]
    return BidDays(target=target, move=np.log(move, out=move), clicks=rows.clicks[used], exposure=exposure)


def _near(snapshot: Snapshot, bid: FloatArray) -> IntArray:
    """Rows with a recorded bid within what curves are kept for, on a day that was not over before it began."""
    rows = snapshot.performance
    used = np.empty(len(rows), dtype=np.bool_)
    for start in range(0, len(rows), ROWS):
        block = slice(start, start + ROWS)
        then = rows.bid[block]
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.abs(np.log(then / bid[rows.target[block]])) <= REACH
        used[block] = (then > 0) & near & (rows.out_of_budget[block] < 1 - LEAST_OPEN)
    return np.flatnonzero(used)


def _other_bids(snapshot: Snapshot, bid: FloatArray, curves: ClickCurves, group: IntArray) -> FloatArray:
    """Clicks that each target's days could have at the bids that were then in force, over those at today's, `(N,)`."""
    rows, count = snapshot.performance, len(bid)
    weight = recency(snapshot, HALF_LIFE_DAYS) * (1.0 - rows.out_of_budget)
    brought, whole = np.zeros(count), np.zeros(count)
    for start in range(0, len(rows), ROWS):
        block = slice(start, start + ROWS)
        target, then = rows.target[block], rows.bid[block]
        move = np.log(np.where(then > 0, then, bid[target]) / bid[target])
        brought += np.bincount(target, weights=weight[block] * curves.mean_at(target, group, move), minlength=count)
        whole += np.bincount(target, weights=weight[block], minlength=count)
    return np.where(whole > 0, brought / np.maximum(whole, 1e-12), 1.0)


def _level(snapshot: Snapshot, nesting: Nesting, noise: float, other_bids: FloatArray) -> Shrunk:
    """Clicks a day at the bid in force; a target's days count from its first row, or its campaign's without any.

    Days at other bids count for as many clicks as the target's curve says that these bring.
    """
    rows, count = snapshot.performance, len(snapshot.targets)
    weight = recency(snapshot, HALF_LIFE_DAYS)
    clicks = np.bincount(rows.target, weights=weight * rows.clicks, minlength=count)
    behind = days_ago(snapshot)
    length = int(behind.max(initial=1))
    first, squares = _open_days(snapshot, behind, length)
    started = np.zeros(count, dtype=np.int64)
    np.maximum.at(started, rows.target, behind)
    by_campaign = np.zeros(len(snapshot.campaigns.ids), dtype=np.int64)
    np.maximum.at(by_campaign, snapshot.targets.campaign, started)
    started = np.where(started > 0, started, by_campaign[snapshot.targets.campaign])
    place = (snapshot.targets.campaign, started)
    exposure, scale = first[place], first[place] / np.maximum(squares[place], 1e-9) / noise
    return nested(clicks * scale, exposure * other_bids * scale, nesting, np.full(nesting.channels, USUAL_CLICKS))


def _open_days(snapshot: Snapshot, behind: IntArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Open days of a campaign since so many days ago, by weight and by squared weight, `(M, days + 1)`."""
    rows, size = snapshot.performance, len(snapshot.campaigns.ids)
    shut = np.zeros((size, length + 1))
    np.maximum.at(shut, (snapshot.targets.campaign[rows.target], behind), rows.out_of_budget)
    weight = 0.5 ** (np.maximum(np.arange(length + 1) - 1.0, 0.0) / HALF_LIFE_DAYS)
    weight[0] = 0.0
    opened = np.maximum(1.0 - shut, 0.0)
    return np.cumsum(opened * weight, axis=1), np.cumsum(opened * weight**2, axis=1)


def _with_simulations(response: BidResponse, points: BidSimulations) -> BidResponse:
    """The platform's points in place of the curve, between them straight in the log of the bid, flat beyond them."""
    clicks, cost, known = response.clicks.copy(), response.cost.copy(), response.known.copy()
    sd = response.clicks_sd.copy()
    order = np.lexsort((points.bid, points.target))
    for places in np.split(order, np.flatnonzero(np.diff(points.target[order])) + 1):
        if len(places) < 2:
            continue
        row, at = points.target[places[0]], np.log(points.bid[places])
        asked = np.log(response.bids[row])
        clicks[row] = np.interp(asked, at, np.maximum.accumulate(points.clicks[places]))
        cost[row] = np.interp(asked, at, np.maximum.accumulate(points.cost[places]))
        known[row] = KNOWN_BY_PLATFORM
        sd[row] = 0.5 * response.clicks_sd[row] / np.maximum(response.clicks[row], 1e-9) * clicks[row]
    return BidResponse(response.bids, clicks, sd, cost, response.current, known)
