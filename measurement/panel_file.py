"""A file on disk in, its cells by column out: CSV in whatever spelling a spreadsheet saves, or Parquet."""

import csv
import datetime
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from measurement.encoding import decoded
from measurement.errors import PanelError

FloatArray = NDArray[np.float64]
Cells = tuple[str, ...] | FloatArray

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
FOREIGN_FORMATS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"\x1f\x8b", "compressed with gzip: unpack it first"),
    (b"%PDF", "a PDF: export the table as CSV"),
)
INDEX_HEADER = re.compile(r"(unnamed: ?\d+|__index_level_\d+__)?", re.IGNORECASE)
HEADER_ROW = 1


@dataclass(frozen=True)
class Table:
    """The cells of a file by column.

    Attributes:
        columns: name -> text as it stood, blanks included, length N; from a typed file also numbers `(N,)`, NaN where
            empty.
        rows: the file's row of each record, `(N,)`, counting from 1 with the header as row 1.
        separator: what parted the cells, "" for a Parquet file.
        warnings: how the file was read, where that is not a matter of course.
    """

    columns: Mapping[str, Cells]
    rows: NDArray[np.int64]
    separator: str = ","
    warnings: tuple[str, ...] = ()


def read_table(path: Path) -> Table:
    """Read a CSV or Parquet file; Parquet is known by its first bytes or its extension.

    Raises:
        PanelError: the file is missing, empty, not a table, or damaged.
    """
    content = _read_bytes(path)
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf\xfe\xff"):
        raise PanelError(f"{path} is empty: it needs a header row and one row per date and geo")
    for magic, what in FOREIGN_FORMATS:
        if content.startswith(magic):
            raise PanelError(f"{path} is {what}")
    if content.startswith(b"PAR1") or path.suffix.lower() in {".parquet", ".pq"}:
        return _parquet_table(path, content)
    text, warnings = _decode(path, content)
    return _csv_table(path, text, warnings)


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PanelError(f"{path} is a folder: name the CSV or Parquet file in it")
        if path.exists() and not path.is_file():
            raise PanelError(f"{path} is not a regular file: save the panel as a CSV or Parquet file")
        return path.read_bytes()
    except FileNotFoundError:
        raise PanelError(f"{path} does not exist: check the name of the panel's file") from None
    except (OSError, ValueError) as error:
        raise PanelError(f"{str(path)!r} cannot be opened ({error}): check its name and permissions") from None


def _decode(path: Path, content: bytes) -> tuple[str, list[str]]:
    text, guessed = decoded(str(path), content, "save the panel as CSV in UTF-8, or as Parquet")
    if guessed is None:
        return text, []
    return text, [f"{path.name} is not UTF-8 and was read as {guessed}: check accented names, or save it as UTF-8"]


def _csv_table(path: Path, text: str, warnings: list[str]) -> Table:
    separator = _separator(path, text)
    records = _records(path, text, separator)
    header_row, header = next(records, (HEADER_ROW, []))
    names = [name.strip() for name in header]
    _refuse_repeated_names(path, names)
    rows: list[int] = []
    cells: list[list[str]] = []
    for row, record in records:
        if len(record) != len(names):
            record = _fitted_record(row, record, len(names))
        rows.append(row)
        cells.append(record)
    if not rows:
        raise PanelError(f"{path} has a header (row {header_row}) but no rows: add one row per date and geo")
    if separator != ",":
        warnings = [*warnings, f"{path.name} was read as a table parted by {SEPARATOR_NAMES[separator]}"]
    by_column = zip(*cells, strict=True)
    columns = {name: column for name, column in zip(names, by_column, strict=True) if not INDEX_HEADER.fullmatch(name)}
    return Table(columns, np.array(rows, dtype=np.int64), separator, tuple(warnings))


def _separator(path: Path, text: str) -> str:
    """The separator that cuts the first filled line into most cells; a comma where none does."""
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    stated = re.fullmatch(r"sep=(.)", first_line.strip())
    if stated and stated[1] in SEPARATORS:
        return stated[1]
    counts = {}
    for separator in SEPARATORS:
        try:
            counts[separator] = len(next(csv.reader([first_line], delimiter=separator)))
        except csv.Error as error:
            raise PanelError(f"{path}, row {HEADER_ROW}: the header cannot be read ({error})") from None
    return max(SEPARATORS, key=lambda separator: counts[separator])


def _records(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the file's row and cells of each record that is not blank, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    row = 0
    try:
        for row, record in enumerate(reader, start=1):
            is_note = row == HEADER_ROW and separator.join(record).strip() == f"sep={separator}"
            if any(cell.strip() for cell in record) and not is_note:
                yield row, record
    except csv.Error as error:
        remedy = "look for a quotation mark that is not closed"
        raise PanelError(f"{path}, row {row + 1}: the row cannot be read ({error}); {remedy}") from None


def _fitted_record(row: int, record: list[str], width: int) -> list[str]:
    if len(record) > width and not any(cell.strip() for cell in record[width:]):
        return record[:width]
    raise PanelError(
        f"row {row} has {len(record)} cells, the header {width}: look there for a missing cell, or for a comma "
        "inside a number or a name that is not in quotation marks"
    )


def _refuse_repeated_names(path: Path, names: list[str]) -> None:
    named = [name for name in names if not INDEX_HEADER.fullmatch(name)]
    if not named:
        raise PanelError(f"{path}, row {HEADER_ROW}: the header names no column: the first row must name the columns")
    for name in named:
        if named.count(name) > 1:
            raise PanelError(f"column {name!r} stands twice in the header: rename or delete one of the two")


def _parquet_table(path: Path, content: bytes) -> Table:
    try:
        table = pq.read_table(io.BytesIO(content))
        names = [str(name).strip() for name in table.column_names]
        _refuse_repeated_names(path, names)
        columns = {
            name: _typed_cells(column)
            for name, column in zip(names, table.columns, strict=True)
            if not INDEX_HEADER.fullmatch(name)
        }
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PanelError(f"{path} is not a readable Parquet file ({reason}): write it again, or save CSV") from None
    if table.num_rows == 0:
        raise PanelError(f"{path} has columns but no rows: add one row per date and geo")
    rows = np.arange(table.num_rows, dtype=np.int64) + HEADER_ROW + 1
    return Table(columns, rows, "")


def _typed_cells(column: "pa.ChunkedArray") -> Cells:
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        values: FloatArray = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        return values
    return tuple(_text(value) for value in column.to_pylist())


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
