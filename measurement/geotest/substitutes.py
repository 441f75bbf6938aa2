"""A file of substitutes (columns unit, neighbour) in, who is a neighbour of whom out."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from measurement.dates import labels_of
from measurement.errors import GeoTestError
from measurement.panel_file import Table, read_table
from measurement.panel_map import nearest

COLUMNS = ("unit", "neighbour")


def read_substitutes(path: Path, units: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    """Read pairs of units between which buyers may move; a pair counts in both directions.

    Raises:
        GeoTestError: a column is missing, a unit is not in the panel or its own neighbour, or there is no pair.
        PanelError: the file cannot be read as a table.
    """
    table = read_table(path)
    for column in COLUMNS:
        if column not in table.columns:
            raise GeoTestError(f"{path} has no column {column!r}: substitutes need the columns {', '.join(COLUMNS)}")
    found: dict[str, set[str]] = defaultdict(set)
    for row, unit, neighbour in zip(table.rows, _texts(table, "unit"), _texts(table, "neighbour"), strict=True):
        for name in (unit, neighbour):
            if name not in units:
                raise GeoTestError(f"{path}, row {row}: unit {name!r} is not in the panel: {nearest(name, units)}")
        if unit == neighbour:
            raise GeoTestError(f"{path}, row {row}: unit {unit!r} is named as its own neighbour: drop the row")
        found[unit].add(neighbour)
        found[neighbour].add(unit)
    if not found:
        raise GeoTestError(f"{path} names no substitutes: give one pair of units a row, or leave --substitutes out")
    return {unit: frozenset(neighbours) for unit, neighbours in found.items()}


def _texts(table: Table, column: str) -> list[str]:
    cells = table.columns[column]
    texts = labels_of(cells) if isinstance(cells, np.ndarray) else cells
    return [text.strip() for text in texts]
