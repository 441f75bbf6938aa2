"""Another plan's JSON in, its spend per channel out, so that a new plan can be held against it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optimizer.errors import BadProblem

HOW = 'Take what "rmo plan --json" printed.'


def load_plan(path: Path) -> Mapping[str, Any]:
    """The JSON of a file. Raises BadProblem where it holds none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise BadProblem(f"{path}: the other plan cannot be read ({reason}). {HOW}") from error
    if not isinstance(content, dict):
        raise BadProblem(f"{path}: the other plan is no JSON object. {HOW}")
    return content


def read_plan(content: Mapping[str, Any], weeks: int) -> dict[str, float]:
    """Money per channel.

    Raises:
        BadProblem: it has no lines with channel and spend, or is for another number of weeks.
    """
    lines = content.get("lines")
    if not isinstance(lines, list) or not lines:
        raise BadProblem(f"The other plan has no lines, so there is nothing to compare. {HOW}")
    if content.get("weeks", weeks) != weeks:
        raise BadProblem(
            f"The other plan is for {content['weeks']} weeks and this one for {weeks}: plan as many in both."
        )
    return dict(_line(line) for line in lines)


def _line(line: Any) -> tuple[str, float]:
    channel = line.get("channel") if isinstance(line, dict) else None
    spend = line.get("spend") if isinstance(line, dict) else None
    if not isinstance(channel, str) or isinstance(spend, bool) or not isinstance(spend, int | float):
        raise BadProblem(f"A line of the other plan has no channel or no spend. {HOW}")
    return channel, float(spend)
