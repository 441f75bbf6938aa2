"""A snapshot written and read back is the same, value by value; what is damaged is said."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from bidding.errors import BidError
from bidding.snapshot import Platform, RejectedRow, Restatement, Snapshot
from bidding.snapshot_file import read_snapshot, write_snapshot


def assert_same(left: Snapshot, right: Snapshot) -> None:
    for field in fields(Snapshot):
        one, other = getattr(left, field.name), getattr(right, field.name)
        if not hasattr(one, "__dataclass_fields__"):
            assert one == other, field.name
            continue
        for name, values in vars(one).items():
            again = getattr(other, name)
            assert values.shape == again.shape, name
            assert values.dtype == again.dtype, name
            assert np.array_equal(values, again, equal_nan=values.dtype.kind in "fM"), name


def test_written_and_read_back(make_snapshot, tmp_path: Path) -> None:
    made = make_snapshot(targets=20, days=9, platforms=(Platform.AMAZON, Platform.META))
    end = made.campaigns.end.copy()
    end[0] = np.datetime64("2026-12-31")
    made = replace(
        made,
        campaigns=replace(made.campaigns, end=end),
        rejected=(RejectedRow("a.csv", 7, "größer"),),
        warnings=("something",),
    )
    assert_same(read_snapshot(write_snapshot(made, tmp_path / "s")), made)


def test_empty_parts_and_nameless_ad_groups_survive(make_snapshot, tmp_path: Path) -> None:
    made = make_snapshot(targets=2, days=2)
    none = Restatement(*(values[:0] for values in vars(made.restatement).values()))
    nameless = replace(made.targets, ad_group_names=np.empty(0, dtype=object))
    made = replace(made, restatement=none, targets=nameless)
    assert_same(read_snapshot(write_snapshot(made, tmp_path / "s")), made)


def test_nothing_is_written_over(make_snapshot, tmp_path: Path) -> None:
    write_snapshot(make_snapshot(), tmp_path / "s")
    with pytest.raises(BidError, match="exists already"):
        write_snapshot(make_snapshot(), tmp_path / "s")


def test_what_is_no_snapshot_is_said(make_snapshot, tmp_path: Path) -> None:
    with pytest.raises(BidError, match="is no snapshot"):
        read_snapshot(tmp_path)
    folder = write_snapshot(make_snapshot(), tmp_path / "s")
    content = (folder / "targets.parquet").read_bytes()
    (folder / "targets.parquet").write_bytes(content[:200])
    with pytest.raises(BidError, match="is no snapshot that can be read"):
        read_snapshot(folder)


def test_files_of_several_row_groups(make_snapshot, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("bidding.snapshot_file.ROW_GROUP", 5)
    made = make_snapshot(targets=33, days=4)
    assert_same(read_snapshot(write_snapshot(made, tmp_path / "s")), made)
