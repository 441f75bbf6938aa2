"""A column of dates in, days out: ISO, yyyyMMdd, English month names, numeric dates whose order the column proves."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ISO = re.compile(r"(\d{4})([-/]?)(\d{2})\2(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
MONTH_FIRST = re.compile(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})")
DAY_FIRST = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*\.?,?[ -](\d{4})")
NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
FIRST_YEAR, LAST_YEAR = 2000, 2100


class NoDay(ValueError):
    """The cell is no date, or one whose day and month cannot be told apart."""


@dataclass(frozen=True)
class DayReader:
    """Reads the dates of one column; `day_first` says how 3/4/2026 is meant, None that it cannot be known."""

    day_first: bool | None = None

    def read(self, text: str) -> datetime.date:
        """The day in a cell.

        Raises:
            NoDay: it holds none.
        """
        plain = text.strip()
        for pattern, order in ((ISO, (1, 3, 4)), (NUMERIC, None), (MONTH_FIRST, (3, 1, 2)), (DAY_FIRST, (3, 2, 1))):
            found = pattern.fullmatch(plain)
            if found:
                return self._day(found, order, plain)
        raise NoDay(f"{plain[:30]!r} is not a date: write dates as 2026-05-01" if plain else "the date is empty")

    def _day(self, found: "re.Match[str]", order: tuple[int, int, int] | None, plain: str) -> datetime.date:
        if order is None:
            first, second = int(found[1]), int(found[3])
            if self.day_first is None and first != second and max(first, second) <= 12:
                raise NoDay(f"in {plain!r} day and month cannot be told apart: write dates as 2026-05-01")
            day_first = self.day_first if self.day_first is not None else first > 12
            year, month, day = int(found[4]), *((second, first) if day_first else (first, second))
        else:
            year, day = int(found[order[0]]), int(found[order[2]])
            month = _month(found[order[1]])
        try:
            made = datetime.date(year, month, day)
        except ValueError:
            raise NoDay(f"{plain!r} is a day that no calendar has") from None
        if not FIRST_YEAR <= made.year <= LAST_YEAR:
            raise NoDay(f"{plain!r} lies outside {FIRST_YEAR} to {LAST_YEAR}")
        return made


def day_reader(cells: Sequence[str]) -> DayReader:
    """A reader for the column: the order of day and month from the numbers above twelve in it, if they agree."""
    first_large = second_large = False
    for cell in set(cells):
        found = NUMERIC.fullmatch(cell.strip())
        if found:
            first_large |= int(found[1]) > 12
            second_large |= int(found[3]) > 12
    return DayReader() if first_large == second_large else DayReader(day_first=first_large)


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    name = text.casefold()[:3]
    return MONTHS.index(name) + 1 if name in MONTHS else 0
