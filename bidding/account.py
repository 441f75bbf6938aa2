"""An advertiser's account as `account.toml` states it: which channels lie on which platform, and what limits hold.

Values only; `bidding/account_file.py` reads them.
"""

from dataclasses import dataclass, field

from bidding.errors import BidError
from bidding.snapshot import Platform

LARGEST_JITTER = 0.2


@dataclass(frozen=True)
class BidLimits:
    """What no run may exceed, whatever the data say.

    Attributes:
        min_bid, max_bid: money; None leaves the platform's own.
        max_cost_per_click: ceiling on bid times every modifier, money, or None.
        daily_change, weekly_change: largest relative change of a bid in a day and in seven. By default a bid may halve
            in a day and treble in a week: one that is eight times too high comes down in three days; by a fifth a day
            and two fifths a week it would take four weeks, waste money, and hold good bids down meanwhile.
        budget_change: largest relative change in a day and in seven of a campaign's daily budget, where bids steer its
            spend: it leaves them room, and what a month's last days took must come back on the first. Budgets of
            smart-bidding campaigns spend what they are given and move like bids.
        cool_down_days: days between two changes of one target.
        min_clicks: clicks in the window below which a target's bid does not move on its own data.
        approval_share: a run that moves more than this share of daily cost needs a person.
        approval_changes: a run with more changes than this needs a person.
    """

    min_bid: float | None = None
    max_bid: float | None = None
    max_cost_per_click: float | None = None
    daily_change: float = 0.5
    weekly_change: float = 2.0
    budget_change: float = 2.0
    cool_down_days: int = 1
    min_clicks: int = 0
    approval_share: float = 0.2
    approval_changes: int = 50_000


@dataclass(frozen=True)
class Jitter:
    """Small random changes that keep the response to bids known: size, share of targets, least days kept."""

    size: float = 0.08
    share: float = 0.1
    days: int = 7

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LARGEST_JITTER:
            raise BidError(f"jitter size {self.size:g} is not between 0 and {LARGEST_JITTER:g}: give one such as 0.08")
        if not 0 <= self.share <= 0.5:
            raise BidError(f"jitter share {self.share:g} is not between 0 and 0.5: give one such as 0.1")


@dataclass(frozen=True)
class AccountChannel:
    """One channel of the plan on one platform.

    Attributes:
        name: as in the plan and the panel.
        platform: whose rules hold.
        profile: the platform's profile or account id, as text.
        campaigns: ids or names that belong to the channel; `*` as a wildcard, () for all.
        margin: profit per unit of sales, before advertising.
        target_iroas, target_roas, target_acos: at most one, or None.
        attribution_days: the platform's click window.
        value_new_to_brand, value_halo: whether new-to-brand sales count extra (a factor), whether halo sales count.
        incremental_share: stated share of attributed sales that is incremental, where no model tells; or None.
        brand_terms: words that make a keyword a branded one.
        limits, jitter: see there.
    """

    name: str
    platform: Platform
    profile: str = ""
    campaigns: tuple[str, ...] = ()
    margin: float = 1.0
    target_iroas: float | None = None
    target_roas: float | None = None
    target_acos: float | None = None
    attribution_days: int = 14
    value_new_to_brand: float = 1.0
    value_halo: bool = True
    incremental_share: float | None = None
    brand_terms: tuple[str, ...] = ()
    limits: BidLimits = field(default_factory=BidLimits)
    jitter: Jitter = field(default_factory=Jitter)


@dataclass(frozen=True)
class Account:
    """An advertiser: name, currency (ISO 4217), marketplace (country), time zone (IANA), channels."""

    name: str
    currency: str
    marketplace: str
    time_zone: str
    channels: tuple[AccountChannel, ...]
