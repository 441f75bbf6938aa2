"""A market that is played day by day: bids in, what happened out; each morning shows what reports show, no more.

`run_history` lets a person run it first; `copy` gives rivals the same market, with the same chance ahead of them.
"""

from dataclasses import dataclass

import numpy as np

from bidding.errors import BidError
from bidding.outlook import FloatArray, IntArray
from bidding.simulator.conversions import Orders, draw_orders, new_share
from bidding.simulator.demand import HOURS, Demand, draw_demand
from bidding.simulator.draw import draw_world
from bidding.simulator.ledger import Ledger, empty_ledger
from bidding.simulator.placements import placed_clicks, placed_cost, placed_orders
from bidding.simulator.reports import morning_snapshot
from bidding.simulator.spec import MarketSpec
from bidding.simulator.world import World
from bidding.snapshot import Snapshot

LARGEST_DAY = 2.0
"""What a platform may spend in a day, over the daily budget, if days before in the month left it unspent."""
PRICE_SPREAD = 0.6
"""Standard deviation of one click's price over its mean; less where the mean is near the most that it can cost."""


@dataclass(frozen=True)
class DayTruth:
    """What a day really was, money.

    Attributes:
        cost: what was charged.
        claimed_sales: what the platform will claim in the end.
        incremental_sales: what would not have been sold without these clicks.
        displaced_sales: orders after a click that would have come anyway.
        total_sales: everything sold, without and with advertising.
        expected_incremental_sales, expected_cost: given bids, demand and the share of the day within budget.
        expected_profit: margin on expected incremental sales less expected cost.
    """

    cost: float
    claimed_sales: float
    incremental_sales: float
    displaced_sales: float
    total_sales: float
    expected_incremental_sales: float
    expected_cost: float
    expected_profit: float


class Market:
    """One account in its market. `today` is the number of the day that is to come next."""

    def __init__(self, world: World, demand: Demand, ledger: Ledger, today: int = 0) -> None:
        self.world, self.demand, self.ledger, self.today = world, demand, ledger, today
        self.bids = world.targets.bid.copy()
        self.modifiers = world.campaigns.modifiers.copy()
        self.budgets = world.campaigns.daily_budget.copy()
        self.truths: list[DayTruth] = []

    def copy(self) -> "Market":
        """The same market, with the same days to come, to be played otherwise."""
        twin = Market(self.world, self.demand, self.ledger.copy(), self.today)
        twin.bids, twin.modifiers, twin.budgets = self.bids.copy(), self.modifiers.copy(), self.budgets.copy()
        twin.truths = list(self.truths)
        return twin

    def morning(self) -> Snapshot:
        """What the account looks like before today's bids are set; a person may have changed some of them."""
        return morning_snapshot(
            self.world, self.demand, self.ledger, self.today, (self.bids, self.modifiers, self.budgets)
        )

    def run_day(
        self, bids: FloatArray, modifiers: FloatArray | None = None, budgets: FloatArray | None = None
    ) -> DayTruth:
        """Play today.

        Args:
            bids: money, `(N,)`.
            modifiers: placement increases as fractions, `(M, 3)`; None leaves them.
            budgets: of campaigns per day, money, `(M,)`; None leaves them.

        Raises:
            BidError: no day is left, or a bid or budget is not a number of at least 0.
        """
        self._set(bids, modifiers, budgets)
        world, today = self.world, self.today
        shown, clicks, cost, converting = self._per_day()
        rng = np.random.default_rng([world.spec.seed, 4, today])
        impressions, clicked, charged = _chance(shown, clicks, cost, self._highest(), rng)
        share = self._within_budget(charged)
        clicked, charged = self._cut(clicked, charged, share, rng)
        self.ledger.bid[today], self.ledger.budgets[today] = self.bids, self.budgets
        self.ledger.impressions[today] = np.maximum(np.round(impressions * share), clicked)
        self.ledger.clicks[today], self.ledger.cost[today] = clicked, charged
        self.ledger.out_of_budget[today] = _late_hours(share)
        rate = world.conversion_rate * self.demand.conversion[today] * converting / np.maximum(clicks, 1e-12)
        orders = draw_orders(world, clicked, rate, rng, np.random.default_rng([world.spec.seed, 5, today]))
        self.ledger.expect(today, self._placed(clicked, charged, orders))
        sold = rate * world.order_value * new_share(world)
        truth = _truth(world, orders, float(charged.sum()), float((share * clicks * sold).sum()), float(share @ cost))
        self.truths.append(truth)
        self._next_morning()
        return truth

    def _set(self, bids: FloatArray, modifiers: FloatArray | None, budgets: FloatArray | None) -> None:
        if self.today >= self.world.spec.horizon:
            raise BidError(f"day {self.today + 1} is past the market's {self.world.spec.horizon}: ask for more days")
        self.bids = np.array(bids, dtype=np.float64)
        self.modifiers = self.modifiers if modifiers is None else np.array(modifiers, dtype=np.float64)
        self.budgets = self.budgets if budgets is None else np.array(budgets, dtype=np.float64)
        for name, values in (("bid", self.bids), ("modifier", self.modifiers), ("budget", self.budgets)):
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise BidError(f"a {name} is not a number of at least 0")

    def _per_day(self) -> tuple[FloatArray, ...]:
        bought = self.world.buys(self.bids, self.modifiers, self.demand.price_index[self.today])
        searches = self.demand.searches[self.today]
        return tuple(searches * part for part in bought)

    def _placed(self, clicked: IntArray, charged: FloatArray, orders: Orders) -> Orders:
        """The day's orders with their placements, after clicks and cost have got theirs."""
        world, today = self.world, self.today
        rng, campaign = np.random.default_rng([world.spec.seed, 7, today]), world.targets.campaign
        bought = list(world.buys_by_placement(self.bids, self.modifiers, self.demand.price_index[today]))
        expected, paid = (np.array([part[which] for part in bought]) for which in (1, 2))
        clicks = placed_clicks(clicked, expected, rng)
        price = (paid / np.maximum(expected, 1e-300)).T
        of_campaigns = np.bincount(campaign, charged, minlength=len(self.budgets)).astype(np.float64)
        np.add.at(self.ledger.placed[0, today], campaign, clicks)
        self.ledger.placed[1, today] = placed_cost(of_campaigns, clicks, price, campaign)
        return placed_orders(orders, clicks, rng)

    def _highest(self) -> FloatArray:
        """The most that a click can cost, `(N,)`."""
        highest: FloatArray = self.bids * (1 + self.modifiers.max(axis=1))[self.world.targets.campaign]
        return highest

    def _within_budget(self, charged: FloatArray) -> FloatArray:
        """Share of the day's searches that come before the campaign's money is gone, `(N,)`."""
        campaign = self.world.targets.campaign
        wanted = np.bincount(campaign, charged, minlength=len(self.budgets))
        share = np.minimum(1.0, self._allowed() / np.maximum(wanted, 1e-12))
        found: FloatArray = share[campaign]
        return found

    def _allowed(self) -> FloatArray:
        """Money that each campaign may spend today, `(M,)`."""
        month = self.demand.days.astype("datetime64[M]")
        past = slice(int(np.searchsorted(month, month[self.today])), self.today)
        spent = np.bincount(
            self.world.targets.campaign, self.ledger.cost[past].sum(axis=0), minlength=len(self.budgets)
        )
        left = self.ledger.budgets[past].sum(axis=0) - spent
        allowed: FloatArray = np.clip(self.budgets + left, 0.0, LARGEST_DAY * self.budgets)
        return allowed

    def _cut(
        self, clicked: IntArray, charged: FloatArray, share: FloatArray, rng: np.random.Generator
    ) -> tuple[IntArray, FloatArray]:
        kept = rng.binomial(clicked, share)
        paid = charged * kept / np.maximum(clicked, 1.0)
        campaign = self.world.targets.campaign
        total = np.bincount(campaign, paid, minlength=len(self.budgets))
        # Platforms take back what exceeds the budget.
        back = np.minimum(1.0, self._allowed() / np.maximum(total, 1e-12))
        cut: FloatArray = paid * back[campaign]
        return kept, cut

    def _next_morning(self) -> None:
        self.today += 1
        self.ledger.reveal(self.today, self.world.targets.campaign)
        if self.today < self.world.spec.horizon:
            person = self.demand.person[self.today]
            self.bids = np.where(person == 1.0, self.bids, np.maximum(np.round(self.bids * person, 2), 0.02))


