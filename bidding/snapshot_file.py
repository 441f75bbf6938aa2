"""A `Snapshot` in, a folder of Parquet files out, and back: the form in which a million targets are read in seconds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bidding.errors import BidError
from bidding.parquet_columns import column_values
from bidding.snapshot import (
    BidSimulations,
    Campaigns,
    Performance,
    PlacementResults,
    Platform,
    RejectedRow,
    Restatement,
    Snapshot,
    Targets,
)

Part = TypeVar("Part", Campaigns, Targets, Performance, Restatement)
FORMAT = 1
ROW_GROUP = 1 << 20
ABOUT = "snapshot.json"
SIMULATIONS = "simulations.parquet"
PLACEMENTS = "placements.parquet"
PARTS: tuple[tuple[str, type], ...] = (
    ("campaigns", Campaigns),
    ("targets", Targets),
    ("performance", Performance),
    ("restatement", Restatement),
)
OF_AD_GROUPS = ("ad_group_ids", "ad_group_names")
"""Fields of `Targets` that have a row per ad group; a file of their own."""


def write_snapshot(snapshot: Snapshot, folder: Path | str) -> Path:
    """Write the snapshot into a new folder.

    Raises:
        BidError: the folder exists already or cannot be written.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True)
        for name, _ in PARTS:
            columns = vars(getattr(snapshot, name))
            _write(path / f"{name}.parquet", {key: columns[key] for key in columns if key not in OF_AD_GROUPS})
        names = snapshot.targets.ad_group_names
        groups = {"ad_group_ids": snapshot.targets.ad_group_ids}
        _write(path / "ad_groups.parquet", groups if not len(names) else {**groups, "ad_group_names": names})
        if snapshot.simulations is not None:
            _write(path / SIMULATIONS, vars(snapshot.simulations))
        if snapshot.placements is not None:
            _write(path / PLACEMENTS, vars(snapshot.placements))
        (path / ABOUT).write_text(json.dumps(_about(snapshot), ensure_ascii=False, indent=1), encoding="utf-8")
    except FileExistsError:
        raise BidError(f"{path} exists already: a snapshot is not written over; name a new folder") from None
    except OSError as error:
        raise BidError(f"{path}: the snapshot cannot be written ({error.strerror})") from None
    return path


def read_snapshot(folder: Path | str) -> Snapshot:
    """Read what `write_snapshot` wrote.

    Raises:
        BidError: the folder is no snapshot, or damaged.
    """
    path = Path(folder)
    try:
        about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise BidError(
                f"{path} is a snapshot of another version (format {about['format']}): read the reports again"
            )
        groups = _read(path / "ad_groups.parquet")
        parts = {name: _read(path / f"{name}.parquet") for name, _ in PARTS}
        made: dict[str, Any] = {
            name: _part(kind, {**parts[name], **(groups if kind is Targets else {})}) for name, kind in PARTS
        }
        told = path / SIMULATIONS
        made["simulations"] = BidSimulations(**_read(told)) if told.exists() else None
        made["placements"] = _placements(path / PLACEMENTS, len(parts["campaigns"]["ids"]))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BidError(f"{path} is no snapshot that can be read ({reason}): read the reports again") from None
    return Snapshot(
        today=np.datetime64(about["today"], "D"),
        channels=tuple(about["channels"]),
        platforms=tuple(Platform(name) for name in about["platforms"]),
        **made,
        rejected=tuple(RejectedRow(**row) for row in about["rejected"]),
        warnings=tuple(about["warnings"]),
        source_hashes=about["source_hashes"],
    )


def _about(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "today": str(snapshot.today),
        "channels": snapshot.channels,
        "platforms": [platform.value for platform in snapshot.platforms],
        "rejected": [asdict(row) for row in snapshot.rejected],
        "warnings": snapshot.warnings,
        "source_hashes": snapshot.source_hashes,
    }


def _placements(path: Path, campaigns: int) -> PlacementResults | None:
    if not path.exists():
        return None
    return PlacementResults(**{name: values.reshape(campaigns, -1) for name, values in _read(path).items()})


def _part(kind: type[Part], columns: dict[str, Any]) -> Part:
    for name in ("modifiers", "adjustable"):
        if name in columns:
            columns[name] = columns[name].reshape(len(columns["ids"]), -1)
    return kind(**columns)


def _write(path: Path, columns: dict[str, Any]) -> None:
    arrays = {}
    for name, values in columns.items():
        if values.ndim == 2:
            arrays[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        elif values.dtype == object:
            arrays[name] = pa.array(values, pa.string())
        else:
            arrays[name] = pa.array(values)
    pq.write_table(pa.table(arrays), path, compression="zstd", row_group_size=ROW_GROUP)


def _read(path: Path) -> dict[str, Any]:
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    texts = [name for name in names if pa.types.is_string(file.schema_arrow.field(name).type)]
    # Texts that repeat come as a dictionary, so that each stands in memory once; one column at a time, so that the
    # file's form and ours never both stand there whole.
    file = pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False)
    return {name: column_values(file.read([name]).column(0)) for name in names}
