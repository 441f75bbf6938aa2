"""Weeks of a plan that are spent already: a file or rows in, checked against the model's panel; spend by week out.

One row per week, summed over geos: `date`, the week's first day; `<channel>_spend` of every channel; perhaps `sales`.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measurement.dates import read_dates
from measurement.errors import ActualsError, PanelError
from measurement.number_columns import NumberReader, number_reader
from measurement.panel import Panel
from measurement.panel_file import Table, read_table

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DATE, SALES, SPEND = "date", "sales", "_spend"
DAYS_PER_WEEK = 7
FIRST_ROW = 1


@dataclass(frozen=True)
class Actuals:
    """The first A weeks of a plan as they were, over all geos.

    Attributes:
        dates: first day of each week, `(A,)`, right after the panel's last.
        spend: money by week and channel in the panel's order, whole cents, `(A, C)`.
        sales: outcome by week, `(A,)`; `None` where it is not told.
    """

    dates: NDArray[np.datetime64]
    spend: FloatArray
    sales: FloatArray | None


def read_actuals(
    source: Path | Sequence[Mapping[str, object]], panel: Panel, weeks: int, new: tuple[str, ...] = ()
) -> Actuals:
    """Read a CSV or Parquet file, or rows of the same columns, and check them.

    Args:
        source: the file, or rows as mappings from column to value, counted from 1 in messages.
        panel: the weekly panel that the model was fitted on.
        weeks: weeks of the plan, spent ones included.
        new: channels beyond the panel's, in their order after these; one without a column has spent nothing.

    Raises:
        ActualsError: a column is missing or unknown, a cell is no number or negative, or weeks do not follow the
            panel's last one without a gap, or leave nothing to plan; the message names row, column and remedy.
    """
    try:
        table = read_table(source) if isinstance(source, Path) else _table(source)
        _check_columns(tuple(table.columns), panel.channel_names, new)
        wanted = tuple(name for name in table.columns if name != DATE)
        numbers, _ = number_reader(table, wanted)
        order = _in_calendar_order(table, panel, weeks)
        columns = [f"{name}{SPEND}" for name in (*panel.channel_names, *new)]
        spend = [_money(numbers, name, order) if name in table.columns else np.zeros(len(order)) for name in columns]
        sales = numbers.read(SALES, order) if SALES in table.columns else None
        dates = read_dates(table, DATE)[order].astype("datetime64[D]")
    except PanelError as error:
        raise ActualsError(f"actuals: {error}") from error
    return Actuals(dates, np.rint(np.stack(spend, axis=1) * 100) / 100, sales)


def _table(rows: Sequence[Mapping[str, object]]) -> Table:
    if not rows:
        raise ActualsError("actuals: there is no row: give one per week that is spent, or leave actuals out")
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    columns = {name: tuple("" if row.get(name) is None else str(row[name]) for row in rows) for name in names}
    return Table(columns, np.arange(len(rows), dtype=np.int64) + FIRST_ROW, "")


def _check_columns(columns: tuple[str, ...], channels: tuple[str, ...], new: tuple[str, ...]) -> None:
    needed = (DATE, *(f"{name}{SPEND}" for name in channels))
    known = (*needed, *(f"{name}{SPEND}" for name in new), SALES)
    for name in columns:
        if name == "geo":
            raise ActualsError("actuals: column 'geo' is not read: sum the rows to one per week over all geos")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(known)}"
            raise ActualsError(f"actuals: column {name!r} is not known: {hint}")
    for name in needed:
        if name not in columns:
            what = "the first day of each week" if name == DATE else "with 0 where nothing was spent"
            raise ActualsError(f"actuals: column {name!r} is missing: add it, {what}")


def _money(numbers: NumberReader, column: str, order: IntArray) -> FloatArray:
    values = numbers.read(column, order)
    if (values < 0).any():
        row = numbers.table.rows[order[int(np.flatnonzero(values < 0)[0])]]
        raise ActualsError(f"actuals: column {column!r}, row {row}, is negative: spend is money paid, 0 or more")
    return values


def _in_calendar_order(table: Table, panel: Panel, weeks: int) -> IntArray:
    """Places of the rows by date; they must be the weeks right after the panel's last."""
    days = read_dates(table, DATE)
    order = np.argsort(days, kind="stable")
    last = int(panel.dates[-1].astype("datetime64[D]").astype(np.int64))
    for number, place in enumerate(order):
        row, day, expected = table.rows[place], int(days[place]), last + DAYS_PER_WEEK * (number + 1)
        if day == expected:
            continue
        where = f"actuals: column {DATE!r}, row {row}, holds {_date(day)}"
        if day <= last:
            raise ActualsError(
                f"{where}, which the model knows already (its panel ends with {_date(last)}): leave it out"
            )
        if number and day == int(days[order[number - 1]]):
            raise ActualsError(f"{where} as row {table.rows[order[number - 1]]} does: keep one of them, or add them up")
        if (day - last) % DAYS_PER_WEEK:
            raise ActualsError(f"{where}, but the model's weeks start on {_weekday(last)}: write {_date(expected)}")
        raise ActualsError(f"{where}, and the week of {_date(expected)} is missing: add its row, with 0 for no spend")
    if len(order) >= weeks:
        raise ActualsError(
            f"actuals: {len(order)} weeks are spent and the plan has {weeks}, so nothing is left to plan: ask for more "
            "weeks (--weeks counts those that are spent, too)"
        )
    return np.asarray(order, dtype=np.int64)


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _weekday(day: int) -> str:
    return f"{np.datetime64(day, 'D').item():%A}"
