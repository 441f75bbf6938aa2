"""What a person should look at this morning. Values only; `bidding/alarms.py` finds them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Alert:
    """One thing out of the ordinary.

    Attributes:
        code: `spend`, `clicks`, `cost_per_click`, `conversion_rate`, `budget_exhausted`, `no_stock`, or a guardrail's.
        channel, entity: where; `entity` is a campaign's id, or "" for the whole channel.
        day: ISO date.
        observed, low, high: the value and the range that was expected of it; None where there is no range.
        message: a sentence for a person.
    """

    code: str
    channel: str
    entity: str
    day: str
    observed: float | None
    low: float | None
    high: float | None
    message: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))
