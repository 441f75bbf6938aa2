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
from bidding.guardrails.moves_of_night import chosen_bids, moves_of_bids
from bidding.guardrails.steered import steer
from bidding.history import History
from bidding.landscape import candidate_bids
from bidding.money import MICROS, money_of
from bidding.night import Budgets, Night, PlatformBounds
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import NO_SLACK, Slack
from bidding.past_runs import Past
from bidding.placements import Increases
from bidding.reach import Reach, far_reach, reach_of
from bidding.snapshot import Snapshot
from bidding.steady import Learnt, choose_tonight
from bidding.steering import beside_increases, increases_of, steering_of

Respond = Callable[[Snapshot, Account, np.ndarray], BidResponse]
Value = Callable[[Snapshot, Account, Sequence[Factor]], ClickValues]
LEAST_BID, LARGEST_BID, BID_STEP = 0.02, 1000.0, 0.01
"""Sponsored Products in the United States."""


@dataclass(frozen=True, eq=False)
class Told:
    """What a night is given beside its reports.

    Attributes:
        factors: incremental shares.
        respond: how the response to bids is learnt.
        history: what we did to the bids before; None where nothing.
        jitter: factor on the chosen bid, `(N,)`, or None.
        value: how clicks are valued.
        slack: how far tonight may leave the steady price of money and the day's.
        price: last night's steady price of money, `(1,)`, or None.
        past: what earlier nights did to placement increases; None leaves these as they are.
    """

    factors: Sequence[Factor]
    respond: Respond
    history: History | None = None
    jitter: np.ndarray | None = None
    value: Value = value_clicks
    slack: Slack = NO_SLACK
    price: np.ndarray | None = None
    past: Past | None = None


@dataclass(frozen=True, eq=False)
class Proposed:
    """What a night proposes, and the seconds of its steps; `chosen` are bids before jitter and guardrails, `(N,)`."""

    values: ClickValues
    response: BidResponse
    choice: BidChoice
    chosen: np.ndarray
    bids: np.ndarray
    increases: np.ndarray
    seconds: dict[str, float] = field(default_factory=dict)


def propose_bids(snapshot: Snapshot, account: Account, budgets: Mapping[str, float], told: Told) -> Proposed:
    """Values → response → joint choice within what limits let each bid reach → guardrails."""
    seconds: dict[str, float] = {}
    clock = _Clock(seconds)
    values = told.value(snapshot, account, told.factors)
    clock.lap("value")
    campaigns = len(snapshot.campaigns.ids)
    bounds, history = amazon_bounds(campaigns), told.history or History.none(len(snapshot.targets))
    reach = reach_of(snapshot, account, bounds, history, snapshot.targets.bid)

    def respond(within: Reach) -> BidResponse:
        far = far_reach(snapshot, account, bounds, within)
        bids = candidate_bids(within.base, BID_STEP, within.low, within.high, far=far)
        return told.respond(snapshot, account, bids)

    asked, within, response = beside_increases(snapshot, reach, _asked(snapshot, account, told), budgets, respond)
    clock.lap("response")
    choice = choose_tonight(Learnt(values, response, told.price), snapshot, budgets, within, slack=told.slack)
    clock.lap("choice")
    night = Night(
        snapshot=snapshot,
        account=account,
        values=values,
        response=response,
        choice=choice,
        bounds=bounds,
        budgets=Budgets(np.array([budgets[name] for name in snapshot.channels])),
        circumstances=Circumstances(),
        history=history,
        budget_history=History.none(campaigns),
        jitter=told.jitter,
        steering=told.past and steering_of(snapshot, account, (values, response, choice), budgets, asked, told.past),
    )
    found = find(night)
    steered = steer(night, found)
    bids = money_of(guard(moves_of_bids(night, found, steered)).new)
    clock.lap("guardrails")
    return Proposed(values, response, choice, chosen_bids(night, steered), bids, steered.increases, seconds)


def _asked(snapshot: Snapshot, account: Account, told: Told) -> Increases:
    if told.past is not None:
        return increases_of(snapshot, account, told.past)
    return Increases(None, snapshot.campaigns.modifiers, np.ones(len(snapshot.campaigns.ids)))


def amazon_bounds(campaigns: int) -> PlatformBounds:
    """Sponsored Products in the United States."""
    limits = (LEAST_BID, LARGEST_BID, BID_STEP, 1.0, 1e6, 0.01)
    return PlatformBounds(*(np.full(campaigns, round(limit * MICROS), dtype=np.int64) for limit in limits))


class _Clock:
    """Seconds between laps, kept by name."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds, self.last = seconds, time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now
