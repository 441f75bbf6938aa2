"""A market's lasting truth: campaigns, targets, what a bid buys, what a click sells, what of it is new.

`campaigns` and `targets` are what a report would show; everything else is hidden from bidders.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bidding.outlook import FloatArray, IntArray
from bidding.simulator.auction import AuctionTable
from bidding.simulator.spec import MarketSpec
from bidding.snapshot import Campaigns, Targets

PLACEMENT_SEARCHES = np.array([0.25, 0.45, 0.30])
"""Share of searches by placement: top of search, rest of search, product pages."""
PLACEMENT_PRICE = np.array([0.45, 0.0, -0.3])
"""Logarithm of what rivals bid there, against the rest of search."""
PLACEMENT_CONVERSION = np.array([1.25, 1.0, 0.75])


@dataclass(frozen=True, eq=False)
class World:
    """What does not change from day to day; N targets, M campaigns.

    Attributes:
        spec: what it was drawn from.
        campaigns, targets: as reports show them, bids those of the first day.
        table: what a bid buys per search, in units of `price`.
        price: what rivals bid, money, `(N,)`.
        searches: per day before season and weekday, `(N,)`.
        click_rate: clicks per impression in the first slot, `(N,)`.
        conversion_rate: orders per click at rest of search, claimed or not, `(N,)`.
        order_value: money, `(N,)`.
        incremental: probability that an order after a click would not have come without it, `(N,)`.
        halo: share of orders that are for another product, `(N,)`.
        sku: number of the advertised product, `(N,)`.
        organic: sales per day without any advertising, money.
    """

    spec: MarketSpec
    campaigns: Campaigns
    targets: Targets
    table: AuctionTable
    price: FloatArray
    searches: FloatArray
    click_rate: FloatArray
    conversion_rate: FloatArray
    order_value: FloatArray
    incremental: FloatArray
    halo: FloatArray
    sku: IntArray
    organic: float

    def buys(
        self, bids: FloatArray, modifiers: FloatArray, price_index: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Per search at these bids: impressions, clicks, cost and clicks weighted by how well they convert.

        Args:
            bids: money, `(N,)`.
            modifiers: placement increases as fractions, `(M, 3)`.
            price_index: today's prices over the usual, `(N,)`.

        Returns:
            Four arrays `(N,)`; the cost in money.
        """
        shown, clicks, cost, converting = (np.zeros(len(bids)) for _ in range(4))
        for seen, clicked, paid, weighted in self.buys_by_placement(bids, modifiers, price_index):
            shown += seen
            clicks += clicked
            cost += paid
            converting += weighted
        return shown, clicks, cost, converting

    def buys_by_placement(
        self, bids: FloatArray, modifiers: FloatArray, price_index: FloatArray
    ) -> Iterator[tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
        """The same of each placement in turn."""
        price = self.price * price_index
        log_bid = np.log(np.maximum(bids, 1e-9) / price)
        raised = np.log1p(modifiers[self.targets.campaign])
        for place, (share, premium, factor) in enumerate(
            zip(PLACEMENT_SEARCHES, PLACEMENT_PRICE, PLACEMENT_CONVERSION, strict=True)
        ):
            seen, clicked, paid = self.table.at(log_bid + raised[:, place] - premium)
            yield (
                share * seen,
                share * self.click_rate * clicked,
                share * self.click_rate * paid * price * np.exp(premium),
                share * factor * self.click_rate * clicked,
            )
