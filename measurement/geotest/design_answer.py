"""What a search for designs answers: designs, best first, the table of sizes and lengths, the limit that binds."""

from dataclasses import dataclass, replace
from enum import Enum
from math import perm, prod
from typing import Any

from measurement.geotest.design_question import DesignQuestion, Rule


class Limit(Enum):
    """What keeps every design from doing what is asked."""

    CHANNEL = "channel"
    ELIGIBILITY = "eligibility"
    ADJACENCY = "adjacency"
    GEOS = "geos"
    PANEL = "panel"
    MDE = "mde"
    IROAS = "iroas"
    BUDGET = "budget"


@dataclass(frozen=True)
class Refusal:
    """The limit that binds, and the sentence that says so with the remedy."""

    limit: Limit
    reason: str


@dataclass(frozen=True)
class PlannedSpend:
    """Spend of the channel in one treated geo and one week of the test, counted from 1: as usual, and as planned."""

    geo: str
    week: int
    usual: float
    planned: float


@dataclass(frozen=True)
class Money:
    """What a design does to spend.

    Attributes:
        spend_change: over all treated geos and weeks; None where it is not known.
        cost: extra spend, or sales given up; None where it is not known.
        plan: by treated geo and week; () without a channel.
        detectable_iroas: the least return per unit of spend change that is found with the power asked for.
    """

    spend_change: float | None = None
    cost: float | None = None
    plan: tuple[PlannedSpend, ...] = ()
    detectable_iroas: float | None = None


@dataclass(frozen=True)
class Ability:
    """What a design can find, by windows that played no part in choosing it.

    Attributes:
        mde: least effect as a share of treated sales that is found with the power asked for, the largest of the cells';
            None where no effect short of all of sales is found.
        cell_mdes: of each cell.
        mde_difference: least difference between two cells' effects that is found; None with one cell.
        power: at the effect asked for, else at the MDE; the least of the cells'.
        power_curve: pairs of effect and power.
        size: false-positive rate of the same analysis where nothing happened.
        placements, windows: how many placebos the size comes from, and in how many windows.
        placebo_ratios: what each placebo found over the half-width of its interval; beyond 1 is a false positive.
    """

    mde: float | None
    cell_mdes: tuple[float | None, ...]
    mde_difference: float | None
    power: float
    power_curve: tuple[tuple[float, float], ...]
    size: float
    placements: int
    windows: int
    placebo_ratios: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON, which has no single placebos."""
        return {name: value for name, value in vars(self).items() if name != "placebo_ratios"}


@dataclass(frozen=True)
class GeoTestDesign:
    """One way to run the test.

    Attributes:
        cells: treated geos by cell; one list for one cell.
        control: geos to compare with; `set_apart`: neighbours of treated geos, which are neither.
        rule: how the treated geos were found.
        blocks: within which coins fell; each block holds its units, each unit its geos; () where nothing fell.
        assignment_seed: seed of the coins; None where the treated geos were selected.
        weeks, duration: length, and the same in periods of the panel.
        ability, money: what it finds, and what it does to spend.
        scaled_l2: pre-fit, 0 is perfect, 1 no better than the mean of the controls; the worst of the cells'.
        correlation: of treated sales with those of the controls; the least of the cells'.
        share: of all sales that is treated.
    """

    cells: tuple[tuple[str, ...], ...]
    control: tuple[str, ...]
    set_apart: tuple[str, ...]
    rule: Rule
    blocks: tuple[tuple[tuple[str, ...], ...], ...]
    assignment_seed: int | None
    weeks: int
    duration: int
    ability: Ability
    money: Money
    scaled_l2: float
    correlation: float
    share: float

    @property
    def treated(self) -> tuple[str, ...]:
        """All treated geos, cell by cell."""
        return tuple(geo for cell in self.cells for geo in cell)

    @property
    def assignments(self) -> int | None:
        """How many ways the coins could have fallen; None where none did."""
        return prod(perm(len(block), len(self.cells)) for block in self.blocks) if self.blocks else None

    @property
    def mde(self) -> float | None:
        """The design's MDE."""
        return self.ability.mde

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; units of one geo are that geo, supergeos are lists."""
        supergeos = self.rule is Rule.SUPERGEOS
        blocks = [[list(unit) if supergeos else unit[0] for unit in block] for block in self.blocks]
        money = {name: getattr(self.money, name) for name in ("spend_change", "cost", "detectable_iroas")}
        names = ("assignment_seed", "weeks", "duration", "scaled_l2", "correlation", "share")
        return {
            "treated": list(self.treated),
            "control": list(self.control),
            "cells": [list(cell) for cell in self.cells],
            "set_apart": list(self.set_apart),
            "rule": self.rule.value,
            "blocks": blocks,
            "assignments": self.assignments,
            **{name: getattr(self, name) for name in names},
            **self.ability.to_json(),
            **money,
            "spend_plan": [dict(vars(row)) for row in self.money.plan],
        }


@dataclass(frozen=True)
class TradeOff:
    """The best design of one number of geos and one length; `meets` says whether it keeps every limit."""

    geos: int
    weeks: int
    mde: float | None
    mde_difference: float | None
    size: float
    spend_change: float | None
    cost: float | None
    detectable_iroas: float | None
    meets: bool


@dataclass(frozen=True)
class DesignAnswer:
    """Designs, best first; `refusal` names the limit that binds where none will do."""

    question: DesignQuestion
    designs: tuple[GeoTestDesign, ...] = ()
    refusal: Refusal | None = None
    trade_off: tuple[TradeOff, ...] = ()
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def recommended(self) -> GeoTestDesign | None:
        """The first design, or None after a refusal."""
        return self.designs[0] if self.designs and self.refusal is None else None

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; `recommended` is the place in `designs`, None after a refusal."""
        best = self.recommended
        question = replace(self.question, weeks=best.weeks) if best else self.question
        return {
            "question": question.to_json(),
            "designs": [design.to_json() for design in self.designs],
            "recommended": None if best is None else 0,
            "refused_because": None if self.refusal is None else self.refusal.reason,
            "limit": None if self.refusal is None else self.refusal.limit.value,
            "weeks_tried": sorted({row.weeks for row in self.trade_off}),
            "trade_off": [dict(vars(row)) for row in self.trade_off],
            "detectable": self._detectable(),
            "needed": self._needed(),
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
        }

    def _detectable(self) -> dict[str, Any] | None:
        """What can be detected for the budget; None without a budget or without a design that keeps it."""
        return _told(self.recommended) if self.question.budget is not None else None

    def _needed(self) -> dict[str, Any] | None:
        """The least that detects what is asked for; None where nothing is, or nothing does."""
        return _told(self.recommended) if self.question.mde is not None else None


def _told(design: GeoTestDesign | None) -> dict[str, Any] | None:
    if design is None:
        return None
    return {
        "geos": len(design.treated),
        "weeks": design.weeks,
        "mde": design.mde,
        "iroas": design.money.detectable_iroas,
        "cost": design.money.cost,
        "spend_change": design.money.spend_change,
    }
