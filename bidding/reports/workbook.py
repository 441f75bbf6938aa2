"""An XLSX workbook's bytes in, the rows of its sheets as text out; the only room where openpyxl reads.

A workbook is a zip of XML: what would unpack beyond bounds, and XML that declares entities, is refused unread.
"""

import datetime
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from bidding.errors import BidError

LARGEST_SHEET = 1 << 30
LARGEST_STRINGS = 1 << 28
LARGEST_PART = 1 << 26
LARGEST_RATIO = 250
SMALL_PART = 1 << 20
TABLES = (".csv", ".tsv", ".txt", ".json")
MOST_PARTS = 2000
MOST_ROWS = 1 << 20
MOST_COLUMNS = 1000
LAST_WHOLE = 10**15
REMEDY = "save it again from the console, or use CSV"


def sheets_of(file: str, content: bytes) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """Yield name and rows of each visible sheet; every cell as text, numbers in full.

    A whole number of more than fifteen digits is written with ".0": no spreadsheet can have kept it exactly.

    Raises:
        BidError: the file is damaged, too large once unpacked, or holds XML that could harm.
    """
    check_zip(file, content)
    with _readable(file):
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            sheet.reset_dimensions()
            yield sheet.title, _rows(file, sheet)
    book.close()


@contextmanager
def _readable(file: str) -> Iterator[None]:
    """Turns what a damaged or harmful workbook raises into one message."""
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations that it does not keep; cells are not touched by that.
            warnings.simplefilter("ignore")
            yield
    except (ParseError, zipfile.BadZipFile, zlib.error, InvalidFileException, KeyError, ValueError, OSError) as error:
        if _is_harmful(error):
            raise BidError(f"{file} holds XML with entities, which a workbook never needs: it is not opened") from None
        raise BidError(f"{file} is not a readable workbook ({type(error).__name__}): {REMEDY}") from None


def _is_harmful(error: BaseException | None) -> bool:
    """openpyxl wraps what the guarded parser raises in an error of its own."""
    while error is not None:
        if isinstance(error, DefusedXmlException):
            return True
        error = error.__cause__ or error.__context__
    return False


def check_zip(file: str, content: bytes) -> None:
    """Refuse a zip archive, workbook or other, that is damaged or would unpack beyond bounds.

    Raises:
        BidError: naming the part.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise BidError(f"{file} is cut short or no workbook: download it again") from None
    if len(parts) > MOST_PARTS:
        raise BidError(f"{file} has {len(parts)} parts, which no report has: {REMEDY}")
    for part in parts:
        largest = LARGEST_PART
        if part.filename.startswith("xl/worksheets/") or part.filename.endswith(TABLES):
            largest = LARGEST_SHEET
        elif part.filename.endswith("sharedStrings.xml"):
            largest = LARGEST_STRINGS
        swollen = part.file_size > SMALL_PART and part.file_size > LARGEST_RATIO * max(part.compress_size, 1)
        if part.file_size > largest or swollen:
            size = f"{part.file_size / (1 << 20):.0f} MiB from {part.compress_size / (1 << 20):.1f}"
            raise BidError(f"{file} would unpack {part.filename} to {size}: it is not opened; {REMEDY}")


def _rows(file: str, sheet: Any) -> Iterator[list[str]]:
    with _readable(file):
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > MOST_ROWS or len(row) > MOST_COLUMNS:
                raise BidError(f"{file} [{sheet.title}] is larger than a sheet can be: {REMEDY}")
            yield [_text(value) for value in row]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value) if abs(value) < LAST_WHOLE else f"{value}.0"
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    return str(value)


def _number_text(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if value.is_integer():
        return str(int(value)) if abs(value) < LAST_WHOLE else f"{int(value)}.0"
    return repr(value)
