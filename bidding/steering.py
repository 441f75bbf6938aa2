"""What a night has learnt in; what the data ask of placements, smart-bidding campaigns and daily budgets out."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bidding.changes import ChangeKind
from bidding.days import days_since, totals
from bidding.expected import expect
from bidding.levers import SmartLevers, smart_levers
from bidding.night import Steering
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import DailyBudget, campaign_budgets, correction
from bidding.past_runs import Past
from bidding.placements import choose_modifiers, increases_to_ask
from bidding.snapshot import Snapshot, TargetKind

FloatArray = NDArray[np.float64]
Money = Mapping[str, float]

JUDGED_DAYS = 14
"""Days whose spend is held against what their bids were expected to cost."""
LEAST_APPETITE, LARGEST_APPETITE = 0.8, 1.25
"""Between which a smart campaign's part of the money moves with its return, where its budget is its only lever."""


def steering_of(
    snapshot: Snapshot, values: ClickValues, response: BidResponse, choice: BidChoice, budgets: Money, past: Past
) -> Steering:
    """What is asked beside bids and budgets.

    Args:
        snapshot, values, response, choice: of the night.
        budgets: money of a usual day by channel.
        past: what earlier runs did.
    """
    modifiers = None if snapshot.placements is None else choose_modifiers(snapshot.placements)
    money = np.array([budgets[name] for name in snapshot.channels])
    return Steering(
        increases=snapshot.campaigns.modifiers if modifiers is None else increases_to_ask(snapshot, modifiers),
        modifiers=modifiers,
        levers=smart_levers(snapshot, values, response, choice, money),
        edits=past.edits,
        placement_history=past.histories[ChangeKind.PLACEMENT],
        target_history=past.histories[ChangeKind.TARGET],
    )


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

    A smart-bidding campaign without a target on return or caps is steered by its budget alone: its part grows with what
    its next unit returns.
    """
    rows = np.arange(len(snapshot.targets))
    cost = expect(response, values, response.bids[rows, choice.column]).cost * snapshot.targets.enabled
    of_campaign = totals(snapshot.targets.campaign, cost, len(snapshot.campaigns.ids)) * _parts(snapshot, levers)
    found = np.full(len(of_campaign), np.nan)
    for place, budget in enumerate(today):
        mine = np.flatnonzero((snapshot.campaigns.channel == place) & snapshot.campaigns.enabled)
        if len(mine):
            found[mine] = campaign_budgets(budget, of_campaign[mine], 0.0)
    return np.where(np.isfinite(snapshot.campaigns.daily_budget), found, np.nan)


def _parts(snapshot: Snapshot, levers: SmartLevers) -> FloatArray:
    """What to multiply each campaign's part of the money by, `(M,)`."""
    targets = snapshot.targets
    sets = targets.kind == TargetKind.AD_SET
    own = sets & (np.isfinite(targets.bid) | np.isfinite(targets.target_roas))
    steered = np.isfinite(snapshot.campaigns.target_roas)
    steered[targets.campaign[own]] = True
    part = np.clip(levers.appetite, LEAST_APPETITE, LARGEST_APPETITE)
    return np.where(steered | ~np.isfinite(part), 1.0, part)
