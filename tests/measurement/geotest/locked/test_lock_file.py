"""A lock is written once, its log only grows, and any edit is seen."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from measurement.errors import LockError
from measurement.geotest.exclusions import exclude, exclusions, remaining
from measurement.geotest.lock_file import Event, LockFile, append_entry, create_lock, read_lock
from measurement.geotest.specification import Cell

AT = datetime(2024, 4, 1, 9, 0, tzinfo=UTC)
Locks = Callable[..., tuple[Path, LockFile]]


def test_a_lock_comes_back_as_it_was(locked: Locks) -> None:
    path, file = locked()
    assert read_lock(path) == file
    assert [entry.event for entry in file.log] == [Event.LOCKED]


def test_a_lock_is_never_overwritten(locked: Locks) -> None:
    path, file = locked()
    before = path.read_bytes()
    with pytest.raises(LockError, match="never overwritten"):
        create_lock(path, file.lock)
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


EDITS: dict[str, Callable[[dict], object]] = {
    "a treated geo": lambda told: told["lock"]["treated"].__setitem__(0, "geo 9"),
    "the level": lambda told: told["lock"].__setitem__("level", 0.8),
    "the estimator": lambda told: told["lock"].__setitem__("estimator", "tbr"),
    "the window": lambda told: told["lock"]["window"].__setitem__("end", "2024-03-18"),
    "a mark of the data": lambda told: told["lock"]["data"]["marks"].__setitem__("geo 3", "AAAA"),
    "after the fact": lambda told: told["lock"].__setitem__("after_the_fact", True),
    "an entry's reason": lambda told: told["log"][1]["detail"].__setitem__("reason", "something else"),
    "an entry gone": lambda told: told["log"].pop(1),
    "the last entry gone": lambda told: told["log"].pop(),
    "the log gone": lambda told: told["log"].clear(),
    "the time of an entry": lambda told: told["log"][0].__setitem__("at", "2023-01-01T00:00:00+00:00"),
    "the seal": lambda told: told.__setitem__("seal", "0" * 64),
}


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_every_edit_is_refused(edit: str, locked: Locks) -> None:
    path, _ = locked()
    exclude(path, "geo 9", "store closed by a flood", AT)
    append_entry(path, Event.ANALYSED, AT, {"panel_sha256": "00"})
    told = json.loads(path.read_text())
    EDITS[edit](told)
    path.write_text(json.dumps(told))
    with pytest.raises(LockError, match="edited"):
        read_lock(path)


@pytest.mark.parametrize("text", ["", "no lock", "[]", "{}", '{"format": 1}', '{"format": 2, "lock": {}}', "null"])
def test_what_is_no_lock_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    with pytest.raises(LockError, match="there is no lock"):
        read_lock(path)
    path.write_text(text)
    with pytest.raises(LockError, match=r"not a lock|has format"):
        read_lock(path)


def test_a_lock_into_no_folder_is_refused(locked: Locks, tmp_path: Path) -> None:
    _, file = locked()
    with pytest.raises(LockError, match="there is no folder"):
        create_lock(tmp_path / "no" / "lock.json", file.lock)


def test_exclusions_are_logged_with_their_reason(locked: Locks) -> None:
    path, _ = locked()
    exclude(path, "geo 9", " store closed by a flood ", AT)
    file = exclude(path, "geo 1", "campaign set up wrongly", AT)
    assert exclusions(file) == (("geo 9", "store closed by a flood"), ("geo 1", "campaign set up wrongly"))
    test = remaining(read_lock(path))
    assert test.treated == ("geo 0", "geo 2", "geo 3")
    assert set(test.excluded) == {"geo 1", "geo 9"}


def test_nothing_is_excluded_once_the_result_is_known(locked: Locks) -> None:
    path, _ = locked()
    append_entry(path, Event.ANALYSED, AT, {})
    with pytest.raises(LockError, match="first shown on 2024-04-01"):
        exclude(path, "geo 9", "store closed by a flood", AT)


@pytest.mark.parametrize(
    ("geo", "reason", "said"),
    [
        ("geo 99", "store closed by a flood", "not in the test"),
        ("Geo 9", "store closed by a flood", "not in the test"),
        ("geo 9", "  odd ", "says too little"),
        ("geo 8", "store closed by a flood", "excluded already"),
    ],
)
def test_odd_exclusions_are_refused(geo: str, reason: str, said: str, locked: Locks) -> None:
    path, _ = locked()
    exclude(path, "geo 8", "store closed by a flood", AT)
    before = path.read_bytes()
    with pytest.raises(LockError, match=said):
        exclude(path, geo, reason, AT)
    assert path.read_bytes() == before


def test_a_cell_keeps_at_least_one_geo(locked: Locks, proposal: Callable) -> None:
    cells = (Cell("north", ("geo 0", "geo 1", "geo 2")), Cell("south", ("geo 3",)))
    path, _ = locked(test=replace(proposal().test, cells=cells))
    with pytest.raises(LockError, match="nobody is left"):
        exclude(path, "geo 3", "store closed by a flood", AT)
    assert remaining(exclude(path, "geo 1", "store closed by a flood", AT)).cells[0].geos == ("geo 0", "geo 2")
