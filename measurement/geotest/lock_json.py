"""A locked test in, plain JSON values out, and back: nothing is lost on the way, so that hashes agree."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.locked_data import LockedData
from measurement.geotest.registration import Assignment, GeoLock, PlannedSpend
from measurement.geotest.specification import AnalysisSettings, Blocks, Cell, Estimator, GeoPair, GeoTest, Window
from measurement.panel import Frequency


def lock_to_json(lock: GeoLock) -> dict[str, Any]:
    """Everything in JSON's own types."""
    window, test, settings = lock.test.window, lock.test, lock.settings
    return {
        "name": lock.name,
        "locked_at": lock.locked_at.isoformat(),
        "after_the_fact": lock.after_the_fact,
        "kind": lock.kind.value if lock.kind else None,
        "window": {
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "cooldown_end": window.cooldown_end.isoformat() if window.cooldown_end else None,
        },
        "treated": list(test.treated),
        "control": list(lock.control),
        "set_apart": list(test.excluded),
        "cells": [{"name": cell.name, "geos": list(cell.geos)} for cell in test.cells],
        "pairs": [{"name": pair.name, "treated": pair.treated, "control": pair.control} for pair in test.pairs],
        "outcome": test.outcome,
        "spend": test.spend,
        "estimator": settings.estimator.value,
        "level": settings.level,
        "break_even_iroas": settings.break_even_iroas,
        "success": success(lock),
        "seed": settings.seed,
        "assignment": {
            "rule": lock.assignment.rule,
            "seed": lock.assignment.seed,
            "blocks": [[list(unit) for unit in block] for block in lock.assignment.blocks],
        },
        "spend_plan": [
            {"geo": row.geo, "week": row.start.isoformat(), "usual": row.usual, "planned": row.planned}
            for row in lock.spend_plan
        ],
        "data": {
            "panel_sha256": lock.data.panel_sha256,
            "first": lock.data.first.isoformat(),
            "last": lock.data.last.isoformat(),
            "frequency": lock.data.frequency.value,
            "marks": dict(lock.data.marks),
        },
        "versions": dict(lock.versions),
    }


def success(lock: GeoLock) -> str:
    """What will count as success, in words."""
    level, cells = f"{100 * lock.settings.level:.0f} %", lock.test.cells
    paid = (
        f"the whole {level} interval of the iROAS lies above {lock.settings.break_even_iroas:,.2f}"
        if lock.test.spend
        else f"the whole {level} interval of the lift lies above zero"
    )
    better = f"; a cell is better if the {level} interval of the difference leaves zero out" if cells else ""
    return f"{paid}{better}"


def lock_from_json(told: Mapping[str, Any]) -> GeoLock:
    """The lock. Raises KeyError, TypeError or ValueError where something is not as `lock_to_json` writes it."""
    window, data = told["window"], told["data"]
    cooldown_end = window["cooldown_end"]
    test = GeoTest(
        window=Window(
            date.fromisoformat(window["start"]),
            date.fromisoformat(window["end"]),
            date.fromisoformat(cooldown_end) if cooldown_end else None,
        ),
        treated=tuple(told["treated"]),
        excluded=tuple(told["set_apart"]),
        pairs=tuple(GeoPair(pair["name"], pair["treated"], pair["control"]) for pair in told["pairs"]),
        outcome=told["outcome"],
        spend=told["spend"],
        cells=tuple(Cell(cell["name"], tuple(cell["geos"])) for cell in told["cells"]),
        blocks=_blocks(told),
    )
    return GeoLock(
        name=told["name"],
        test=test,
        control=tuple(told["control"]),
        settings=AnalysisSettings(Estimator(told["estimator"]), told["level"], told["break_even_iroas"], told["seed"]),
        kind=ExperimentKind(told["kind"]) if told["kind"] else None,
        spend_plan=tuple(
            PlannedSpend(row["geo"], date.fromisoformat(row["week"]), row["usual"], row["planned"])
            for row in told["spend_plan"]
        ),
        assignment=Assignment(told["assignment"]["rule"], told["assignment"]["seed"], _blocks(told)),
        data=LockedData(
            data["panel_sha256"],
            date.fromisoformat(data["first"]),
            date.fromisoformat(data["last"]),
            Frequency(data["frequency"]),
            dict(data["marks"]),
        ),
        locked_at=datetime.fromisoformat(told["locked_at"]),
        after_the_fact=told["after_the_fact"],
        versions=dict(told["versions"]),
    )


def _blocks(told: Mapping[str, Any]) -> Blocks:
    return tuple(tuple(tuple(unit) for unit in block) for block in told["assignment"]["blocks"])
