"""What is asked of a switchback that is still to be run, and what its design answers. Values only."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.finding import TIE
from measurement.geotest.switchback_schedule import Schedule


@dataclass(frozen=True)
class SwitchbackQuestion:
    """What a switchback should be able to do.

    Attributes:
        channel: switched on and off; `outcome`: name, or None for the only or summed one.
        block_days: length of a block; `washout`: periods of the panel left out at the start of each block.
        weeks: length of the whole test.
        start: first day, or None for the day after the panel.
        half_life: of the effect's carry-over in periods, or None for a third of the washout.
        mde: largest detectable effect that will do, as a share of sales, or None.
        iroas: what the channel is thought to return, or None.
        power, level, seed: probabilities, and the seed of the coins.

    Raises:
        GeoTestError: a number that cannot be.
    """

    channel: str
    block_days: int
    washout: int
    weeks: int
    outcome: str | None = None
    start: date | None = None
    half_life: float | None = None
    mde: float | None = None
    iroas: float | None = None
    power: float = 0.8
    level: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        for option, number, least in (
            ("block-days or --block-weeks", self.block_days, 1),
            ("washout", self.washout, 0),
            ("weeks", self.weeks, 1),
        ):
            if number < least:
                raise GeoTestError(f"--{option} {number} cannot be: give {least} or more")
        for name, share in (("power", self.power), ("level", self.level)):
            if not 0.5 <= share <= 0.99:
                raise GeoTestError(f"{name} {share:g} is not between 0.5 and 0.99: give a share such as 0.8")
        for name, value in (("iroas", self.iroas), ("mde", self.mde)):
            if value is not None and not value > 0:
                raise GeoTestError(f"{name} {value:g} is not above 0: correct --{name} or leave it out")
        if self.half_life is not None and not 0 <= self.half_life < np.inf:
            raise GeoTestError(f"half-life {self.half_life:g} is below 0: correct --half-life or leave it out")

    @property
    def carry_over(self) -> float:
        """Half-life that the rehearsal injects, in periods."""
        return self.washout / 3 if self.half_life is None else self.half_life


@dataclass(frozen=True)
class SwitchbackDesign:
    """One schedule and what a test by it would find.

    Attributes:
        schedule: the blocks, coins tossed.
        pairs: of blocks; `smallest_p_value`: that any data could give, 2 / 2^pairs.
        mde: least effect, as a share of sales, found with the power asked for; None where half of sales is not.
        power: at the effect asked for, else at the MDE.
        size: false-positive rate in the past windows; `windows`: how many.
        spend_change, cost: what the off-blocks withhold, and the sales they are thought to give up; None if unknown.
        planned_spend_per_day: in the on-blocks; None if unknown.
        periods_left_out, periods_counted: by the washout, and the rest.
        carry_over: (half-life in periods, share of the effect that the estimate keeps).
    """

    schedule: Schedule
    pairs: int
    smallest_p_value: float
    mde: float | None
    power: float
    size: float
    windows: int
    spend_change: float | None
    cost: float | None
    planned_spend_per_day: float | None
    periods_left_out: int
    periods_counted: int
    carry_over: tuple[tuple[float, float], ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        told = {name: value for name, value in vars(self).items() if name not in ("schedule", "carry_over")}
        told["carry_over"] = [{"half_life": life, "share_found": share} for life, share in self.carry_over]
        told["blocks"] = [
            {
                "pair": block.pair,
                "start": block.start,
                "end": block.end,
                "counted_from": block.counted_from,
                "state": "on" if block.on else "off",
            }
            for block in self.schedule.blocks
        ]
        return told


@dataclass(frozen=True)
class SwitchbackAnswer:
    """A design, or the limit that binds; both where the design falls short."""

    design: SwitchbackDesign | None
    refused_because: str | None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "design": self.design.to_json() if self.design else None,
            "refused_because": self.refused_because,
            "warnings": list(self.warnings),
        }


def smallest_p_value(pairs: int) -> float:
    """That coins for so many pairs allow: an outcome and its mirror are always equally extreme."""
    return float(2.0 ** (1 - pairs))


def pairs_needed(level: float) -> int:
    """Fewest pairs of blocks with which an effect can be told at this level."""
    return next(pairs for pairs in range(1, 64) if smallest_p_value(pairs) <= 1 - level + TIE)
