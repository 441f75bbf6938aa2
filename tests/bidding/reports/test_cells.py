"""Numbers, ids and days from cells: known spellings, and properties over all of them."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidding.errors import BidError
from bidding.reports.days import NoDay, day_reader
from bidding.reports.identifiers import DamagedId, read_any_id, read_id, rounded_ids
from bidding.reports.numbers import NoNumber, decimal_mark, read_number

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""
AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,5", ",", "1234.5"),
        ("1\u202f234,5 €", ",", "1234.5"),
        ("1'234.5", ".", "1234.5"),
        ("$1,234", ".", "1234"),
        ("US$ 0.75", ".", "0.75"),
        ("USD 12", ".", "12"),
        ("12,34,567.5", ".", "1234567.5"),
        ("¥1,200", ".", "1200"),
        ("12.5%", ".", "12.5"),
        ("12,5 %", ",", "12.5"),
        ("-3.5", ".", "-3.5"),
        ("-$3.50", ".", "-3.5"),
        ("1.5E-05", ".", "0.000015"),
        (".5", ".", "0.5"),
    ],
)
def test_spellings_of_numbers(text: str, mark: str, value: str) -> None:
    assert read_number(text, mark) == Decimal(value)


@pytest.mark.parametrize("text", ["", " ", "--", "—", "n/a", "NULL"])
def test_empty_cells_are_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    "text", ["=1+1", "12abc", "1.2.3", "1,23", "1e99", "(5)", "five", "1,2345", "=cmd|' /C calc'!A0"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(NoNumber):
        read_number(text)


def test_a_sign_of_another_currency_is_said() -> None:
    with pytest.raises(NoNumber, match="is in EUR, the account in USD"):
        read_number("€ 3.50", ".", "USD")
    assert read_number("$3.50", ".", "CAD") == Decimal("3.50")


@UNHURRIED
@given(AMOUNTS, st.sampled_from([(",", "."), (".", ","), ("\u00a0", ","), ("'", ".")]), st.sampled_from(["", "$", "€"]))
def test_any_amount_comes_back_exactly(amount: Decimal, marks: tuple[str, str], sign: str) -> None:
    group, point = marks
    text = f"{amount:,.2f}".replace(",", "G").replace(".", point).replace("G", group)
    assert decimal_mark([text, "0" + point + "5"], ";", "f") == point
    assert read_number(sign + text, point) == amount


def test_one_telling_cell_decides_for_the_table() -> None:
    assert decimal_mark(["1.234", "12,5"], ";", "f") == ","
    assert decimal_mark(["1,234", "12.5"], "\t", "f") == "."
    assert decimal_mark(["12", "7"], ";", "f") == "."
    assert decimal_mark(["1,234"], ",", "f") == "."


def test_a_table_that_does_not_tell_is_refused() -> None:
    with pytest.raises(BidError, match="decimals or thousands"):
        decimal_mark(["1,234", "5"], ";", "report.csv")
    with pytest.raises(BidError, match="a decimal point and"):
        decimal_mark(["1,5", "1.5"], ";", "report.csv")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("123456789012345678", "123456789012345678"),
        ("'123456789012345678", "123456789012345678"),
        ('="123456789012345678"', "123456789012345678"),
        ("1.23456789012345E+14", "123456789012345"),
        ("123456789012345.0", "123456789012345"),
        ("123,456,789,012,345", "123456789012345"),
        ("007", "007"),
    ],
)
def test_ids_that_are_whole(text: str, known: str) -> None:
    assert read_id(text) == known


@pytest.mark.parametrize(
    "text", ["1.23457E+14", "1.23456789012346E+17", "123456789012345678.0", "1,23457E+14", "", "abc", "=A1"]
)
def test_ids_that_lost_digits(text: str) -> None:
    with pytest.raises(DamagedId):
        read_id(text)


def test_a_column_rounded_to_fifteen_digits_is_noticed() -> None:
    rounded = ["123456789012345000", "223456789012345000"]
    assert rounded_ids([*rounded, "77"]) == frozenset(rounded)
    assert not rounded_ids(["123456789012345000", "223456789012345678"])
    assert not rounded_ids(["1234567890123450"])


def test_ids_with_letters_pass_and_damaged_ones_do_not() -> None:
    assert read_any_id("AB-12E5") == "AB-12E5"
    assert read_any_id("12E05") == "12E05"
    with pytest.raises(DamagedId):
        read_any_id("1.2E+05")


@UNHURRIED
@given(st.integers(min_value=1, max_value=10**20))
def test_an_id_is_exact_or_refused_however_a_spreadsheet_shows_it(number: int) -> None:
    shown = f"{float(f'{number:.15g}'):.5E}", f"{number:.14E}", f"{float(number)!r}"
    for text in shown:
        try:
            assert read_id(text) == str(number)
        except DamagedId:
            continue
    assert read_id(str(number)) == str(number)


def test_days_in_the_orders_that_a_column_proves() -> None:
    assert day_reader(["3/4/2026", "3/14/2026"]).read("3/4/2026").isoformat() == "2026-03-04"
    assert day_reader(["3.4.2026", "14.3.2026"]).read("3.4.2026").isoformat() == "2026-04-03"
    for text in ("2026-03-04", "20260304", "Mar 4, 2026", "4 March 2026", "2026-03-04T00:00:00Z"):
        assert day_reader([text]).read(text).isoformat() == "2026-03-04"
    with pytest.raises(NoDay, match="cannot be told apart"):
        day_reader(["3/4/2026"]).read("3/4/2026")
    with pytest.raises(NoDay):
        day_reader([]).read("2026-02-30")
