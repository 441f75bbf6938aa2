"""What a night has learnt in; what the data ask of placements, smart-bidding campaigns and daily budgets out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.changes import ChangeKind
from bidding.days import days_since, totals
from bidding.expected import expect
from bidding.guardrails.moves_of_levers import PLACEMENT_REST_DAYS
from bidding.in_force import in_force
from bidding.levers import SmartLevers, smart_levers
from bidding.multipliers import open_columns
from bidding.night import Steering
from bidding.optimize import return_targets
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import SHARE_OF_ALL, DailyBudget, campaign_budgets, correction
from bidding.past_runs import Past
from bidding.placements import Increases, increases_to_ask, modifiers_of
from bidding.reach import Reach, lifted
from bidding.snapshot import Snapshot, Strategy, TargetKind

FloatArray = NDArray[np.float64]
Money = Mapping[str, float]

JUDGED_DAYS = 14
"""Days whose spend is held against what their bids were expected to cost."""
LEAST_APPETITE, LARGEST_APPETITE = 0.8, 1.25
"""Between which a smart campaign's part of the money moves with its return, where its budget is its only lever."""


def steering_of(
    snapshot: Snapshot,
    account: Account,
    learnt: tuple[ClickValues, BidResponse, BidChoice],
    budgets: Money,
    asked: Increases,
    past: Past,
) -> Steering:
    """What is asked beside bids and budgets.

    Args:
        snapshot, account: as they are this morning.
        learnt: values, response and choice of the night.
        budgets: money of a usual day by channel.
        asked: `increases_of`.
        past: what earlier runs did.
    """
    money = np.array([budgets[name] for name in snapshot.channels])
    return Steering(
        increases=asked.wanted,
        modifiers=asked.modifiers,
        levers=smart_levers(snapshot, *learnt, money, return_targets(account, snapshot)),
        edits=past.edits,
        placement_history=past.histories[ChangeKind.PLACEMENT],
        target_history=past.histories[ChangeKind.TARGET],
    )


def increases_of(snapshot: Snapshot, account: Account, past: Past) -> Increases:
    """Multipliers to ask for, and how far tonight's limits on change let them go."""
    now = snapshot.campaigns.modifiers
    if snapshot.placements is None:
        return Increases(None, now, np.ones(len(now)))
    modifiers = modifiers_of(snapshot, snapshot.placements, account.marketplace)
    wanted = np.where(open_columns(snapshot), increases_to_ask(snapshot, modifiers), now)
    limits = [next(own.limits for own in account.channels if own.name == name) for name in snapshot.channels]
    daily = np.array([limit.daily_change for limit in limits])[snapshot.campaigns.channel, None]
    reached = np.clip(1.0 + wanted, (1.0 + now) * (1.0 - daily), (1.0 + now) * (1.0 + daily)) - 1.0
    reached = np.where(_resting(snapshot, past), now, reached)
    return Increases(modifiers, wanted, modifiers.average(reached) / modifiers.average(now))


def within_budget(
    asked: Increases, snapshot: Snapshot, response: BidResponse, lowest: FloatArray, budgets: Money
) -> Increases:
    """The same without rises in channels where even the lowest bids cost more than their money: nothing there could
    make room for them.

    Args:
        asked: what shall rise.
        snapshot, response: of the night.
        lowest: bids that tonight can reach, under the increases in force, money, `(N,)`.
        budgets: money of a usual day by channel.
    """
    if asked.modifiers is None:
        return asked
    last = response.bids.shape[1] - 1
    column = np.minimum((response.bids < lowest[:, None] - 1e-6).sum(axis=1), last)
    each = response.cost[np.arange(len(column)), column] * snapshot.targets.enabled
    cost = totals(snapshot.channel_of_targets(), each, len(snapshot.channels))
    over = cost > np.array([budgets[name] for name in snapshot.channels])
    rises = over[snapshot.campaigns.channel] & (asked.lift > 1.0)
    if not rises.any():
        return asked
    now = snapshot.campaigns.modifiers
    return replace(
        asked,
        wanted=np.where(rises[:, None], np.minimum(asked.wanted, now), asked.wanted),
        lift=np.where(rises, 1.0, asked.lift),
    )


