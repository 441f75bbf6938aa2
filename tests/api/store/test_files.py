"""Files by their own hash: kept once per account, found again, collected, in a folder as in a bucket."""

import io
import os
import tarfile
import time
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest

from api.store.archive import BadArchive, pack, unpack
from api.store.files import FileMissing, Files
from api.store.ids import Kind, new_id

OURS, THEIRS = new_id(Kind.ACCOUNT), new_id(Kind.ACCOUNT)
NOW = timedelta(0)


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "folder":
        return Files(str(tmp_path / "files"), tmp_path / "scratch")
    fsspec.filesystem("memory").store.clear()
    return Files("memory://bucket/rmo", tmp_path / "scratch")


def written(folder: Path, text: str) -> Path:
    path = folder / "source"
    path.write_text(text)
    return path


def test_a_file_is_kept_once_per_account(files: Files, tmp_path: Path) -> None:
    first = files.put(OURS, written(tmp_path, "sales"))
    assert files.put(OURS, written(tmp_path, "sales")) == first
    assert files.fetch(OURS, first).read_text() == "sales"
    assert files.hashes(OURS) == [first]
    assert not files.has(THEIRS, first)
    with pytest.raises(FileMissing):
        files.fetch(THEIRS, first)


def test_what_no_row_names_is_collected_after_its_grace(files: Files, tmp_path: Path) -> None:
    kept, lost = (files.put(OURS, written(tmp_path, text)) for text in ("kept", "lost"))
    theirs = files.put(THEIRS, written(tmp_path, "lost"))
    assert files.collect(OURS, {kept}) == []
    time.sleep(0.01)
    assert files.collect(OURS, {kept}, NOW) == [lost]
    assert (files.hashes(OURS), files.hashes(THEIRS)) == ([kept], [theirs])


def test_an_account_goes_with_all_its_files(files: Files, tmp_path: Path) -> None:
    ours, theirs = (files.put(account, written(tmp_path, "a")) for account in (OURS, THEIRS))
    files.fetch(OURS, ours)
    files.remove_account(OURS)
    files.remove_account(OURS)
    assert (files.hashes(OURS), files.hashes(THEIRS)) == ([], [theirs])
    assert not list(tmp_path.rglob(f"*{OURS}*/*/*"))
    with pytest.raises(FileMissing):
        files.fetch(OURS, ours)


@pytest.mark.parametrize(
    ("account", "sha"), [("../x", "0" * 64), (OURS, "../../etc/passwd"), (OURS, ""), ("", "0" * 64)]
)
def test_only_ids_and_hashes_name_files(files: Files, account: str, sha: str) -> None:
    with pytest.raises(ValueError, match=r"no account|no SHA"):
        files.fetch(account, sha)


def test_an_archive_depends_on_its_files_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for part in ("b.nc", "a.json"):
            (tmp_path / name / part).write_text(part)
        os.utime(tmp_path / name / "b.nc", (1, hash(name) % 1000))
        pack(tmp_path / name, tmp_path / f"{name}.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    (tmp_path / "back").mkdir()
    unpack(tmp_path / "one.tar", tmp_path / "back")
    assert {path.name: path.read_text() for path in (tmp_path / "back").iterdir()} == {
        "a.json": "a.json",
        "b.nc": "b.nc",
    }


@pytest.mark.parametrize("name", ["../escape", "/etc/x", "sub/file"])
def test_an_archive_that_climbs_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    (tmp_path / "back").mkdir()
    with pytest.raises(BadArchive):
        unpack(tmp_path / "bad.tar", tmp_path / "back")
    (tmp_path / "no.tar").write_bytes(b"no archive at all")
    with pytest.raises(BadArchive):
        unpack(tmp_path / "no.tar", tmp_path / "back")
