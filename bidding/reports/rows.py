"""A recognised table in, its fields as checked arrays out; every row that does not survive, with its reason."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.errors import BidError
from bidding.reports.currencies import is_code
from bidding.reports.days import NoDay, day_reader
from bidding.reports.identifiers import REMEDY, DamagedId, read_id, rounded_ids
from bidding.reports.numbers import NoNumber, decimal_mark, read_number
from bidding.reports.table import Table
from bidding.snapshot import BoolArray, Days, FloatArray, RejectedRow, Texts

AMOUNTS = frozenset(
    (
        "impressions",
        "clicks",
        "cost",
        "orders",
        "sales",
        "same_sku_sales",
        "halo_sales",
        "new_to_brand_sales",
        "bid",
        "default_bid",
        "budget",
        "percentage",
        "out_of_budget",
        "cost_micros",
        "bid_micros",
        "budget_micros",
        "target_roas",
        "target_cpa",
        "target_cpa_micros",
        "multiplier",
        "factor",
        "adjustment",
    )
)
"""Fields that hold numbers: they tell the decimal mark."""
NO_DAY = np.datetime64("NaT", "D")


class Rows:
    """Reads fields of a table; remembers which rows are lost and why, the first reason of each.

    A cell is read once for each distinct text, so that a million rows cost little more than their distinct cells.
    """

    def __init__(self, table: Table, places: Mapping[str, int], currency: str) -> None:
        """Args: the table; the column of each field; the account's currency, ISO 4217."""
        self.table = table
        self._places = places
        self._currency = currency
        self._mark: str | None = None
        self._lost: dict[int, str] = {}

    def has(self, field: str) -> bool:
        """Whether the report has this field."""
        return field in self._places

    def raw(self, field: str) -> tuple[str, ...]:
        """The cells as they stand, "" throughout where the field is missing."""
        return self.table.cells[self._places[field]] if self.has(field) else ("",) * len(self.table)

    def texts(self, field: str) -> Texts:
        """The field as text, `(N,)`."""
        return text_array(self.raw(field))

    def ids(self, field: str, read: Callable[[str], str] = read_id, where: BoolArray | None = None) -> Texts:
        """Ids, `(N,)`; rows whose id is damaged are lost. `where`: the rows that must have one."""
        header = self.header(field)
        values = self._read(field, read, (DamagedId,), "", where)
        rounded = rounded_ids(value for value in set(values) if value.isdigit())
        if rounded:
            for place, value in enumerate(values):
                if value in rounded:
                    self.lose(place, f"{header}: {value} ends in zeros as only a spreadsheet makes them: {REMEDY}")
        return text_array(values)

    def days(self, field: str, where: BoolArray | None = None) -> Days:
        """Days, `(N,)`; rows without one are lost. `where`: the rows that must have one."""
        reader = day_reader(self.raw(field))
        values = self._read(field, lambda text: np.datetime64(reader.read(text), "D"), (NoDay,), NO_DAY, where)
        return np.array(values, dtype="datetime64[D]")

    def numbers(self, field: str, empty: float = 0.0, least: float = 0.0) -> FloatArray:
        """Numbers, `(N,)`: `empty` where the cell is; rows with another text or a number below `least` are lost."""
        if not self.has(field):
            return np.full(len(self.table), empty)
        mark = self.mark()

        def read(text: str) -> float:
            value = read_number(text, mark, self._currency)
            if value is not None and value < Decimal(repr(least)):
                raise NoNumber(f"{text!r} is below {least:g}")
            return empty if value is None else float(value)

        return np.array(self._read(field, read, (NoNumber,), np.nan, None), dtype=np.float64)

    def cost(self, field: str, clicks: FloatArray) -> FloatArray:
        """Cost, `(N,)`: 0 where it is empty, but a row with clicks and no cost is lost."""
        values = self.numbers(field, np.nan)
        self.lose_where(np.isnan(values) & (clicks > 0), f"{self.header(field)}: it is empty, but there are clicks")
        return np.nan_to_num(values)

    def shares(self, field: str) -> FloatArray:
        """Shares from 0 to 1, `(N,)`, 0 where empty: "12.5%" is 0.125, and so is 12.5; "< 10%" counts as 0.1."""
        if not self.has(field):
            return np.zeros(len(self.table))
        mark = self.mark()

        def read(text: str) -> float:
            value = read_number(text.strip().lstrip("<> "), mark)
            if value is None:
                return 0.0
            share = float(value) / 100 if text.strip().endswith("%") or value > 1 else float(value)
            if not 0 <= share <= 1:
                raise NoNumber(f"{text!r} is no share")
            return share

        return np.array(self._read(field, read, (NoNumber,), 0.0, None), dtype=np.float64)

    def returns(self, field: str, unit: float = 1.0) -> FloatArray:
        """Sales per unit of cost, `(N,)`, NaN where empty: "450%" is 4.5; a plain number counts in `unit`."""
        if not self.has(field):
            return np.full(len(self.table), np.nan)
        mark = self.mark()

        def read(text: str) -> float:
            value = read_number(text, mark)
            if value is None:
                return np.nan
            return float(value) / (100 if text.strip().endswith("%") else unit)

        return np.array(self._read(field, read, (NoNumber,), np.nan, None), dtype=np.float64)

    def multipliers(self, field: str) -> FloatArray:
        """What a bid is raised by, as a fraction, `(N,)`, 0 where empty: "+20%" and 20 are 0.2, "-15%" is -0.15."""
        if not self.has(field):
            return np.zeros(len(self.table))
        mark = self.mark()

        def read(text: str) -> float:
            value = read_number(text.strip().removeprefix("+"), mark)
            return 0.0 if value is None else float(value) / 100

        return np.array(self._read(field, read, (NoNumber,), 0.0, None), dtype=np.float64)

    def mark(self) -> str:
        """The table's decimal mark."""
        if self._mark is None:
            cells = (cell for name in AMOUNTS & self._places.keys() for cell in set(self.raw(name)))
            self._mark = decimal_mark(cells, self.table.separator, self.table.file)
        return self._mark

    def lose(self, place: int, reason: str) -> None:
        """This row is left out."""
        self._lost.setdefault(place, reason)

    def lose_where(self, mask: BoolArray, reason: str) -> None:
        """These rows are left out, all for one reason."""
        for place in np.flatnonzero(mask):
            self.lose(int(place), reason)

    def kept(self) -> BoolArray:
        """Which rows survive, `(N,)`."""
        mask = np.ones(len(self.table), dtype=bool)
        mask[list(self._lost)] = False
        return mask

    def rejected(self) -> tuple[RejectedRow, ...]:
        """What did not survive, by row; torn rows too."""
        lost = [(int(self.table.rows[place]), reason) for place, reason in self._lost.items()]
        return tuple(RejectedRow(self.table.file, row, reason) for row, reason in sorted((*lost, *self.table.torn)))

    def check_currency(self, field: str) -> None:
        """Refuse a report in another currency than the account's.

        Raises:
            BidError: a currency column or a header names another.
        """
        codes = {cell.upper() for cell in set(self.raw(field)) if is_code(cell.upper())} if self.has(field) else set()
        codes |= set(self.table.currencies().values())
        others = sorted(codes - {self._currency})
        if others:
            raise BidError(
                f"{self.table.file} is in {', '.join(others)}, the account in {self._currency}: export the report of "
                "this account, or correct currency in account.toml"
            )

    def header(self, field: str) -> str:
        """The field's header as it stands, or its own name where the report has none."""
        return self.table.headers[self._places[field]] if self.has(field) else field

    def _read(
        self,
        field: str,
        read: Callable[[str], object],
        errors: tuple[type[ValueError], ...],
        instead: object,
        where: BoolArray | None,
    ) -> list[Any]:
        header = self.header(field)
        known: dict[str, object] = {}
        wrong: dict[str, str] = {}
        values = []
        for place, cell in enumerate(self.raw(field)):
            if cell not in known:
                try:
                    known[cell] = read(cell)
                except errors as error:
                    known[cell], wrong[cell] = instead, f"{header}: {error}"
            if cell in wrong and (where is None or where[place]):
                self.lose(place, wrong[cell])
            values.append(known[cell])
        return values


def text_array(values: "tuple[str, ...] | list[str]") -> Texts:
    """Texts as an object array, `(N,)`."""
    array: NDArray[np.object_] = np.empty(len(values), dtype=object)
    array[:] = values
    return array
