"""What one report told, before reports are put together: campaigns, targets, daily results. Rows name each other by id.

Values only. `merge.py` makes a `Snapshot` of many of them.
"""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from bidding.snapshot import BoolArray, Days, FloatArray, IntArray, Platform, RejectedRow, Texts

Part = TypeVar("Part", "ParsedCampaigns", "ParsedTargets", "ParsedDays", "ParsedSimulations", "ParsedPlacements")


@dataclass(frozen=True, eq=False)
class ParsedCampaigns:
    """Campaigns as a report has them; fields as in `Campaigns`, without channel, `(M,)`."""

    ids: Texts
    names: Texts
    portfolios: Texts
    product: Texts
    strategy: IntArray
    daily_budget: FloatArray
    modifiers: FloatArray
    enabled: BoolArray
    end: Days
    target_roas: FloatArray
    target_cpa: FloatArray
    adjustable: BoolArray


@dataclass(frozen=True, eq=False)
class ParsedTargets:
    """Targets as a report has them, `(N,)`: fields as in `Targets`, campaign and ad group by id and name."""

    ids: Texts
    texts: Texts
    campaigns: Texts
    ad_groups: Texts
    ad_group_names: Texts
    kind: IntArray
    match: IntArray
    bid: FloatArray
    enabled: BoolArray
    sku: Texts
    target_roas: FloatArray


@dataclass(frozen=True, eq=False)
class ParsedDays:
    """Daily results as a report has them, `(R,)`; fields as in `Performance`.

    Attributes:
        targets: the target's id, or the key of its names where the report has no ids.
        campaigns: the campaign's id, or "" where the report has none.
        rows: the file's row, for naming it.
        daily_bid: whether `bid` is the bid of that day, not the one at the time of the pull.
    """

    targets: Texts
    campaigns: Texts
    day: Days
    impressions: FloatArray
    clicks: FloatArray
    cost: FloatArray
    orders: FloatArray
    sales: FloatArray
    new_to_brand_sales: FloatArray
    halo_sales: FloatArray
    bid: FloatArray
    out_of_budget: FloatArray
    rows: IntArray
    daily_bid: BoolArray

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, eq=False)
class ParsedSimulations:
    """Bid simulations as a report has them, `(Z,)`; fields as in `BidSimulations`, the target by its id."""

    targets: Texts
    bid: FloatArray
    impressions: FloatArray
    clicks: FloatArray
    cost: FloatArray
    conversions: FloatArray
    end: Days


@dataclass(frozen=True, eq=False)
class ParsedPlacements:
    """Results by campaign, placement or device and day as a report has them, `(P,)`; campaigns by id, or by name
    without one; `placement` is the column of `Campaigns.modifiers`."""

    campaigns: Texts
    placement: IntArray
    day: Days
    clicks: FloatArray
    cost: FloatArray
    orders: FloatArray
    sales: FloatArray


@dataclass(frozen=True, eq=False)
class ParsedMultipliers:
    """Multipliers in force as a report has them.

    Attributes:
        campaigns: by id, or by name without one, `(Q,)`.
        column: of `Campaigns.modifiers`, `(Q,)`.
        value: as a fraction, `(Q,)`.
        listed: columns of which the report lists all that are set: those of other campaigns stand at nothing.
    """

    campaigns: Texts
    column: IntArray
    value: FloatArray
    listed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Parsed:
    """One table of one file.

    Attributes:
        platform, file: whose it is.
        campaigns, targets, days, simulations, placements, multipliers: what it told; None where it tells nothing of
            the kind.
        is_state: whether its targets are all that exist, so that others are gone.
        by_name: whether `days.targets` are keys of names.
        fills_gaps: whether its days count only where no other report has that day; search terms leave out what had no
            click.
        rejected, warnings: see `Snapshot`.
    """

    platform: Platform
    file: str
    campaigns: ParsedCampaigns | None = None
    targets: ParsedTargets | None = None
    days: ParsedDays | None = None
    simulations: ParsedSimulations | None = None
    placements: ParsedPlacements | None = None
    multipliers: ParsedMultipliers | None = None
    is_state: bool = False
    by_name: bool = False
    fills_gaps: bool = False
    rejected: tuple[RejectedRow, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pull:
    """One table as it was pulled on a day.

    Attributes:
        sha256: of the file.
        name: of the file.
        pulled: the day of the pull.
        window: attribution days of its sales.
        parsed: what it told.
    """

    sha256: str
    name: str
    pulled: np.datetime64
    window: int
    parsed: Parsed


def chosen(part: Part, rows: "IntArray | BoolArray") -> Part:
    """The same with only these rows."""
    return type(part)(**{entry.name: getattr(part, entry.name)[rows] for entry in fields(part)})


def joined(parts: "list[Part]") -> Part:
    """Several as one, in order."""
    kind = type(parts[0])
    return kind(**{entry.name: np.concatenate([getattr(part, entry.name) for part in parts]) for entry in fields(kind)})
