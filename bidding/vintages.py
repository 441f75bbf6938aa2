"""The archive of pulls: one Parquet file per report, named by the report's hash, never changed once written.

Platforms restate days for weeks and keep them for about three months: whoever wants history must keep every pull. A
report that is stored again changes nothing and keeps the day of its first pull.
"""

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bidding.errors import BidError
from bidding.reports.parsed import Parsed, ParsedDays, Pull
from bidding.reports.rows import text_array
from bidding.snapshot import Platform

FORMAT = "1"
KEY = b"pull"
TEXTS = ("targets", "campaigns")


def store(archive: Path, pull: Pull, number: int) -> bool:
    """Keep the daily results of the file's table of this number; False where they are kept already.

    Raises:
        BidError: the folder cannot be written.
    """
    path = archive / f"{pull.sha256}-{number}.parquet"
    if pull.parsed.days is None or path.exists():
        return False
    try:
        archive.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: a run that is killed leaves no half vintage.
        unfinished = archive / f".{path.name}.{os.getpid()}"
        pq.write_table(_table(pull, pull.parsed.days), unfinished, compression="zstd")
        unfinished.replace(path)
    except OSError as error:
        raise BidError(f"{archive}: the archive of reports cannot be written ({error.strerror})") from None
    return True


def first_pulls(archive: Path) -> dict[str, np.datetime64]:
    """The day of the first pull of every file in the archive, by SHA-256."""
    found = {}
    for path in _paths(archive):
        try:
            said = _said(path, pq.read_schema(path).metadata)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from None
        found[said["sha256"]] = np.datetime64(said["pulled"], "D")
    return found


def stored(archive: Path) -> tuple[Pull, ...]:
    """Every pull of the archive, oldest first.

    Raises:
        BidError: a file of it is damaged, or of a later version.
    """
    pulls = [_load(path) for path in _paths(archive)]
    return tuple(sorted(pulls, key=lambda pull: (pull.pulled, pull.name)))


def _paths(archive: Path) -> list[Path]:
    return sorted(path for path in archive.glob("*.parquet") if not path.name.startswith("."))


def _table(pull: Pull, days: ParsedDays) -> "pa.Table":
    columns = {entry.name: getattr(days, entry.name) for entry in fields(days)}
    arrays = {name: pa.array(values, pa.string() if name in TEXTS else None) for name, values in columns.items()}
    said = {
        "format": FORMAT,
        "sha256": pull.sha256,
        "name": pull.name,
        "table": pull.parsed.file,
        "pulled": str(pull.pulled),
        "window": pull.window,
        "platform": pull.parsed.platform.value,
        "by_name": pull.parsed.by_name,
        "fills_gaps": pull.parsed.fills_gaps,
    }
    return pa.table(arrays).replace_schema_metadata({KEY: json.dumps(said)})


def _load(path: Path) -> Pull:
    try:
        table = pq.read_table(path)
        said = _said(path, table.schema.metadata)
        columns: dict[str, Any] = {}
        for entry in fields(ParsedDays):
            column = table.column(entry.name)
            values = text_array(column.to_pylist()) if entry.name in TEXTS else column.to_numpy()
            columns[entry.name] = values.astype("datetime64[D]") if entry.name == "day" else values
    except (pa.ArrowException, OSError, KeyError) as error:
        raise _unreadable(path, error) from None
    days = ParsedDays(**columns)
    parsed = Parsed(
        Platform(said["platform"]),
        said["table"],
        days=days,
        by_name=said["by_name"],
        fills_gaps=said["fills_gaps"],
    )
    return Pull(said["sha256"], said["name"], np.datetime64(said["pulled"], "D"), said["window"], parsed)


def _unreadable(path: Path, error: Exception) -> BidError:
    return BidError(f"{path}: this vintage cannot be read ({str(error).splitlines()[0]}): restore it, or take it away")


def _said(path: Path, metadata: "dict[bytes, bytes] | None") -> dict[str, Any]:
    said = json.loads((metadata or {}).get(KEY, b"{}"))
    if said.get("format") != FORMAT:
        raise BidError(f"{path} is no vintage of this version: the archive holds nothing else; move it away")
    return dict(said)
