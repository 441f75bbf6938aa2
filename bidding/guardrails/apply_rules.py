"""Values that the data ask for in, values that every guardrail allows out: one pass over all targets, in fixed order.

A guardrail that holds is final. One that limits narrows the range that is left; the account's limits, the ceiling and
the platform's limits come last and are the only ones that may force a value to move.
"""

import numpy as np
from numpy.typing import NDArray

from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.rules import NO_MOVE, RULES, Effect, Guard
from bidding.money import UNBOUNDED, UNKNOWN

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Range = tuple[IntArray, IntArray]


def guard(moves: Moves) -> Guarded:
    """Every guardrail in the order of `RULES`."""
    held = _first_hold(moves)
    free = held == Guard.NONE
    value = moves.wanted.copy()
    low, high = np.zeros(len(moves), dtype=np.int64), np.full(len(moves), UNBOUNDED)
    binding = np.full(len(moves), int(Guard.NONE), dtype=np.int64)
    for rule in RULES:
        allowed = _allowed(rule.guard, rule.effect, moves)
        if allowed is None:
            continue
        limited = np.clip(value, *allowed)
        binding = np.where(limited != value, int(rule.guard), binding)
        value, low, high = limited, np.clip(low, *allowed), np.clip(high, *allowed)
    new, possible = _forced_down(moves, *_round(value, low, high, moves.step))
    held = np.where(free & _ceiling_is_below_the_platform(moves), int(Guard.CEILING), held)
    held = np.where((held == Guard.NONE) & ~possible & (value != moves.old), int(Guard.STEP), held)
    # A bid that is to stay is not rounded: what a person set between two steps is nobody's to tidy up.
    new = np.where((held == Guard.NONE) & (value != moves.old), new, moves.old)
    still = (held == Guard.NONE) & (new == moves.old) & (binding != Guard.NONE)
    return Guarded(
        new=new,
        held=np.where(still, binding, held),
        binding=np.where((held == Guard.NONE) & ~still, binding, int(Guard.NONE)),
    )


def _first_hold(moves: Moves) -> IntArray:
    held = np.zeros(len(moves), dtype=np.int64)
    for which in NO_MOVE:
        flag = moves.old == UNKNOWN if which is Guard.NO_BID else moves.flags.get(which)
        if flag is not None:
            held = np.where((held == Guard.NONE) & flag, int(which), held)
    return held


def _allowed(which: Guard, effect: Effect, moves: Moves) -> Range | None:
    """The range that one guardrail leaves, or None where it limits nothing."""
    if effect in (Effect.NO_RISE, Effect.NO_FALL):
        flag = moves.flags.get(which)
        if flag is None:
            return None
        kept_low = np.asarray(moves.lower_spends_more) != (effect is Effect.NO_FALL)
        low = np.where(flag & kept_low, moves.old, 0)
        return low, np.where(flag & ~kept_low, moves.old, UNBOUNDED)
    if which is Guard.TURNING:
        return None if moves.turn_low is None or moves.turn_high is None else (moves.turn_low, moves.turn_high)
    if which is Guard.WEEKLY_CHANGE:
        return change_range(moves.week_start, moves.weekly_change, moves)
    if which is Guard.DAILY_CHANGE:
        return change_range(moves.day_start, moves.daily_change, moves)
    if which is Guard.ACCOUNT_LIMITS:
        return moves.account_low, moves.account_high
    if which is Guard.CEILING:
        return np.zeros_like(moves.ceiling), moves.ceiling
    if which is Guard.PLATFORM_LIMITS:
        return moves.platform_low, moves.platform_high
    return None


def change_range(start: IntArray, change: NDArray[np.float64], moves: Moves) -> Range:
    """From the value at the period's start: a share of it, at least one step, and always the value in force.

    One step is always allowed: a fifth of a bid of 0.02 is less than the smallest step, and it would never move again.
    """
    reach = np.maximum(np.floor(start * change + 1e-6).astype(np.int64), moves.step)
    return np.minimum(start - reach, moves.old), np.maximum(start + reach, moves.old)


def _ceiling_is_below_the_platform(moves: Moves) -> BoolArray:
    found: BoolArray = np.minimum(moves.ceiling, moves.account_high) < moves.platform_low
    return found


def _forced_down(moves: Moves, new: IntArray, possible: BoolArray) -> tuple[IntArray, BoolArray]:
    """The same, with the last step below a ceiling that lies farther down than the limits on change let a value go.

    There the ceiling alone is left of the range, and it need not lie on a step: the value must not stay above it.
    """
    most = np.minimum(moves.ceiling, moves.account_high)
    down = most // moves.step * moves.step
    forced = ~possible & (most < moves.old) & (down >= moves.platform_low) & (down > 0)
    return np.where(forced, down, new), possible | forced


def _round(value: IntArray, low: IntArray, high: IntArray, step: IntArray) -> tuple[IntArray, BoolArray]:
    """The nearest step inside the range, and where there is one; halves go down, towards what costs less."""
    below = value // step * step
    above = below + step * (value > below)
    nearest = np.where(above - value < value - below, above, below)
    nearest = np.where(nearest > high, below, nearest)
    nearest = np.where(nearest < low, above, nearest)
    return nearest, (nearest >= low) & (nearest <= high)
