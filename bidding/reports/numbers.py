"""A cell's text in, an exact number out: currency signs, percent signs, separators and decimal commas understood.

Whether "1,234" is a thousand or a bit more than one cannot be seen in one cell: `decimal_mark` asks the whole table.
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from bidding.errors import BidError
from bidding.reports.currencies import currencies_of_sign

EMPTY = frozenset({"", "-", "--", "—", "–", "n/a", "na", "nan", "null", "none", "#n/a"})
LARGEST = Decimal(10) ** 15
SPACES = re.compile(r"[\s\u00a0\u202f'’]")
SIGN = r"[^\d.,+\-()%\s]{0,5}"
NUMBER = re.compile(rf"(?P<minus>-?)(?P<before>{SIGN})(?P<minus2>-?)(?P<digits>[\d.,]*\d[\d.,]*)(?P<after>{SIGN}|%)")
EXPONENT = re.compile(r"-?\d+(\.\d+)?[eE][+-]?\d{1,3}")
GROUPS = {mark: re.compile(rf"\d{{1,3}}(\{mark}\d{{3}})+") for mark in ".,"}
INDIAN = re.compile(r"\d{1,2}(,\d{2})+,\d{3}")


class NoNumber(ValueError):
    """The cell is no number; the text says why."""


def decimal_mark(cells: Iterable[str], separator: str, file: str) -> str:
    """ "." or ",": the decimal mark of a table, from the cells that should hold numbers.

    Where commas part the cells, or a typed file wrote them, the mark is a point. Elsewhere one telling cell decides:
    "12,5" tells, "1.234,56" tells, "1,234" does not.

    Raises:
        BidError: cells contradict each other, or none tells.
    """
    if separator in {",", ""}:
        return "."
    votes: dict[str, str] = {}
    doubtful = ""
    for cell in cells:
        told = _told_mark(SPACES.sub("", cell))
        if told in {".", ","}:
            votes.setdefault(told, cell)
        elif told:
            doubtful = doubtful or cell
    if len(votes) == 2:
        raise BidError(
            f"{file}: {votes['.']!r} has a decimal point and {votes[',']!r} a decimal comma: "
            "export the report again in one language, best in English"
        )
    if not votes and doubtful:
        raise BidError(
            f"{file}: in {doubtful!r} the separator may mark decimals or thousands: export the report in English, "
            "with commas between the columns"
        )
    return next(iter(votes), ".")


def read_number(text: str, mark: str = ".", currency: str = "") -> Decimal | None:
    """The number in a cell; None where it is empty. "12.5 %" is 12.5.

    Raises:
        NoNumber: what the cell holds, and what is wrong with it; also a currency sign that is not the account's.
    """
    plain = SPACES.sub("", text)
    if plain.casefold() in EMPTY:
        return None
    if mark == "." and EXPONENT.fullmatch(plain):
        return _bounded(Decimal(plain), text)
    found = NUMBER.fullmatch(plain)
    if found is None:
        raise NoNumber(f"{text[:40]!r} is not a number")
    _check_sign(found["before"] + found["after"].replace("%", ""), currency, text)
    digits = _ungrouped(found["digits"], mark, text)
    negative = bool(found["minus"]) != bool(found["minus2"])
    return _bounded(-Decimal(digits) if negative else Decimal(digits), text)


def _ungrouped(digits: str, mark: str, text: str) -> str:
    other = "," if mark == "." else "."
    whole, _, fraction = digits.partition(mark)
    if mark in fraction or other in fraction:
        if GROUPS[mark].fullmatch(digits):
            raise NoNumber(f"{text[:40]!r} uses {mark!r} for thousands, the rest of the file for decimals")
        raise NoNumber(f"{text[:40]!r} is not a number")
    if other in whole:
        grouped = GROUPS[other].fullmatch(whole) or (other == "," and INDIAN.fullmatch(whole))
        if not grouped:
            raise NoNumber(f"{text[:40]!r} has its thousands separators in odd places")
        whole = whole.replace(other, "")
    return f"{whole or '0'}.{fraction or '0'}"


def _bounded(value: Decimal, text: str) -> Decimal:
    if abs(value) > LARGEST:
        raise NoNumber(f"{text[:40]!r} is larger than any amount of money or count can be")
    return value


def _check_sign(sign: str, currency: str, text: str) -> None:
    if not sign:
        return
    known = currencies_of_sign(sign)
    if not known:
        raise NoNumber(f"{text[:40]!r} is not a number")
    if currency and currency not in known:
        raise NoNumber(f"{text[:40]!r} is in {' or '.join(sorted(known)[:3])}, the account in {currency}")


def _told_mark(plain: str) -> str:
    """ "." or "," where the cell tells its decimal mark, "?" where it might be either, "" where it has none."""
    found = NUMBER.fullmatch(plain)
    if found is None:
        return ""
    digits = found["digits"]
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    if not points and not commas:
        return ""
    mark, count = (".", points) if points else (",", commas)
    if count > 1:
        return "," if mark == "." else "."
    whole, _, fraction = digits.partition(mark)
    doubtful = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    return "?" if doubtful else mark
