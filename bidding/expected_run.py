"""What a whole run is expected to bring: by target, and for each multiplier, budget and target on return that it sets.

Bids are expected as they are on average over their campaign's placements and devices; what the platform bids for is
expected to follow its lever. A placement has its part of its campaign's clicks, cost and sales, and so has a device; a
budget has all of them as far as it reaches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.days import totals
from bidding.expected import Outlook, expect
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.steered import Steered
from bidding.in_force import InForce, is_cost_per_order
from bidding.intervals import Chance, learn_chance, with_chance
from bidding.levers import SALES_ELASTICITY, smart_targets, spend_after_cap, spend_after_roas
from bidding.money import money_of
from bidding.multipliers import of_platform, scheme_of
from bidding.night import Night
from bidding.snapshot import PlacementResults, Snapshot, TargetKind

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RunOutlook:
    """An average day of the next seven.

    Attributes:
        targets: by target, chance included, `(N,)`.
        campaigns: their sums, `(M,)`: what is common to a channel does not cancel in them.
    """

    targets: Outlook
    campaigns: Outlook


def expect_run(night: Night, bids: tuple[Moves, Guarded], steered: Steered) -> RunOutlook:
    """What new bids bring, beside the increases and levers that the same run sets."""
    snapshot, smart = night.snapshot, smart_targets(night.snapshot)
    campaign = snapshot.targets.campaign
    old, new = money_of(bids[0].old), money_of(bids[1].new)
    outlook = expect(night.response, night.values, np.where(smart, old, new * steered.lift[campaign]))
    outlook = _followed(outlook, _spend_of_smart(night, (old, new), steered))
    chance = learn_chance(snapshot)
    channel = snapshot.channel_of_targets()
    targets = with_chance(outlook, night.values, chance, channel)
    return RunOutlook(targets, _by_campaign(night, targets, chance, channel))


def of_budgets(run: RunOutlook, budgets: IntArray) -> Outlook:
    """Of each campaign at its new daily budget, millionths, `(M,)`: no more than that is spent on an average day."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = money_of(budgets) / run.campaigns.cost
    return scaled(run.campaigns, np.where(np.isfinite(reach), np.minimum(reach, 1.0), 1.0))


def of_placements(night: Night, run: RunOutlook, steered: Steered) -> Outlook:
    """Of each placement or device of `steered.placements`: its part of what its campaign brings, `(V,)`."""
    placed = steered.placements[0]
    results = night.snapshot.placements
    if results is None or not len(placed):
        return _taken(run.campaigns, placed.campaign)
    now = 1.0 + night.snapshot.campaigns.modifiers
    rise = (1.0 + steered.increases) / np.where(now > 0, now, 1.0)
    own = _own_columns(night.snapshot)
    clicks, cost, sales = (
        _parts(column, own)[placed.campaign, placed.column]
        for column in (results.clicks, results.cost * rise, _sales_or_clicks(results))
    )
    whole = _taken(run.campaigns, placed.campaign)
    return Outlook(
        whole.clicks * clicks,
        whole.clicks_sd * np.sqrt(clicks),
        whole.cost * cost,
        whole.cost_sd * np.sqrt(cost),
        whole.sales * sales,
        whole.sales_sd * np.sqrt(sales),
    )


def of_targets(run: RunOutlook, values: InForce) -> Outlook:
    """Of each campaign or ad set with a target on return or on cost, `(V,)`."""
    own = values.target >= 0
    of_campaign, of_target = _taken(run.campaigns, values.campaign), _taken(run.targets, np.maximum(values.target, 0))
    return Outlook(**{name: np.where(own, vars(of_target)[name], column) for name, column in vars(of_campaign).items()})


def scaled(outlook: Outlook, by: FloatArray) -> Outlook:
    """The same with every mean and spread multiplied."""
    return Outlook(**{name: column * by for name, column in vars(outlook).items()})


