"""One night of our bidder: a snapshot and the day's money in; values, response, choice and guarded bids out."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bidding.account import Account
from bidding.circumstances import Circumstances
from bidding.click_value import value_clicks
from bidding.factors import Factor
from bidding.guardrails.apply_rules import guard
from bidding.guardrails.flags import find
from bidding.guardrails.moves_of_night import moves_of_bids
from bidding.history import History
from bidding.landscape import candidate_bids
from bidding.money import MICROS, money_of
from bidding.night import Budgets, Night, PlatformBounds
from bidding.optimize import ChoiceSettings, choose_bids
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.snapshot import Snapshot
from bidding.worth import last_worth_bidding

Respond = Callable[[Snapshot, Account, np.ndarray], BidResponse]
LEAST_BID, LARGEST_BID, BID_STEP = 0.02, 1000.0, 0.01
"""Sponsored Products in the United States."""


@dataclass(frozen=True, eq=False)
class Told:
    """What a night is given beside its reports.

    Attributes:
        factors: incremental shares.
        respond: how the response to bids is learnt.
        history: what we did to the bids before; None where nothing.
        base, week: bids in force and a week ago without their jitter, `(N,)`; None for the bids in force.
        turned_up, turned_down: targets that may not fall, or not rise, since they have just moved the other way.
        jitter: factor on the chosen bid, `(N,)`, or None.
    """

    factors: Sequence[Factor]
    respond: Respond
    history: History | None = None
    base: np.ndarray | None = None
    week: np.ndarray | None = None
    turned_up: np.ndarray | None = None
    turned_down: np.ndarray | None = None
    jitter: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Proposed:
    """What a night proposes, and the seconds of its steps."""

    values: ClickValues
    response: BidResponse
    choice: BidChoice
    bids: np.ndarray
    seconds: dict[str, float] = field(default_factory=dict)


def propose_bids(snapshot: Snapshot, account: Account, budgets: Mapping[str, float], told: Told) -> Proposed:
    """Values → response → joint choice within what limits let each bid reach → guardrails."""
    seconds: dict[str, float] = {}
    clock = _Clock(seconds)
    values = value_clicks(snapshot, account, told.factors)
    clock.lap("value")
    low, high, base = _reachable(snapshot, account, told)
    response = told.respond(snapshot, account, candidate_bids(base, BID_STEP, low, high))
    clock.lap("response")
    settings = ChoiceSettings(last=last_worth_bidding(values, response, snapshot, budgets))
    choice = choose_bids(values, response, snapshot, budgets, settings=settings)
    clock.lap("choice")
    campaigns = len(snapshot.campaigns.ids)
    night = Night(
        snapshot=snapshot,
        account=account,
        values=values,
        response=response,
        choice=choice,
        bounds=amazon_bounds(campaigns),
        budgets=Budgets(np.array([budgets[name] for name in snapshot.channels])),
        circumstances=Circumstances(),
        history=told.history or History.none(len(snapshot.targets)),
        budget_history=History.none(campaigns),
        jitter=told.jitter,
    )
    bids = money_of(guard(moves_of_bids(night, find(night))).new)
    clock.lap("guardrails")
    return Proposed(values, response, choice, bids, seconds)


def amazon_bounds(campaigns: int) -> PlatformBounds:
    """Sponsored Products in the United States."""
    limits = (LEAST_BID, LARGEST_BID, BID_STEP, 1.0, 1e6, 0.01)
    return PlatformBounds(*(np.full(campaigns, round(limit * MICROS), dtype=np.int64) for limit in limits))


def _reachable(snapshot: Snapshot, account: Account, told: Told) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Between which bids a day's and a week's largest change, and a move of the last days, let each be chosen; base."""
    limits = account.channels[0].limits
    base = snapshot.targets.bid if told.base is None else told.base
    week = base if told.week is None else told.week
    low = np.maximum(base * (1 - limits.daily_change), week * (1 - limits.weekly_change))
    high = np.minimum(base * (1 + limits.daily_change), week * (1 + limits.weekly_change))
    low = low if told.turned_up is None else np.where(told.turned_up, base, low)
    high = high if told.turned_down is None else np.where(told.turned_down, base, high)
    # A fifth of a small bid is less than a step; one step is always allowed.
    low = np.where(low < base, np.minimum(low, base - BID_STEP), low)
    high = np.where(high > base, np.maximum(high, base + BID_STEP), high)
    return np.minimum(np.maximum(low, LEAST_BID), base), np.maximum(np.minimum(high, LARGEST_BID), base), base


class _Clock:
    """Seconds between laps, kept by name."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds, self.last = seconds, time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now
