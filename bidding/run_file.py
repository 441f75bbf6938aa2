"""A sealed run in, a folder out, and back: `run.json` and one Parquet file per table, never changed once written."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bidding.errors import BidError
from bidding.journal import sync
from bidding.run import BidRun, ChangeTable, HeldTable, ManualTable, columns_of
from bidding.run_header import header_of, values_from
from bidding.sealing import seal
from bidding.snapshot import Campaigns, Platform, Snapshot, Targets
from bidding.written import no_restatement, no_results

FORMAT = 2
TABLES: Mapping[str, type] = {
    "changes": ChangeTable,
    "held": HeldTable,
    "manual": ManualTable,
    "targets": Targets,
    "campaigns": Campaigns,
}
_LONE = {"targets": ("ad_group_ids", "ad_group_names")}
"""Columns of a table that have rows of their own; they stand in `run.json`."""


def write_run(run: BidRun, folder: Path) -> None:
    """Write a run's folder: under a temporary name, to disk, then renamed; one that is there already stays."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".run-", dir=folder.parent))
    try:
        parts = _parts(run)
        shapes = {name: _write_table(name, table, fresh / f"{name}.parquet") for name, table in parts.items()}
        lone = {name: list(getattr(parts["targets"], name)) for name in _lone("targets", parts["targets"])}
        content = {"format": FORMAT, "id": run.id, "header": header_of(run), "columns": shapes, "lone": lone}
        (fresh / "run.json").write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
        for file in fresh.iterdir():
            sync(file)
        fresh.chmod(0o755)
        fresh.replace(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def read_run(folder: Path) -> BidRun:
    """Read a run and hold it against its own hash.

    Raises:
        BidError: it cannot be read, or is not what was written.
    """
    try:
        content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise BidError(f"{folder}: has format {content['format']}, this version reads {FORMAT}; propose again")
        made = {name: _read_table(folder, name, content) for name in TABLES}
        run = seal(_run(content["header"], made))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise BidError(f"{folder}: is damaged ({error}); propose again") from error
    if run.id != content["id"]:
        raise BidError(f"{folder}: is not what was proposed: it was changed afterwards. Propose again")
    return run


def _run(header: Mapping[str, Any], made: Mapping[str, Any]) -> BidRun:
    day = np.datetime64(header["day"])
    written = Snapshot(
        today=day,
        channels=tuple(header["channels"]),
        platforms=tuple(Platform(name) for name in header["platforms"]),
        campaigns=made["campaigns"],
        targets=made["targets"],
        performance=no_results(),
        restatement=no_restatement(),
        rejected=(),
        warnings=(),
        source_hashes={},
    )
    tables = {name: made[name] for name in ("changes", "held", "manual")}
    return BidRun(day=day, written=written, **tables, **values_from(header))


def _parts(run: BidRun) -> dict[str, Any]:
    tables = {name: getattr(run, name) for name in ("changes", "held", "manual")}
    return tables | {"targets": run.written.targets, "campaigns": run.written.campaigns}


def _lone(name: str, table: Any) -> list[str]:
    return [column for column in _LONE.get(name, ()) if column in columns_of(table)]


def _write_table(name: str, table: Any, file: Path) -> dict[str, int]:
    """Columns to Parquet, days as whole numbers, a matrix as one column per place; returns their widths."""
    arrays: dict[str, NDArray[Any]] = {}
    widths = {}
    for column, values in columns_of(table).items():
        if column in _LONE.get(name, ()):
            continue
        plain = values.astype("datetime64[D]").astype(np.int64) if values.dtype.kind == "M" else values
        widths[column] = plain.shape[1] if plain.ndim == 2 else 0
        if plain.ndim == 2:
            arrays |= {f"{column}_{place}": plain[:, place] for place in range(plain.shape[1])}
        else:
            arrays[column] = plain
    text = {
        key: pa.array(values, type=pa.string() if values.dtype == object else None) for key, values in arrays.items()
    }
    pq.write_table(pa.table(text), file, compression="zstd")
    return widths


def _read_table(folder: Path, name: str, content: Mapping[str, Any]) -> Any:
    table = pq.read_table(folder / f"{name}.parquet")
    columns: dict[str, Any] = {}
    for column, width in content["columns"][name].items():
        if width:
            parts = [table[f"{column}_{place}"].to_numpy() for place in range(width)]
            columns[column] = np.column_stack(parts)
        else:
            columns[column] = _column(table[column])
    for column in ("since", "end"):
        if column in columns:
            columns[column] = columns[column].astype("datetime64[D]")
    if name == "targets":
        columns |= {key: np.array(values, dtype=object) for key, values in content["lone"].items()}
    return TABLES[name](**columns)


def _column(stored: Any) -> NDArray[Any]:
    values = stored.to_numpy()
    if pa.types.is_string(stored.type):
        made = np.empty(len(values), dtype=object)
        made[:] = values
        return made
    return np.asarray(values)
