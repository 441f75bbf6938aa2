"""A panel's file that somebody sent in, what `rmo check --json` says of it out, or why it cannot serve.

The check runs in a process of its own with a limit of memory and time: what a file unfolds to is not known before it is
read, and the service goes on whatever it is. The process sees the file under a name of ours, never under the sender's.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from api.refusals import TooLarge
from measurement.errors import BadInput, PanelError

TIMEOUT_SECONDS = 120
MAP_FILE = "panel.toml"
_AT_ONCE = BoundedSemaphore(2)
_FACTOR = 8
"""A Parquet file may unfold to as many times the largest file that may be sent."""


class UploadPurpose(Enum):
    """What a panel is sent for."""

    FIT = "fit"
    GEO_TEST = "geo_test"


@dataclass(frozen=True)
class UploadLimits:
    """How large a file may be, and how much memory its check may take."""

    bytes: int
    rows: int
    cells: int
    check_bytes: int


@dataclass(frozen=True)
class Upload:
    """A file in a folder of ours: `panel` its path there, `map` a panel.toml beside it or None."""

    panel: Path
    map: Path | None = None
    controls: tuple[str, ...] = ()
    purpose: UploadPurpose = UploadPurpose.FIT


@dataclass(frozen=True)
class CheckedUpload:
    """What a file holds: rows of the panel, and the check's JSON."""

    rows: int
    report: dict[str, Any]


def check_upload(upload: Upload, limits: UploadLimits) -> CheckedUpload:
    """Check a file.

    Raises:
        TooLarge: it is beyond the limits, or its check would be.
        BadInput: it cannot serve; the message names row, column and remedy.
    """
    asked = {
        "panel": upload.panel.name,
        "map": upload.map.name if upload.map else None,
        "controls": upload.controls,
        "purpose": upload.purpose.value,
        "limits": vars(limits),
    }
    command = [sys.executable, "-m", "api.services.check_upload", json.dumps(asked)]
    with _AT_ONCE:
        try:
            ended = subprocess.run(
                command, cwd=upload.panel.parent, env=_environment(), capture_output=True, timeout=TIMEOUT_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise TooLarge("The file takes too long to check; send fewer rows or columns.", "file") from None
    return _read(ended)


def _read(ended: "subprocess.CompletedProcess[bytes]") -> CheckedUpload:
    try:
        told = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise TooLarge("The file takes too much memory to check; send fewer rows or columns.", "file") from None
    if "too_large" in told:
        raise TooLarge(told["too_large"], "file")
    if "refused" in told:
        raise BadInput(told["refused"])
    return CheckedUpload(told["rows"], told["report"])


def _environment() -> dict[str, str]:
    import os

    root = Path(__file__).resolve().parents[2]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join((str(root), os.environ.get("PYTHONPATH", "")))}


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """In the process of its own."""
    limits = UploadLimits(**asked["limits"])
    panel = Path(asked["panel"])
    try:
        _refuse_large(panel, limits)
        return _checked(panel, asked)
    except TooLarge as error:
        return {"too_large": str(error)}
    except MemoryError:
        return {"too_large": "The file takes too much memory to check; send fewer rows or columns."}
    except BadInput as error:
        return {"refused": str(error)}


def _checked(panel: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    from api.plain_json import plain
    from measurement.description import describe_panel
    from measurement.panel_map import read_panel_map
    from measurement.reading import Purpose, read_panel

    panel_map = read_panel_map(Path(asked["map"])) if asked["map"] else None
    purpose = Purpose(asked["purpose"])
    read = read_panel(panel, panel_map=panel_map, controls=tuple(asked["controls"]), purpose=purpose)
    report = describe_panel(read.panel).to_json() | {"warnings": list(read.warnings)}
    return {"rows": len(read.panel.geos) * len(read.panel.dates), "report": plain(report)}


def _refuse_large(path: Path, limits: UploadLimits) -> None:
    """What can be told before anything is unfolded: Parquet says its size, a CSV's rows and cells are counted."""
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1"
    rows, cells = _parquet_size(path, limits) if parquet else _text_size(path)
    if rows > limits.rows:
        raise TooLarge(f"The file has {rows:,} rows, the limit is {limits.rows:,}: send fewer geos or periods.")
    if cells > limits.cells:
        raise TooLarge(f"The file has {cells:,} cells, the limit is {limits.cells:,}: send fewer columns or rows.")


def _parquet_size(path: Path, limits: UploadLimits) -> tuple[int, int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
        groups = [found.row_group(index) for index in range(found.num_row_groups)]
        unfolded = sum(group.total_byte_size for group in groups)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PanelError(f"{path} is not a readable Parquet file ({str(error).splitlines()[0]})") from None
    most = _FACTOR * limits.bytes
    if unfolded > most:
        raise TooLarge(f"The file unfolds to {unfolded:,} bytes, the limit is {most:,}: send fewer rows or columns.")
    return found.num_rows, found.num_rows * found.num_columns


def _text_size(path: Path) -> tuple[int, int]:
    rows = separators = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            rows += max(block.count(b"\n"), block.count(b"\r"))
            separators += max(block.count(mark) for mark in (b",", b";", b"\t", b"|"))
    return rows, rows + separators


def main(argument: str) -> None:
    """The process: one JSON argument in, one line of JSON out."""
    asked = json.loads(argument)
    most = asked["limits"]["check_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_SECONDS, TIMEOUT_SECONDS))
    answer = _answer(asked)
    print(json.dumps(answer, allow_nan=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
