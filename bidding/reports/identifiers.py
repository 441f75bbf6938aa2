"""An id in a cell in, the id as text out; one that a spreadsheet damaged is refused, or restored where that is exact.

Spreadsheets keep 15 digits of a number. An id shown as 1.23457E+14 has lost digits for good; one shown as
1.23456789012345E+14 has all of them; 123456789012345678 saved as a number comes back as 123456789012345000.
"""

import math
import re
from collections.abc import Iterable

EXACT_DIGITS = 15
"""Significant digits that a spreadsheet keeps, and that every double keeps."""
LEAST_CHANCE = 1e-3
"""Ids that all end in zeros beyond the fifteenth digit by less than this chance are taken as damaged."""
DIGITS = re.compile(r"\d+")
SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,3})")
SPREADSHEET_SCIENTIFIC = re.compile(r"\d([.,]\d+)?E\+\d{1,3}")
WHOLE_FLOAT = re.compile(r"(\d+)[.,]0+")
GROUPED = re.compile(r"\d{1,3}([,.\u00a0\u202f ]\d{3})+")
WRAPPED = re.compile(r'="?([^"]*)"?')
REMEDY = "download the report again and do not save it from a spreadsheet"


class DamagedId(ValueError):
    """The cell holds no id, or one that lost digits; the text says which."""


def read_id(text: str) -> str:
    """The id of digits in a cell.

    Raises:
        DamagedId: the cell is empty, holds no digits, or an id whose digits are lost.
    """
    plain = _unwrapped(text)
    if DIGITS.fullmatch(plain):
        return plain
    if not plain:
        raise DamagedId("the id is empty")
    scientific = SCIENTIFIC.fullmatch(plain)
    if scientific:
        return _from_scientific(scientific, plain)
    whole = WHOLE_FLOAT.fullmatch(plain)
    if whole:
        return _exact(whole[1], plain)
    if GROUPED.fullmatch(plain):
        return _exact(re.sub(r"\D", "", plain), plain)
    raise DamagedId(f"{text[:40]!r} is not an id of digits")


def read_any_id(text: str) -> str:
    """The id in a cell of a platform whose ids may hold letters; only what a spreadsheet surely damaged is refused.

    Raises:
        DamagedId: the cell is empty, or the id's digits are lost.
    """
    plain = _unwrapped(text)
    if not plain:
        raise DamagedId("the id is empty")
    if SPREADSHEET_SCIENTIFIC.fullmatch(plain) or (WHOLE_FLOAT.fullmatch(plain) and "." in plain):
        return read_id(plain)
    return plain


def rounded_ids(ids: Iterable[str]) -> frozenset[str]:
    """Those ids of a column that a spreadsheet has rounded to fifteen digits.

    Ids of more than fifteen digits that all end in zeros beyond the fifteenth would be a coincidence of one in ten per
    such digit: below `LEAST_CHANCE` none of them is believed.
    """
    long = {text for text in ids if len(text.lstrip("0")) > EXACT_DIGITS}
    if not long or any(text[EXACT_DIGITS:].strip("0") for text in long):
        return frozenset()
    zeros = sum(len(text) - EXACT_DIGITS for text in long)
    return frozenset(long) if math.pow(10, -zeros) < LEAST_CHANCE * 1.001 else frozenset()


def _unwrapped(text: str) -> str:
    """Without the apostrophe or the ="..." by which a spreadsheet is made to keep text."""
    plain = text.strip().strip("\u200b\ufeff").removeprefix("'")
    wrapped = WRAPPED.fullmatch(plain)
    return (wrapped[1] if wrapped else plain).strip()


def _from_scientific(found: "re.Match[str]", plain: str) -> str:
    digits = found[1] + (found[2] or "")
    exponent = int(found[3])
    if len(digits) != exponent + 1:
        raise DamagedId(f"{plain} has lost digits of the id in a spreadsheet: {REMEDY}")
    return _exact(digits, plain)


def _exact(digits: str, plain: str) -> str:
    if len(digits.lstrip("0")) > EXACT_DIGITS:
        raise DamagedId(f"{plain} was a number in a spreadsheet, which keeps {EXACT_DIGITS} digits of an id: {REMEDY}")
    return digits
