"""What a geo test is and how it shall be analysed: geos, window, outcome, spend, level, estimator. Values only.

All of it is fixed before the result is seen; the panel plays no part yet.
"""

from dataclasses import dataclass, replace
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
class Cell:
    """Geos that were treated alike, in a test that treats several groups of geos differently."""

    name: str
    geos: tuple[str, ...]


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


Blocks = tuple[tuple[tuple[str, ...], ...], ...]
"""Blocks within which coins fell: each holds its units, each unit its geos (a supergeo has several)."""


@dataclass(frozen=True)
class GeoTest:
    """A finished test.

    Attributes:
        window: when geos were treated.
        treated: their names; with `pairs` those that the coin chose.
        excluded: geos that take no part, neither treated nor control.
        pairs: matched pairs, or () where treatment was not randomised within pairs.
        blocks: within which coins fell, as a design tells. They serve a randomisation test alone.
        outcome: the outcome's name, or None for the only one or the sum of those in money.
        spend: channel whose spend the test changed, or None.
        cells: groups of the treated geos that were treated differently, two or more; () where all were treated alike.

    Raises:
        GeoTestError: no geo is treated, one is named twice or both treated and excluded, or the cells are not a split
            of the treated geos.
    """

    window: Window
    treated: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    pairs: tuple[GeoPair, ...] = ()
    outcome: str | None = None
    spend: str | None = None
    cells: tuple[Cell, ...] = ()
    blocks: Blocks = ()

    def __post_init__(self) -> None:
        if not self.treated:
            raise GeoTestError("no geo is treated: name the treated geos with --treated a,b or --pairs FILE")
        if self.cells:
            _refuse_odd_cells(self.cells, self.treated, with_pairs=bool(self.pairs))
        for name in self.treated:
            if self.treated.count(name) > 1:
                raise GeoTestError(f"geo {name!r} is named twice among the treated: name it once")
            if name in self.excluded:
                raise GeoTestError(f"geo {name!r} is both treated and excluded: drop it from one of the two")

    def only(self, cell: Cell) -> "GeoTest":
        """The test of one cell against the common controls: the other cells' geos take no part."""
        others = tuple(name for name in self.treated if name not in cell.geos)
        return replace(self, treated=cell.geos, excluded=(*self.excluded, *others), cells=())


def _refuse_odd_cells(cells: tuple[Cell, ...], treated: tuple[str, ...], *, with_pairs: bool) -> None:
    if with_pairs:
        raise GeoTestError("pairs compare one treated geo with one control, so they cannot have cells: leave one out")
    if len(cells) < 2:
        raise GeoTestError("a test of one cell names its geos with --treated a,b; several cells are two or more")
    owner: dict[str, str] = {}
    named: dict[str, Cell] = {}
    for cell in cells:
        other = named.setdefault(cell.name.casefold(), cell)
        if other is not cell:
            raise GeoTestError(f"cells {other.name!r} and {cell.name!r} have one name, case aside: name them apart")
        if not cell.name.strip() or not cell.geos:
            raise GeoTestError(f"cell {cell.name!r} needs a name and geos: write --cell NAME=a,b")
        for geo in cell.geos:
            if geo in owner:
                raise GeoTestError(f"geo {geo!r} is in cell {owner[geo]!r} and in {cell.name!r}: a geo has one cell")
            owner[geo] = cell.name
    if set(owner) != set(treated):
        raise GeoTestError("the cells' geos are not the treated geos: give the cells alone")


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
