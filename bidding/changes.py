"""The answer of a night: which bids change, why, what is held back, what that is expected to bring. Values only."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from measurement.interval import Interval


class ChangeKind(Enum):
    """What is changed."""

    BID = "bid"
    PLACEMENT = "placement"
    CAMPAIGN_BUDGET = "campaign_budget"
    TARGET = "target"


@dataclass(frozen=True)
class Expected:
    """What a change is expected to bring on an average day of the next seven: clicks, and money.

    The intervals are of what will be seen, chance included.
    """

    clicks: Interval
    cost: Interval
    incremental_sales: Interval


@dataclass(frozen=True)
class BidChange:
    """One change.

    Attributes:
        platform, channel: names.
        entity: the platform's id of target or campaign, as text; for a placement `<campaign>:<placement>`.
        kind: what is changed.
        old, new: exact decimal text in the account's currency (a placement: percent), such as "0.75".
        reason: one sentence for a person.
        code: the guardrail or step that set the value, such as "optimum" or "daily_change".
        binding: what limited the change, or None.
        expected: at the new value.
    """

    platform: str
    channel: str
    entity: str
    kind: ChangeKind
    old: str
    new: str
    reason: str
    code: str
    binding: str | None
    expected: Expected


@dataclass(frozen=True)
class Held:
    """Something that was not changed, with the guardrail's code and a sentence."""

    entity: str
    code: str
    reason: str


@dataclass(frozen=True)
class Totals:
    """Expected per day over all targets, money."""

    cost_before: float
    cost_after: float
    incremental_sales_before: float
    incremental_sales_after: float

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return dict(vars(self))
