"""A night in, what is to move with all its limits out: `Moves` of bids and of campaigns' daily budgets."""

import numpy as np
from numpy.typing import NDArray

from bidding.guardrails.flags import Found, flags_of_history, flags_of_targets
from bidding.guardrails.moves import Moves
from bidding.guardrails.moves_of_levers import edited_enough, limits_of_channels
from bidding.guardrails.rules import Guard
from bidding.guardrails.steered import Steered, steer
from bidding.levers import smart_targets, worth_an_edit
from bidding.money import MICROS, UNBOUNDED, UNKNOWN, micros_of
from bidding.night import Night
from bidding.placements import ceilings
from bidding.snapshot import Strategy, TargetKind

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_OF_BUDGETS = (Guard.KILL_SWITCH, Guard.STALE_DATA, Guard.INCOMPLETE_DATA, Guard.TRACKING_ANOMALY, Guard.GEO_TEST)


def moves_of_bids(night: Night, found: Found, steered: Steered | None = None) -> Moves:
    """Every target's bid; a target that does not run, or of which nothing is known, wants to stay as it is.

    Bids of a campaign make room for its increases; no click may cost more than its ceiling with the increases in force
    nor with the new ones, whichever is written first.
    """
    steered = steer(night, found) if steered is None else steered
    targets, channel = night.snapshot.targets, night.snapshot.channel_of_targets()
    old = micros_of(targets.bid)
    day, week = night.history.in_force(old)
    limits, caps = limits_of_channels(night), targets.kind == TargetKind.AD_SET
    # Where the platform bids, what stands as a keyword's bid is ignored: no limit need force it anywhere.
    idle = smart_targets(night.snapshot) & ~caps
    free = np.full(len(old), UNBOUNDED)
    bounds, turn = night.bounds, _without_turning(night, old)
    return Moves(
        old=old,
        wanted=_wanted_bids(night, steered, old),
        day_start=day,
        week_start=week,
        daily_change=np.array([limit.daily_change for limit in limits])[channel],
        weekly_change=np.array([limit.weekly_change for limit in limits])[channel],
        account_low=np.where(idle, 0, _table([limit.min_bid for limit in limits], 0)[channel]),
        account_high=np.where(idle, free, _table([limit.max_bid for limit in limits], int(UNBOUNDED))[channel]),
        # The cap of an ad set is what an order may cost, not a click.
        ceiling=np.where(caps | idle, free, ceilings(night.snapshot, limits, steered.widest)[targets.campaign]),
        platform_low=np.where(idle, 0, bounds.min_bid[targets.campaign]),
        platform_high=np.where(idle, free, bounds.max_bid[targets.campaign]),
        step=bounds.bid_step[targets.campaign],
        flags=flags_of_targets(night, found, old) | {Guard.EDITS: edited_enough(night)[targets.campaign]},
        turn_low=turn[0],
        turn_high=turn[1],
    )


def moves_of_budgets(night: Night, found: Found) -> Moves:
    """Every campaign's daily budget; where none is asked for it stays."""
    campaigns, asked = night.snapshot.campaigns, night.budgets.campaigns
    old = micros_of(campaigns.daily_budget)
    wanted = np.full(len(old), UNKNOWN, dtype=np.int64) if asked is None else micros_of(asked)
    smart = campaigns.strategy == Strategy.SMART
    # A budget of nothing is how consoles show that the campaign has none of its own: no limit forces it to one.
    none = old <= 0
    stays = (wanted == UNKNOWN) | none | ~campaigns.enabled | (smart & ~worth_an_edit(old, wanted))
    day, week = night.budget_history.in_force(old)
    limits = limits_of_channels(night)
    daily, weekly, room = (
        np.array([getattr(limit, name) for limit in limits])[campaigns.channel]
        for name in ("daily_change", "weekly_change", "budget_change")
    )
    free = np.full(len(old), UNBOUNDED)
    flags = {guard: found.campaigns[guard] for guard in _OF_BUDGETS if guard in found.campaigns}
    flags[Guard.EDITS] = edited_enough(night)
    return Moves(
        old=old,
        wanted=np.where(stays, old, wanted),
        day_start=day,
        week_start=week,
        daily_change=np.where(smart, daily, room),
        weekly_change=np.where(smart, weekly, room),
        account_low=np.zeros_like(old),
        account_high=free,
        ceiling=free,
        platform_low=np.where(none, 0, night.bounds.min_budget),
        platform_high=night.bounds.max_budget,
        step=night.bounds.budget_step,
        flags=flags | flags_of_history(night, night.budget_history, old, campaigns.channel),
    )


def _wanted_bids(night: Night, steered: Steered, old: IntArray) -> IntArray:
    chosen = chosen_bids(night, steered)
    if night.jitter is not None:
        chosen = chosen * night.jitter
    wanted, smart = micros_of(chosen), smart_targets(night.snapshot)
    caps = _wanted_caps(night, old)
    wanted = np.where(smart, np.where(worth_an_edit(old, caps), caps, old), wanted)
    return np.where((wanted == UNKNOWN) | ~night.snapshot.targets.enabled, old, wanted)


def chosen_bids(night: Night, steered: Steered) -> FloatArray:
    """Bids as chosen, with room made for their campaign's new increases, money, `(N,)`."""
    at = np.arange(len(night.snapshot.targets)), night.choice.column
    found: FloatArray = night.response.bids[at] / steered.lift[night.snapshot.targets.campaign]
    return found


def _wanted_caps(night: Night, old: IntArray) -> IntArray:
    """Cost caps of ad sets that have one; every other value stays."""
    if night.steering is None:
        return old
    cap = micros_of(night.steering.levers.cap)
    has_one = (night.snapshot.targets.kind == TargetKind.AD_SET) & (old != UNKNOWN) & (cap != UNKNOWN)
    return np.where(has_one, cap, old)


def _without_turning(night: Night, old: IntArray) -> tuple[IntArray, IntArray]:
    """Between which bids stay that moved in the last days, `(N,)`: tonight's jitter on the base in force is no turn."""
    history = night.history
    base = history.bases(old)[0]
    here = base if night.jitter is None else np.rint(base * night.jitter).astype(np.int64)
    low = np.where(history.rose, np.minimum(here, old), 0)
    return low, np.where(history.fell, np.maximum(here, old), UNBOUNDED)


def _table(amounts: list[float | None], absent: int) -> IntArray:
    return np.array([absent if amount is None else round(amount * MICROS) for amount in amounts], dtype=np.int64)
