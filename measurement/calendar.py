"""Dates in, design columns out: the country's holidays and retail events by period, and yearly Fourier pairs."""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable

import holidays
import numpy as np
from numpy.typing import NDArray

from measurement.errors import PanelError

FloatArray = NDArray[np.float64]
Days = dict[datetime.date, set[str]]

RETAIL_COUNTRIES = frozenset({"US", "CA", "GB", "UK", "IE", "AU", "NZ", "DE", "AT", "CH", "FR", "BE", "NL", "LU"}) | {
    *("ES", "PT", "IT", "SE", "DK", "NO", "FI", "PL", "CZ", "BR", "MX")
}
"""Countries whose retailers trade on Black Friday and before Christmas; our judgement."""
DAYS_PER_YEAR = 365.25
DAYS_BEFORE_CHRISTMAS = 14
VARIANT = re.compile(r"\s*\([^()]*\)\s*$")


def country_known(country: str) -> bool:
    """Whether holidays of the country, an ISO code in upper case, can be told."""
    return country in holidays.list_supported_countries(include_aliases=True)


def holiday_columns(
    dates: NDArray[np.datetime64], country: str | None, days_per_period: int
) -> tuple[tuple[str, ...], FloatArray]:
    """Count each holiday's days within each period.

    A moving holiday keeps one column by its name, and a day off in its stead ("observed") counts as the holiday.
    Only holidays that fall on the panel in two different years can be told from one-off events, so only these
    are returned. Holidays that always share their periods (Christmas and Boxing Day in most weekly panels) come
    as one column under both names.

    Args:
        dates: first day of each period, `(T,)`.
        country: ISO code, or None for no columns.
        days_per_period: 7 for weeks, 1 for days.

    Returns:
        Labels, length H, and number of days, `(T, H)`.

    Raises:
        PanelError: no holidays are known of the country.
    """
    first_days = [day.item() for day in dates.astype("datetime64[D]")]
    if country is None or not first_days:
        return (), np.zeros((len(first_days), 0))
    years = range(first_days[0].year, first_days[-1].year + 2)
    named_days = _named_days(country.upper(), years)
    counts: dict[str, FloatArray] = defaultdict(lambda: np.zeros(len(first_days)))
    years_of: dict[str, set[int]] = defaultdict(set)
    for period, first in enumerate(first_days):
        for offset in range(days_per_period):
            day = first + datetime.timedelta(days=offset)
            for name in named_days.get(day, ()):
                counts[name][period] += 1.0
                years_of[name].add(_season_year(day))
    lasting = {name: counts[name] for name in sorted(counts) if len(years_of[name]) > 1}
    return _merge_equal_columns(lasting, len(first_days))


def fourier_columns(dates: NDArray[np.datetime64], pairs: int) -> FloatArray:
    """Sine and cosine of the year's first harmonics, `(T, 2 * pairs)`: sin 1, cos 1, sin 2, cos 2 and so on."""
    if pairs < 0:
        raise ValueError("pairs must not be negative")
    days = dates.astype("datetime64[D]").astype(np.int64).astype(np.float64)
    angles = 2.0 * np.pi * days[:, None] / DAYS_PER_YEAR * np.arange(1, pairs + 1)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(days), 2 * pairs)


def _season_year(day: datetime.date) -> int:
    """The year a holiday belongs to, so that New Year's Day observed on 31 December is not a year of its own."""
    return day.year + 1 if (day.month, day.day) == (12, 31) else day.year


def _named_days(country: str, years: Iterable[int]) -> Days:
    if not country_known(country):
        raise PanelError(
            f"no holidays are known of country {country!r}: give a two-letter ISO code such as US or GB, "
            "or leave country out of the map"
        )
    named: Days = defaultdict(set)
    # Left to itself the package names holidays in the language of the computer it runs on.
    english = "en_US" in holidays.country_holidays(country).supported_languages
    listed = holidays.country_holidays(country, years=list(years), language="en_US" if english else None)
    for day in listed:
        named[day].update(_base_name(name) for name in listed.get_list(day))
    if country in RETAIL_COUNTRIES:
        for year in years:
            for name, days in _retail_events(year).items():
                for day in days:
                    named[day].add(name)
    return named


def _base_name(name: str) -> str:
    """A holiday's name without "(observed)", "(estimated)" and the like."""
    return VARIANT.sub("", name) or name


def _retail_events(year: int) -> dict[str, list[datetime.date]]:
    first_of_november = datetime.date(year, 11, 1)
    thanksgiving = first_of_november + datetime.timedelta(days=(3 - first_of_november.weekday()) % 7 + 21)
    before_christmas = datetime.date(year, 12, 25) - datetime.timedelta(days=DAYS_BEFORE_CHRISTMAS)
    return {
        "Black Friday weekend": _run_of_days(thanksgiving + datetime.timedelta(days=1), 3),
        "Cyber week": _run_of_days(thanksgiving + datetime.timedelta(days=4), 7),
        "Two weeks before Christmas": _run_of_days(before_christmas, DAYS_BEFORE_CHRISTMAS),
    }


def _run_of_days(first: datetime.date, days: int) -> list[datetime.date]:
    return [first + datetime.timedelta(days=offset) for offset in range(days)]


def _merge_equal_columns(columns: dict[str, FloatArray], periods: int) -> tuple[tuple[str, ...], FloatArray]:
    names_by_content: dict[bytes, list[str]] = defaultdict(list)
    for name, column in columns.items():
        names_by_content[column.tobytes()].append(name)
    merged = {" + ".join(names): columns[names[0]] for names in names_by_content.values()}
    if not merged:
        return (), np.zeros((periods, 0))
    return tuple(merged), np.stack(list(merged.values()), axis=1)
