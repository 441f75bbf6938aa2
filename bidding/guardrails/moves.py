"""What is to move and how far it may: bids or budgets in, arrays of whole millionths out. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bidding.guardrails.rules import Guard

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Moves:
    """N values that the data ask to move; all arrays `(N,)`, money in millionths.

    Attributes:
        old: in force; `UNKNOWN` where there is none.
        wanted: what the data ask for, before any guardrail.
        day_start, week_start: in force when the day began, and seven days before.
        daily_change, weekly_change: largest relative change against these, fractions.
        account_low, account_high: the account's own limits.
        ceiling: largest value at which a click with every modifier stays below its ceiling.
        platform_low, platform_high, step: the platform's.
        flags: for each guardrail that holds or stops a direction, where it applies.
        turn_low, turn_high: between which a value that has just moved stays so as not to turn about, or None.
        lower_spends_more: whether the smaller value is the dearer one, as of a target on return; for all, or `(N,)`.
    """

    old: IntArray
    wanted: IntArray
    day_start: IntArray
    week_start: IntArray
    daily_change: FloatArray
    weekly_change: FloatArray
    account_low: IntArray
    account_high: IntArray
    ceiling: IntArray
    platform_low: IntArray
    platform_high: IntArray
    step: IntArray
    flags: Mapping[Guard, BoolArray] = field(default_factory=dict)
    turn_low: IntArray | None = None
    turn_high: IntArray | None = None
    lower_spends_more: bool | BoolArray = False

    def __len__(self) -> int:
        return len(self.old)


@dataclass(frozen=True, eq=False)
class Guarded:
    """What the guardrails left; all arrays `(N,)`.

    Attributes:
        new: millionths; equal to `old` where nothing changes.
        held: the `Guard` that kept a value from moving, `NONE` where it moves or need not.
        binding: the last `Guard` that limited a value which does move, else `NONE`.
    """

    new: IntArray
    held: IntArray
    binding: IntArray

    def changed(self, moves: Moves) -> BoolArray:
        """Where something is to be written, `(N,)`."""
        found: BoolArray = self.new != moves.old
        return found
