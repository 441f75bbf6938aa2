"""A column's cells in, numbers out; what is no number is an error that names row, column and remedy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError
from measurement.panel_file import Cells, Table

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST = 1e15
"""Beyond this no panel goes in any currency, and squares would leave the range of a float."""
PLAIN = re.compile(r"[-+0-9.eE]*")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+([eE][-+]?[0-9]+)?")
MARKED = re.compile(r"[-+]?[0-9.,]*[.,][0-9.,]*([eE][-+]?[0-9]+)?")
AMBIGUOUS = re.compile(r"[-+]?[1-9][0-9]{0,2}([.,][0-9]{3})+")
GROUPED = re.compile(r"[-+]?[0-9]{1,3}([,.'’\s\u00a0\u202f][0-9]{3})+([.,][0-9]+)?")
MONEY = re.compile(r"[-+]?\s*([$€£¥]|[A-Z]{3})?\s*[-+]?[0-9][0-9.,]*\s*([$€£¥%]|[A-Z]{3})?")
EMPTY = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "inf", "-inf", "+inf", "infinity", "."})
QUOTED_CHARACTERS = 40


class DecimalMark(Enum):
    """What parts whole from fraction in a file's numbers."""

    POINT = "."
    COMMA = ","


@dataclass(frozen=True)
class NumberReader:
    """Reads columns of one table, all in one spelling of decimals."""

    table: Table
    decimal_mark: DecimalMark = DecimalMark.POINT

    def read(self, column: str, records: IntArray) -> FloatArray:
        """Numbers of these records, every one of them there, in the shape of `records`.

        Raises:
            PanelError: a cell is empty, no number, not finite or beyond all measure.
        """
        values = self.read_with_gaps(column)[records]
        gaps = records[np.isnan(values)]
        if gaps.size:
            first = int(gaps.min())
            raise PanelError(
                f"column {column!r}, row {self.table.rows[first]}, is {_gap_text(self.table.columns[column], first)}: "
                f"write the number, 0 if there was nothing{_more(gaps.size)}"
            )
        return values

    def read_with_gaps(self, column: str) -> FloatArray:
        """Numbers `(N,)`, NaN where a cell is empty or says that there is no value.

        Raises:
            PanelError: a cell is no number, infinite or beyond all measure.
        """
        cells = self.table.columns[column]
        values = cells if isinstance(cells, np.ndarray) else self._parse(column, _stripped(cells))
        beyond = np.flatnonzero(np.abs(np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)) > LARGEST)
        if beyond.size:
            raise PanelError(
                f"column {column!r}, row {self.table.rows[beyond[0]]}, holds {values[beyond[0]]:g}, beyond what sales, "
                "spend or controls can be: correct the value"
            )
        return values

    def _parse(self, column: str, cells: tuple[str, ...]) -> FloatArray:
        comma = self.decimal_mark is DecimalMark.COMMA
        texts = [cell.replace(",", ".") for cell in cells] if comma else cells
        if PLAIN.fullmatch("".join(texts)) and all(texts):
            try:
                return np.array(texts, dtype=np.float64)
            except ValueError:
                pass  # the slow way below finds the row
        values = np.full(len(cells), np.nan)
        for index, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            if NUMBER.fullmatch(text) and not (comma and "." in cell):
                values[index] = float(text)
            elif cell.casefold() not in EMPTY:
                where = f"column {column!r}, row {self.table.rows[index]}"
                raise PanelError(f"{where}, holds {_quoted(cell)}, {_why_no_number(cell, self.decimal_mark)}")
        return values


def number_reader(table: Table, columns: Iterable[str]) -> tuple[NumberReader, tuple[str, ...]]:
    """A reader for the table's numbers, and a warning where decimal commas are read.

    Where commas part the cells, or the file is typed, the decimal mark is a point. Elsewhere it is believed only if
    `columns` hold one mark throughout and at least one number in which it cannot be a thousands separator: "12,5"
    tells, "1,234" does not.

    Raises:
        PanelError: the spelling of numbers is ambiguous or mixed.
    """
    if table.separator in {",", ""}:
        return NumberReader(table), ()
    marked = [
        _Place(name, int(table.rows[index]), cell)
        for name in columns
        for index, cell in enumerate(_texts(table.columns[name]))
        if MARKED.fullmatch(cell)
    ]
    if not marked:
        return NumberReader(table), ()
    comma = "," in marked[0].cell
    for place in marked:
        if "." in place.cell and "," in place.cell:
            raise PanelError(f"{place}, {_why_no_number(place.cell, DecimalMark.POINT)}")
        if ("." if comma else ",") in place.cell:
            raise PanelError(
                f"{place} while {marked[0]}: point and comma cannot both be read for certain; save the numbers without "
                "thousands separators and with one decimal mark"
            )
    telling = next((place for place in marked if not AMBIGUOUS.fullmatch(place.cell)), None)
    if telling is None:
        raise PanelError(
            f"{marked[0]}, where the {'comma' if comma else 'point'} may be a decimal mark or a thousands separator: "
            "save the numbers with a decimal point, without thousands separators, and commas between the columns"
        )
    if not comma:
        return NumberReader(table), ()
    read_as = telling.cell.replace(",", ".")
    return NumberReader(table, DecimalMark.COMMA), (f"decimal commas were read: {telling} and was read as {read_as}",)


@dataclass(frozen=True)
class _Place:
    """A cell and where it stands."""

    column: str
    row: int
    cell: str

    def __str__(self) -> str:
        return f"column {self.column!r}, row {self.row}, holds {_quoted(self.cell)}"


def _texts(cells: Cells) -> tuple[str, ...]:
    return () if isinstance(cells, np.ndarray) else _stripped(cells)


def _stripped(cells: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)


def _gap_text(cells: Cells, index: int) -> str:
    cell = "" if isinstance(cells, np.ndarray) else cells[index].strip()
    return f"{cell!r}, not a number" if cell else "empty"


def _more(count: int) -> str:
    return f" ({count - 1} more such cells in this column)" if count > 1 else ""


def _quoted(cell: str) -> str:
    return repr(cell if len(cell) <= QUOTED_CHARACTERS else cell[:QUOTED_CHARACTERS] + "...")


def _why_no_number(cell: str, mark: DecimalMark) -> str:
    """Why a cell is no number, and the remedy."""
    if GROUPED.fullmatch(cell):
        return "which has a thousands separator or may have one: write 1234567.5, without separators"
    if mark is DecimalMark.POINT and DECIMAL_COMMA.fullmatch(cell):
        return "which has a decimal comma: write the number with a decimal point"
    if MONEY.fullmatch(cell):
        return "which is not a plain number: write it without currency or percent signs and separators"
    return "which is not a number: write the number, 0 if there was nothing"
