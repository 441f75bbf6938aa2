"""A policy is played in a market: every morning a snapshot in, bids out; what it earned, spent and turned about out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bidding.account import Account, AccountChannel
from bidding.simulator.market import Market
from bidding.simulator.reports import CHANNEL
from bidding.snapshot import Platform, Snapshot

REVERSAL_DAYS = 3
SAME_SPEND = 0.02
MOST_TRIES = 5


@dataclass(frozen=True, eq=False)
class Decision:
    """A morning's bids `(N,)`; campaigns' daily budgets `(M,)`, None leaves them; which bids are jittered `(N,)`.

    `modifiers` are placement increases as fractions, `(M, 3)`, None leaves them.
    """

    bids: np.ndarray
    budgets: np.ndarray | None = None
    jittered: np.ndarray | None = None
    modifiers: np.ndarray | None = None


class Policy(Protocol):
    """Whatever sets bids. One object plays one market and may remember."""

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """Bids of this morning, from what reports show."""


@dataclass
class Played:
    """What came of it on the days that count, money; `months` are spend by month and `bids` and `jittered` by day.

    `before` is profit and spend of the run-in, which does not count; `costs` are every day's, run-in included.
    """

    profit: float = 0.0
    spend: float = 0.0
    realised_profit: float = 0.0
    before: dict[str, float] = field(default_factory=lambda: {"profit": 0.0, "spend": 0.0})
    costs: list[float] = field(default_factory=list)
    months: dict[str, float] = field(default_factory=dict)
    bids: list[np.ndarray] = field(default_factory=list)
    jittered: list[np.ndarray] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """What is kept of it."""
        window, ever = reversals(np.array(self.bids), np.array(self.jittered))
        kept: dict[str, Any] = {"profit": self.profit, "spend": self.spend, "realised_profit": self.realised_profit}
        kept |= {"before": self.before, "months": self.months}
        return kept | {"reversals": window, "reversals_ever": ever}


def account_of(market: Market) -> Account:
    """The account as its owner states it: margin and window, no word on what is incremental."""
    spec = market.world.spec
    return account_of_margin(spec.profile.margin, spec.attribution_days)


def account_of_margin(margin: float, attribution_days: int = 14) -> Account:
    """An account of one channel."""
    channel = AccountChannel(
        CHANNEL, Platform.AMAZON, margin=margin, attribution_days=attribution_days, brand_terms=("brand",)
    )
    return Account("simulated", "USD", "US", "UTC", (channel,))


def play(opened: Market, policy: Policy, run_in: int = 0) -> Played:
    """Play the days that are left, on a copy; profit is what bids were expected to earn, which chance blurs less.

    Args:
        opened: stays as it is.
        policy: sees every morning.
        run_in: first days that are played and do not count.
    """
    market, account, played = opened.copy(), account_of(opened), Played()
    first = opened.today + run_in
    while market.today < market.world.spec.horizon:
        snapshot, counts = market.morning(), market.today >= first
        decision = policy.decide(snapshot, account)
        truth = market.run_day(decision.bids, decision.modifiers, decision.budgets)
        played.costs.append(truth.cost)
        if not counts:
            played.before["profit"] += truth.expected_profit
            played.before["spend"] += truth.cost
            continue
        month = str(snapshot.today.astype("datetime64[M]"))
        played.months[month] = played.months.get(month, 0.0) + truth.cost
        played.spend += truth.cost
        played.profit += truth.expected_profit
        played.realised_profit += market.world.spec.profile.margin * truth.incremental_sales - truth.cost
        played.bids.append(decision.bids)
        nothing = np.zeros(len(decision.bids), dtype=bool)
        played.jittered.append(nothing if decision.jittered is None else decision.jittered)
    return played


def plan_of(opened: Market) -> dict[str, float]:
    """Every month's money from the first that is played: what is spent in it where nobody changes a bid."""
    costs = [truth.cost for truth in opened.truths] + play(opened, _Unchanged()).costs
    months = opened.demand.days[: len(costs)].astype("datetime64[M]")
    left = np.unique(months[opened.today :])
    return {str(month): float(np.array(costs)[months == month].sum()) for month in left}


class _Unchanged:
    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        return Decision(snapshot.targets.bid.copy())


def at_equal_spend(
    opened: Market, made: Callable[[float], Policy], spend: float, start: float, run_in: int = 0
) -> tuple[Played, float]:
    """Play with the lever at which the spend that counts is `spend` within 2 %, found by secants in logarithms.

    The lever is found with hindsight, which only helps the rule. The nearest try is kept where none comes that near.
    """
    tried: list[tuple[float, float, Played]] = []
    lever = start
    for _ in range(MOST_TRIES):
        played = play(opened, made(lever), run_in)
        error = float(np.log(max(played.spend, 1e-9) / spend))
        tried.append((float(np.log(lever)), error, played))
        if abs(error) <= SAME_SPEND:
            break
        lever = float(np.exp(_next(tried)))
    place, _, played = min(tried, key=lambda each: abs(each[1]))
    return played, float(np.exp(place))


def _next(tried: list[tuple[float, float, Played]]) -> float:
    below = max((each for each in tried if each[1] < 0), key=lambda each: each[1], default=None)
    above = min((each for each in tried if each[1] > 0), key=lambda each: each[1], default=None)
    if below is None or above is None:
        place, error, _ = tried[-1]
        return place - float(np.clip(2.0 * error, -1.5, 1.5))
    weight = np.clip(-below[1] / (above[1] - below[1]), 0.1, 0.9)
    return float(below[0] + weight * (above[0] - below[0]))


def reversals(bids: np.ndarray, jittered: np.ndarray) -> tuple[float, float]:
    """Share of targets outside the jitter whose bid turns about within three days: in an average span, and ever.

    Args:
        bids: by day, `(T, N)`.
        jittered: which bids carry a jitter, now or the day before, `(T, N)`.
    """
    moved = np.sign(np.round(np.diff(bids, axis=0), 6))
    moved[jittered[1:] | jittered[:-1]] = 0
    turned = np.zeros(moved.shape, dtype=bool)
    for lag in range(1, REVERSAL_DAYS + 1):
        turned[lag:] |= moved[lag:] * moved[:-lag] < 0
    spans = [turned[day : day + REVERSAL_DAYS].any(axis=0).mean() for day in range(len(turned) - REVERSAL_DAYS + 1)]
    return float(np.mean(spans)), float(turned.any(axis=0).mean())
