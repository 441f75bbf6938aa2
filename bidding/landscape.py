"""A snapshot and candidate bids in; clicks and cost a day to expect at each out, and how much of that is known.

Level, cost per click and curve are learnt apart: clicks a day at the bid in force and cost per click over bid are
shrunk by `shrinkage`, the curve in the bid comes from `click_curve`. Days out of budget count for their open hours.
Where a platform states what other bids would have brought, its points replace the curve.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.click_curve import BidDays, learn_curves
from bidding.click_value import recency
from bidding.outlook import BidResponse
from bidding.shrinkage import Nesting, Shrunk, nested, nesting_of, weighted
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HALF_LIFE_DAYS = 21.0
"""A day's clicks count half after three weeks: traffic moves faster than orders per click."""
USUAL_CLICKS, USUAL_COST_SHARE = 0.2, 0.6
COST_ELASTICITY = (0.7, 0.15)
"""Prior mean and sd of how cost per click grows with the bid, in logs: rivals' bids, not one's own, set the price."""
LARGEST_COST_SHARE = 2.0
NOISE = (1.0, 4.0)
KNOWN_BY_PLATFORM = 0.9
LEAST_OPEN = 0.02


@dataclass(frozen=True, eq=False)
class BidSimulations:
    """What a platform says other bids would have brought; S points.

    Attributes:
        target: row in `Targets`, `(S,)`.
        bid: money, `(S,)`.
        clicks, cost: over `days`, `(S,)`.
        days: length of the simulated period.
    """

    target: IntArray
    bid: FloatArray
    clicks: FloatArray
    cost: FloatArray
    days: int = 7


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


def candidate_bids(current: FloatArray, step: float, low: FloatArray, high: FloatArray, count: int = 13) -> FloatArray:
    """Bids to choose from: around each bid in force, which is one of them, on the platform's step; `(N, count)`.

    Args:
        current: bids in force, `(N,)`.
        step: of the platform, such as 0.01.
        low, high: between which bids may lie, `(N,)`; a bid in force outside them stays a candidate.
        count: how many; equal ones are moved to the row's end as its largest bid again.
    """
    half = count // 2
    low, high = np.minimum(low, current), np.maximum(high, current)
    down = np.exp(np.linspace(np.log(low), np.log(current), half + 1, axis=1))[:, :-1]
    up = np.exp(np.linspace(np.log(current), np.log(high), count - half, axis=1))
    bids = np.rint(np.concatenate([down, up], axis=1) / step) * step
    bids = np.clip(bids, np.ceil(low / step - 1e-6)[:, None] * step, np.floor(high / step + 1e-6)[:, None] * step)
    bids[:, half] = np.rint(current / step) * step
    bids = np.sort(bids, axis=1)
    repeated = np.zeros(bids.shape, dtype=bool)
    repeated[:, 1:] = np.diff(bids, axis=1) < step / 2
    return np.sort(np.where(repeated, bids[:, -1:], bids), axis=1).round(6)


def learn_response(
    snapshot: Snapshot, account: Account, candidates: FloatArray, simulations: BidSimulations | None = None
) -> BidResponse:
    """Clicks and cost a day at every candidate bid, as a usual day within budget would bring them.

    Args:
        snapshot: the account this morning.
        account: not needed for what is learnt today; part of the port.
        candidates: rising bids of every target, `(N, K)`; `candidate_bids`.
        simulations: the platform's own points, or None.
    """
    nesting, bid = nesting_of(snapshot), bids_in_force(snapshot)
    noise = click_noise(snapshot)
    curves = learn_curves(_bid_days(snapshot, nesting, bid), nesting.cell, len(nesting.cell_channel), noise)
    level = _level(snapshot, nesting, noise)
    share, elasticity = _cost_shares(snapshot, nesting, bid)
    move = np.log(candidates / bid[:, None])
    shape, shape_sd = curves.at(nesting.cell, move)
    clicks = level.rate[:, None] * shape
    relative = level.relative_variance[:, None] + (shape_sd / np.maximum(shape, 1e-9)) ** 2
    each = (share * bid)[:, None] * np.exp(elasticity[nesting.cell][:, None] * move)
    response = BidResponse(
        bids=candidates,
        clicks=clicks,
        clicks_sd=clicks * np.sqrt(relative),
        cost=clicks * np.minimum(each, LARGEST_COST_SHARE * candidates),
        current=np.argmin(np.abs(candidates - bid[:, None]), axis=1).astype(np.int64),
        known=curves.known,
    )
    return response if simulations is None else _with_simulations(response, simulations)


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
    """Rows whose bid is recorded, with the channel's traffic of the day as exposure."""
    rows = snapshot.performance
    used = np.flatnonzero((rows.bid > 0) & (rows.out_of_budget < 1 - LEAST_OPEN))
    channel = nesting.target_channel[rows.target]
    days = (snapshot.today - rows.day).astype(np.int64)
    place = channel * (days.max(initial=0) + 1) + days
    daily = np.bincount(place, weights=rows.clicks) + 1.0
    traffic = daily / np.maximum(daily[daily > 1].mean() if (daily > 1).any() else 1.0, 1e-9)
    return BidDays(
        target=rows.target[used],
        move=np.log(rows.bid[used] / bid[rows.target[used]]),
        clicks=rows.clicks[used],
        exposure=(1.0 - rows.out_of_budget[used]) * traffic[place[used]],
    )


