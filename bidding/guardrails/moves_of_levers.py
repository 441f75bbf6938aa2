"""A night in; multipliers and targets on return that are to move, with all their limits, out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bidding.account import BidLimits
from bidding.days import days_since
from bidding.guardrails.flags import Flags, Found, flags_of_history
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.rules import Guard
from bidding.history import History
from bidding.in_force import InForce, is_cost_per_order
from bidding.levers import EDITS_A_WEEK, worth_an_edit
from bidding.money import MICROS, UNBOUNDED, UNKNOWN, micros_of
from bidding.multipliers import device_columns
from bidding.night import Night
from bidding.outlook import Trust
from bidding.placements import dearest_clicks, platform_raise
from bidding.platforms.limits import limits_of
from bidding.snapshot import Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WHOLE = 100 * MICROS
"""An increase of nothing, as 100 % of the bid: changes of an increase are changes of what it makes of the bid."""
PLACEMENT_REST_DAYS = 7
"""Days between two moves of one increase: what is learnt of bids counts days of one increase together."""
LEAST_ROAS, LARGEST_ROAS, ROAS_STEP = MICROS // 100, 1000 * MICROS, MICROS // 100
_OF_CAMPAIGNS = (
    Guard.KILL_SWITCH,
    Guard.STALE_DATA,
    Guard.INCOMPLETE_DATA,
    Guard.TRACKING_ANOMALY,
    Guard.GEO_TEST,
    Guard.EVENT,
    Guard.EVENT_RISES,
    Guard.EVENT_FALLS,
)


def moves_of_placements(night: Night, found: Found, values: InForce) -> Moves:
    """Every multiplier as what it makes of a bid in percent, so that 50 % is 150; see `as_increases`."""
    asked = None if night.steering is None else night.steering.increases
    history = History.none(len(values)) if night.steering is None else night.steering.placement_history
    old = np.where(values.value == UNKNOWN, UNKNOWN, values.value + WHOLE)
    wanted = old if asked is None else micros_of(100.0 + np.rint(100.0 * asked[values.campaign, values.column]))
    smart = night.snapshot.campaigns.strategy[values.campaign] == Strategy.SMART
    # What a person has switched off stays off: nothing tells what its clicks would be worth.
    stays = (wanted == UNKNOWN) | smart | ~night.snapshot.campaigns.enabled[values.campaign] | (old == 0)
    low, high = _bounds_of_placements(night, values)
    moves = _moves(night, found, values, _raised(history), old)
    recently = days_since(history.applied_on, night.snapshot.today) < PLACEMENT_REST_DAYS
    rests = moves.flags[Guard.COOL_DOWN] | (recently & ~history.never_taken_over(values.value))
    moves = replace(moves, wanted=np.where(stays, old, wanted), step=np.full(len(values), MICROS))
    return replace(
        moves,
        ceiling=_ceilings_of_placements(night, values, moves),
        platform_low=np.where(old == 0, 0, low),
        platform_high=high,
        flags={**moves.flags, Guard.COOL_DOWN: rests},
    )


def moves_of_targets(night: Night, found: Found, values: InForce) -> Moves:
    """Every target on return or on cost that is known; it moves twice a week at most.

    A lower target on return spends more, and a higher one on cost.
    """
    asked = None if night.steering is None else night.steering.levers
    history = History.none(len(values)) if night.steering is None else night.steering.target_history
    old = values.value
    wanted = old.copy()
    costs = np.array([is_cost_per_order(name) for name in values.ids], dtype=bool)
    if asked is not None:
        own = values.target >= 0
        roas = np.where(own, 0.0, asked.campaign_roas[values.campaign])
        roas[own] = asked.target_roas[values.target[own]]
        wanted = micros_of(np.where(costs, asked.campaign_cap[values.campaign], roas))
    runs = night.snapshot.campaigns.enabled[values.campaign]
    stays = (wanted == UNKNOWN) | (old == UNKNOWN) | ~runs | ~worth_an_edit(old, wanted)
    moves = _moves(night, found, values, history, old)
    cent = night.bounds.bid_step[values.campaign]
    return replace(
        moves,
        wanted=np.where(stays, old, wanted),
        platform_low=np.where(costs, cent, LEAST_ROAS),
        platform_high=np.where(costs, UNBOUNDED, LARGEST_ROAS),
        step=np.where(costs, cent, ROAS_STEP),
        flags={**moves.flags, Guard.EDITS: edited_enough(night)[values.campaign]},
        lower_spends_more=~costs,
    )


def edited_enough(night: Night) -> NDArray[np.bool_]:
    """Smart-bidding campaigns of which something was changed on two days of the last seven, `(M,)`."""
    smart = night.snapshot.campaigns.strategy == Strategy.SMART
    if night.steering is None:
        return np.zeros(len(smart), dtype=bool)
    found: NDArray[np.bool_] = smart & (night.steering.edits >= EDITS_A_WEEK)
    return found


def as_increases(moves: Moves, guarded: Guarded) -> tuple[Moves, Guarded]:
    """Moves of placements as increases again, millionths of a percent."""

    def lowered(values: IntArray) -> IntArray:
        return np.where(values == UNKNOWN, UNKNOWN, values - WHOLE)

    return (
        replace(moves, old=lowered(moves.old), wanted=lowered(moves.wanted), step=moves.step),
        replace(guarded, new=lowered(guarded.new)),
    )


def _moves(night: Night, found: Found, values: InForce, history: History, old: IntArray) -> Moves:
    """What all levers share: limits on change, and the guardrails of their campaigns, channels and history."""
    channel = night.snapshot.campaigns.channel[values.campaign]
    limits = limits_of_channels(night)
    day, week = history.in_force(old)
    free = np.full(len(old), UNBOUNDED)
    flags: Flags = {
        guard: found.campaigns[guard][values.campaign] for guard in _OF_CAMPAIGNS if guard in found.campaigns
    }
    flags[Guard.TRUST] = ~_trusted(night)[values.campaign]
    return Moves(
        old=old,
        wanted=old,
        day_start=day,
        week_start=week,
        daily_change=np.array([limit.daily_change for limit in limits])[channel],
        weekly_change=np.array([limit.weekly_change for limit in limits])[channel],
        account_low=np.zeros_like(old),
        account_high=free,
        ceiling=free,
        platform_low=np.zeros_like(old),
        platform_high=free,
        step=np.ones_like(old),
        flags=flags | flags_of_history(night, history, old, channel),
    )


def limits_of_channels(night: Night) -> Sequence[BidLimits]:
    """By place in the snapshot's channels."""
    return [night.channel(c).limits for c in range(len(night.snapshot.channels))]


