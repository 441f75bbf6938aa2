"""A platform, marketplace and ad product in, the limits and steps of its bids and budgets out, as exact decimals.

Sources: the platforms' own documentation as of 2025 (Amazon Ads bid and budget tables by marketplace; Walmart Connect's
sponsored search API; Microsoft's currency guide; Google's and Meta's are partly unverified, see there).
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from bidding.errors import BidError
from bidding.platforms.amazon_limits import BIDS, BUDGETS, CURRENCIES, WHOLE_UNIT
from bidding.snapshot import Platform
from optimizer.errors import unknown_name

CENT = Decimal("0.01")
SAME_MARKETPLACE = {"GB": "UK", "UAE": "AE"}
INCREASE = Decimal(9)


@dataclass(frozen=True)
class PlatformLimits:
    """What the platform takes, money in the marketplace's currency.

    Attributes:
        min_bid, max_bid: of a bid per click; `max_bid` None where none is stated.
        step: every bid and budget is a multiple of it.
        min_daily_budget, max_daily_budget: None where none is stated.
        truncates: whether further decimals are cut off rather than rounded.
        least_modifier, largest_modifier: of placements, as fractions; (0, 0) where there are none.
    """

    min_bid: Decimal
    max_bid: Decimal | None
    step: Decimal = CENT
    min_daily_budget: Decimal | None = None
    max_daily_budget: Decimal | None = None
    truncates: bool = False
    least_modifier: Decimal = Decimal(0)
    largest_modifier: Decimal = Decimal(0)


WALMART = {
    "SP": Decimal("0.30"),
    "AUTO": Decimal("0.20"),
    "SB": Decimal("1.00"),
    "SV": Decimal("1.30"),
}
"""Least bid by product: keyword and automatic Sponsored Products, Sponsored Brands, Sponsored Videos; at most 100."""
WALMART_BUDGET = Decimal(50)
"""First-party accounts; third-party ones may go to 10, but which an account is no report tells."""
MICROSOFT = {"USD": "0.05", "EUR": "0.05", "GBP": "0.05", "CAD": "0.05", "INR": "0.50"}
MICROSOFT_LARGEST = {"INR": "60000"}


@cache
def limits_of(platform: Platform, marketplace: str, product: str = "SP") -> PlatformLimits:
    """The limits that hold.

    Args:
        platform: whose.
        marketplace: country, such as "US".
        product: Amazon: SP, SB, SBV (video), SD. Walmart: SP, AUTO, SB, SV. Ignored elsewhere.

    Raises:
        BidError: no limits are known for this marketplace or product; a bid that cannot be checked is not written.
    """
    place = SAME_MARKETPLACE.get(marketplace.upper(), marketplace.upper())
    if platform is Platform.AMAZON:
        return _amazon(place, product.upper())
    if platform is Platform.WALMART:
        return _walmart(product.upper())
    step = WHOLE_UNIT if CURRENCIES.get(place) == "JPY" else CENT
    if platform is Platform.MICROSOFT:
        currency = CURRENCIES.get(place, "USD")
        # Currencies that the guide does not list: the least of the listed ones is a safe floor in larger units.
        least, largest = MICROSOFT.get(currency, "0.05"), MICROSOFT_LARGEST.get(currency, "1000")
        return PlatformLimits(max(Decimal(least), step), Decimal(largest), step)
    if platform is Platform.GOOGLE:
        # That a bid is a multiple of the currency's least unit is unverified.
        return PlatformLimits(step, None, step, step, None, False, Decimal("-0.9"), INCREASE)
    return PlatformLimits(step, None, step)


def _amazon(place: str, product: str) -> PlatformLimits:
    if place not in BIDS:
        raise BidError(unknown_name("marketplace of Amazon", place, BIDS))
    if product not in BIDS[place]:
        raise BidError(f"no bid limits are known for {product} in {place}: {', '.join(BIDS[place])} can be bid for")
    least, largest = BIDS[place][product]
    budget = BUDGETS.get(product.removesuffix("V"), {}).get(place)
    return PlatformLimits(
        min_bid=Decimal(least),
        max_bid=Decimal(largest),
        step=WHOLE_UNIT if CURRENCIES[place] == "JPY" else CENT,
        min_daily_budget=Decimal(budget[0]) if budget else None,
        max_daily_budget=Decimal(budget[1]) if budget else None,
        largest_modifier=INCREASE if product == "SP" else Decimal(0),
    )


def _walmart(product: str) -> PlatformLimits:
    if product not in WALMART:
        raise BidError(unknown_name("product of Walmart", product, WALMART))
    return PlatformLimits(
        WALMART[product], Decimal(100), CENT, WALMART_BUDGET, None, truncates=True, largest_modifier=INCREASE
    )


def keeps(value: Decimal, limits: PlatformLimits) -> str | None:
    """None where a bid keeps step and limits, else what it breaks, in words."""
    if value % limits.step != 0:
        return f"{value} is no multiple of {limits.step}"
    if value < limits.min_bid:
        return f"{value} is below the least bid of {limits.min_bid}"
    if limits.max_bid is not None and value > limits.max_bid:
        return f"{value} is above the largest bid of {limits.max_bid}"
    return None
