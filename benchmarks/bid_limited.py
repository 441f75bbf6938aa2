"""Rules as policies under the conditions that the bidder works under: small steps, and a plan kept without hindsight.

The rules of `bid_rivals` move at once and have a target chosen so that all days together spend the plan. Here a bid
moves by 50 % a day and 200 % a week at most, as the bidder's do, and the target follows the month's money from day to
day.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.bid_play import Decision, Policy
from benchmarks.bid_rivals import LEAST_BID, rounded
from bidding.account import Account, BidLimits
from bidding.pacing import Period, pace, weekday_factor
from bidding.simulator.reports import CHANNEL
from bidding.snapshot import Snapshot

WEEK = 7
STEERING_DAYS = 7
LARGEST_TURN = 0.05
"""A target moves by at most this share a day: a rule's spend follows its target with a delay."""


@dataclass
class Stepped:
    """A rule whose bids move no faster than the bidder's may."""

    rule: Policy
    limits: BidLimits = field(default_factory=BidLimits)
    before: list[np.ndarray] = field(default_factory=list)

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """The rule's bids, within a day's and a week's largest change; one cent is always allowed."""
        live, wanted = snapshot.targets.bid, self.rule.decide(snapshot, account)
        self.before = [*self.before, live][-WEEK:]
        week, day = self.before[0], self.limits
        low = np.maximum(live * (1 - day.daily_change), week * (1 - day.weekly_change))
        high = np.minimum(live * (1 + day.daily_change), week * (1 + day.weekly_change))
        low, high = np.minimum(low, live - LEAST_BID / 2), np.maximum(high, live + LEAST_BID / 2)
        return replace(wanted, bids=np.where(wanted.bids == live, live, rounded(np.clip(wanted.bids, low, high))))


@dataclass
class Steered:
    """A rule whose target is moved every day towards the spend that is left of the month, with no word of days to come.

    Attributes:
        made: the rule at a target; it must have a field `target` that may be set.
        target: the first one.
        plan: money by month.
    """

    made: Callable[[float], Policy]
    target: float
    plan: Mapping[str, float]
    rule: Policy | None = None

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """The rule's bids at a target that is raised where the last week spent less than the rest of the month has."""
        self.rule = self.rule or self.made(self.target)
        month = snapshot.today.astype("datetime64[M]")
        period = Period(month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]") - 1)
        money = pace(snapshot, {CHANNEL: self.plan[str(month)]}, period)[0].today / weekday_factor(snapshot, 0)
        recent = snapshot.performance.day >= snapshot.today - np.timedelta64(STEERING_DAYS, "D")
        spent = float(snapshot.performance.cost[recent].sum()) / STEERING_DAYS
        self.target *= float(np.clip(money / max(spent, 1e-9), 1 - LARGEST_TURN, 1 + LARGEST_TURN))
        self.rule.target = self.target  # type: ignore[attr-defined]
        return self.rule.decide(snapshot, account)