def _level(snapshot: Snapshot, nesting: Nesting, noise: float) -> Shrunk:
    """Clicks a day at the bid in force; a target's days count from its first row, or its campaign's without any."""
    rows, count = snapshot.performance, len(snapshot.targets)
    weight = recency(snapshot, HALF_LIFE_DAYS)
    clicks = np.bincount(rows.target, weights=weight * rows.clicks, minlength=count)
    behind = (snapshot.today - rows.day).astype(np.int64)
    length = int(behind.max(initial=1))
    first, squares = _open_days(snapshot, behind, length)
    started = np.zeros(count, dtype=np.int64)
    np.maximum.at(started, rows.target, behind)
    by_campaign = np.zeros(len(snapshot.campaigns.ids), dtype=np.int64)
    np.maximum.at(by_campaign, snapshot.targets.campaign, started)
    started = np.where(started > 0, started, by_campaign[snapshot.targets.campaign])
    place = (snapshot.targets.campaign, started)
    exposure, scale = first[place], first[place] / np.maximum(squares[place], 1e-9) / noise
    return nested(clicks * scale, exposure * scale, nesting, np.full(nesting.channels, USUAL_CLICKS))


def _open_days(snapshot: Snapshot, behind: IntArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Open days of a campaign since so many days ago, by weight and by squared weight, `(M, days + 1)`."""
    rows, size = snapshot.performance, len(snapshot.campaigns.ids)
    shut = np.zeros((size, length + 1))
    np.maximum.at(shut, (snapshot.targets.campaign[rows.target], behind), rows.out_of_budget)
    weight = 0.5 ** (np.maximum(np.arange(length + 1) - 1.0, 0.0) / HALF_LIFE_DAYS)
    weight[0] = 0.0
    opened = np.maximum(1.0 - shut, 0.0)
    return np.cumsum(opened * weight, axis=1), np.cumsum(opened * weight**2, axis=1)


def _cost_shares(snapshot: Snapshot, nesting: Nesting, bid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cost per click over the bid in force `(N,)`, and how cost per click grows with the bid by cell `(J,)`."""
    rows = snapshot.performance
    paid = np.flatnonzero((rows.clicks > 0) & (rows.cost > 0))
    target, clicks = rows.target[paid], rows.clicks[paid]
    move = np.where(rows.bid[paid] > 0, np.log(np.where(rows.bid[paid] > 0, rows.bid[paid], 1.0) / bid[target]), 0.0)
    log_share = np.log(rows.cost[paid] / clicks / bid[target])
    size = len(bid)
    total = np.bincount(target, weights=clicks, minlength=size) + 1e-9
    means = [np.bincount(target, weights=clicks * each, minlength=size) / total for each in (move, log_share)]
    x, y = move - means[0][target], log_share - means[1][target]
    variance = float(np.clip((clicks * y**2).sum() / max(len(paid) - (total > 0.5).sum(), 1), 0.01, 1.0))
    cells = len(nesting.cell_channel)
    cell, precision = nesting.cell[target], 1.0 / COST_ELASTICITY[1] ** 2
    known = np.bincount(cell, weights=clicks * x**2 / variance, minlength=cells)
    slope = np.bincount(cell, weights=clicks * x * y / variance, minlength=cells)
    elasticity = np.clip((precision * COST_ELASTICITY[0] + slope) / (precision + known), 0.0, 1.0)
    share = rows.cost[paid] / clicks / bid[target] * np.exp(-elasticity[cell] * move)
    weight = recency(snapshot, HALF_LIFE_DAYS)[paid]
    counted = clicks / (variance * USUAL_COST_SHARE)
    shrunk = nested(
        *weighted(target, weight, counted * share, counted, size), nesting, np.full(nesting.channels, USUAL_COST_SHARE)
    )
    return np.minimum(shrunk.rate, LARGEST_COST_SHARE), elasticity


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
        clicks[row] = np.interp(asked, at, np.maximum.accumulate(points.clicks[places])) / points.days
        cost[row] = np.interp(asked, at, np.maximum.accumulate(points.cost[places])) / points.days
        known[row] = KNOWN_BY_PLATFORM
        sd[row] = 0.5 * response.clicks_sd[row] / np.maximum(response.clicks[row], 1e-9) * clicks[row]
    return BidResponse(response.bids, clicks, sd, cost, response.current, known)
