"""The panel: outcomes, spend and controls by geo and period, already checked. Arrays in, one frozen `Panel` out."""

import hashlib
import json
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError

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

    Raises:
        PanelError: an array's shape does not match the labels, or a number that is needed is not finite.
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

    def __post_init__(self) -> None:
        cells = (len(self.geos), len(self.dates))
        expected = {
            "outcome_values": (*cells, len(self.outcomes)),
            "spend": (*cells, len(self.channels)),
            "exposure": (*cells, len(self.channels)),
            "attributed_sales": (*cells, len(self.channels)),
            "control_values": (*cells, len(self.controls)),
            "population": cells[:1],
        }
        for name, shape in expected.items():
            values: FloatArray = getattr(self, name)
            if values.shape != shape:
                raise PanelError(f"the panel's {name} has shape {values.shape} where its labels ask for {shape}")
            if name != "attributed_sales" and not np.isfinite(values).all():
                raise PanelError(f"the panel's {name} holds a value that is missing or not finite")

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


def panel_hash(panel: Panel) -> str:
    """SHA-256, in hex, of everything a panel says; equal content gives an equal hash on every machine."""
    labels = {
        "geos": panel.geos,
        "outcomes": [(outcome.name, outcome.in_money) for outcome in panel.outcomes],
        "channels": [(c.name, c.level.value, c.geo_targetable, c.has_exposure) for c in panel.channels],
        "controls": [(control.name, control.kind.value) for control in panel.controls],
        "population_known": panel.population_known,
        "currency": panel.currency,
        "country": panel.country,
        "frequency": panel.frequency.value,
        "dates": [str(date) for date in panel.dates.astype("datetime64[D]")],
    }
    digest = hashlib.sha256(json.dumps(labels, sort_keys=True).encode())
    for values in (
        panel.outcome_values,
        panel.spend,
        panel.exposure,
        panel.attributed_sales,
        panel.control_values,
        panel.population,
    ):
        # One spelling of zero and of a missing value; NaN and zero have several in memory.
        plain = np.where(np.isnan(values), np.nan, values + 0.0)
        digest.update(np.ascontiguousarray(plain, dtype="<f8").tobytes())
    return digest.hexdigest()
