"""A column of dates in, days out: ISO dates only, since others can be misread."""

import datetime
import re

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError
from measurement.panel_file import Table

IntArray = NDArray[np.int64]

ISO_DATE = re.compile(r"([0-9]{4})([-/]?)([0-9]{2})\2([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?")
NUMERIC_DATE = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4}|[0-9]{2})")
TIME_OF_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
FIRST_YEAR, LAST_YEAR = 1970, 2100


def read_dates(table: Table, column: str) -> IntArray:
    """The column's dates as days since 1970, `(N,)`.

    Raises:
        PanelError: a cell is no ISO date.
    """
    cells = table.columns[column]
    texts = labels_of(cells) if isinstance(cells, np.ndarray) else cells
    known: dict[str, int] = {}
    for index, text in enumerate(texts):
        if text not in known:
            known[text] = _day_number(text.strip(), f"column {column!r}, row {table.rows[index]}, ")
    return np.array([known[text] for text in texts], dtype=np.int64)


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


def labels_of(numbers: NDArray[np.float64]) -> tuple[str, ...]:
    """Numbers of a typed file as text: 501 as "501", 20230105 as a date by digits alone, empty where missing."""
    return tuple("" if np.isnan(number) else f"{number:.15g}" for number in numbers)
