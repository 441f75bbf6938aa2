"""Numbers in, words for people out: money with its currency, percent, compact thousands. Unknown numbers are a dash."""

import math
from collections.abc import Mapping

UNKNOWN = "–"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_STEPS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def known(value: float | None) -> bool:
    """Whether there is a number to show."""
    return value is not None and math.isfinite(value)


def number(value: float | None, decimals: int = 0) -> str:
    """`1234.5` → `1,234` or, with decimals, `1,234.50`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{decimals}f}"
    return f"−{text}" if value < 0 and text.strip("0.,") else text


def money(value: float | None, currency: str = "", decimals: int = 0) -> str:
    """`$1,234`, `1,234 CHF`, or `1,234` where the currency is unknown."""
    return _with_currency(number(value, decimals), currency)


def compact(value: float | None, digits: int = 3) -> str:
    """`1.23M`, `456k`, `12.3`; about three digits, never an exponent."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    for scale, letter in _STEPS:
        shown = _digits(size / scale, digits)
        if float(shown) >= 1:
            return _signed(value, shown + letter)
    return _signed(value, _digits(size, digits) if size else "0")


def tick(value: float, currency: str = "") -> str:
    """A label of an axis, `$1.2M`: no more digits than it needs."""
    text = compact(value)
    number_part = text.rstrip("kMB")
    if "." in number_part:
        text = number_part.rstrip("0").rstrip(".") + text[len(number_part) :]
    return _with_currency(text, currency)


def compact_money(value: float | None, currency: str = "") -> str:
    """`$1.23M`."""
    return _with_currency(compact(value), currency)


def percent(fraction: float | None, decimals: int = 0) -> str:
    """`0.054` → `5 %`."""
    if fraction is None or not math.isfinite(fraction):
        return UNKNOWN
    return f"{number(100 * fraction, decimals)} %"


def signed_percent(fraction: float | None, decimals: int = 0) -> str:
    """`0.054` → `+5 %`, `0` → `0 %`."""
    shown = percent(fraction, decimals)
    if fraction is None or shown == UNKNOWN or not shown.strip("0., %"):
        return shown
    return shown if fraction < 0 else f"+{shown}"


def between(interval: Mapping[str, float | None], decimals: int = 2) -> str:
    """The 90 % interval of a summary, `0.80 to 1.20`."""
    return f"{number(interval['p5'], decimals)} to {number(interval['p95'], decimals)}"


def percent_between(interval: Mapping[str, float | None]) -> str:
    """The 90 % interval of a share, `31 to 58 %`."""
    low, high = (
        100 * value if known(value) and value is not None else None for value in (interval["p5"], interval["p95"])
    )
    return f"{number(low)} to {number(high)} %"


def compact_between(interval: Mapping[str, float | None]) -> str:
    """The 90 % interval of a summary, `80.1k to 120k`."""
    return f"{compact(interval['p5'])} to {compact(interval['p95'])}"


def words(verdict: str) -> str:
    """`not_measurable` → `not measurable`."""
    return verdict.replace("_", " ")


def _with_currency(text: str, currency: str) -> str:
    if text == UNKNOWN or not currency:
        return text
    if currency not in _SIGNS:
        return f"{text} {currency}"
    return f"−{_SIGNS[currency]}{text[1:]}" if text.startswith("−") else f"{_SIGNS[currency]}{text}"


def _digits(size: float, digits: int) -> str:
    if size < 1:
        return f"{size:.{digits - 1}f}"
    return f"{size:#.{digits}g}".rstrip(".") if size < 10**digits else f"{size:.0f}"


def _signed(value: float, text: str) -> str:
    return f"−{text}" if value < 0 and text.strip("0.") else text
