"""Weeks spent already: what is read, and what is refused with row, column and remedy."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from measurement.actuals import read_actuals
from measurement.errors import ActualsError
from measurement.panel import Panel
from measurement.simulate import WorldKind, WorldSpec, simulate

Written = Callable[..., Path]
HEADER = ["date", "search_spend", "social_spend", "amazon_spend"]


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Ends with the week of 2023-04-24, a Monday; channels search, social, amazon."""
    return simulate(WorldSpec(WorldKind.PLAIN, geos=3, weeks=60, channels=3, seed=6)).panel


def rows(*lines: str) -> list[list[str]]:
    return [HEADER, *(line.split(",") for line in lines)]


def test_weeks_are_read_in_the_panels_order_to_the_cent(panel: Panel, written: Written) -> None:
    assert str(panel.dates[-1]) == "2023-04-24"
    assert panel.channel_names == ("search", "social", "amazon")
    content = [["social_spend", "sales", "date", "amazon_spend", "search_spend"]]
    content += [["20.504", "5e5", "2023-05-08", "0", "1"], ["10", "4e5", "2023-05-01", "3", "2.499"]]
    found = read_actuals(written(content, name="actuals.csv"), panel, 13)
    assert found.dates.astype(str).tolist() == ["2023-05-01", "2023-05-08"]
    assert found.spend.tolist() == [[2.5, 10.0, 3.0], [1.0, 20.5, 0.0]]
    assert found.sales is not None
    assert found.sales.tolist() == [4e5, 5e5]


def test_rows_are_read_as_a_file_is(panel: Panel) -> None:
    row = {"date": "2023-05-01", "search_spend": 1, "social_spend": 2.25, "amazon_spend": "3"}
    found = read_actuals([row], panel, 13)
    assert found.spend.tolist() == [[1.0, 2.25, 3.0]]
    assert found.sales is None
    with pytest.raises(ActualsError, match="row 2, is empty"):
        read_actuals(
            [row, {"date": "2023-05-08", "search_spend": 1, "social_spend": None, "amazon_spend": 1}], panel, 13
        )
    with pytest.raises(ActualsError, match="there is no row"):
        read_actuals([], panel, 13)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["2023-05-01,1,1,1", "2023-05-15,1,1,1"], ["row 3", "2023-05-15", "week of 2023-05-08 is missing"]),
        (["2023-05-08,1,1,1"], ["row 2", "week of 2023-05-01 is missing"]),
        (["2023-05-02,1,1,1"], ["row 2", "weeks start on Monday", "write 2023-05-01"]),
        (["2023-04-24,1,1,1"], ["row 2", "knows already", "leave it out"]),
        (["2023-05-01,1,1,1", "2023-05-01,2,1,1"], ["row 3", "as row 2 does", "keep one"]),
        (["2023-05-01,1,-1,1"], ["'social_spend'", "row 2", "negative"]),
        (["2023-05-01,1,,1"], ["'social_spend'", "row 2", "is empty"]),
        (["2023-05-01,1,much,1"], ["'social_spend'", "row 2", "'much'"]),
        (["1 May,1,1,1"], ["'date'", "row 2", "YYYY-MM-DD"]),
        ([f"2023-05-{day:02d},1,1,1" for day in (1, 8, 15, 22)], ["4 weeks are spent", "nothing is left", "--weeks"]),
    ],
)
def test_weeks_that_do_not_fit_are_refused(panel: Panel, written: Written, lines: list[str], said: list[str]) -> None:
    with pytest.raises(ActualsError) as refusal:
        read_actuals(written(rows(*lines), name="actuals.csv"), panel, 4)
    for words in said:
        assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("date,search_spend,social_spend", "'amazon_spend' is missing"),
        ("search_spend,social_spend,amazon_spend", "'date' is missing"),
        ("date,search_spend,social_spend,amazn_spend", "did you mean 'amazon_spend'"),
        ("date,geo,search_spend,social_spend,amazon_spend", "sum the rows to one per week"),
    ],
)
def test_columns_that_do_not_fit_are_refused(panel: Panel, written: Written, header: str, said: str) -> None:
    cells = ["2023-05-01" if name == "date" else "1" for name in header.split(",")]
    with pytest.raises(ActualsError, match=said):
        read_actuals(written([header.split(","), cells], name="actuals.csv"), panel, 13)


def test_a_file_that_is_not_there_is_named(panel: Panel, tmp_path: Path) -> None:
    with pytest.raises(ActualsError, match=r"none\.csv does not exist"):
        read_actuals(tmp_path / "none.csv", panel, 13)


def test_dates_of_a_file_with_rows_out_of_order_keep_their_rows(panel: Panel, written: Written) -> None:
    content = rows("2023-05-15,1,1,1", "2023-05-01,1,1,1", "2023-05-08,1,1,-5")
    with pytest.raises(ActualsError, match="row 4, is negative"):
        read_actuals(written(content, name="actuals.csv"), panel, 13)
    found = read_actuals(written(rows("2023-05-08,7,1,1", "2023-05-01,6,1,1"), name="actuals.csv"), panel, 13)
    assert np.array_equal(found.spend[:, 0], [6.0, 7.0])
