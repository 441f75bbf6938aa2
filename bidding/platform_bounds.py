"""A snapshot and its account in, what the platforms allow for each campaign's bids and budgets out, in millionths."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.money import MICROS, UNBOUNDED
from bidding.night import PlatformBounds
from bidding.platforms.limits import limits_of
from bidding.snapshot import Snapshot

IntArray = NDArray[np.int64]


def bounds_of(snapshot: Snapshot, account: Account) -> PlatformBounds:
    """The limits of every campaign's platform, marketplace and product.

    Raises:
        BidError: a product of which no limits are known.
    """
    campaigns = snapshot.campaigns
    kinds = [(int(c), str(product)) for c, product in zip(campaigns.channel, campaigns.product, strict=True)]
    known = {
        kind: limits_of(snapshot.platforms[kind[0]], account.marketplace, kind[1] or "SP")
        for kind in dict.fromkeys(kinds)
    }
    rows = [known[kind] for kind in kinds]

    def column(amounts: list[Decimal | None], absent: int) -> IntArray:
        return np.array([absent if amount is None else int(amount * MICROS) for amount in amounts], dtype=np.int64)

    free = int(UNBOUNDED)
    return PlatformBounds(
        min_bid=column([limits.min_bid for limits in rows], 0),
        max_bid=column([limits.max_bid for limits in rows], free),
        bid_step=column([limits.step for limits in rows], 1),
        min_budget=column([limits.min_daily_budget for limits in rows], 0),
        max_budget=column([limits.max_daily_budget for limits in rows], free),
        budget_step=column([limits.step for limits in rows], 1),
    )
