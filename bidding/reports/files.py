"""A folder of exports in; every file once, with its hash and the day of its pull, out."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidding.errors import BidError

TABLES = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".gz", ".xlsx", ".zip", ".parquet", ".pq"})
MAP = ".map.toml"
PULLED_NAME = re.compile(r"pulled[-_ ]?(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
PULLED_FOLDER = re.compile(r"\d{4}-\d{2}-\d{2}")
LARGEST_FILE = 1 << 31


@dataclass(frozen=True)
class ReportFile:
    """A file of the folder: its path in the folder, its content's SHA-256, the day of its pull."""

    path: Path
    name: str
    sha256: str
    pulled: np.datetime64

    def content(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()


def report_files(
    folder: Path, today: np.datetime64, first_pulls: Mapping[str, np.datetime64], archive: Path | None = None
) -> tuple[tuple[ReportFile, ...], tuple[str, ...]]:
    """The files of a folder and its sub-folders, each content once, and what to tell of those left out.

    The day of the pull is that of a sub-folder named by a date, or of "pulled-2026-05-10" in the file's name, or the
    day on which the archive first saw the file, or today. The archive itself may lie in the folder.

    Raises:
        BidError: the folder cannot be read or holds no file that could be a report.
    """
    if not folder.is_dir():
        raise BidError(f"{folder} is not a folder: give the folder with the account's reports")
    files: dict[str, ReportFile] = {}
    warnings = []
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name.startswith((".", "~$")) or name.endswith(MAP) or (archive and path.is_relative_to(archive)):
            continue
        if path.suffix.lower() not in TABLES:
            warnings.append(f"{name} is no table and was not read")
            continue
        found = _file(path, name, today, first_pulls)
        if found.sha256 in files:
            same = files[found.sha256].name
            warnings.append(f"{name} is the same file as {same} and counts once: was yesterday's report given again?")
            continue
        files[found.sha256] = found
        if first_pulls.get(found.sha256, today) < today:
            first = first_pulls[found.sha256]
            warnings.append(
                f"{name} was read on {first} already and counts as that day's pull: is it yesterday's report?"
            )
    if not files:
        raise BidError(f"{folder} holds no reports: put the exports there as CSV, XLSX, JSON or Parquet")
    return tuple(files.values()), tuple(warnings)


def _file(path: Path, name: str, today: np.datetime64, first_pulls: Mapping[str, np.datetime64]) -> ReportFile:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BidError(f"{name} is larger than {LARGEST_FILE >> 30} GiB: export shorter periods")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BidError(f"{name} cannot be read ({error.strerror})") from None
    return ReportFile(path, name, digest, first_pulls.get(digest, _told_pull(name, today)))


def _told_pull(name: str, today: np.datetime64) -> np.datetime64:
    told = PULLED_NAME.search(name)
    dates = [told[1]] if told else [part for part in name.split("/")[:-1] if PULLED_FOLDER.fullmatch(part)]
    try:
        pulled = np.datetime64(dates[-1], "D") if dates else today
    except ValueError:
        raise BidError(f"{name}: {dates[-1]} is a day that no calendar has: correct the name") from None
    if pulled > today:
        raise BidError(f"{name} says that it was pulled on {pulled}, after {today}: correct the name")
    return pulled
