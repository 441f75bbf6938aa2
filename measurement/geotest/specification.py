"""What a geo test is and how it shall be analysed: geos, window, outcome, spend, level, estimator. Values only.

All of it is fixed before the result is seen; the panel plays no part yet.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from measurement.errors import GeoTestError


class Estimator(Enum):
    """How the counterfactual and its uncertainty are found; `auto` is fixed in advance by the design alone."""

    AUTO = "auto"
    SCM = "scm"
    ASCM = "ascm"
    SDID = "sdid"
    TBR = "tbr"
    TRIMMED_MATCH = "trimmed_match"
    BAYESIAN_SCM = "bayesian_scm"
    RANDOMISATION = "randomisation"


@dataclass(frozen=True)
class GeoPair:
    """Two matched geos of which a coin chose the treated one."""

    name: str
    treated: str
    control: str


@dataclass(frozen=True)
class Window:
    """When geos were treated; ISO dates, inclusive. `cooldown_end` is the last day of the wait for late effects.

    Raises:
        GeoTestError: the days are out of order.
    """

    start: date
    end: date
    cooldown_end: date | None = None

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise GeoTestError(
                f"the test ends on {self.end}, before it starts on {self.start}: correct --start or --end"
            )
        if self.cooldown_end is not None and self.cooldown_end <= self.end:
            raise GeoTestError(
                f"the cooldown ends on {self.cooldown_end}, not after the test's end on {self.end}: correct "
                "--cooldown-end or leave it out"
            )


@dataclass(frozen=True)
class GeoTest:
    """A finished test.

    Attributes:
        window: when geos were treated.
        treated: their names; with `pairs` those that the coin chose.
        excluded: geos that take no part, neither treated nor control.
        pairs: matched pairs, or () where treatment was not randomised within pairs.
        blocks: within which coins fell, as a design tells: each holds its units, each unit its geos (a supergeo has
            several). They serve a randomisation test alone.
        outcome: the outcome's name, or None for the only one or the sum of those in money.
        spend: channel whose spend the test changed, or None.

    Raises:
        GeoTestError: no geo is treated, or one is named twice or both treated and excluded.
    """

    window: Window
    treated: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    pairs: tuple[GeoPair, ...] = ()
    outcome: str | None = None
    spend: str | None = None
    blocks: tuple[tuple[tuple[str, ...], ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.treated:
            raise GeoTestError("no geo is treated: name the treated geos with --treated a,b or --pairs FILE")
        for name in self.treated:
            if self.treated.count(name) > 1:
                raise GeoTestError(f"geo {name!r} is named twice among the treated: name it once")
            if name in self.excluded:
                raise GeoTestError(f"geo {name!r} is both treated and excluded: drop it from one of the two")


@dataclass(frozen=True)
class AnalysisSettings:
    """How the test is analysed, fixed before its result is seen.

    Attributes:
        estimator: how the counterfactual is found.
        level: probability with which intervals are meant to hold the truth, such as 0.9.
        break_even_iroas: sales per unit of spend at which the spend pays for itself; 1 / margin.
        seed: of the placebo sets and of random re-assignments.

    Raises:
        GeoTestError: a level or a break-even that cannot be.
    """

    estimator: Estimator = Estimator.AUTO
    level: float = 0.9
    break_even_iroas: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.5 <= self.level <= 0.99:
            raise GeoTestError(f"level {self.level:g} is not between 0.5 and 0.99: give a share such as 0.9")
        if not 0 < self.break_even_iroas < 1e6:
            raise GeoTestError(
                f"a break-even iROAS of {self.break_even_iroas:g} cannot be: give 1 / margin, such as 2.5"
            )
