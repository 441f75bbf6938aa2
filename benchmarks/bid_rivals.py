"""Rules that media buyers and products use, as policies: a snapshot in, bids out. Each has one lever, its target.

They read what the platform claims, as they do in practice, and know nothing of what is incremental. Campaigns' daily
budgets are lifted out of their way, so that bids alone are compared.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.bid_play import Decision
from bidding.account import Account
from bidding.snapshot import Snapshot

LEAST_BID = 0.02
LIFTED_BUDGET = 1e9


def totals(snapshot: Snapshot, days: np.ndarray | int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clicks, cost and claimed sales per target over the last `days`, one number or one per target, `(N,)` each."""
    rows, count = snapshot.performance, len(snapshot.targets)
    back = (snapshot.today - rows.day).astype(np.int64)
    near = back <= (days if isinstance(days, int) else days[rows.target])
    kept = rows.target[near]
    clicks, cost, sales = (
        np.bincount(kept, part[near], minlength=count) for part in (rows.clicks, rows.cost, rows.sales)
    )
    return clicks, cost, sales


def rounded(bids: np.ndarray) -> np.ndarray:
    """Whole cents, at least the platform's least bid."""
    return np.maximum(np.round(bids, 2), LEAST_BID)


def lifted(snapshot: Snapshot) -> np.ndarray:
    """Daily budgets of campaigns that never bind, `(M,)`."""
    return np.full(len(snapshot.campaigns.ids), LIFTED_BUDGET)


@dataclass
class NoChange:
    """Nobody touches a bid, save the person who does now and then."""

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """The bids in force."""
        return Decision(snapshot.targets.bid.copy())


@dataclass
class TargetAcos:
    """Once a week, every target with ten clicks in 30 days moves towards the target ACoS, at most 20 %."""

    target: float
    days: int = 0

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """Bids times target over ACoS, within 0.8 and 1.2; no sales count as an endless ACoS."""
        bids = snapshot.targets.bid.copy()
        if self.days % 7 == 0:
            clicks, cost, sales = totals(snapshot, 30)
            step = np.clip(self.target * sales / np.maximum(cost, 1e-9), 0.8, 1.2)
            bids = np.where(clicks >= 10, rounded(bids * step), bids)
        self.days += 1
        return Decision(bids, budgets=lifted(snapshot))


@dataclass
class FifteenClicks:
    """A bid moves 15 % towards the target once it has had 15 clicks and three days since it last moved."""

    target: float
    since: np.ndarray | None = None

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """Up where the ACoS since the last change is below the target, down where it is above."""
        bids = snapshot.targets.bid.copy()
        since = np.full(len(bids), 30) if self.since is None else self.since
        clicks, cost, sales = totals(snapshot, since)
        due = (clicks >= 15) & (since >= 3)
        step = np.where(cost <= self.target * sales, 1.15, 0.85)
        self.since = np.minimum(np.where(due, 1, since + 1), 90)
        return Decision(np.where(due, rounded(bids * step), bids), budgets=lifted(snapshot))


@dataclass
class RevenuePerClick:
    """Every day: revenue per click of 60 days times the target; where clicks are few, that of ad group or account."""

    target: float
    least_clicks: int = 20

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """The first of target, ad group, campaign and account with enough clicks tells the revenue per click."""
        clicks, _, sales = totals(snapshot, 60)
        targets = snapshot.targets
        told = np.full(len(clicks), sales.sum() / max(clicks.sum(), 1.0))
        for level in (targets.campaign, targets.ad_group, np.arange(len(clicks))):
            in_clicks, in_sales = np.bincount(level, clicks), np.bincount(level, sales)
            enough = in_clicks[level] >= self.least_clicks
            told = np.where(enough, in_sales[level] / np.maximum(in_clicks[level], 1.0), told)
        return Decision(rounded(told * self.target), budgets=lifted(snapshot))