def _spend_of_smart(night: Night, caps: tuple[FloatArray, FloatArray], steered: Steered) -> FloatArray:
    """Spend over today's of every target, by what the run does to its lever, `(N,)`."""
    snapshot, (values, moves, guarded) = night.snapshot, steered.targets
    by_campaign, by_target = np.ones(len(snapshot.campaigns.ids)), np.ones(len(snapshot.targets))
    if night.steering is None:
        return by_target
    levers, own = night.steering.levers, values.target >= 0
    now = np.where(own, 0.0, levers.campaign_return[values.campaign])
    now[own] = levers.target_return[values.target[own]]
    of_lever = spend_after_roas(money_of(moves.old), money_of(guarded.new), now)
    costs = np.array([is_cost_per_order(name) for name in values.ids], dtype=bool)
    of_cost = levers.campaign_order_cost[values.campaign[costs]]
    of_lever[costs] = spend_after_cap(money_of(moves.old[costs]), money_of(guarded.new[costs]), of_cost)
    # A campaign without a target on return has one that is not known, which moves nothing.
    np.multiply.at(by_campaign, values.campaign[~own], of_lever[~own])
    by_target[values.target[own]] = of_lever[own]
    capped = np.where(snapshot.targets.kind == TargetKind.AD_SET, spend_after_cap(*caps, levers.order_cost), 1.0)
    found: FloatArray = by_target * by_campaign[snapshot.targets.campaign] * capped
    return found


def _followed(outlook: Outlook, spend: FloatArray) -> Outlook:
    """Cost times `spend`, clicks and sales by the power of 0.8; half of what moves is added to what is not known."""
    sold = spend**SALES_ELASTICITY

    def spread(mean: FloatArray, sd: FloatArray, by: FloatArray) -> FloatArray:
        wide: FloatArray = np.hypot(sd * by, 0.5 * np.abs(by - 1.0) * mean)
        return wide

    return Outlook(
        outlook.clicks * sold,
        spread(outlook.clicks, outlook.clicks_sd, sold),
        outlook.cost * spend,
        spread(outlook.cost, outlook.cost_sd, spend),
        outlook.sales * sold,
        spread(outlook.sales, outlook.sales_sd, sold),
    )


def _by_campaign(night: Night, targets: Outlook, chance: Chance, channel: IntArray) -> Outlook:
    """Sums over running targets: a channel's traffic and incremental share move all of them, the rest is each one's."""
    snapshot, values = night.snapshot, night.values
    runs, group, count = snapshot.targets.enabled, snapshot.targets.campaign, len(snapshot.campaigns.ids)
    traffic = chance.traffic[channel]
    share = (values.share_sd / np.maximum(values.share, 1e-12)) ** 2

    def summed(mean: FloatArray, sd: FloatArray, common: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean, sd = np.where(runs, np.nan_to_num(mean), 0.0), np.where(runs, np.nan_to_num(sd), 0.0)
        together = totals(group, np.sqrt(common) * mean, count)
        own = totals(group, np.maximum(sd**2 - common * mean**2, 0.0), count)
        return totals(group, mean, count), np.sqrt(together**2 + own)

    return Outlook(
        *summed(targets.clicks, targets.clicks_sd, traffic),
        *summed(targets.cost, targets.cost_sd, traffic),
        *summed(targets.sales, targets.sales_sd, traffic + share),
    )


def _taken(outlook: Outlook, rows: IntArray) -> Outlook:
    return Outlook(**{name: column[rows] for name, column in vars(outlook).items()})


def _own_columns(snapshot: Snapshot) -> list[tuple[IntArray, IntArray]]:
    """Campaigns and columns that share their results: a platform's placements, and its devices."""
    found = []
    for platform in dict.fromkeys(snapshot.platforms):
        scheme, rows = scheme_of(platform), np.flatnonzero(of_platform(snapshot, platform))
        split = len(scheme.placements)
        found += [(rows, columns) for columns in (np.arange(split), np.arange(split, len(scheme.names)))]
    return [(rows, columns) for rows, columns in found if len(rows) and len(columns)]


def _parts(amounts: FloatArray, own: list[tuple[IntArray, IntArray]]) -> FloatArray:
    """Each placement's or device's share of its campaign; of all campaigns together where it has nothing yet."""
    found = np.zeros(amounts.shape)
    for rows, columns in own:
        cells = np.ix_(rows, columns)
        mine = amounts[cells]
        total, whole = mine.sum(axis=1, keepdims=True), mine.sum(axis=0)
        usual = whole / whole.sum() if whole.sum() > 0 else np.full(mine.shape[1], 1.0 / mine.shape[1])
        found[cells] = np.where(total > 0, mine / np.where(total > 0, total, 1.0), usual)
    return found


def _sales_or_clicks(results: PlacementResults) -> FloatArray:
    """Sales; where a campaign has had none, sales are expected where its clicks are."""
    return np.where(results.sales.sum(axis=1, keepdims=True) > 0, results.sales, results.clicks)
