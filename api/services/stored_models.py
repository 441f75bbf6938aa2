"""A folder of stored models in, loaded models and their curves out; both are kept in memory until the files change."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel

MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CURVES_KEPT = 8


class ModelNotFound(Exception):
    """There is no stored model of this id."""

    def __init__(self, model_id: str) -> None:
        super().__init__(f"there is no stored model {model_id!r}")


@dataclass
class _Entry:
    stamp: tuple[int, ...]
    model: FittedModel
    curves: OrderedDict[int, ResponseCurves] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


class StoredModels:
    """The models in one folder. Safe to share between threads."""

    def __init__(self, folder: Path, capacity: int = 4) -> None:
        self._folder = folder.resolve()
        self._capacity = capacity
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    def model(self, model_id: str) -> FittedModel:
        """The model of this id. Raises ModelNotFound, and ModelFileError where its files cannot be read."""
        return self._entry(model_id).model

    def curves(self, model_id: str, weeks: int) -> ResponseCurves:
        """Response curves of this model over so many planned weeks."""
        from measurement.posterior import response_curves

        entry = self._entry(model_id)
        with entry.lock:
            if weeks not in entry.curves:
                entry.curves[weeks] = response_curves(entry.model, weeks)
                while len(entry.curves) > _CURVES_KEPT:
                    entry.curves.popitem(last=False)
            return entry.curves[weeks]

    def _entry(self, model_id: str) -> _Entry:
        from measurement.storage import load_model

        path = self._path(model_id)
        with self._lock:
            stamp = _stamp(path)
            entry = self._entries.get(model_id)
            if entry is None or entry.stamp != stamp:
                entry = self._entries[model_id] = _Entry(stamp, load_model(path))
            self._entries.move_to_end(model_id)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
            return entry

    def _path(self, model_id: str) -> Path:
        """The folder of a model, which must lie directly in ours whatever the id or a link says."""
        if not MODEL_ID.fullmatch(model_id):
            raise ModelNotFound(model_id)
        path = (self._folder / model_id).resolve()
        if path.parent != self._folder or not path.is_dir():
            raise ModelNotFound(model_id)
        return path


def _stamp(path: Path) -> tuple[int, ...]:
    files = sorted(path.iterdir())
    return tuple(part for file in (path, *files) for part in (file.stat().st_ino, file.stat().st_mtime_ns))
