"""What a simulated market is like: a kind of account, its size and its seed in, numbers to draw it from out.

Values only. What each profile is calibrated to, and how near it comes, stands in `benchmarks/BIDS.md`.
"""

from dataclasses import dataclass
from enum import Enum

from bidding.errors import BidError


class MarketKind(Enum):
    """Which published account the market resembles: few dear orders, or many cheap ones."""

    AIRLINE = "airline"
    HOTEL = "hotel"


@dataclass(frozen=True)
class Profile:
    """The numbers of one kind of account.

    Attributes:
        clicks_median: clicks per target in 90 days, before budgets.
        clicks_spread: standard deviations of its logarithm below and above the median.
        cost_per_click: money, on average over clicks.
        conversion_rate: orders per click, on average over clicks.
        conversion_spread: standard deviations of its logarithm between campaigns, ad groups and targets.
        margin: profit per unit of sales before advertising.
        overbid, overbid_spread: logarithm of the bid over what rivals bid, mean and standard deviation.
        placement_top: largest increase for the top of search that a campaign has, as a fraction.
    """

    clicks_median: float
    clicks_spread: tuple[float, float]
    cost_per_click: float
    conversion_rate: float
    conversion_spread: tuple[float, float, float]
    margin: float
    overbid: float
    overbid_spread: float
    placement_top: float


PROFILES = {
    MarketKind.AIRLINE: Profile(4.0, (1.0, 2.5), 1.47, 0.0077, (0.7, 0.5, 1.3), 0.45, 0.4, 1.5, 9.0),
    MarketKind.HOTEL: Profile(4.0, (2.0, 2.95), 0.28, 0.057, (0.8, 0.6, 1.6), 0.45, 1.4, 1.8, 9.0),
}


@dataclass(frozen=True)
class MarketSpec:
    """A market to draw. Equal specs give bit-identical markets.

    Attributes:
        kind: see there.
        targets: number of keywords.
        seed: of everything random.
        history_days: days that a person ran before the first morning.
        days: days that can be played after it.
        start: first day of the history.
        attribution_days: the platform's click window.
        incremental_generic, incremental_brand: share of orders after a click that would not have come without it.
        next_return: profit before its cost of the last unit of money, all bids moved alike, on the first day; what
            orders are worth follows from it, since the published table does not tell.
        unrest: scale of drift and of rivals' shocks; 0 keeps the market as it is.
    """

    kind: MarketKind = MarketKind.HOTEL
    targets: int = 1000
    seed: int = 0
    history_days: int = 90
    days: int = 91
    start: str = "2025-01-01"
    attribution_days: int = 14
    incremental_generic: float = 0.65
    incremental_brand: float = 0.15
    next_return: float = 1.3
    unrest: float = 1.0

    def __post_init__(self) -> None:
        if self.targets < 50:
            raise BidError(f"a market of {self.targets} targets is too small to resemble an account: give 50 or more")
        if self.history_days < 1 or self.days < 1:
            raise BidError(f"{self.history_days} days of history and {self.days} to play: give at least one of each")

    @property
    def profile(self) -> Profile:
        """The numbers of its kind."""
        return PROFILES[self.kind]

    @property
    def horizon(self) -> int:
        """Days of history and of play."""
        return self.history_days + self.days
