"""A market in, what a bidder could earn there that knows everything but what clicks are worth, out.

What a click sells is learnt from orders, and orders are few: this much of what an oracle earns no bidder can reach,
however well it knows rivals, demand and days to come. Its click values are the bidder's own, as they were each morning.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.bid_ours import Ours, measured_shares
from benchmarks.bid_play import play
from bidding.account import Account
from bidding.click_value import value_clicks
from bidding.factors import Factor
from bidding.marginal import learn_priced_response
from bidding.outlook import ClickValues, FloatArray
from bidding.simulator.conversions import new_share
from bidding.simulator.market import Market
from bidding.simulator.oracle import BID_STEPS, OracleResult
from bidding.simulator.world import PLACEMENT_CONVERSION
from bidding.snapshot import Snapshot

BISECTIONS = 40
LOWEST_PRICE, HIGHEST_PRICE = -0.99, 60.0


def with_right_increases(market: Market) -> Market:
    """The market with placement increases that follow how well placements convert; the other stays as it is."""
    twin = market.copy()
    twin.modifiers = np.tile(PLACEMENT_CONVERSION / PLACEMENT_CONVERSION.min() - 1, (len(market.modifiers), 1))
    return twin


def best_by_values(market: Market, told: FloatArray, days: range, budget: float) -> OracleResult:
    """The most that click values could have earned, at one price on money, were all else known.

    Args:
        market: whose rivals, demand and increases are known; stays as it is.
        told: profit of one more click as it is believed on each of the days, `(days, N)`; `values_by_day`.
        days: numbers of days.
        budget: money over all of them, all of it to be spent.
    """
    low, high = LOWEST_PRICE, HIGHEST_PRICE
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _earned(market, days, told, middle)[1] > budget else (low, middle)
    profit, spent = _earned(market, days, told, high)
    return OracleResult(profit, spent, high)


def values_by_day(market: Market, plan: dict[str, float], run_in: int) -> FloatArray:
    """Profit of one more click as the bidder told it each morning that counts, `(days, N)`."""
    told: list[FloatArray] = []

    def listen(snapshot: Snapshot, account: Account, factors: Sequence[Factor]) -> ClickValues:
        values = value_clicks(snapshot, account, factors)
        told.append(values.profit)
        return values

    play(market, Ours(plan, measured_shares(market), learn_priced_response, value=listen), run_in)
    return np.array(told)[run_in:]


def _earned(market: Market, days: range, told: FloatArray, price: float) -> tuple[float, float]:
    """Profit and cost where each bid is the best of every day by what was told of its clicks, all else as it was."""
    world = market.world
    columns = [world.buys(world.price * step, market.modifiers, np.ones(len(world.price))) for step in BID_STEPS]
    cost, converting = (np.stack([column[place] for column in columns], axis=1) for place in (2, 3))
    true = world.spec.profile.margin * world.conversion_rate * world.order_value * new_share(world)
    rows, profit, spent = np.arange(len(true)), 0.0, 0.0
    for number, day in enumerate(days):
        charged = market.demand.price_index[day][:, None] * cost
        best = (told[number][:, None] * converting - (1 + price) * charged).argmax(axis=1)
        searches, paid = market.demand.searches[day], charged[rows, best]
        sold = market.demand.conversion[day] * true * converting[rows, best]
        profit += float(searches @ (sold - paid))
        spent += float(searches @ paid)
    return profit, spent
