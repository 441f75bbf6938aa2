"""What an account's own runs did to each bid: in force a week ago, last set by us, changed by a person. Values only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.days import days_since
from bidding.money import UNKNOWN

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Days = NDArray[np.datetime64]

MANUAL_DAYS = 7
"""Days for which a person's change is left alone."""
REST_DAYS = 3
"""Days for which a bid that has moved does not turn about; its jitter does not count as a move."""


@dataclass(frozen=True, eq=False)
class History:
    """Per value, millionths; all arrays `(N,)`, in the order of what is to move.

    Attributes:
        applied: what we last set, `UNKNOWN` where we never did.
        before: what that replaced.
        applied_on: the day, NaT where we never did.
        day_start: in force before our first change of today, `UNKNOWN` where we changed nothing today.
        week_start: in force before our first change of the last seven days, today included; `UNKNOWN` likewise.
        manual_since: day on which a value in force now, which is not ours, was first seen; NaT where it is ours.
        base: what we last set, before its jitter; `UNKNOWN` where we never did.
        week_base: the base in force before our first change of the last seven days, today included; `UNKNOWN` likewise.
        rose, fell: whether the base went up, or down, in the last `REST_DAYS` days.
    """

    applied: IntArray
    before: IntArray
    applied_on: Days
    day_start: IntArray
    week_start: IntArray
    manual_since: Days
    base: IntArray
    week_base: IntArray
    rose: BoolArray
    fell: BoolArray

    @classmethod
    def none(cls, count: int) -> "History":
        """An account that has never been written to."""
        unknown, never = np.full(count, UNKNOWN, dtype=np.int64), np.full(count, "NaT", dtype="datetime64[D]")
        still = np.zeros(count, dtype=bool)
        return cls(unknown, unknown, never, unknown, unknown, never, unknown, unknown, still, still)

    def in_force(self, live: IntArray) -> tuple[IntArray, IntArray]:
        """Values at the start of the day and of the week; where we changed nothing, what is live now."""
        day = np.where(self.day_start == UNKNOWN, live, self.day_start)
        return day, np.where(self.week_start == UNKNOWN, live, self.week_start)

    def bases(self, live: IntArray) -> tuple[IntArray, IntArray]:
        """Values without our jitter, in force now and at the start of the week; what is not ours is its own base."""
        ours = (self.applied != UNKNOWN) & (live == self.applied) & (self.base != UNKNOWN)
        now = np.where(ours, self.base, live)
        return now, np.where(self.week_base == UNKNOWN, now, self.week_base)

    def changed_by_a_person(self, live: IntArray) -> BoolArray:
        """Live differs from what we last set, and is not what that replaced (a file that was never uploaded)."""
        found: BoolArray = (self.applied != UNKNOWN) & (live != self.applied) & (live != self.before)
        return found

    def never_taken_over(self, live: IntArray) -> BoolArray:
        """What we last set was never uploaded, or was put back: live is what it was before."""
        found: BoolArray = (self.applied != UNKNOWN) & (live == self.before) & (live != self.applied)
        return found

    def days_since_manual(self, live: IntArray, today: np.datetime64) -> IntArray:
        """Days since a person's change was first seen, 0 on the day itself; -1 where the value is ours."""
        since = np.where(np.isnat(self.manual_since), today, self.manual_since).astype("datetime64[D]")
        return np.where(self.changed_by_a_person(live), days_since(since, today), -1)
