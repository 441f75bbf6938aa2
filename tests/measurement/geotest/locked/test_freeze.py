"""What bidding must leave alone goes to a file and comes back the same."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from measurement.errors import FreezeError
from measurement.geotest.freeze import EVERY, Freeze, freezes_of, overlaps, read_freeze, to_csv
from measurement.geotest.lock_file import LockFile

Locks = Callable[..., tuple[Path, LockFile]]


def test_all_geos_of_a_test_are_frozen_to_the_cooldowns_end(locked: Locks) -> None:
    freezes = freezes_of([locked()[1].lock])
    assert {one.geo for one in freezes} == {f"geo {number}" for number in range(14)}
    assert {(one.channel, one.start, one.end) for one in freezes} == {("tv", date(2024, 3, 4), date(2024, 3, 24))}
    assert freezes[0].holds("TV", "GEO 0", date(2024, 3, 24))
    assert not freezes[0].holds("tv", "geo 0", date(2024, 3, 25))
    assert not freezes[0].holds("social", "geo 0", date(2024, 3, 10))


def test_the_file_comes_back_as_it_went(locked: Locks, tmp_path: Path) -> None:
    freezes = (*freezes_of([locked()[1].lock]), Freeze(EVERY, 'a "b", c', date(2024, 1, 1), date(2024, 1, 1), "x"))
    (tmp_path / "freeze.csv").write_text(to_csv(freezes))
    assert read_freeze(tmp_path / "freeze.csv") == freezes
    assert freezes[-1].holds("anything", 'A "B", C', date(2024, 1, 1))


def test_no_test_freezes_nothing(tmp_path: Path) -> None:
    (tmp_path / "freeze.csv").write_text(to_csv(()))
    assert read_freeze(tmp_path / "freeze.csv") == ()


def test_tests_that_share_geos_and_days_are_told() -> None:
    first = Freeze("tv", "a", date(2024, 1, 1), date(2024, 1, 20), "one")
    assert overlaps([first, Freeze("tv", "a", date(2024, 1, 20), date(2024, 2, 1), "two")])
    assert overlaps([first, Freeze(EVERY, "A", date(2024, 1, 5), date(2024, 1, 6), "two")])
    assert not overlaps([first, Freeze("tv", "a", date(2024, 1, 21), date(2024, 2, 1), "two")])
    assert not overlaps([first, Freeze("social", "a", date(2024, 1, 1), date(2024, 2, 1), "two")])


HEAD = "channel,geo,start,end,test\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channel,geo,start,test\ntv,a,2024-01-01,x\n", "no column 'end'"),
        (HEAD + "tv,,2024-01-01,2024-01-02,x\n", "row 2: geo is empty"),
        (HEAD + ",a,2024-01-01,2024-01-02,x\n", "row 2: channel is empty"),
        (HEAD + "tv,a,01/02/2024,2024-01-02,x\n", "row 2: start '01/02/2024' is not a date"),
        (HEAD + "tv,a,2024-01-03,2024-01-02,x\n", "before it starts"),
        (HEAD + "tv,a,2024-01-01,2024-01-02,x\ntv,A,2024-01-01,2024-01-02,x\n", "row 3: geo 'A' is spelt 'a' above"),
    ],
)
def test_a_bad_list_is_refused_by_row(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "freeze.csv").write_text(text)
    with pytest.raises(FreezeError, match=said):
        read_freeze(tmp_path / "freeze.csv")


def test_no_list_is_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(FreezeError, match="there is no freeze list"):
        read_freeze(tmp_path / "nothing.csv")


def test_campaigns_that_alone_reach_a_geo_may_be_named(tmp_path: Path) -> None:
    rows = [
        "channel,geo,start,end,test,campaigns",
        "tv,ohio,2024-03-04,2024-03-17,spring,c1; c2",
        "tv,utah,2024-03-04,2024-03-17,spring,",
    ]
    (tmp_path / "freeze.csv").write_text("\n".join(rows) + "\n")
    assert [one.campaigns for one in read_freeze(tmp_path / "freeze.csv")] == [("c1", "c2"), ()]
