"""The answer of `rmo geo design --json` in, the parts of a test that can be locked out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from measurement.errors import GeoTestError
from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.registration import Assignment, PlannedSpend
from measurement.geotest.specification import Blocks, Cell, Estimator, GeoPair

SELECTED = Assignment()


@dataclass(frozen=True)
class PlannedWeek:
    """A row of a design's spend plan; the week is a number from 1, or its first day."""

    geo: str
    week: int | date
    usual: float | None
    planned: float

    def from_start(self, start: date) -> PlannedSpend:
        """The same with its first day, for a test that starts on `start`."""
        first = self.week if isinstance(self.week, date) else start + timedelta(weeks=self.week - 1)
        return PlannedSpend(self.geo, first, self.usual, self.planned)


@dataclass(frozen=True)
class Design:
    """One design of an answer.

    Attributes:
        treated, control, set_apart: geos; `control` is () where the answer does not name them.
        cells: two or more groups of the treated geos, or ().
        pairs: matched pairs where the coin fell within pairs, or (); see `pairs_for`.
        periods, weeks: how long, in the panel's periods or in weeks; None where it is not said.
        spend_plan: by geo and week, or ().
        assignment: rule, seed and blocks.
        channel, outcome, kind, level: what was asked; None where it was not said.
    """

    treated: tuple[str, ...]
    control: tuple[str, ...] = ()
    set_apart: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    pairs: tuple[GeoPair, ...] = ()
    periods: int | None = None
    weeks: int | None = None
    spend_plan: tuple[PlannedWeek, ...] = ()
    assignment: Assignment = SELECTED
    channel: str | None = None
    outcome: str | None = None
    kind: ExperimentKind | None = None
    level: float | None = None

    def pairs_for(self, estimator: Estimator) -> tuple[GeoPair, ...]:
        """The pairs, where the estimator compares within pairs; () for all others.

        A design's power is rehearsed with the default and all controls, so `auto` keeps them all; a randomisation test
        goes by the assignment's blocks.

        Raises:
            GeoTestError: a comparison within pairs is asked for, and the coin fell within blocks that are no pairs.
        """
        if estimator is not Estimator.TRIMMED_MATCH:
            return ()
        if self.assignment.blocks and not self.pairs:
            raise GeoTestError(
                f"the design's coin fell within {self.assignment.rule}, and {estimator.value} compares within pairs of "
                "one cell only: leave --estimator out, or design with pairs"
            )
        return self.pairs


def read_design(path: Path, pick: int | None = None) -> Design:
    """The recommended design of an answer, or the one at place `pick`, counted from 1.

    Raises:
        GeoTestError: the file is no such answer, recommends nothing, has no such place, or holds a design that is not
            by geo.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        designs, place = told["designs"], told["recommended"] if pick is None else pick - 1
        if place is None:
            raise GeoTestError(f"{path} recommends no design: it holds a refusal; name the geos with --treated a,b")
        if not 0 <= place < len(designs):
            raise GeoTestError(f"{path} has {len(designs)} designs, so there is no number {place + 1}: correct --pick")
        return _design(designs[place], told.get("question") or {})
    except FileNotFoundError:
        raise GeoTestError(f"{path} does not exist: write a design with rmo geo design PANEL --json > {path}") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise GeoTestError(f"{path} is not a design: it should hold the answer of rmo geo design --json") from None


def _design(told: Mapping[str, Any], question: Mapping[str, Any]) -> Design:
    if "treated" not in told:
        raise GeoTestError("the design does not treat geos, so it cannot be locked or analysed by geo")
    treated = _names(told["treated"])
    groups = [_names(group) for group in told.get("cells") or ()]
    names = told.get("cell_names") or [f"cell {number}" for number in range(1, len(groups) + 1)]
    cells = tuple(Cell(str(name), geos) for name, geos in zip(names, groups, strict=True)) if len(groups) > 1 else ()
    blocks = tuple(tuple(_unit(unit) for unit in block) for block in told.get("blocks") or ())
    rule = str(told.get("rule") or "selected")
    kinds = {kind.value: kind for kind in ExperimentKind}
    return Design(
        treated=treated,
        control=_names(told.get("control") or ()),
        set_apart=_names(told.get("set_apart") or ()),
        cells=cells,
        pairs=_pairs(blocks, treated) if rule == "pairs" and not cells else (),
        periods=_whole(told.get("duration")),
        weeks=_whole(question.get("weeks")),
        spend_plan=tuple(_planned(row) for row in told.get("spend_plan") or ()),
        assignment=Assignment(rule, _whole(told.get("assignment_seed")), blocks),
        channel=question.get("channel"),
        outcome=question.get("outcome"),
        kind=kinds.get(str(question.get("kind"))),
        level=question.get("level"),
    )


def _pairs(blocks: Blocks, treated: tuple[str, ...]) -> tuple[GeoPair, ...]:
    """Blocks of two of which one is treated; () where a block is otherwise, as that is not the rule of pairs."""
    split = [
        ([unit for unit in block if unit[0] in treated], [unit for unit in block if unit[0] not in treated])
        for block in blocks
    ]
    split = [(ours, others) for ours, others in split if ours]
    if not split or any(len(ours) != 1 or len(others) != 1 for ours, others in split):
        return ()
    return tuple(GeoPair(f"pair {n}", ours[0][0], others[0][0]) for n, (ours, others) in enumerate(split, start=1))


def _unit(told: Any) -> tuple[str, ...]:
    """A supergeo is a list of geos, any other unit a single one."""
    return tuple(str(geo) for geo in told) if isinstance(told, list) else (str(told),)


def _planned(row: Mapping[str, Any]) -> PlannedWeek:
    week = row["week"]
    usual = row.get("usual")
    return PlannedWeek(
        str(row["geo"]),
        int(week) if isinstance(week, int | float) or str(week).isdigit() else date.fromisoformat(str(week)),
        None if usual is None else float(usual),
        float(row["planned"]),
    )


def _names(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
