"""A market in; what the bidder believes of its clicks, and the market with right placement increases, out.

What a click sells is learnt from orders, and orders are few: this much of what an oracle earns no bidder can reach,
however well it knows rivals, demand and days to come. `oracle` tells it of bids that are chosen by these click values.
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
from bidding.simulator.market import Market
from bidding.simulator.world import PLACEMENT_CONVERSION
from bidding.snapshot import Snapshot


def with_right_increases(market: Market) -> Market:
    """The market with placement increases that follow how well placements convert; the other stays as it is."""
    twin = market.copy()
    twin.modifiers = np.tile(PLACEMENT_CONVERSION / PLACEMENT_CONVERSION.min() - 1, (len(market.modifiers), 1))
    return twin


def values_by_day(market: Market, plan: dict[str, float], run_in: int) -> FloatArray:
    """Profit of one more click as the bidder told it each morning that counts, `(days, N)`."""
    told: list[FloatArray] = []

    def listen(snapshot: Snapshot, account: Account, factors: Sequence[Factor]) -> ClickValues:
        values = value_clicks(snapshot, account, factors)
        told.append(values.profit)
        return values

    play(market, Ours(plan, measured_shares(market), learn_priced_response, value=listen), run_in)
    return np.array(told)[run_in:]
