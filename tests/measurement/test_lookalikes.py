"""Names that only look the same: told apart by the letter, and never counted as two."""

from pathlib import Path

import pytest

from measurement.errors import PanelError
from measurement.lookalikes import appearance, refuse_lookalikes
from measurement.reading import Purpose, read_panel

SAME = [
    ("north", "n\u043erth", "letter 2 (LATIN SMALL LETTER O, CYRILLIC SMALL LETTER O)"),
    ("cafe\u0301", "caf\u00e9", "letter 4"),
    ("north", "no\u200brth", "ZERO WIDTH SPACE"),
    ("north", "\uff4eorth", "FULLWIDTH LATIN SMALL LETTER N"),
    ("ATLANTA", "\u0391TLANTA", "GREEK CAPITAL LETTER ALPHA"),
    ("new-york", "new\u2013york", "EN DASH"),
    ("north", "north\u202e", "its end, RIGHT-TO-LEFT OVERRIDE"),
    ("North", "north", "differ only in case or blanks"),
    ("new york", "new  york", "differ only in case or blanks"),
]
APART = ["cafe", "café", "Köln", "Koln", "москва", "μ", "geo 1", "geo l", "O1", "01", "東京", "大阪"]


@pytest.mark.parametrize(("first", "second", "says"), SAME)
def test_names_that_look_the_same_are_refused(first: str, second: str, says: str) -> None:
    with pytest.raises(PanelError, match="write one name in one way") as refused:
        refuse_lookalikes(["other", first, second], "channels")
    assert says in str(refused.value)


def test_names_that_look_apart_are_apart() -> None:
    assert len({appearance(name) for name in APART}) == len(APART)


@pytest.mark.parametrize("place", ["geo", "channel"])
def test_a_panel_cannot_hold_one_name_twice(tmp_path: Path, place: str) -> None:
    geos = ["north", "n\u043erth"] if place == "geo" else ["north", "south"]
    channels = ["tv_spend", "t\u03bd_spend"] if place == "channel" else ["tv_spend"]
    lines = [",".join(["date", "geo", "sales", *channels])]
    for day in range(30):
        lines += [",".join([f"2024-01-{day + 1:02}", geo, "10", *("5" for _ in channels)]) for geo in geos]
    (tmp_path / "panel.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(PanelError, match="look the same and differ in letter 2"):
        read_panel(tmp_path / "panel.csv", purpose=Purpose.GEO_TEST)
