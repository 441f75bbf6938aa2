"""What a report's file holds, before anyone knows which report it is: header, cells by column, where each row stood.

Values only; `tables.py` reads them from CSV, JSON and Parquet, `workbook.py` from XLSX.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INFORMATIONAL = re.compile(r"\(informational only\)", re.IGNORECASE)
CURRENCY = re.compile(r"\(([A-Z]{3})\)|\[([A-Z]{3})\]")


@dataclass(frozen=True, eq=False)
class Table:
    """Cells of one table of a file.

    Attributes:
        file: the file's name, with the sheet's in a workbook.
        headers: as they stand in the file.
        cells: text by column, in the order of `headers`; each of length N, or () for a column that no report knows.
        rows: the row of each record in the file, counting from 1, `(N,)`.
        separator: what parted the cells; "" where the file is typed.
        notes: text of the lines above the header.
        warnings: how the file was read, where that is not a matter of course.
        torn: rows that do not have as many cells as the header, with a reason each.
        newline_at_end: whether the last line was ended.
    """

    file: str
    headers: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    rows: NDArray[np.int64]
    separator: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    torn: tuple[tuple[int, str], ...] = ()
    newline_at_end: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    def names(self) -> tuple[str, ...]:
        """The headers as they are compared: small letters and digits only, without currency and remarks."""
        return tuple(plain_header(header) for header in self.headers)

    def currencies(self) -> dict[str, str]:
        """Currency codes that headers name, such as "Cost (EUR)", by header."""
        found = {header: CURRENCY.search(header) for header in self.headers}
        return {header: match[1] or match[2] for header, match in found.items() if match}


def plain_header(header: str) -> str:
    """A header as it is compared: "Campaign ID", "campaignId" and "Campaign Id (Informational only)" are one."""
    text = CURRENCY.sub("", INFORMATIONAL.sub("", header))
    return "".join(character for character in text.casefold() if character.isalnum())
