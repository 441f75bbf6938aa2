"""What may be asked of a simulated advertiser: its kind, its size and its seed."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from measurement.errors import BadInput

CHANNEL_NAMES = ("search", "social", "amazon", "walmart", "display", "video", "audio", "affiliates")
RETAIL_CHANNELS = ("amazon", "walmart")
HISTORY_WEEKS = 52
"""Weeks of hidden spend before the panel begins: no advertiser starts from nothing."""

_LIMITS = {"geos": (1, 1000), "weeks": (26, 520), "channels": (3, len(CHANNEL_NAMES))}


class WorldKind(Enum):
    """What is hard about a simulated advertiser; `plain` has none of the others' difficulties."""

    PLAIN = "plain"
    DEMAND = "demand"
    NATIONAL = "national"
    NULL = "null"
    CONSTANT = "constant"
    S_SHAPE = "s_shape"
    DELAYED = "delayed"
    DRIFT = "drift"
    OUTLIERS = "outliers"


@dataclass(frozen=True)
class WorldSpec:
    """One simulated advertiser; equal specs give bit-identical worlds.

    The seed draws the market and the channels; the kind only adds its difficulty, so that two kinds of one seed
    can be compared pair by pair.

    Raises:
        BadInput: a kind that is no `WorldKind`, or a size outside its limits.
    """

    kind: WorldKind
    geos: int = 40
    weeks: int = 104
    channels: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.kind, WorldKind):
            raise BadInput(f"unknown kind {self.kind!r}; there are {', '.join(kind.value for kind in WorldKind)}")
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise BadInput(f"a simulated world needs {low} to {high} {name}, got {value}")
        if self.seed < 0:
            raise BadInput(f"the seed must not be negative, got {self.seed}")

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels' names, in order."""
        return CHANNEL_NAMES[: self.channels]

    @property
    def window_weeks(self) -> int:
        """Weeks of the report's window: the last 52, or all of a shorter panel."""
        return min(52, self.weeks)


class Stream(Enum):
    """Independent sources of randomness; a stream's draws do not move when another stream draws more."""

    MARKET = 0
    DEMAND = 1
    NOISE = 2
    CHANNEL = 3
    SPEND = 4
    KIND = 5
    TEST = 6
    CLAIMS = 7


def generator(spec: WorldSpec, stream: Stream, index: int = 0) -> np.random.Generator:
    """The random numbers of one stream, for example of the spend of channel `index`."""
    sequence = np.random.SeedSequence(spec.seed, spawn_key=(stream.value, index))
    return np.random.Generator(np.random.PCG64(sequence))
