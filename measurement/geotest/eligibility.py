"""Files on which geos may be treated and which lie next to each other in, the question narrowed by them out."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from measurement.errors import GeoTestError
from measurement.geotest.design_question import DesignQuestion
from measurement.geotest.pairs import text_columns
from measurement.panel_file import read_table
from measurement.panel_map import nearest
from measurement.reading import ReadPanel

ELIGIBILITY_COLUMNS = ("geo", "eligibility")
NEIGHBOUR_COLUMNS = ("geo", "neighbour")


class Eligibility(Enum):
    """What may become of a geo: treated for sure, control for sure, one of the two, or no part at all."""

    TREAT = "treat"
    CONTROL = "control"
    EITHER = "either"
    EXCLUDE = "exclude"


@dataclass(frozen=True)
class _Known:
    """Names that a file may use: the panel's geos, and those left out of it for gaps."""

    geos: Collection[str]
    left_out: Collection[str]

    def refuse_unknown(self, geo: str, where: str) -> None:
        if geo not in self.geos and geo not in self.left_out:
            raise GeoTestError(f"{where}: geo {geo!r} is not in the panel: {nearest(geo, self.geos)}")


def read_eligibility(path: Path, read: ReadPanel) -> dict[str, Eligibility]:
    """Read what each geo may become; geos that the file does not name may become either.

    Raises:
        GeoTestError: an unknown geo or word, or a geo that is given two answers.
        PanelError: the file cannot be read as a table.
    """
    table, known = read_table(path), _Known(read.panel.geos, read.left_out)
    found: dict[str, Eligibility] = {}
    for row, geo, word in zip(table.rows, *text_columns(table, path, ELIGIBILITY_COLUMNS), strict=True):
        where = f"{path}, row {row}"
        known.refuse_unknown(geo, where)
        try:
            told = Eligibility(word.casefold())
        except ValueError:
            choices = ", ".join(one.value for one in Eligibility)
            raise GeoTestError(f"{where}: eligibility {word!r} is not known: write one of {choices}") from None
        if found.setdefault(geo, told) is not told:
            raise GeoTestError(f"{where}: geo {geo!r} is {told.value}, and {found[geo].value} further up: keep one row")
    return found


def read_neighbours(path: Path, read: ReadPanel) -> tuple[tuple[str, str], ...]:
    """Read pairs of geos that touch or overlap; either order, once or twice, means the same.

    Raises:
        GeoTestError: an unknown geo, or a geo that is its own neighbour.
        PanelError: the file cannot be read as a table.
    """
    table, known = read_table(path), _Known(read.panel.geos, read.left_out)
    found = set()
    for row, geo, neighbour in zip(table.rows, *text_columns(table, path, NEIGHBOUR_COLUMNS), strict=True):
        where = f"{path}, row {row}"
        for name in (geo, neighbour):
            known.refuse_unknown(name, where)
        if geo == neighbour:
            raise GeoTestError(f"{where}: geo {geo!r} is named as its own neighbour: correct one of the two")
        found.add((min(geo, neighbour), max(geo, neighbour)))
    return tuple(sorted(found))


def narrowed(question: DesignQuestion, eligibility: dict[str, Eligibility], path: Path) -> DesignQuestion:
    """The question with the file's answers beside those of --include, --keep and --exclude.

    Raises:
        GeoTestError: an option and the file contradict each other.
    """
    options = (
        ("include", question.include, Eligibility.TREAT),
        ("keep", question.keep, Eligibility.CONTROL),
        ("exclude", question.exclude, Eligibility.EXCLUDE),
    )
    for option, names, meant in options:
        for geo in names:
            told = eligibility.get(geo, Eligibility.EITHER)
            if told not in (meant, Eligibility.EITHER):
                raise GeoTestError(
                    f"--{option} names geo {geo!r}, which {path} marks {told.value}: correct one of the two"
                )
    told_of = {
        option: tuple(dict.fromkeys((*names, *(geo for geo, told in eligibility.items() if told is meant))))
        for option, names, meant in options
    }
    return replace(question, include=told_of["include"], keep=told_of["keep"], exclude=told_of["exclude"])
