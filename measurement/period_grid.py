"""Date and geo columns in, a balanced grid out: which record is which geo's which period, without a hole."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.dates import labels_of, read_dates
from measurement.errors import PanelError
from measurement.lookalikes import appearance, difference
from measurement.panel import Frequency
from measurement.panel_file import Table

IntArray = NDArray[np.int64]

FREQUENCIES = {7: Frequency.WEEKLY, 1: Frequency.DAILY}
NATIONAL = "national"


@dataclass(frozen=True)
class Grid:
    """A balanced grid of G geos and T periods.

    Attributes:
        dates: first day of each period, `(T,)`, datetime64[D].
        geos: labels in alphabetical order, length G.
        frequency: weekly or daily.
        records: the table's record of each geo and period, `(G, T)`; -1 where there is none.
    """

    dates: NDArray[np.datetime64]
    geos: tuple[str, ...]
    frequency: Frequency
    records: IntArray


def build_grid(table: Table, date_column: str, geo_column: str | None) -> Grid:
    """Place every record; geos may still lack periods, see `refuse_gaps`.

    Raises:
        PanelError: dates or geos that cannot be read, duplicates, or periods that are neither days nor weeks.
    """
    day_of_record = read_dates(table, date_column)
    geo_of_record = _read_geos(table, geo_column)
    geos = sorted(set(geo_of_record))
    days = np.unique(day_of_record)
    place = {geo: index for index, geo in enumerate(geos)}
    geo_index = np.array([place[geo] for geo in geo_of_record], dtype=np.int64)
    _refuse_duplicates(table, day_of_record, geo_index, geos, date_column)
    frequency = _find_frequency(table, date_column, day_of_record, geo_index, geos)
    records = np.full((len(geos), len(days)), -1, dtype=np.int64)
    records[geo_index, np.searchsorted(days, day_of_record)] = np.arange(len(geo_index))
    return Grid(days.astype("datetime64[D]"), tuple(geos), frequency, records)


def refuse_gaps(grid: Grid, table: Table, date_column: str) -> None:
    """Refuse a grid in which a geo lacks a period, naming both and the row it should follow.

    Raises:
        PanelError: the first hole.
    """
    holes = np.argwhere(grid.records < 0)
    if not len(holes):
        return
    geo, period = holes[0]
    before = grid.records[geo, :period]
    before = before[before >= 0]
    where = f"after row {table.rows[before[-1]]}" if before.size else "before its first row"
    more = f" ({len(holes) - 1} more rows of geos and dates are missing)" if len(holes) > 1 else ""
    raise PanelError(
        f"column {date_column!r}: geo {grid.geos[geo]!r} has no row for {grid.dates[period]} ({where}): add the "
        f"row, with 0 where nothing was sold or spent, or leave the geo out of the file{more}"
    )


def _read_geos(table: Table, column: str | None) -> tuple[str, ...]:
    if column is None:
        return (NATIONAL,) * len(table.rows)
    cells = table.columns[column]
    texts = labels_of(cells) if isinstance(cells, np.ndarray) else cells
    first_row: dict[str, int] = {}
    for row, text in zip(table.rows, texts, strict=True):
        if not text.strip():
            raise PanelError(f"column {column!r}, row {row}, is empty: name the geo of the row")
        first_row.setdefault(text, int(row))
    spellings: dict[str, str] = {}
    for text, row in first_row.items():
        other = spellings.setdefault(appearance(text), text)
        if other != text:
            raise PanelError(
                f"column {column!r}, row {row}, holds {text!r}, and row {first_row[other]} {other!r}: they "
                f"{difference(other, text)}; write one geo in one way"
            )
    return tuple(text.strip() for text in texts)


def _refuse_duplicates(table: Table, days: IntArray, geo_index: IntArray, geos: list[str], date_column: str) -> None:
    order = np.lexsort((np.arange(len(days)), days, geo_index))
    same = (np.diff(days[order]) == 0) & (np.diff(geo_index[order]) == 0)
    if not same.any():
        return
    repeats = order[1:][same]
    later = int(repeats.min())
    earlier = int(np.flatnonzero((days == days[later]) & (geo_index == geo_index[later]))[0])
    date = _date(days[later])
    whose = "" if geos == [NATIONAL] else f" of geo {geos[geo_index[later]]!r}"
    remedy = (
        'keep one of them; if the rows are of different geos, name the geo\'s column in a map ([panel] geo = "...")'
        if geos == [NATIONAL]
        else "keep one of them, or add them up"
    )
    raise PanelError(
        f"rows {table.rows[earlier]} and {table.rows[later]} both hold {date}{whose} (column {date_column!r}): {remedy}"
    )


def _find_frequency(
    table: Table, column: str, day_of_record: IntArray, geo_index: IntArray, geos: list[str]
) -> Frequency:
    days = np.unique(day_of_record)
    if len(days) < 2:
        raise PanelError(f"column {column!r} holds one date, {_date(days[0])}: a panel needs one row per day or week")
    steps = np.diff(days)
    usual = _usual_step(days)
    if (steps == usual).all() and usual in FREQUENCIES:
        return FREQUENCIES[usual]
    _refuse_unlike_geos(column, geos, [np.unique(day_of_record[geo_index == geo]) for geo in range(len(geos))])
    if usual not in FREQUENCIES:
        raise PanelError(_spacing_refusal(column, steps))
    gap = np.flatnonzero(steps != usual)[0]
    before, after = days[gap], days[gap + 1]
    where = f"column {column!r}, row {table.rows[int(np.flatnonzero(day_of_record == after)[0])]}"
    if steps[gap] % usual or (usual == 1 and (steps == 7).sum() > 1):
        raise PanelError(
            f"{where}: {_date(after)} comes {steps[gap]} day(s) after {_date(before)} while most periods are {usual} "
            "apart; mixed frequencies cannot be read: bring all rows to days or to weeks that start on the same weekday"
        )
    raise PanelError(
        f"{where}: the calendar has a gap, {FREQUENCIES[usual].value} dates go from {_date(before)} to {_date(after)} "
        f"and {_date(before + usual)} is missing in every geo: add its rows, with 0 where nothing was sold or spent"
    )


def _refuse_unlike_geos(column: str, geos: list[str], days_of_geo: list[IntArray]) -> None:
    """Name two geos of which one has days and the other weeks, or whose weeks start on different weekdays."""
    steps = {geo: _usual_step(days) for geo, days in zip(geos, days_of_geo, strict=True) if len(days) > 1}
    kinds = {geo: f"has {FREQUENCIES[step].value} rows" for geo, step in steps.items() if step in FREQUENCIES}
    weekdays = {
        geo: f"has weeks that start on {_date(days[0]).item():%A}"
        for geo, days in zip(geos, days_of_geo, strict=True)
        if steps.get(geo) == 7
    }
    for said in (kinds, weekdays):
        first = next(iter(said), "")
        for geo, what in said.items():
            if what != said[first]:
                raise PanelError(
                    f"column {column!r}: geo {first!r} {said[first]} and geo {geo!r} {what}: mixed frequencies "
                    "cannot be read, bring all geos to days or to weeks that start on the same weekday"
                )


def _usual_step(days: IntArray) -> int:
    """The most frequent number of days between neighbouring dates."""
    return int(Counter(np.diff(days).tolist()).most_common(1)[0][0])


def _date(day: int | np.int64) -> np.datetime64:
    return np.datetime64(int(day), "D")


def _spacing_refusal(column: str, steps: IntArray) -> str:
    low, high = int(steps.min()), int(steps.max())
    spacing = f"{low} days" if low == high else f"{low} to {high} days"
    kind = "monthly" if low >= 28 and high <= 31 else "irregular" if low != high else "neither daily nor weekly"
    return (
        f"column {column!r}: the dates are {kind}, {spacing} apart: a panel needs one row per day (1 day apart) or per "
        "week (7 days apart)"
    )
