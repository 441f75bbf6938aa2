"""A bulk table in, an XLSX workbook's bytes out; the only room where openpyxl writes. Ids are text, amounts exact."""

import io
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from bidding.bulk.table import AMOUNTS, BulkTable

TEXT_FORMAT = "@"


def workbook_bytes(table: BulkTable) -> bytes:
    """The workbook. No cell of it can run: what begins with "=" is text as well."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.sheet)
    sheet.append([_text_cell(sheet, name) for name in table.header])
    for row in table.rows:
        sheet.append([_cell(sheet, name, row.get(name, "")) for name in table.header])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: WriteOnlyWorksheet, name: str, text: str) -> Cell | None:
    if not text:
        return None
    if name in AMOUNTS:
        # Text marked as a number goes to the file digit by digit; a float would be printed anew.
        cell = WriteOnlyCell(sheet, format(Decimal(text), "f"))
        cell.data_type = "n"
        return cell
    return _text_cell(sheet, text)


def _text_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.number_format = TEXT_FORMAT
    return cell
