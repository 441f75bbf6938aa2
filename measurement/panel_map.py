"""A `panel.toml` in, a checked `PanelMap` out: which column of a file means what."""

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from measurement.calendar import country_known
from measurement.errors import PanelError
from measurement.panel import ControlKind, Level

E = TypeVar("E", bound=Enum)

SECTIONS = ("panel", "outcome", "channel", "control")
KEYS = {
    "panel": ("date", "geo", "population", "currency", "country"),
    "outcome": ("name", "column", "value_per_unit"),
    "channel": ("name", "spend", "exposure", "level", "geo_targetable"),
    "control": ("column", "kind"),
}
REQUIRED = {"panel": (), "outcome": ("name", "column"), "channel": ("name", "spend"), "control": ("column",)}
TOTAL = "total"
"""Reports sum several outcomes under this name, so none may take it."""


@dataclass(frozen=True)
class OutcomeMap:
    """An outcome's column; `value_per_unit` names the column of money per unit, None where `column` is the outcome."""

    name: str
    column: str
    value_per_unit: str | None = None


@dataclass(frozen=True)
class ChannelMap:
    """A channel's columns of money spent and, optionally, of impressions or clicks."""

    name: str
    spend: str
    exposure: str | None = None
    level: Level = Level.GEO
    geo_targetable: bool = True


@dataclass(frozen=True)
class ControlMap:
    """A control's column and what it stands for."""

    column: str
    kind: ControlKind = ControlKind.OTHER


@dataclass(frozen=True)
class PanelMap:
    """Which column of a file means what; what a map leaves empty is read by the naming convention.

    Attributes:
        date, geo, population: columns; `geo` and `population` None: the columns so named, if the file has them.
        outcomes, channels, controls: an empty tuple leaves that part to the convention.
        currency: ISO code or "".
        country: ISO code for holidays, or None.
        source: the map's file, for messages.

    Raises:
        PanelError: a name or a column is given twice.
    """

    date: str = "date"
    geo: str | None = None
    population: str | None = None
    currency: str = ""
    country: str | None = None
    outcomes: tuple[OutcomeMap, ...] = field(default=())
    channels: tuple[ChannelMap, ...] = field(default=())
    controls: tuple[ControlMap, ...] = field(default=())
    source: str = "the map"

    def __post_init__(self) -> None:
        _refuse_twice(self.source, "outcome", [outcome.name for outcome in self.outcomes])
        _refuse_twice(self.source, "channel", [channel.name for channel in self.channels])
        _refuse_twice(self.source, "column", [column for column, _ in self.columns_once()])
        if len(self.outcomes) > 1 and TOTAL in {outcome.name.lower() for outcome in self.outcomes}:
            raise PanelError(f"{self.source}: no outcome may be called {TOTAL!r}, the name of their sum: rename it")

    def columns_once(self) -> tuple[tuple[str, str], ...]:
        """Each column that may serve only once, with what it is named as."""
        named: list[tuple[str | None, str]] = [(self.date, "date"), (self.geo, "geo"), (self.population, "population")]
        named += [(outcome.column, f"outcome {outcome.name}") for outcome in self.outcomes]
        for channel in self.channels:
            named += [(channel.spend, f"spend of channel {channel.name}")]
            named += [(channel.exposure, f"exposure of channel {channel.name}")]
        named += [(control.column, "control") for control in self.controls]
        return tuple((column, use) for column, use in named if column is not None)

    def columns(self) -> tuple[tuple[str, str], ...]:
        """Every column the map names, with what it is named as."""
        values = [(o.value_per_unit, f"value_per_unit of outcome {o.name}") for o in self.outcomes]
        return self.columns_once() + tuple((column, use) for column, use in values if column is not None)


def read_panel_map(path: Path) -> PanelMap:
    """Read a map.

    Raises:
        PanelError: the file cannot be read, is not TOML, or has a key, a value or a name that cannot be used.
    """
    document = _load(path)
    source = str(path)
    _refuse_unknown(source, "section", document, SECTIONS)
    panel = _entry(source, "panel", document.get("panel", {}))
    country = panel.get("country")
    if country is not None:
        country = country.upper()
        if not country_known(country):
            raise PanelError(f"{source}: country {country!r} is not known: give a two-letter ISO code such as US or GB")
    return PanelMap(
        date=panel.get("date", "date"),
        geo=panel.get("geo"),
        population=panel.get("population"),
        currency=panel.get("currency", ""),
        country=country,
        outcomes=tuple(OutcomeMap(**entry) for entry in _entries(source, "outcome", document)),
        channels=tuple(_channel(source, entry) for entry in _entries(source, "channel", document)),
        controls=tuple(_control(source, entry) for entry in _entries(source, "control", document)),
        source=source,
    )


def nearest(name: str, known: Collection[str]) -> str:
    """The known name most like this one as a remedy to print, or the list of all that are known."""
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return "known are " + ", ".join(repr(candidate) for candidate in known)


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise PanelError(f"{path} is not valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise PanelError(f"{path} is not UTF-8 text: a map is a TOML file saved in UTF-8") from None
    except FileNotFoundError:
        raise PanelError(f"{path} does not exist: check the name of the map") from None
    except (OSError, ValueError, RecursionError) as error:
        raise PanelError(f"the map {str(path)!r} cannot be opened ({error})") from None


def _entries(source: str, section: str, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = document.get(section, [])
    if not isinstance(entries, list):
        raise PanelError(f"{source}: write [[{section}]], with two brackets, before every {section}")
    return [_entry(source, section, entry) for entry in entries]


def _entry(source: str, section: str, entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise PanelError(f'{source}: {section} must be a table of keys, such as {KEYS[section][0]} = "..."')
    _refuse_unknown(source, f"key in [{section}]", entry, KEYS[section])
    for key in REQUIRED[section]:
        if key not in entry:
            raise PanelError(f"{source}: a [[{section}]] lacks {key!r}: it needs {' and '.join(REQUIRED[section])}")
    for key, value in entry.items():
        if key == "geo_targetable":
            if not isinstance(value, bool):
                raise PanelError(f"{source}: geo_targetable must be true or false, not {value!r}")
        elif not isinstance(value, str) or (not value.strip() and key != "currency"):
            raise PanelError(f"{source}: {key} in [{section}] must be a text in quotation marks, not {value!r}")
    return {key: value.strip() if isinstance(value, str) else value for key, value in entry.items()}


def _channel(source: str, entry: dict[str, Any]) -> ChannelMap:
    level = _choice(source, "level", entry.get("level", Level.GEO.value), Level)
    return ChannelMap(**(entry | {"level": level}))


def _control(source: str, entry: dict[str, Any]) -> ControlMap:
    kind = _choice(source, "kind", entry.get("kind", ControlKind.OTHER.value), ControlKind)
    return ControlMap(**(entry | {"kind": kind}))


def _choice(source: str, key: str, value: str, choices: type[E]) -> E:
    known = {choice.value: choice for choice in choices}
    if value not in known:
        raise PanelError(f"{source}: {key} = {value!r} is not known: {nearest(value, known)}")
    return known[value]


def _refuse_unknown(source: str, what: str, found: Iterable[str], known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            raise PanelError(f"{source}: unknown {what}: {name!r}; {nearest(name, known)}")


def _refuse_twice(source: str, what: str, names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        key = name if what == "column" else name.casefold()
        if key in seen:
            raise PanelError(f"{source}: {what} {name!r} is named twice: each may stand once")
        seen[key] = name
