"""What an account looked like on one day: campaigns, targets, their daily results. Arrays and labels, already checked.

Every platform's reports become these values; nothing after them knows a platform's column names. Rows are numbered:
`Performance.target` points into `Targets`, `Targets.campaign` into `Campaigns`. Money is in the account's currency.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Texts = NDArray[np.object_]


class Platform(Enum):
    """Whose rules a bid must keep."""

    AMAZON = "amazon"
    WALMART = "walmart"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    META = "meta"
    OTHER = "other"


class TargetKind(IntEnum):
    """What a bid is placed on."""

    KEYWORD = 0
    PRODUCT = 1
    AUTO = 2
    LISTING_GROUP = 3
    AD_SET = 4


class Match(IntEnum):
    """How a keyword matches what is searched; `NONE` where nothing is matched."""

    NONE = 0
    EXACT = 1
    PHRASE = 2
    BROAD = 3


class Strategy(IntEnum):
    """What the platform itself does to a bid: nothing, lowers it, moves it both ways, or sets it (smart bidding)."""

    FIXED = 0
    DOWN_ONLY = 1
    UP_AND_DOWN = 2
    SMART = 3


class Placement(IntEnum):
    """Where an ad shows on Amazon; columns of `Campaigns.modifiers`. `multipliers.py` has those of all platforms."""

    TOP_OF_SEARCH = 0
    REST_OF_SEARCH = 1
    PRODUCT_PAGES = 2


@dataclass(frozen=True, eq=False)
class Campaigns:
    """Campaigns, M of them.

    Attributes:
        ids: the platform's ids as text, `(M,)`; unique.
        names: `(M,)`.
        portfolios: portfolio ids or "", `(M,)`.
        channel: place in `Snapshot.channels`, `(M,)`.
        product: the ad product as the platform calls it, such as "SP", `(M,)`.
        strategy: `Strategy`, `(M,)`.
        daily_budget: money, `(M,)`; NaN where there is none.
        modifiers: by placement and device as fractions (0.5 is +50 %), `(M, W)`; columns by the campaign's platform.
        enabled: `(M,)`.
        end: last day, NaT where open, `(M,)`.
        target_roas: sales per unit of cost that the platform itself is told to bid for, `(M,)`; NaN where none is told.
        target_cpa: money per order that it is told to bid for, `(M,)`; NaN where none is told.
        adjustable: modifiers beside Amazon's that exist, are known and may be set, `(M, W)`.
    """

    ids: Texts
    names: Texts
    portfolios: Texts
    channel: IntArray
    product: Texts
    strategy: IntArray
    daily_budget: FloatArray
    modifiers: FloatArray
    enabled: BoolArray
    end: Days
    target_roas: FloatArray = field(default_factory=lambda: np.empty(0))
    target_cpa: FloatArray = field(default_factory=lambda: np.empty(0))
    adjustable: BoolArray = field(default_factory=lambda: np.empty((0, 0), dtype=bool))

    def __post_init__(self) -> None:
        _fill(self, "target_roas", "target_cpa")
        if self.adjustable.shape != self.modifiers.shape:
            object.__setattr__(self, "adjustable", np.zeros(self.modifiers.shape, dtype=bool))


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets: keywords, product and automatic targets, listing groups, ad sets; N of them.

    Attributes:
        ids: the platform's ids as text, `(N,)`; unique within the account.
        texts: keyword or targeting expression, `(N,)`.
        campaign: row in `Campaigns`, `(N,)`.
        ad_group: number of the ad group, `(N,)`; `ad_group_ids` holds its id.
        ad_group_ids: `(A,)`.
        kind: `TargetKind`, `(N,)`.
        match: `Match`, `(N,)`.
        branded: whether the brand's own name is searched, `(N,)`.
        bid: bid in force, money, `(N,)`; NaN where the ad group's default or a strategy sets it and none is known.
        enabled: target, ad group and campaign all run, `(N,)`.
        sku: advertised product, or "", `(N,)`.
        ad_group_names: `(A,)`, or empty where no report tells; Google's Editor knows ad groups by name only.
        target_roas: least sales per unit of cost that an ad set is to bring, `(N,)`; NaN where none is told.
    """

    ids: Texts
    texts: Texts
    campaign: IntArray
    ad_group: IntArray
    ad_group_ids: Texts
    kind: IntArray
    match: IntArray
    branded: BoolArray
    bid: FloatArray
    enabled: BoolArray
    sku: Texts
    ad_group_names: Texts = field(default_factory=lambda: np.empty(0, dtype=object))
    target_roas: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        _fill(self, "target_roas")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Performance:
    """Daily results by target as the latest pull has them, R rows; days without impressions may be missing.

    Attributes:
        target: row in `Targets`, `(R,)`.
        day: day of the click, `(R,)`.
        impressions, clicks: counts, `(R,)`.
        cost: money, `(R,)`.
        orders, sales: what the platform attributes so far, `(R,)`; sales in money.
        new_to_brand_sales, halo_sales: parts of `sales`, `(R,)`; NaN where the platform does not tell.
        age: days between the day and the pull that the row is from, `(R,)`; immature below the attribution window.
        bid: bid in force that day, `(R,)`; NaN where it is not known.
        out_of_budget: share of the day in which the campaign's budget was spent, `(R,)`; 0 where not known.
    """

    target: IntArray
    day: Days
    impressions: FloatArray
    clicks: FloatArray
    cost: FloatArray
    orders: FloatArray
    sales: FloatArray
    new_to_brand_sales: FloatArray
    halo_sales: FloatArray
    age: IntArray
    bid: FloatArray
    out_of_budget: FloatArray

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class RejectedRow:
    """A row of a report that could not be used, and why; `row` counts from 1 as a spreadsheet does, header included."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True, eq=False)
class Restatement:
    """How a day's attributed orders grew with its age, from all vintages; for learning completeness. Q rows.

    Attributes:
        channel: place in `Snapshot.channels`, `(Q,)`.
        day: day of the click, `(Q,)`.
        age: days between day and pull, `(Q,)`.
        clicks, orders, sales: totals over the channel's targets as that pull had them, `(Q,)`.
    """

    channel: IntArray
    day: Days
    age: IntArray
    clicks: FloatArray
    orders: FloatArray
    sales: FloatArray


@dataclass(frozen=True, eq=False)
class BidSimulations:
    """What the platform itself expects of other bids (Google's bid simulations), Z points.

    Attributes:
        target: row in `Targets`, `(Z,)`.
        bid: money, `(Z,)`.
        impressions, clicks: per day, `(Z,)`.
        cost: money per day, `(Z,)`.
        conversions: per day, `(Z,)`; NaN where it is not told.
        end: last day of the period that was simulated, `(Z,)`.
    """

    target: IntArray
    bid: FloatArray
    impressions: FloatArray
    clicks: FloatArray
    cost: FloatArray
    conversions: FloatArray
    end: Days


@dataclass(frozen=True, eq=False)
class PlacementResults:
    """Clicks, cost, orders and attributed sales by campaign and column of `modifiers`, `(M, W)` each; money.

    Placements of a campaign have all of its results, and its devices have them again.
    """

    clicks: FloatArray
    cost: FloatArray
    orders: FloatArray
    sales: FloatArray


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An account on the morning of `today`.

    Attributes:
        today: the day for which bids are set; reports reach to the day before.
        channels: channel names as in the plan.
        platforms: of each channel.
        rejected: rows of reports that were left out.
        warnings: what a person should know, in sentences.
        source_hashes: SHA-256 by file name of everything that was read.
        simulations: the platform's own bid simulations, or None where there are none.
        placements: what each placement and device of each campaign brought of late, or None where no report tells.
    """

    today: np.datetime64
    channels: tuple[str, ...]
    platforms: tuple[Platform, ...]
    campaigns: Campaigns
    targets: Targets
    performance: Performance
    restatement: Restatement
    rejected: tuple[RejectedRow, ...]
    warnings: tuple[str, ...]
    source_hashes: dict[str, str]
    simulations: BidSimulations | None = None
    placements: PlacementResults | None = None

    def channel_of_targets(self) -> IntArray:
        """Place in `channels` of every target, `(N,)`."""
        found: IntArray = self.campaigns.channel[self.targets.campaign]
        return found


def _fill(part: Campaigns | Targets, *columns: str) -> None:
    """A column that nobody told is NaN throughout."""
    for name in columns:
        if len(getattr(part, name)) != len(part.ids):
            object.__setattr__(part, name, np.full(len(part.ids), np.nan))
