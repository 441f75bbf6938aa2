"""A plan's JSON in, tables for spreadsheets out: CSV or XLSX, in which no cell can run as a formula."""

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

STARTS_OF_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MONEY = ("spend", "current_spend", "budget", "unspent", "incremental", "gain")
_INTERVALS = ("incremental", "iroas", "marginal_iroas")
_BOUNDS = ("mean", "p5", "p95")
_LINE = ("channel", "current_spend", "spend", "change", "extrapolated", "held")
_WEEK = ("week", "channel", "spend")

Rows = list[list[Any]]


def csv_bytes(plan: Mapping[str, Any], table: str) -> bytes:
    """One table, `lines` or `schedule`, in UTF-8 with its mark, so that spreadsheets read names rightly."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_defused(cell) for cell in row] for row in _tables(plan)[table])
    return out.getvalue().encode("utf-8-sig")


def workbook_bytes(plan: Mapping[str, Any]) -> bytes:
    """All tables, a sheet each; text is written as text whatever it begins with."""
    book = Workbook(write_only=True)
    for name, rows in _tables(plan).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _tables(plan: Mapping[str, Any]) -> dict[str, Rows]:
    return {"summary": _summary(plan), "lines": _lines(plan["lines"]), "schedule": _schedule(plan["schedule"])}


def _summary(plan: Mapping[str, Any]) -> Rows:
    total = plan["total"]
    told = [[name, _exact(name, plan.get(name))] for name in ("status", "budget", "weeks", "advice")]
    told += [[name, _exact(name, total.get(name))] for name in ("spend", "unspent", "probability_better")]
    names = [(name, bound) for name in ("incremental", "gain") for bound in _BOUNDS]
    return told + [[f"{name}_{bound}", _exact(name, total[name][bound])] for name, bound in names]


def _lines(lines: Sequence[Mapping[str, Any]]) -> Rows:
    intervals = [(name, bound) for name in _INTERVALS for bound in _BOUNDS]
    header = [*_LINE, *(f"{name}_{bound}" for name, bound in intervals)]
    rows = [
        [
            *(_exact(name, line.get(name)) for name in _LINE),
            *(_exact(name, (line.get(name) or {}).get(bound)) for name, bound in intervals),
        ]
        for line in lines
    ]
    return [header, *rows]


def _schedule(schedule: Sequence[Mapping[str, Any]]) -> Rows:
    return [list(_WEEK), *([_exact(name, entry.get(name)) for name in _WEEK] for entry in schedule)]


def _exact(name: str, value: Any) -> Any:
    """Money to the cent, as a decimal number; everything else as it is."""
    if name in _MONEY and isinstance(value, int | float):
        return Decimal(repr(float(value))).quantize(Decimal("0.01"))
    return value


def _defused(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula begins with an apostrophe; numbers are numbers."""
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value)
    if isinstance(value, str) and value.lstrip(" ").startswith(STARTS_OF_FORMULAS):
        return f"'{value}"
    return value


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Cell | None:
    if value is None:
        return None
    if isinstance(value, bool | int | float | Decimal):
        cell = WriteOnlyCell(sheet)
        cell.value = value
        return cell
    cell = WriteOnlyCell(sheet, _plain_text(value))
    cell.data_type = "s"
    return cell


def _plain_text(value: Any) -> str:
    text = " ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
    return "".join(letter if letter >= " " or letter in "\t\n" else " " for letter in text)[:32_000]
