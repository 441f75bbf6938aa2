"""A run in, the same run with its id out: same inputs, same content, same id, whoever proposes it and when."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.run import BidRun, columns_of
from bidding.run_header import header_of

ID_LENGTH = 16
LATER_COLUMNS = frozenset({"target_cpa", "adjustable"})
"""Columns that came after runs had been sealed; where they tell nothing they are left out, so that old ids hold."""


def seal(run: BidRun) -> BidRun:
    """The run with its id: the day, and the hash of its header and of every byte of its columns."""
    digest = content_hash(run)
    return replace(run, id=f"{str(run.day).replace('-', '')}-{digest[:ID_LENGTH]}")


def content_hash(run: BidRun) -> str:
    """SHA-256 in hexadecimal of the canonical content; the id and the time play no part, so same input, same id."""
    digest = hashlib.sha256(json.dumps(header_of(run), sort_keys=True, separators=(",", ":")).encode())
    for table in (run.changes, run.held, run.manual, run.written.targets, run.written.campaigns):
        for name, column in columns_of(table).items():
            if name in LATER_COLUMNS and not _told(column):
                continue
            digest.update(f"\n{name} {column.dtype} {len(column)}\n".encode())
            digest.update(_bytes(column))
    return digest.hexdigest()


def _told(column: NDArray[Any]) -> bool:
    return bool(column.any() if column.dtype == bool else np.isfinite(column).any())


def _bytes(column: NDArray[Any]) -> bytes:
    if column.dtype == object:
        return "\x00".join(column.tolist()).encode()
    if column.dtype.kind == "M":
        column = column.astype("datetime64[D]").astype(np.int64)
    return np.ascontiguousarray(column).tobytes()
