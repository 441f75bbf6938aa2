"""The panel: outcomes, spend and controls by geo and period, already checked. Arrays in, one frozen `Panel` out."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Level(Enum):
    """How finely a channel's spend is known."""

    GEO = "geo"
    NATIONAL = "national"


class ControlKind(Enum):
    """What a control stands for; demand controls are confounders of paid search."""

    DEMAND = "demand"
    PRICE = "price"
    PROMO = "promo"
    STOCK = "stock"
    OTHER = "other"


class Frequency(Enum):
    """Length of a period."""

    WEEKLY = "weekly"
    DAILY = "daily"


@dataclass(frozen=True)
class Outcome:
    """One outcome; `in_money` is false for visits or orders without a value per unit."""

    name: str
    in_money: bool = True


@dataclass(frozen=True)
class Channel:
    """One advertising channel."""

    name: str
    level: Level = Level.GEO
    geo_targetable: bool = True
    has_exposure: bool = False


@dataclass(frozen=True)
class Control:
    """One control; a demand control's values are already logs."""

    name: str
    kind: ControlKind


@dataclass(frozen=True)
class Panel:
    """A balanced panel of G geos and T consecutive periods.

    Attributes:
        dates: first day of each period, `(T,)`, datetime64[D].
        geos: labels, length G; a national series has one geo, "national".
        outcomes, outcome_values: labels, length R, and values `(G, T, R)`, in the currency where `in_money`.
        channels, spend: labels, length C, and money spent `(G, T, C)`; national channels are spread by population.
        exposure: `(G, T, C)`, impressions or clicks; equals `spend` for channels without exposure.
        attributed_sales: what platforms claim, `(G, T, C)`; NaN where the file has none.
        controls, control_values: labels, length K, and values `(G, T, K)`.
        population: weight of each geo, `(G,)`; proportional to mean sales where the file has none.
        population_known: whether the file stated it.
        currency: ISO code or "" where unknown.
        country: ISO code for holidays, or None.
        frequency: weekly or daily.
    """

    dates: NDArray[np.datetime64]
    geos: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    outcome_values: FloatArray
    channels: tuple[Channel, ...]
    spend: FloatArray
    exposure: FloatArray
    attributed_sales: FloatArray
    controls: tuple[Control, ...]
    control_values: FloatArray
    population: FloatArray
    population_known: bool = False
    currency: str = ""
    country: str | None = None
    frequency: Frequency = Frequency.WEEKLY

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels, in the order of the arrays' last axis."""
        return tuple(channel.name for channel in self.channels)

    @property
    def sales(self) -> FloatArray:
        """Sum of the outcomes that are in money, or of all when none is, `(G, T)`."""
        in_money = np.array([outcome.in_money for outcome in self.outcomes])
        chosen = in_money if in_money.any() else np.ones_like(in_money)
        total: FloatArray = self.outcome_values[:, :, chosen].sum(axis=2)
        return total
