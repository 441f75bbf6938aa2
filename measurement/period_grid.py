"""Date and geo columns in, a balanced grid out: which record is which geo's which period, without a hole."""

import datetime
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError
from measurement.panel import Frequency
from measurement.panel_file import Table

IntArray = NDArray[np.int64]

DAYS = {Frequency.WEEKLY: 7, Frequency.DAILY: 1}
ISO_DATE = re.compile(r"([0-9]{4})([-/]?)([0-9]{2})\2([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?")
NUMERIC_DATE = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4}|[0-9]{2})")
TIME_OF_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
FIRST_YEAR, LAST_YEAR = 1970, 2100
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
    frequency = _find_frequency(table, day_of_record, days, date_column)
    records = np.full((len(geos), len(days)), -1, dtype=np.int64)
    records[geo_index, np.searchsorted(days, day_of_record)] = np.arange(len(geo_index))
    return Grid(days.astype("datetime64[D]"), tuple(geos), frequency, records)


def refuse_gaps(grid: Grid, table: Table) -> None:
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
        f"geo {grid.geos[geo]!r} has no row for {grid.dates[period]} ({where}): add the row, with 0 where nothing was "
        f"sold or spent, or leave the geo out of the file{more}"
    )


def read_dates(table: Table, column: str) -> IntArray:
    """The column's dates as days since 1970, `(N,)`.

    Raises:
        PanelError: a cell is no ISO date.
    """
    cells = table.columns[column]
    texts = _labels(cells) if isinstance(cells, np.ndarray) else cells
    known: dict[str, int] = {}
    for index, text in enumerate(texts):
        if text not in known:
            known[text] = _day_number(text, f"column {column!r}, row {table.rows[index]}, ")
    return np.array([known[text] for text in texts], dtype=np.int64)


def _labels(numbers: NDArray[np.float64]) -> tuple[str, ...]:
    """Numbers of a typed file as text: 501 as "501", 20230105 as a date by digits alone, empty where missing."""
    return tuple("" if np.isnan(number) else f"{number:.15g}" for number in numbers)


def _day_number(text: str, where: str) -> int:
    match = ISO_DATE.fullmatch(text)
    if match is None:
        raise PanelError(where + _why_no_date(text))
    try:
        day = datetime.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        raise PanelError(f"{where}holds {text!r}, a day that no calendar has: correct it") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PanelError(f"{where}holds {text!r}: years from {FIRST_YEAR} to {LAST_YEAR} can be read; correct it")
    return (day - datetime.date(1970, 1, 1)).days


def _why_no_date(text: str) -> str:
    """What is wrong with a date, and the remedy."""
    if not text:
        return "is empty: write the period's first day as YYYY-MM-DD"
    shown = repr(text[:40])
    numeric = NUMERIC_DATE.fullmatch(text)
    if numeric and max(int(numeric[1]), int(numeric[2])) <= 12:
        return f"holds {shown}, where day and month cannot be told apart: write dates as YYYY-MM-DD, such as 2024-03-04"
    if TIME_OF_DAY.fullmatch(text):
        return f"holds {shown}, a time of day: sum the rows to whole days or weeks and write dates as YYYY-MM-DD"
    if re.fullmatch(r"[0-9]{5}(\.0)?", text):
        return f"holds {shown}, a spreadsheet's day number: format the column as dates, YYYY-MM-DD, and save again"
    return f"holds {shown}, which is not an ISO date: write dates as YYYY-MM-DD, such as 2024-03-04"


def _read_geos(table: Table, column: str | None) -> tuple[str, ...]:
    if column is None:
        return (NATIONAL,) * len(table.rows)
    cells = table.columns[column]
    texts = _labels(cells) if isinstance(cells, np.ndarray) else cells
    first_row: dict[str, int] = {}
    for row, text in zip(table.rows, texts, strict=True):
        if not text:
            raise PanelError(f"column {column!r}, row {row}, is empty: name the geo of the row")
        first_row.setdefault(text, int(row))
    spellings: dict[str, str] = {}
    for text, row in first_row.items():
        plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        other = spellings.setdefault(plain, text)
        if other != text:
            raise PanelError(
                f"column {column!r}, row {row}, holds {text!r}, and row {first_row[other]} {other!r}: they differ only "
                "in case or blanks; write one geo in one way"
            )
    return texts


def _refuse_duplicates(table: Table, days: IntArray, geo_index: IntArray, geos: list[str], date_column: str) -> None:
    order = np.lexsort((np.arange(len(days)), days, geo_index))
    same = (np.diff(days[order]) == 0) & (np.diff(geo_index[order]) == 0)
    if not same.any():
        return
    repeats = order[1:][same]
    later = int(repeats.min())
    earlier = int(np.flatnonzero((days == days[later]) & (geo_index == geo_index[later]))[0])
    date = np.datetime64(int(days[later]), "D")
    whose = "" if geos == [NATIONAL] else f" of geo {geos[geo_index[later]]!r}"
    remedy = (
        'keep one of them; if the rows are of different geos, name the geo\'s column in a map ([panel] geo = "...")'
        if geos == [NATIONAL]
        else "keep one of them, or add them up"
    )
    raise PanelError(
        f"rows {table.rows[earlier]} and {table.rows[later]} both hold {date}{whose} (column {date_column!r}): {remedy}"
    )


def _find_frequency(table: Table, day_of_record: IntArray, days: IntArray, column: str) -> Frequency:
    if len(days) < 2:
        only = np.datetime64(int(days[0]), "D")
        raise PanelError(f"column {column!r} holds only one date, {only}: a panel needs one row per day or week")
    steps = np.diff(days)
    usual = Counter(steps.tolist()).most_common(1)[0][0]
    frequency = {7: Frequency.WEEKLY, 1: Frequency.DAILY}.get(usual)
    if frequency is None:
        raise PanelError(_spacing_refusal(column, steps))
    odd = np.flatnonzero(steps != usual)
    if not odd.size:
        return frequency
    gap = odd[0]
    before, after = (np.datetime64(int(day), "D") for day in days[gap : gap + 2])
    row = table.rows[int(np.flatnonzero(day_of_record == days[gap + 1])[0])]
    mixed = steps[gap] % usual or (frequency is Frequency.DAILY and np.isin(steps[odd], 7).sum() > 1)
    if mixed:
        raise PanelError(
            f"column {column!r}, row {row}: {after} comes {steps[gap]} day(s) after {before} while most periods are "
            f"{usual} apart; mixed frequencies cannot be read: bring all rows and geos to days or to weeks that start "
            "on the same weekday"
        )
    missing = np.datetime64(int(days[gap] + usual), "D")
    raise PanelError(
        f"column {column!r}, row {row}: the calendar has a gap, {frequency.value} dates go from {before} to {after} "
        f"and {missing} is missing in every geo: add its rows, with 0 where nothing was sold or spent"
    )


def _spacing_refusal(column: str, steps: IntArray) -> str:
    low, high = int(steps.min()), int(steps.max())
    spacing = f"{low} days" if low == high else f"{low} to {high} days"
    kind = "monthly" if low >= 28 and high <= 31 else "irregular" if low != high else "neither daily nor weekly"
    return (
        f"column {column!r}: the dates are {kind}, {spacing} apart: a panel needs one row per day (1 day apart) or per "
        "week (7 days apart)"
    )
