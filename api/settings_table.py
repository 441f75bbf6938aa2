"""The settings' own declarations in, a table of them out, for `rmo admin settings` and the page on operations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from api.settings import MEBIBYTE, PREFIX, Settings


@dataclass(frozen=True)
class SettingRow:
    """A setting: its variable, its default, what it means, and what it is now."""

    variable: str
    default: str
    meaning: str
    value: str


def setting_rows(settings: Settings | None = None) -> list[SettingRow]:
    """All settings in the order of their declaration; secrets are hidden, without settings the values are empty."""
    meanings = dict(_meanings())
    rows = []
    for name, field in Settings.model_fields.items():
        value = "" if settings is None else _shown(getattr(settings, name))
        rows.append(SettingRow(f"{PREFIX}{name.upper()}", _shown(field.default), meanings[name], value))
    return rows


def markdown_table() -> str:
    """The table of the page on operations."""
    lines = [f"| `{row.variable}` | {row.default} | {row.meaning} |" for row in setting_rows()]
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *lines))


def _meanings() -> Iterator[tuple[str, str]]:
    """From the docstring; a line may be of several settings."""
    told = (Settings.__doc__ or "").split("Attributes:", 1)[1]
    for line in told.strip().splitlines():
        names, meaning = re.split(r":\s+", line.strip(), maxsplit=1)
        yield from ((name.strip(), meaning) for name in names.split(","))


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, SecretStr):
        return "(hidden)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value >= MEBIBYTE and value % MEBIBYTE == 0:
        return f"{value} ({value // MEBIBYTE} MiB)"
    return str(value)
