"""A file of matched pairs (columns geo, pair, assignment) in, `GeoPair` values out."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from measurement.dates import labels_of
from measurement.errors import GeoTestError
from measurement.geotest.specification import GeoPair
from measurement.panel_file import Table, read_table

COLUMNS = ("geo", "pair", "assignment")
TREATED = frozenset({"treatment", "treated", "treat", "test", "1"})
CONTROL = frozenset({"control", "2", "0"})
LEFT_OUT = frozenset({"filtered", "excluded", ""})


def read_pairs(path: Path) -> tuple[GeoPair, ...]:
    """Read matched pairs; rows whose assignment is `filtered`, `excluded` or empty take no part.

    A geo may stand in many rows that say the same, so a panel with the columns serves too. An assignment is `treatment`
    (or 1) or `control` (or 2, or 0), in any case.

    Raises:
        GeoTestError: a column is missing, an assignment unknown, a geo given twice, or a pair is not one of each.
        PanelError: the file cannot be read as a table.
    """
    table = read_table(path)
    geos, names, assignments = text_columns(table, path, COLUMNS)
    members: dict[str, dict[bool, str]] = defaultdict(dict)
    seen: dict[str, tuple[int, str, bool]] = {}
    for row, geo, name, assignment in zip(table.rows, geos, names, assignments, strict=True):
        if assignment.casefold() in LEFT_OUT:
            continue
        where = f"{path}, row {row}"
        is_treated = _is_treated(assignment, where)
        if geo in seen:
            if seen[geo][1:] == (name, is_treated):
                continue
            raise GeoTestError(
                f"{where}: geo {geo!r} stands otherwise in row {seen[geo][0]}: a geo has one pair and one assignment"
            )
        seen[geo] = (int(row), name, is_treated)
        if is_treated in members[name]:
            kind = "treated" if is_treated else "control"
            raise GeoTestError(f"{where}: pair {name!r} has two {kind} geos: a pair is one treated and one control geo")
        members[name][is_treated] = geo
    return tuple(_pair(path, name, pair) for name, pair in members.items())


def _pair(path: Path, name: str, pair: dict[bool, str]) -> GeoPair:
    if len(pair) < 2:
        only = next(iter(pair.values()))
        raise GeoTestError(f"{path}: pair {name!r} has only geo {only!r}: add its partner or mark it filtered")
    return GeoPair(name, treated=pair[True], control=pair[False])


def _is_treated(assignment: str, where: str) -> bool:
    text = assignment.casefold()
    if text in TREATED:
        return True
    if text in CONTROL:
        return False
    raise GeoTestError(f"{where}: assignment {assignment!r} is not known: write treatment, control or filtered")


def text_columns(table: Table, path: Path, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The cells of each column as text without blanks around it. Raises GeoTestError where a column is missing."""
    for column in columns:
        if column not in table.columns:
            raise GeoTestError(f"{path} has no column {column!r}: it needs the columns {', '.join(columns)}")
    cells = (table.columns[column] for column in columns)
    return [tuple(text.strip() for text in (labels_of(c) if isinstance(c, np.ndarray) else c)) for c in cells]
