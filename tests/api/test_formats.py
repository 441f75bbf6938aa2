"""Numbers as people read them, and values as strict JSON holds them."""

import json
import math
from enum import Enum

import numpy as np
import pytest

from api.formats import compact, compact_money, money, number, percent, signed_percent, tick
from api.plain_json import as_text, plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.5, "0.50"),
        (12.345, "12.3"),
        (999.6, "1.00k"),
        (99_950, "100k"),
        (1_234_567, "1.23M"),
        (-2500, "−2.50k"),
    ],
)
def test_compact_keeps_three_digits(value: float, shown: str) -> None:
    assert compact(value) == shown


def test_money_carries_its_currency() -> None:
    assert money(1234.5, "USD") == "$1,234"
    assert money(-1234.5, "EUR", 2) == "−€1,234.50"
    assert money(1234, "CHF") == "1,234 CHF"
    assert money(1234) == "1,234"
    assert compact_money(-99.6e3, "USD") == "−$99.6k"
    assert tick(1_500_000, "USD") == "$1.5M"


def test_fractions_become_percent() -> None:
    assert percent(0.054, 1) == "5.4 %"
    assert signed_percent(0.4) == "+40 %"
    assert signed_percent(-0.0001) == "0 %"
    assert signed_percent(None) == "–"


@pytest.mark.parametrize("show", [number, money, percent, compact])
def test_what_is_not_known_is_a_dash(show: object) -> None:
    assert callable(show)
    assert show(None) == show(math.nan) == show(math.inf) == "–"


def test_json_holds_no_nan_no_infinity_and_no_foreign_types() -> None:
    class Kind(Enum):
        ONE = "one"

    value = {
        "a": math.nan,
        "b": [np.float64(np.inf), np.int64(3)],
        "c": np.array([1.5, np.nan]),
        "d": Kind.ONE,
        "e": (True,),
    }
    assert json.loads(as_text(value)) == {"a": None, "b": [None, 3], "c": [1.5, None], "d": "one", "e": [True]}


def test_json_refuses_what_has_no_place_in_it() -> None:
    with pytest.raises(TypeError, match="object has no place"):
        plain(object())
