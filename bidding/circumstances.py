"""What goes on around an account beside its reports: stock, events, geo tests, the kill switch. Values only."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.geotest.freeze import Freeze

BoolArray = NDArray[np.bool_]
Day = np.datetime64


class KillScope(Enum):
    """What a kill switch stops."""

    GLOBAL = "global"
    ACCOUNT = "account"
    CHANNEL = "channel"
    CAMPAIGN = "campaign"


@dataclass(frozen=True)
class Kill:
    """A kill switch that is on: `name` is the channel or the campaign's id it stops; by whom, since when, why."""

    scope: KillScope
    name: str = ""
    by: str = ""
    since: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"scope": self.scope.value, "name": self.name, "by": self.by, "since": self.since, "why": self.why}


@dataclass(frozen=True)
class Event:
    """Days, both inclusive, on which a channel's clicks sell `multiplier` times as much; NaN where nobody knows.

    `channel` is "" or "*" for all.
    """

    start: Day
    end: Day
    name: str
    channel: str
    multiplier: float

    def touches(self, channel: str, day: Day) -> bool:
        """Whether it is on for this channel."""
        return self.channel in ("", "*", channel) and bool(self.start <= day <= self.end)


@dataclass(frozen=True, eq=False)
class Circumstances:
    """Everything beside the reports.

    Attributes:
        unavailable: targets whose product is out of stock or has lost the buy box, `(N,)`; None where nothing is known.
        events, freezes, kills: see there.
    """

    unavailable: BoolArray | None = None
    events: tuple[Event, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    kills: tuple[Kill, ...] = field(default_factory=tuple)
