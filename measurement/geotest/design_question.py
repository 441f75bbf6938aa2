"""What is asked of a geo test that is still to be run, and what a design answers. Values only."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from measurement.errors import GeoTestError


class ExperimentKind(Enum):
    """What happens in the treated geos: kept out of a campaign, an existing channel stopped, or more of it."""

    HOLDOUT = "holdout"
    GO_DARK = "go_dark"
    HEAVY_UP = "heavy_up"


@dataclass(frozen=True)
class DesignQuestion:
    """What a test should be able to do.

    Attributes:
        kind: what happens in the treated geos.
        weeks: length of the test.
        geos_min, geos_max: how many geos may be treated.
        include: geos that must be treated; `keep`: geos that must be controls; `exclude`: geos that take no part.
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
    include: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
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
        if not 1 <= self.geos_min <= self.geos_max:
            raise GeoTestError(f"--geos-min {self.geos_min} and --geos-max {self.geos_max} leave no number of geos")
        for name, share in (("power", self.power), ("level", self.level)):
            if not 0.5 <= share <= 0.99:
                raise GeoTestError(f"{name} {share:g} is not between 0.5 and 0.99: give a share such as 0.8")
        for name, value in (("budget", self.budget), ("iroas", self.iroas), ("mde", self.mde)):
            if value is not None and not value > 0:
                raise GeoTestError(f"{name} {value:g} is not above 0: correct --{name} or leave it out")
        named = (*self.include, *self.keep, *self.exclude)
        for geo in named:
            if named.count(geo) > 1:
                raise GeoTestError(f"geo {geo!r} is named twice among --include, --keep and --exclude: name it once")


@dataclass(frozen=True)
class GeoTestDesign:
    """One way to run the test.

    Attributes:
        treated, control: geos.
        assignment_seed: seed of the coins within matched pairs; None where the treated geos were selected.
        duration: in periods of the panel.
        mde: least effect, as a share of the treated geos' sales, found with the power asked for, on windows that played
            no part in choosing the design; None where no effect up to the whole of sales is.
        power: at the effect asked for (`mde` of the question), else at the design's own MDE.
        size: false-positive rate of the same analysis over the placements tried in those windows.
        spend_change: what the test changes in spend; None where it is not known.
        cost: what the test costs: extra spend, or sales given up; None where it is not known.
        scaled_l2: pre-fit, 0 is perfect, 1 no better than the mean of the controls.
        correlation: of the treated geos' sales with those of the controls.
        share: of all sales that is treated.
    """

    treated: tuple[str, ...]
    control: tuple[str, ...]
    assignment_seed: int | None
    duration: int
    mde: float | None
    power: float
    size: float
    spend_change: float | None
    cost: float | None
    scaled_l2: float
    correlation: float
    share: float

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return dict(vars(self)) | {"treated": list(self.treated), "control": list(self.control)}


@dataclass(frozen=True)
class DesignAnswer:
    """Designs, best first; `refused_because` names the limit that binds where none will do."""

    designs: tuple[GeoTestDesign, ...]
    refused_because: str | None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; `recommended` is the place in `designs`, None after a refusal."""
        return {
            "designs": [design.to_json() for design in self.designs],
            "recommended": 0 if self.designs and self.refused_because is None else None,
            "refused_because": self.refused_because,
            "warnings": list(self.warnings),
        }
