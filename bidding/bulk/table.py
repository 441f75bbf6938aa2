"""A bulk file before it is written: its name, header and rows of text. Values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

AMOUNTS = frozenset({"Bid", "Daily Budget", "Percentage"})
"""Columns of a workbook that hold numbers; every other cell is text, ids before all."""


class BulkFormat(Enum):
    """How Amazon's bulksheet is written; other platforms take CSV."""

    XLSX = "xlsx"
    CSV = "csv"


@dataclass(frozen=True)
class BulkTable:
    """One file.

    Attributes:
        stem: the file's name without its ending.
        sheet: the sheet's name in a workbook.
        header: in the platform's order.
        rows: text by column; a column that a row lacks stays empty.
        optional: columns of names that may stay empty where writing them would be dangerous.
        format: workbook or CSV.
    """

    stem: str
    sheet: str
    header: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]
    optional: frozenset[str] = frozenset()
    format: BulkFormat = BulkFormat.CSV