def _trusted(night: Night) -> NDArray[np.bool_]:
    """Campaigns all of whose targets may rise on their factor's account, `(M,)`."""
    trusted = np.ones(len(night.snapshot.campaigns.ids), dtype=bool)
    weak = ~np.isin(night.values.trust, (Trust.TRUSTED, Trust.FACTOR_STATED))
    trusted[night.snapshot.targets.campaign[weak]] = False
    return trusted


def _raised(history: History) -> History:
    """A history of increases as one of what they make of a bid."""

    def raised(values: IntArray) -> IntArray:
        return np.where(values == UNKNOWN, UNKNOWN, values + WHOLE)

    return replace(
        history,
        applied=raised(history.applied),
        before=raised(history.before),
        day_start=raised(history.day_start),
        week_start=raised(history.week_start),
        base=raised(history.base),
        week_base=raised(history.week_base),
    )


def _bounds_of_placements(night: Night, values: InForce) -> tuple[IntArray, IntArray]:
    """The platform's least and largest multiplier as what it makes of a bid, `(V,)` each."""
    known = [limits_of(platform, night.account.marketplace) for platform in night.snapshot.platforms]
    table = [
        np.array([WHOLE + int(WHOLE * each) for each in amounts], dtype=np.int64)
        for amounts in ([of.least_modifier for of in known], [of.largest_modifier for of in known])
    ]
    channel = night.snapshot.campaigns.channel[values.campaign]
    return table[0][channel], table[1][channel]


def _ceilings_of_placements(night: Night, values: InForce, moves: Moves) -> IntArray:
    """What the dearest bid of the campaign leaves below the ceiling on a click, whatever tonight lets the multipliers
    of the other kind be; what is in force is never forced down: bids are."""
    campaigns, targets = night.snapshot.campaigns, night.snapshot.targets
    dearest = np.zeros(len(campaigns.ids))
    np.maximum.at(dearest, targets.campaign, np.nan_to_num(targets.bid))
    most = dearest_clicks(limits_of_channels(night))[campaigns.channel[values.campaign]]
    device = device_columns(night.snapshot)
    raised = platform_raise(campaigns.strategy, device)[values.campaign, values.column]
    raised = raised * _others(night.snapshot, values, moves, device)
    with np.errstate(divide="ignore"):
        room = np.floor(100.0 * most / (dearest[values.campaign] * raised) + 1e-6)
    free = (most >= UNBOUNDED) | ~np.isfinite(room)
    limited = np.where(free, UNBOUNDED, np.where(free, 0.0, room) // MICROS * MICROS)
    return np.maximum(limited.astype(np.int64), moves.old)


def _others(snapshot: Snapshot, values: InForce, moves: Moves, device: BoolArray) -> FloatArray:
    """The largest factor that tonight leaves a placement's click from its device, and the other way about, `(V,)`."""
    day = np.maximum(np.rint(moves.day_start * moves.daily_change), moves.step).astype(np.int64)
    farthest = np.minimum(moves.wanted, moves.day_start + day)
    widest = 1.0 + snapshot.campaigns.modifiers
    at = values.campaign, values.column
    widest[at] = np.maximum(widest[at], np.maximum(farthest, moves.old) / WHOLE)
    largest = [np.where(columns, widest, 0.0).max(axis=1, initial=0.0) for columns in (device, ~device)]
    found: FloatArray = np.where(device[at], largest[1][values.campaign], largest[0][values.campaign])
    return np.where(device[values.campaign].any(axis=1), np.maximum(found, 1.0), 1.0)
