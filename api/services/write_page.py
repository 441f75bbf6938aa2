"""A fitted model and perhaps a plan in, the HTML report on disk out."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.services.plan_budget import DEFAULT_WEEKS
from measurement.errors import BadInput
from measurement.fitted import FittedModel

_PLAN_KEYS = {"status", "budget", "weeks", "lines", "total", "advice"}


def write_page(model: FittedModel, path: Path, plan: Mapping[str, Any] | None = None) -> None:
    """Write the page; a file of that name is replaced only once the page is complete."""
    from api.web.report_page import ReportPage, render_report
    from measurement.posterior import response_curves, weekly_contributions

    refuse_no_folder(path)
    weeks = int(plan["weeks"]) if plan else DEFAULT_WEEKS
    text = render_report(ReportPage(model, weekly_contributions(model), response_curves(model, weeks), plan))
    write_whole(path, text)


def refuse_no_folder(path: Path) -> None:
    """Raise BadInput where the folder that the page belongs in is missing."""
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent} to write the page into")


def write_whole(path: Path, text: str) -> None:
    """Write a text file; a file of that name is replaced only once the text is written to its end."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_plan(path: Path) -> dict[str, Any]:
    """The answer of `rmo plan --json`, from its file. Raises BadInput where it is something else."""
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no plan {path}: write one with rmo plan MODEL --budget B --json > {path}") from error
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: it should hold the answer of rmo plan --json") from error
    if not isinstance(plan, dict) or not plan.keys() >= _PLAN_KEYS:
        raise BadInput(f"{path} is not a plan: it should hold the answer of rmo plan --json")
    return plan
