"""A file of planned spend (columns geo, week, planned) in, planned weeks out; weeks are numbers or first days."""

from datetime import date
from pathlib import Path

import numpy as np

from measurement.dates import labels_of
from measurement.errors import GeoTestError
from measurement.geotest.design_file import PlannedWeek
from measurement.panel_file import Table, read_table

COLUMNS = ("geo", "week", "planned")


def read_spend_plan(path: Path) -> tuple[PlannedWeek, ...]:
    """Read it.

    Raises:
        GeoTestError: a column is missing, a week or an amount cannot be read, or a geo's week stands twice.
        PanelError: the file cannot be read as a table.
    """
    table = read_table(path)
    columns = [_texts(table, path, column) for column in COLUMNS]
    seen: dict[tuple[str, object], int] = {}
    planned = []
    for row, geo, week, amount in zip(table.rows, *columns, strict=True):
        where = f"{path}, row {row}"
        when = _week(week, where)
        if (geo, when) in seen:
            raise GeoTestError(f"{where}: geo {geo!r} has this week in row {seen[geo, when]} already: keep one")
        seen[geo, when] = int(row)
        planned.append(PlannedWeek(geo, when, None, _amount(amount, where)))
    return tuple(planned)


def _week(text: str, where: str) -> int | date:
    try:
        return int(float(text)) if text.replace(".", "", 1).isdigit() else date.fromisoformat(text[:10])
    except ValueError:
        raise GeoTestError(f"{where}: week {text!r} is neither a number from 1 nor a date YYYY-MM-DD") from None


def _amount(text: str, where: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        raise GeoTestError(f"{where}: planned {text!r} is not a number: write money, such as 1200.50") from None
    if not 0 <= amount < 1e15:
        raise GeoTestError(f"{where}: planned {text} cannot be: spend is money, 0 or more")
    return amount


def _texts(table: Table, path: Path, column: str) -> tuple[str, ...]:
    if column not in table.columns:
        raise GeoTestError(f"{path} has no column {column!r}: a spend plan has the columns {', '.join(COLUMNS)}")
    cells = table.columns[column]
    texts = labels_of(cells) if isinstance(cells, np.ndarray) else cells
    return tuple(text.strip() for text in texts)
