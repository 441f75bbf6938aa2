"""A bulk table in, a CSV file's bytes out. A name that a spreadsheet would run as a formula is never written."""

import csv
import io

from bidding.bulk.cells import runs_as_formula
from bidding.bulk.table import BulkTable
from bidding.errors import BidError


def csv_bytes(table: BulkTable) -> bytes:
    """The file in UTF-8. An optional name that could run stays empty, which leaves it as it is on the platform.

    Raises:
        BidError: a name that the platform needs to find the row could run: changing it would change another row.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.header)
    for row in table.rows:
        writer.writerow([_cell(table, name, row.get(name, "")) for name in table.header])
    return out.getvalue().encode()


def _cell(table: BulkTable, name: str, text: str) -> str:
    if not runs_as_formula(text):
        return text
    if name in table.optional:
        return ""
    raise BidError(
        f"{name} {text[:60]!r} would run as a formula if {table.stem}.csv is opened in a spreadsheet, and the "
        "platform finds the row by it: rename it on the platform"
    )
