"""Files of matched pairs: what is read, and what is refused with row and remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from measurement.errors import GeoTestError
from measurement.geotest.pairs import read_pairs
from measurement.geotest.specification import GeoPair

Written = Callable[..., Path]


def test_pairs_are_read_and_filtered_ones_left_out(written: Written) -> None:
    path = written(b"geo,pair,assignment\n12,1,Treatment\n7,1,control\n3,2,Filtered\n4,2,Filtered\n5,3,1\n6,3,2\n")
    assert read_pairs(path) == (GeoPair("1", "12", "7"), GeoPair("3", "5", "6"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("geo,pair\na,1\n", ["no column 'assignment'", "geo, pair, assignment"]),
        ("geo,pair,assignment\na,1,maybe\nb,1,control\n", ["row 2", "'maybe'", "treatment, control or filtered"]),
        ("geo,pair,assignment\na,1,treatment\na,2,control\n", ["row 3", "'a'", "row 2"]),
        ("geo,pair,assignment\na,1,treatment\nb,1,treatment\n", ["row 3", "'1'", "two treated"]),
        ("geo,pair,assignment\na,1,treatment\nb,2,treatment\nc,2,control\n", ["pair '1'", "only geo 'a'"]),
    ],
)
def test_bad_pairs_are_refused(written: Written, text: str, parts: list[str]) -> None:
    with pytest.raises(GeoTestError) as caught:
        read_pairs(written(text.encode()))
    assert all(part in str(caught.value) for part in parts), caught.value
    assert "\n" not in str(caught.value)


def test_a_panel_with_the_columns_serves(written: Written) -> None:
    rows = "".join(f"2024-01-0{day},a,1,1,5\n2024-01-0{day},b,1,2,6\n" for day in range(1, 9))
    path = written(f"date,geo,pair,assignment,sales\n{rows}".encode())
    assert read_pairs(path) == (GeoPair("1", "a", "b"),)


def test_the_public_pairs_are_read(shared_data: Path) -> None:
    pairs = read_pairs(shared_data / "geo" / "trimmed_match_geo_pairs.csv")
    assert len(pairs) == 67
