"""What is told of a plan's weeks beside their amounts. Values only."""

from dataclasses import dataclass
from typing import Any

from measurement.interval import Interval


@dataclass(frozen=True)
class LaidOut:
    """How a plan's totals were laid out over its weeks.

    Attributes:
        starts: first day of week 1, ISO.
        uneven: lines whose weeks differ because that sells more.
        gain_over_even: what this sells more than even weeks that keep the same rules, in money.
        reason: why, in a sentence.
    """

    starts: str
    uneven: tuple[str, ...]
    gain_over_even: Interval
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "starts": self.starts,
            "uneven": list(self.uneven),
            "gain_over_even": self.gain_over_even.to_json(),
            "reason": self.reason,
        }
