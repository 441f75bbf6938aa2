"""What is asked of a geo test that is still to be run. Values only."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from measurement.errors import GeoTestError

MOST_CELLS = 6


class ExperimentKind(Enum):
    """What happens in the treated geos: kept out of a campaign, an existing channel stopped, or more of it."""

    HOLDOUT = "holdout"
    GO_DARK = "go_dark"
    HEAVY_UP = "heavy_up"

    @property
    def sign(self) -> float:
        """Of the effect that is looked for: less spend, less sales."""
        return 1.0 if self is ExperimentKind.HEAVY_UP else -1.0


class Rule(Enum):
    """How treated geos were found: by coins within pairs, strata or pairs of supergeos, or selected for a close fit."""

    PAIRS = "pairs"
    STRATA = "strata"
    SUPERGEOS = "supergeos"
    SELECTED = "selected"


@dataclass(frozen=True)
class DesignQuestion:
    """What a test should be able to do.

    Attributes:
        kind: what happens in the treated geos.
        weeks: length of the test.
        geos_min, geos_max: how many geos may be treated, in each cell.
        cells: disjoint treated sets that are compared with the same controls, and with each other.
        include: geos that must be treated, in the first cell; `keep`: geos that must be controls.
        exclude: geos that take no part.
        adjacent: pairs of geos that touch or overlap: a neighbour of a treated geo is no control and in no other cell.
        rules: how treated geos may be found; () for any way.
        outcome, channel: names, or None for the only or summed outcome, and for no channel.
        budget: most that the test may cost, or None; `iroas`: what the channel is thought to return, or None.
        mde: largest detectable effect that is acceptable, as a share of sales, or None.
        power, level: probability of finding the effect, and of the interval holding the truth.
        seed: of coins and of placements.

    Raises:
        GeoTestError: a number that cannot be, or a geo named twice.
    """

    kind: ExperimentKind = ExperimentKind.HOLDOUT
    weeks: int = 4
    geos_min: int = 2
    geos_max: int = 5
    cells: int = 1
    include: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    adjacent: tuple[tuple[str, str], ...] = ()
    rules: tuple[Rule, ...] = ()
    outcome: str | None = None
    channel: str | None = None
    budget: float | None = None
    iroas: float | None = None
    mde: float | None = None
    power: float = 0.8
    level: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        if self.weeks < 1:
            raise GeoTestError(f"a test of {self.weeks} weeks cannot be: give --weeks 1 or more")
        if not 1 <= self.cells <= MOST_CELLS:
            raise GeoTestError(f"a test of {self.cells} cells cannot be: give --cells between 1 and {MOST_CELLS}")
        if self.include and self.rules and Rule.SELECTED not in self.rules:
            raise GeoTestError(
                "geos that must be treated cannot be drawn by coins: drop --include, the treat rows of --eligibility, "
                "or the --assignment"
            )
        if self.cells > 1 and self.rules == (Rule.SUPERGEOS,):
            raise GeoTestError("supergeos come in pairs, for one cell: give --cells 1, or --assignment strata")
        if not 1 <= self.geos_min <= self.geos_max:
            raise GeoTestError(f"--geos-min {self.geos_min} and --geos-max {self.geos_max} leave no number of geos")
        for name, share in (("power", self.power), ("level", self.level)):
            if not 0.5 <= share <= 0.99:
                raise GeoTestError(f"{name} {share:g} is not between 0.5 and 0.99: give a share such as 0.8")
        for name, value in (("budget", self.budget), ("iroas", self.iroas), ("mde", self.mde)):
            if value is not None and not 0 < value < math.inf:
                raise GeoTestError(f"{name} {value:g} is not a number above 0: correct --{name} or leave it out")
        if self.mde is not None and self.mde >= 1:
            raise GeoTestError(f"mde {self.mde:g} is all of sales or more: give a share such as 0.05")
        if self.budget is not None and self.iroas is None and self.kind is not ExperimentKind.HEAVY_UP:
            raise GeoTestError(
                f"a {self.kind.value} costs the sales that it gives up, which depend on what the channel returns: give "
                "--iroas beside --budget"
            )
        named = (*self.include, *self.keep, *self.exclude)
        for geo in named:
            if named.count(geo) > 1:
                raise GeoTestError(f"geo {geo!r} is named twice among --include, --keep and --exclude: name it once")

    def admits(self, rule: Rule) -> bool:
        """Whether treated geos may be found this way."""
        return not self.rules or rule in self.rules

    def to_json(self) -> dict[str, Any]:
        """What a lock of the design needs to know, with the names of the command's options."""
        names = ("channel", "weeks", "outcome", "level", "power", "seed", "budget", "mde", "iroas", "cells")
        told = {name: getattr(self, name) for name in (*names, "geos_min", "geos_max")}
        lists = {name: list(getattr(self, name)) for name in ("include", "keep", "exclude")}
        return {"kind": self.kind.value} | told | lists
