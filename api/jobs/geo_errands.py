"""In the child: the steps of a geo test that a request waits for, and which test to run next; plain JSON out.

All files lie in the working directory, so that messages name them as their owner does.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from api.jobs.errands import path_of
from api.jobs.work import Tell

Document = Mapping[str, Any]
LOCK = "lock.json"


def lock(asked: Document, tell: Tell) -> Document:
    """Lock a test; the lock lies in the folder."""
    from api.lock_json import lock_json
    from api.services.lock_geo_test import LockRequest, lock_test
    from measurement.geotest.specification import Cell

    given: dict[str, Any] = {name: value for name, value in asked["options"].items() if value is not None}
    for name in ("start", "end"):
        if name in given:
            given[name] = date.fromisoformat(given[name])
    given["cells"] = tuple(Cell(cell["name"], tuple(cell["geos"])) for cell in given.pop("cells", ()))
    given |= {name: tuple(given.pop(key)) for key, name in _LISTS.items() if key in given}
    if "break_even_iroas" in given:
        given["break_even"] = given.pop("break_even_iroas")
    files: dict[str, Any] = {name: path_of(asked[name]) for name in ("design", "pairs", "spend_plan")}
    answer = lock_test(LockRequest(Path(asked["panel"]), Path(LOCK), panel_map=path_of(asked["map"]), **files, **given))
    return {"lock": lock_json(answer.file), "warnings": list(answer.warnings)}


def monitor(asked: Document, tell: Tell) -> Document:
    """Watch a locked test; the outcome is not looked at."""
    from api.services.monitor_geo_test import monitor_file

    report = monitor_file(Path(asked["panel"]), Path(LOCK), path_of(asked["map"]))
    return report.to_json() | {"currency": report.currency}


def exclude(asked: Document, tell: Tell) -> Document:
    """Log that a geo leaves a locked test."""
    from api.lock_json import lock_json
    from api.services.lock_geo_test import exclude_geo

    return {"lock": lock_json(exclude_geo(Path(LOCK), asked["geo"], asked["reason"]))}


def next_test(asked: Document, tell: Tell) -> Document:
    """Rank the tests that could be run next."""
    from api.services.next_test import NextTestRequest
    from api.services.next_test import next_test as ask
    from measurement.storage import load_model

    request = NextTestRequest(
        asked["budget"], asked["weeks"], asked["horizon_weeks"], path_of(asked["rules"]), asked["seed"]
    )
    return ask(load_model(Path(asked["model"])), request, lambda stage: tell({"stage": stage}))


_LISTS = {"treated": "treated", "exclude": "excluded"}