def open_market(spec: MarketSpec) -> Market:
    """Draw a market and let a person run it through its history: bids stay, save the person's changes."""
    world = draw_world(spec)
    market = Market(world, draw_demand(world), empty_ledger(spec.horizon + 1, spec.targets, len(world.campaigns.ids)))
    for _ in range(spec.history_days):
        market.run_day(market.bids)
    return market


def _chance(
    shown: FloatArray, clicks: FloatArray, cost: FloatArray, highest: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Impressions, clicks and cost as they fall, before budgets; no click costs more than the highest bid."""
    impressions = rng.poisson(shown).astype(np.float64)
    clicked = rng.binomial(impressions.astype(np.int64), np.minimum(clicks / np.maximum(shown, 1e-12), 1.0))
    part = np.clip(cost / np.maximum(clicks * highest, 1e-12), 1e-6, 1 - 1e-6)
    # The mean of `clicked` prices, each beta: a beta of the same mean and variance.
    steady = np.maximum((1 - part) / (PRICE_SPREAD**2 * part), 2.0)
    weight = np.maximum(clicked, 1) * steady - 1
    charged = clicked * highest * rng.beta(weight * part, weight * (1 - part))
    return impressions, clicked, charged


def _late_hours(share: FloatArray) -> FloatArray:
    """Share of the day's hours after the money is gone, from the share of searches before."""
    by_hour = np.concatenate([[0.0], np.cumsum(HOURS) / HOURS.sum()])
    hours: FloatArray = 1 - np.interp(share, by_hour, np.arange(25) / 24)
    return hours


def _truth(world: World, orders: Orders, cost: float, expected_sales: float, expected_cost: float) -> DayTruth:
    claimed = orders.shown_at_age >= 0
    new = float(orders.sales[orders.incremental].sum())
    displaced = float(orders.sales[~orders.incremental].sum())
    return DayTruth(
        cost=cost,
        claimed_sales=float(orders.sales[claimed].sum()),
        incremental_sales=new,
        displaced_sales=displaced,
        total_sales=world.organic + new,
        expected_incremental_sales=expected_sales,
        expected_cost=expected_cost,
        expected_profit=world.spec.profile.margin * expected_sales - expected_cost,
    )