def beside_increases(
    snapshot: Snapshot, reach: Reach, asked: Increases, budgets: Money, respond: Callable[[Reach], BidResponse]
) -> tuple[Increases, Reach, BidResponse]:
    """Increases that the money allows, what bids can reach beside them and what that brings, in bids under those in
    force.

    Args:
        snapshot: of the night.
        reach: of bids, under the increases in force.
        asked: `increases_of`.
        budgets: money of a usual day by channel.
        respond: what bids within a reach bring.
    """
    within = lifted(reach, snapshot, asked)
    response = respond(within)
    fitting = within_budget(asked, snapshot, response, within.low, budgets)
    if fitting is asked:
        return asked, within, response
    within = lifted(reach, snapshot, fitting)
    return fitting, within, respond(within)


def _resting(snapshot: Snapshot, past: Past) -> NDArray[np.bool_]:
    """Multipliers that moved too short ago, `(M, W)`."""
    values = in_force(snapshot, ChangeKind.PLACEMENT)
    recent = days_since(past.histories[ChangeKind.PLACEMENT].applied_on, snapshot.today) < PLACEMENT_REST_DAYS
    found = np.zeros(snapshot.campaigns.modifiers.shape, dtype=bool)
    found[values.campaign[recent], values.column[recent]] = True
    return found


def corrected(money: Money, snapshot: Snapshot, past: Past) -> dict[str, float]:
    """Today's money as bids must be chosen for it, where those of late cost otherwise than they were expected to."""
    return {name: each * _correction(snapshot, place, past) for place, (name, each) in enumerate(money.items())}


def _correction(snapshot: Snapshot, place: int, past: Past) -> float:
    rows, name = snapshot.performance, snapshot.channels[place]
    mine = snapshot.channel_of_targets()[rows.target] == place
    age = days_since(rows.day[mine], snapshot.today)
    spent = np.bincount(age, weights=rows.cost[mine], minlength=JUDGED_DAYS + 1)
    judged = [
        (past.promised[day][name], spent[back])
        for back in range(JUDGED_DAYS, 0, -1)
        if name in past.promised.get(day := str(snapshot.today - np.timedelta64(back, "D")), {})
    ]
    expected, came = (np.array([pair[which] for pair in judged]) for which in (0, 1))
    return correction(expected, came)


def daily_budgets(
    snapshot: Snapshot,
    response: BidResponse,
    values: ClickValues,
    choice: BidChoice,
    today: Sequence[DailyBudget],
    levers: SmartLevers,
) -> FloatArray:
    """Daily budgets of campaigns by what their chosen bids should cost, `(M,)`; a campaign without one keeps none.

    A smart-bidding campaign without caps or a target on return or cost is steered by its budget alone: its part grows
    with what its next unit returns.
    """
    rows = np.arange(len(snapshot.targets))
    cost = expect(response, values, response.bids[rows, choice.column]).cost * snapshot.targets.enabled
    of_campaign = totals(snapshot.targets.campaign, cost, len(snapshot.campaigns.ids)) * _parts(snapshot, levers)
    found = np.full(len(of_campaign), np.nan)
    for place, budget in enumerate(today):
        mine = np.flatnonzero((snapshot.campaigns.channel == place) & snapshot.campaigns.enabled)
        if len(mine):
            besides = np.where(snapshot.campaigns.strategy[mine] == Strategy.SMART, 0.0, SHARE_OF_ALL)
            found[mine] = campaign_budgets(budget, of_campaign[mine], 0.0, besides=besides)
    return np.where(np.isfinite(snapshot.campaigns.daily_budget), found, np.nan)


def _parts(snapshot: Snapshot, levers: SmartLevers) -> FloatArray:
    """What to multiply each campaign's part of the money by, `(M,)`."""
    targets = snapshot.targets
    sets = targets.kind == TargetKind.AD_SET
    own = sets & (np.isfinite(targets.bid) | np.isfinite(targets.target_roas))
    steered = np.isfinite(snapshot.campaigns.target_roas) | np.isfinite(snapshot.campaigns.target_cpa)
    steered[targets.campaign[own]] = True
    part = np.clip(levers.appetite, LEAST_APPETITE, LARGEST_APPETITE)
    return np.where(steered | ~np.isfinite(part), 1.0, part)
