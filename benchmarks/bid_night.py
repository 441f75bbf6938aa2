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
from bidding.money import MICROS, money_of
from bidding.night import Budgets, Night, PlatformBounds
from bidding.optimize import ChoiceSettings, choose_bids
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.snapshot import Snapshot

Respond = Callable[[Snapshot, Account, np.ndarray], BidResponse]
REACH = np.exp(np.linspace(-0.6, 0.6, 25))
"""Candidates, over the bid in force."""


@dataclass(frozen=True, eq=False)
class Told:
    """What a night is given beside its reports.

    Attributes:
        factors: incremental shares.
        respond: how the response to bids is learnt.
        history: what we did to the bids before; None where nothing.
        turned_up, turned_down: targets that may not fall, or not rise, since they have just moved the other way.
        jitter: factor on the chosen bid, `(N,)`, or None.
    """

    factors: Sequence[Factor]
    respond: Respond
    history: History | None = None
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
    response = told.respond(snapshot, account, candidates(snapshot))
    clock.lap("response")
    history = told.history or History.none(len(snapshot.targets))
    first, last = _reachable(snapshot, account, response, history, told)
    settings = ChoiceSettings(first=first, last=last)
    choice = choose_bids(values, response, snapshot, budgets, settings=settings)
    clock.lap("choice")
    count = len(snapshot.campaigns.ids)
    night = Night(
        snapshot=snapshot,
        account=account,
        values=values,
        response=response,
        choice=choice,
        bounds=amazon_bounds(count),
        budgets=Budgets(np.array([budgets[name] for name in snapshot.channels])),
        circumstances=Circumstances(),
        history=history,
        budget_history=History.none(count),
        jitter=told.jitter,
    )
    bids = money_of(guard(moves_of_bids(night, find(night))).new)
    clock.lap("guardrails")
    return Proposed(values, response, choice, bids, seconds)


def candidates(snapshot: Snapshot) -> np.ndarray:
    """Bids to choose from, whole cents rising from 0.02, `(N, K)`."""
    tried = np.maximum(np.round(snapshot.targets.bid[:, None] * REACH, 2), 0.02)
    return np.maximum.accumulate(tried, axis=1)


def amazon_bounds(campaigns: int) -> PlatformBounds:
    """Sponsored Products in the United States."""
    limits = (0.02, 1000.0, 0.01, 1.0, 1e6, 0.01)
    return PlatformBounds(*(np.full(campaigns, round(limit * MICROS), dtype=np.int64) for limit in limits))


def _reachable(
    snapshot: Snapshot, account: Account, response: BidResponse, history: History, told: Told
) -> tuple[np.ndarray, np.ndarray]:
    """First and last column that a day's and a week's largest change, and a move of the last days, leave open."""
    limits = account.channels[0].limits
    live = snapshot.targets.bid
    week = np.where(history.week_start >= 0, history.week_start / MICROS, live)
    low = np.maximum(live * (1 - limits.daily_change), week * (1 - limits.weekly_change)) - 1e-9
    high = np.minimum(live * (1 + limits.daily_change), week * (1 + limits.weekly_change)) + 1e-9
    low = np.where(told.turned_up, live, low) if told.turned_up is not None else low
    high = np.where(told.turned_down, live, high) if told.turned_down is not None else high
    first = np.minimum((response.bids < low[:, None]).sum(axis=1), response.current)
    last = np.maximum((response.bids <= high[:, None]).sum(axis=1) - 1, response.current)
    return first, last


class _Clock:
    """Seconds between laps, kept by name."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds, self.last = seconds, time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now
