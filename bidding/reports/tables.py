"""A report's file in, its tables out: CSV in any spelling, JSON as the interfaces give it, XLSX, Parquet; gzip and zip.

The header is the first row that names columns of some known report; lines above it are kept as notes.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator

import numpy as np

from bidding.errors import BidError
from bidding.reports.decoding import decoded, unpacked
from bidding.reports.json_table import json_table
from bidding.reports.parquet_table import parquet_table
from bidding.reports.table import Table, plain_header
from bidding.reports.workbook import check_zip, sheets_of

SEPARATORS = (",", ";", "\t", "|")
FIRST_LINES = 30
LEAST_KNOWN = 3
FOOTER = re.compile(r"\s*((totals?|grand total|report total|summary)(\s*[:：].*)?|(©|\(c\)).*)", re.IGNORECASE)
ZIP = b"PK\x03\x04"
CELL_LIMIT = 1 << 24
OTHER_FORMATS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save it as XLSX or CSV"),
    (b"%PDF", "a PDF: download the report as CSV or XLSX"),
)

csv.field_size_limit(CELL_LIMIT)


def read_tables(file: str, content: bytes, known: frozenset[str]) -> tuple[Table, ...]:
    """The tables of a file that hold anything; `known` are the plain headers by which a header row is found.

    Raises:
        BidError: the file is empty, cut short, damaged or of a kind that cannot be read.
    """
    content = unpacked(file, content)
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf\xfe\xff"):
        raise BidError(f"{file} is empty: download the report again")
    for magic, what in OTHER_FORMATS:
        if content.startswith(magic):
            raise BidError(f"{file} is {what}")
    if content.startswith(b"PAR1"):
        return (parquet_table(file, content),)
    if content.startswith(ZIP):
        return _zipped(file, content, known)
    text, warnings = decoded(file, content)
    if text.lstrip("\ufeff \t\r\n")[:1] in {"[", "{"}:
        return (json_table(file, text),)
    return (_csv(file, text, warnings, known),)


def _zipped(file: str, content: bytes, known: frozenset[str]) -> tuple[Table, ...]:
    """A workbook's sheets, or the one report in a zip archive."""
    check_zip(file, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if "[Content_Types].xml" not in names:
            if len(names) != 1 or archive.getinfo(names[0]).flag_bits & 1:
                raise BidError(f"{file} is a zip archive of {len(names)} files: unpack it into the folder")
            try:
                inner = archive.read(names[0])
            except (zipfile.BadZipFile, EOFError, OSError) as error:
                raise BidError(f"{file} cannot be unpacked ({error}): download it again") from None
            if inner.startswith(ZIP):
                raise BidError(f"{file} is a zip archive within a zip archive: unpack it into the folder")
            return read_tables(file, inner, known)
    tables = []
    for title, rows in sheets_of(file, content):
        name = f"{file} [{title}]"
        table = _table(name, enumerate(rows, start=1), known, "")
        if table is not None:
            tables.append(table)
    if not tables:
        raise BidError(f"{file} has no sheet with a header and rows: download the report again")
    return tuple(tables)


def _csv(file: str, text: str, warnings: tuple[str, ...], known: frozenset[str]) -> Table:
    separator = _separator(text, known)
    table = _table(file, _records(file, text, separator), known, separator)
    if table is None:
        raise BidError(f"{file} has no rows below a header: download the report again")
    ended = text.endswith(("\n", "\r"))
    return Table(
        table.file,
        table.headers,
        table.cells,
        table.rows,
        separator,
        table.notes,
        warnings,
        table.torn,
        ended,
    )


def _separator(text: str, known: frozenset[str]) -> str:
    """The separator that finds most known headers in one of the first lines, then the one that cuts it most."""
    lines = [line for line in text[: 1 << 17].splitlines()[:FIRST_LINES] if line.strip()]
    best = (0, 0, ",")
    for separator in SEPARATORS:
        for line in lines:
            try:
                cells = next(csv.reader([line], delimiter=separator), [])
            except csv.Error:
                continue
            score = (_known_cells(cells, known), len(cells), separator)
            best = max(best, score, key=lambda entry: entry[:2])
    return best[2]


def _known_cells(cells: Iterable[str], known: frozenset[str]) -> int:
    return len({plain_header(cell) for cell in cells} & known)


def _records(file: str, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Row and cells of each record, blank ones included, as a spreadsheet counts."""
    # A StringIO would hold four bytes per character.
    stream = io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogatepass")), "utf-8", "surrogatepass", newline="")
    reader = csv.reader(stream, delimiter=separator, strict=True)
    row = 0
    try:
        for row, record in enumerate(reader, start=1):
            yield row, record
    except csv.Error as error:
        where = f"{file}, row {row + 1}"
        raise BidError(f"{where}: the file is cut short or damaged there ({error}); download it again") from None


def _table(file: str, records: Iterable[tuple[int, list[str]]], known: frozenset[str], separator: str) -> Table | None:
    """The table below its header; None where there is no header with a row below it."""
    notes: list[str] = []
    stream = iter(records)
    ahead: list[tuple[int, list[str]]] = []
    for record in stream:
        if any(cell.strip() for cell in record[1]):
            ahead.append(record)
        if len(ahead) >= FIRST_LINES:
            break
    place = _header_place(ahead, known)
    if place is None or not ahead:
        return None
    notes = [separator.join(cells).strip() if separator else " ".join(cells).strip() for _, cells in ahead[:place]]
    headers = _trimmed(ahead[place][1])
    wanted = [number for number, name in enumerate(headers) if plain_header(name) in known]
    body = _Body(file, len(headers), wanted)
    for row, cells in (*ahead[place + 1 :], *stream):
        body.add(row, cells)
    body.finish()
    rows = np.array(body.rows, dtype=np.int64)
    return Table(file, tuple(headers), body.columns(), rows, separator, (*notes, *body.footers), torn=tuple(body.torn))


def _header_place(records: list[tuple[int, list[str]]], known: frozenset[str]) -> int | None:
    """Which record is the header: the first with three or more known names, else the first of the widest."""
    if not records:
        return None
    for place, (_, cells) in enumerate(records):
        if _known_cells(cells, known) >= LEAST_KNOWN:
            return place
    widths = [len(_trimmed(cells)) for _, cells in records]
    return widths.index(max(widths))


def _trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells at the end."""
    kept = [cell.strip() for cell in cells]
    while kept and not kept[-1]:
        kept.pop()
    return kept


class _Body:
    """Collects the records below a header; those of another width are torn, and a torn last one is a file cut short.

    Only columns that a report knows are kept, each distinct cell once: a long report repeats its ids, names and days.
    """

    def __init__(self, file: str, width: int, wanted: list[int]) -> None:
        self.file, self.width = file, width
        self.rows: list[int] = []
        self.torn: list[tuple[int, str]] = []
        self.footers: list[str] = []
        self._kept: list[tuple[int, list[str], dict[str, str]]] = [(number, [], {}) for number in wanted]

    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The cells by column, () for a column that was not kept."""
        found = {number: tuple(cells) for number, cells, _ in self._kept}
        return tuple(found.get(number, ()) for number in range(self.width))

    def add(self, row: int, cells: list[str]) -> None:
        first = cells[0] if cells else ""
        if len(cells) == self.width and first and not FOOTER.fullmatch(first):
            self._keep(row, cells)
            return
        filled = _trimmed(cells)
        if not filled:
            return
        if FOOTER.fullmatch(filled[0]):
            self.footers.append(" ".join(filled))
        elif len(cells) == self.width:
            self._keep(row, cells)
        elif len(filled) <= self.width < len(cells) or self._typed_row(cells):
            self._keep(row, filled + [""] * (self.width - len(filled)))
        else:
            self.torn.append((row, f"the row has {len(cells)} cells, the header {self.width}"))

    def _keep(self, row: int, cells: list[str]) -> None:
        self.rows.append(row)
        for number, column, known in self._kept:
            cell = cells[number]
            text = known.get(cell)
            if text is None:
                text = known[cell] = cell.strip()
            column.append(text)

    def _typed_row(self, cells: list[str]) -> bool:
        """A sheet's row ends with its last filled cell."""
        return self.file.endswith("]") and len(cells) < self.width

    def finish(self) -> None:
        """Raise where the last row is the torn one: a download that stopped halfway misses rows without a trace."""
        if self.torn and self.torn[-1][0] > (self.rows[-1] if self.rows else 0):
            row, reason = self.torn[-1]
            raise BidError(f"{self.file}, row {row}: {reason}: the file is cut short there; download it again")
