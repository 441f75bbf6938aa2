"""What a bidder that knows the market could reach: the truth of days to come in, the best bids within a budget out.

For proof only. Campaigns' own budgets are out of its way. One price on money holds on all days; it is raised until the
budget is met. Where all of the budget must be spent, it is lowered below nothing until that is so.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bidding.outlook import FloatArray
from bidding.simulator.conversions import new_share
from bidding.simulator.market import Market
from bidding.simulator.world import World

BID_STEPS = np.exp(np.linspace(-6.1, 3.5, 49))
"""Bids tried, over the target's price scale of the day; the least buys nothing, whatever the placement's increase."""
BISECTIONS = 18
LOWEST_PRICE = -0.99
"""A unit of money that must be spent costs next to nothing."""


@dataclass(frozen=True)
class OracleResult:
    """Expected profit and cost of the oracle, money, and the profit that one more unit of money would bring."""

    profit: float
    cost: float
    shadow_price: float


def oracle(
    market: Market, days: range, budget: float, spend_all: bool = False, believed: FloatArray | None = None
) -> OracleResult:
    """The most that bids within `budget` could earn on `days`, each target's bid free every day.

    Args:
        market: stays as it is.
        days: numbers of days.
        budget: money over all of them.
        spend_all: whether what is left of the budget must be spent too, as a rival at equal spend must.
        believed: profit of one more click on each of the days that bids are chosen by, `(days, N)`; None for the truth.
    """
    converting, cost = _per_search(market.world, market.modifiers)
    true = _per_click(market.world)[:, None]
    conversion = market.demand.conversion[days]
    index, searches = market.demand.price_index[days], market.demand.searches[days]

    def earned(price_of_money: float) -> tuple[float, float]:
        profit = spent = 0.0
        for day in range(len(index)):
            charged = index[day][:, None] * cost
            sold = conversion[day] * (true * converting)
            hoped = sold if believed is None else believed[day][:, None] * converting
            best = (hoped - (1 + price_of_money) * charged).argmax(axis=1)[:, None]
            taken, paid = (np.take_along_axis(part, best, axis=1)[:, 0] for part in (sold, charged))
            profit += float(searches[day] @ (taken - paid))
            spent += float(searches[day] @ paid)
        return profit, spent

    price = _price_of_money(earned, budget, LOWEST_PRICE if spend_all else 0.0)
    profit, spent = earned(price)
    return OracleResult(profit, spent, price)


def _price_of_money(earned: Callable[[float], tuple[float, float]], budget: float, lowest: float) -> float:
    """The lowest price on money at which no more than the budget is spent; `lowest` where it never binds."""
    if earned(lowest)[1] <= budget:
        return lowest
    low, high = lowest, 1.0
    while earned(high)[1] > budget:
        low, high = high, 2 * high
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if earned(middle)[1] <= budget else (middle, high)
    return high


def _per_click(world: World) -> FloatArray:
    """Margin on the incremental sales of a click at rest of search on a day like any other, `(N,)`."""
    found: FloatArray = world.spec.profile.margin * world.conversion_rate * world.order_value * new_share(world)
    return found


def _per_search(world: World, modifiers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Clicks weighted by how well they convert, and cost, per search at each bid step on a usual day, `(N, K)` each."""
    columns = [world.buys(world.price * step, modifiers, np.ones(len(world.price))) for step in BID_STEPS]
    cost, converting = (np.stack([column[place] for column in columns], axis=1) for place in (2, 3))
    return converting, cost
