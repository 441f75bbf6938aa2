"""A night in, what is to move with all its limits out: `Moves` of bids and of campaigns' daily budgets."""

import numpy as np
from numpy.typing import NDArray

from bidding.account import BidLimits
from bidding.guardrails.flags import Found, flags_of_history, flags_of_targets
from bidding.guardrails.moves import UNBOUNDED, Moves
from bidding.guardrails.rules import Guard
from bidding.money import MICROS, UNKNOWN, micros_of
from bidding.night import Night
from bidding.snapshot import Placement, Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOP_RAISE, OTHER_RAISE = 2.0, 1.5
"""What Amazon's up-and-down strategy may make of a bid at the top of search and elsewhere."""
_OF_BUDGETS = (Guard.KILL_SWITCH, Guard.STALE_DATA, Guard.INCOMPLETE_DATA, Guard.TRACKING_ANOMALY, Guard.GEO_TEST)


def moves_of_bids(night: Night, found: Found) -> Moves:
    """Every target's bid; a target that does not run, or of which nothing is known, wants to stay as it is."""
    targets, channel = night.snapshot.targets, night.snapshot.channel_of_targets()
    old = micros_of(targets.bid)
    day, week = night.history.in_force(old)
    limits = [night.channel(c).limits for c in range(len(night.snapshot.channels))]
    bounds, turn = night.bounds, _without_turning(night, old)
    return Moves(
        old=old,
        wanted=_wanted_bids(night, old),
        day_start=day,
        week_start=week,
        daily_change=np.array([limit.daily_change for limit in limits])[channel],
        weekly_change=np.array([limit.weekly_change for limit in limits])[channel],
        account_low=_table([limit.min_bid for limit in limits], 0)[channel],
        account_high=_table([limit.max_bid for limit in limits], int(UNBOUNDED))[channel],
        ceiling=ceilings(night.snapshot, limits)[targets.campaign],
        platform_low=bounds.min_bid[targets.campaign],
        platform_high=bounds.max_bid[targets.campaign],
        step=bounds.bid_step[targets.campaign],
        flags=flags_of_targets(night, found, old),
        turn_low=turn[0],
        turn_high=turn[1],
    )


def moves_of_budgets(night: Night, found: Found) -> Moves:
    """Every campaign's daily budget; where none is asked for it stays."""
    campaigns, asked = night.snapshot.campaigns, night.budgets.campaigns
    old = micros_of(campaigns.daily_budget)
    wanted = np.full(len(old), UNKNOWN, dtype=np.int64) if asked is None else micros_of(asked)
    day, week = night.budget_history.in_force(old)
    limits = [night.channel(c).limits for c in range(len(night.snapshot.channels))]
    free = np.full(len(old), UNBOUNDED)
    flags = {guard: found.campaigns[guard] for guard in _OF_BUDGETS if guard in found.campaigns}
    return Moves(
        old=old,
        wanted=np.where((wanted == UNKNOWN) | ~campaigns.enabled, old, wanted),
        day_start=day,
        week_start=week,
        daily_change=np.array([limit.daily_change for limit in limits])[campaigns.channel],
        weekly_change=np.array([limit.weekly_change for limit in limits])[campaigns.channel],
        account_low=np.zeros_like(old),
        account_high=free,
        ceiling=free,
        platform_low=night.bounds.min_budget,
        platform_high=night.bounds.max_budget,
        step=night.bounds.budget_step,
        flags=flags | flags_of_history(night, night.budget_history, old, campaigns.channel),
    )


def worst_multiplier(modifiers: FloatArray, strategy: IntArray) -> FloatArray:
    """Most that a campaign's modifiers and strategy make of a bid, `(M,)` (their product: the order is unknown)."""
    up = strategy == Strategy.UP_AND_DOWN
    raised = 1 + modifiers
    top = raised[:, Placement.TOP_OF_SEARCH] * np.where(up, TOP_RAISE, 1.0)
    others = np.delete(raised, Placement.TOP_OF_SEARCH, axis=1).max(axis=1) * np.where(up, OTHER_RAISE, 1.0)
    found: FloatArray = np.maximum(top, others)
    return found


def _wanted_bids(night: Night, old: IntArray) -> IntArray:
    rows = np.arange(len(old))
    chosen = night.response.bids[rows, night.choice.column]
    if night.jitter is not None:
        chosen = chosen * night.jitter
    wanted = micros_of(chosen)
    return np.where((wanted == UNKNOWN) | ~night.snapshot.targets.enabled, old, wanted)


def _without_turning(night: Night, old: IntArray) -> tuple[IntArray, IntArray]:
    """Between which bids stay that moved in the last days, `(N,)`: tonight's jitter on the base in force is no turn."""
    history = night.history
    base = history.bases(old)[0]
    here = base if night.jitter is None else np.rint(base * night.jitter).astype(np.int64)
    low = np.where(history.rose, np.minimum(here, old), 0)
    return low, np.where(history.fell, np.maximum(here, old), UNBOUNDED)


def ceilings(snapshot: Snapshot, limits: list[BidLimits]) -> IntArray:
    """Largest bid of each campaign whose click, with every modifier, stays below the channel's ceiling, `(M,)`."""
    campaigns = snapshot.campaigns
    most = _table([limit.max_cost_per_click for limit in limits], int(UNBOUNDED))[campaigns.channel]
    worst = worst_multiplier(campaigns.modifiers, campaigns.strategy)
    return np.where(most >= UNBOUNDED, UNBOUNDED, np.floor(most / worst + 1e-6)).astype(np.int64)


def _table(amounts: list[float | None], absent: int) -> IntArray:
    return np.array([absent if amount is None else round(amount * MICROS) for amount in amounts], dtype=np.int64)
