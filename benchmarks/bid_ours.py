"""Our bidder as a policy: the month's plan in, each morning's bids out; and the same with parts replaced by the truth.

Its incremental shares are those that a model would tell of branded and of other targets, with the model's error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.bid_night import BID_STEP, Respond, Told, Value, propose_bids
from benchmarks.bid_places import Places
from benchmarks.bid_play import Decision
from benchmarks.bid_rivals import lifted
from bidding.account import Account, BidLimits, Jitter
from bidding.click_value import value_clicks
from bidding.factors import Factor
from bidding.history import REST_DAYS, History
from bidding.jitter import jitter_bids
from bidding.money import UNKNOWN, micros_of
from bidding.outlook import BidResponse
from bidding.pacing import DailyBudget, Period, campaign_budgets, correction, pace, slack_of, weekday_factor
from bidding.simulator.conversions import claimed_share, new_share
from bidding.simulator.demand import WEEKDAYS
from bidding.simulator.market import Market
from bidding.simulator.reports import CHANNEL
from bidding.snapshot import Snapshot
from measurement.report import Verdict

SHARE_ERROR = 0.2
"""Relative standard deviation of a measured incremental share."""
LEAST_BUDGET = 1.0
CORRECTED_DAYS = 14
WEEK = 7


@dataclass
class Ours:
    """Values, response, joint choice and guardrails under the day's money.

    Attributes:
        plan: money by month, such as "2025-04".
        factors: incremental shares.
        respond: how the response is learnt.
        jitters: whether bids are jittered.
        value: how clicks are valued.
        limits: largest changes; None for the account's.
        rests: whether a bid that has moved may not turn about for some days.
        lifts: whether campaigns' daily budgets are lifted out of the way.
        places: whether placement increases are chosen too.
    """

    plan: Mapping[str, float]
    factors: tuple[Factor, ...]
    respond: Respond
    jitters: bool = True
    value: Value = value_clicks
    limits: BidLimits | None = None
    rests: bool = True
    lifts: bool = False
    places: bool = True
    set_bids: list[np.ndarray] = field(default_factory=list)
    bases: list[np.ndarray] = field(default_factory=list)
    factor: np.ndarray | None = None
    price: np.ndarray | None = None
    expected: list[float] = field(default_factory=list)
    placed: Places = field(default_factory=Places)

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """Bids of this morning; yesterday's jitter is taken off before the next choice, so that it does not add up."""
        account = account if self.limits is None else _limited(account, self.limits)
        live = snapshot.targets.bid
        base = live if self.factor is None else np.where(live == self.set_bids[-1], self.bases[-1], live)
        jitter = jitter_bids(snapshot.targets.ids, _jitter(account, self.jitters), snapshot.today, seed=1)
        today = self._money_of_today(snapshot)
        self.placed.see(snapshot)
        told = Told(
            self.factors,
            self.respond,
            self._history(snapshot, base),
            jitter.factor,
            self.value,
            slack_of([today]),
            self.price,
            self.placed.past(snapshot) if self.places else None,
        )
        # The response is a usual day's, so the day's money is brought to one.
        weekday = weekday_factor(snapshot, 0)
        money = today.today * self._correction(snapshot) / weekday
        night = propose_bids(snapshot, account, {CHANNEL: money}, told)
        at = (np.arange(len(live)), night.choice.column)
        self.price = night.choice.shadow_price
        chosen = night.chosen
        campaigns = len(snapshot.campaigns.ids)
        cost = np.bincount(snapshot.targets.campaign, night.response.cost[at] * weekday, minlength=campaigns)
        self.expected.append(float(cost.sum()))
        self.set_bids.append(night.bids)
        # Where a guardrail held the bid, what is in force is the base.
        followed = np.abs(night.bids - chosen * jitter.factor) <= BID_STEP
        self.bases.append(np.where(followed, chosen, np.where(night.bids == live, base, night.bids)))
        self.factor = jitter.factor
        budgets = (
            lifted(snapshot)
            if self.lifts
            else _within_a_day(campaign_budgets(today, cost, LEAST_BUDGET), snapshot, account)
        )
        return Decision(night.bids, budgets, jitter.active, night.increases)

    def _money_of_today(self, snapshot: Snapshot) -> DailyBudget:
        month = snapshot.today.astype("datetime64[M]")
        last = (month + 1).astype("datetime64[D]") - 1
        planned = {CHANNEL: self.plan[str(month)]}
        found = pace(snapshot, planned, Period(month.astype("datetime64[D]"), last))[0]
        return replace(found, today=max(found.today, 0.01 * self.plan[str(month)] / 30))

    def _correction(self, snapshot: Snapshot) -> float:
        """What spend was over what was expected of the bids, of late."""
        if not self.expected:
            return 1.0
        days = np.arange(min(len(self.expected), CORRECTED_DAYS), 0, -1)
        back = (snapshot.today - snapshot.performance.day).astype(np.int64)
        spent = np.bincount(back, snapshot.performance.cost, minlength=len(days) + 1)[days]
        return correction(np.array(self.expected[-len(days) :]), spent)

    def _just_moved(self, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self.rests:
            return np.zeros(len(base), dtype=bool), np.zeros(len(base), dtype=bool)
        moves = np.round(np.diff(np.array([*self.bases[-REST_DAYS - 1 :], base]), axis=0), 6)
        return (moves > 0).any(axis=0), (moves < 0).any(axis=0)

    def _history(self, snapshot: Snapshot, base: np.ndarray) -> History:
        count = len(snapshot.targets)
        if not self.set_bids:
            return History.none(count)
        unknown = np.full(count, UNKNOWN, dtype=np.int64)
        never = np.full(count, "NaT", dtype="datetime64[D]")
        week, week_base = (kept[-WEEK] if len(kept) >= WEEK else kept[0] for kept in (self.set_bids, self.bases))
        live = micros_of(snapshot.targets.bid)
        moved = (micros_of(base), micros_of(week_base), *self._just_moved(base))
        return History(live, unknown, never, unknown, micros_of(week), never, *moved)


def _within_a_day(budgets: np.ndarray, snapshot: Snapshot, account: Account) -> np.ndarray:
    """Daily budgets no further from those in force than the guardrails leave them in a day, `(M,)`."""
    live, most = snapshot.campaigns.daily_budget, account.channels[0].limits.budget_change
    found: np.ndarray = np.maximum(np.clip(budgets, live * (1 - most), live * (1 + most)), LEAST_BUDGET)
    return found


def _weekday(day: np.datetime64) -> int:
    return int((day.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def _limited(account: Account, limits: BidLimits) -> Account:
    return replace(account, channels=(replace(account.channels[0], limits=limits),))


def _jitter(account: Account, wanted: bool) -> Jitter:
    return account.channels[0].jitter if wanted else Jitter(share=0.0)


def measured_shares(market: Market, off: bool = False) -> tuple[Factor, ...]:
    """Incremental share of claimed sales of branded and of other targets: the market's, with a model's error.

    Args:
        off: what is claimed counts in full.
    """
    world = market.world
    rng = np.random.default_rng([world.spec.seed, 6])
    claims = market.ledger.sales[: market.today].sum(axis=0)
    found = []
    for branded in (True, False):
        mine = world.targets.branded == branded
        weight = claims[mine] + 1e-9 * claims.sum()
        share = float(np.average(new_share(world)[mine], weights=weight)) / claimed_share(world.spec.attribution_days)
        told = 1.0 if off else share * float(np.exp(SHARE_ERROR * rng.normal()))
        draws = np.maximum(told * (1 + (0.0 if off else SHARE_ERROR) * rng.normal(size=200)), 0.0)
        days = market.demand.days
        found.append(
            Factor(CHANNEL, branded, draws * told / draws.mean(), Verdict.MEASURED, False, days[0], days[-1], "model")
        )
    return tuple(found)


def true_response(market: Market) -> Respond:
    """The market's own expected clicks and cost of the day, for finding what learning the response costs."""
    world, demand = market.world, market.demand

    def respond(snapshot: Snapshot, account: Account, candidates: np.ndarray) -> BidResponse:
        day = int((snapshot.today - demand.days[0]).astype(np.int64))
        usual = demand.searches[day] / WEEKDAYS[_weekday(snapshot.today)]
        bought = [world.buys(column, snapshot.campaigns.modifiers, demand.price_index[day]) for column in candidates.T]
        clicks, cost = (np.stack([usual * part[place] for part in bought], axis=1) for place in (1, 2))
        current = np.abs(candidates - snapshot.targets.bid[:, None]).argmin(axis=1)
        return BidResponse(candidates, clicks, 0.1 * clicks, cost, current, np.ones(len(candidates)))

    return respond


def bent(respond: Respond, power: float) -> Respond:
    """A wrong response: every curve steeper (power above 1) or flatter than it was learnt, through the bid in force."""

    def wrong(snapshot: Snapshot, account: Account, candidates: np.ndarray) -> BidResponse:
        learnt = respond(snapshot, account, candidates)
        rows = np.arange(len(learnt.current))

        def about(table: np.ndarray) -> np.ndarray:
            now = np.maximum(table[rows, learnt.current], 1e-12)[:, None]
            return now * (np.maximum(table, 1e-12) / now) ** power

        return replace(learnt, clicks=about(learnt.clicks), cost=about(learnt.cost))

    return wrong
