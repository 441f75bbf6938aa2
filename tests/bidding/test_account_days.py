"""Stock and events: read, checked, and what is wrong said by row."""

from pathlib import Path

import numpy as np
import pytest

from bidding.account_days import read_availability, read_events
from bidding.errors import BidError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text)
    return path


def test_availability(tmp_path: Path) -> None:
    text = (
        "date,sku,retailer,in_stock,buy_box\n2026-05-10,A,amazon,1,0\n2026-05-10,B,amazon,no,yes\n"
        "2026-05-10,B,amazon,1,1\n2026-05-10,C,amazon,maybe,1\n2026-13-10,C,amazon,1,1\n2026-05-10,,amazon,1,1\n"
    )
    found = read_availability(written(tmp_path, text))
    assert list(found.sku) == ["A", "B"]
    assert list(found.in_stock) == [True, False]
    assert list(found.buy_box) == [False, True]
    assert found.day[0] == np.datetime64("2026-05-10")
    assert [(row.row, row.file) for row in found.rejected] == [(row, "file.csv") for row in (4, 5, 6, 7)]
    assert "stand in row 3 already" in found.rejected[0].reason


def test_the_buy_box_need_not_be_told(tmp_path: Path) -> None:
    found = read_availability(written(tmp_path, "date;sku;retailer;in_stock\n2026-05-10;A;walmart;true\n"))
    assert list(found.buy_box) == [True]


def test_events(tmp_path: Path) -> None:
    rows = "2026-07-08,2026-07-11,Prime Day,amazon,2.5\n2026-12-24,2026-12-25,Xmas,,0.5\n"
    text = f"start,end,name,channel,multiplier\n{rows}"
    found = read_events(written(tmp_path, text), ("amazon",))
    assert list(found.channel) == ["amazon", ""]
    assert list(found.multiplier) == [2.5, 0.5]
    assert found.end[0] - found.start[0] == np.timedelta64(3, "D")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2026-07-08,2026-07-01,a,amazon,2", "row 2: end lies before start"),
        ("2026-07-08,2026-07-09,a,amazon,0", "row 2: multiplier must be above 0"),
        ("2026-07-08,2026-07-09,a,amazon,", "row 2: multiplier must be above 0"),
        ("2026-07-08,2026-07-09,a,amazn,2", 'row 2: unknown channel "amazn". Did you mean "amazon"'),
        ("08/07/2026,2026-07-09,a,amazon,2", "row 2: start: .* cannot be told apart"),
    ],
)
def test_events_that_cannot_be_meant(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(BidError, match=message):
        read_events(written(tmp_path, f"start,end,name,channel,multiplier\n{row}\n"), ("amazon",))


def test_missing_columns_and_files(tmp_path: Path) -> None:
    with pytest.raises(BidError, match="columns are missing: retailer, in_stock"):
        read_availability(written(tmp_path, "date,sku,stock\n2026-05-10,A,1\n"))
    with pytest.raises(BidError, match="cannot be read"):
        read_events(tmp_path / "none.csv")
