"""An account and the hash of a model's archive in, the loaded model and its curves out; both are kept in memory."""

import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from api.store.archive import BadArchive, pack, unpack
from api.store.files import Files
from measurement.curves import ResponseCurves
from measurement.errors import ModelFileError
from measurement.fitted import FittedModel

_CURVES_KEPT = 8


@dataclass
class _Entry:
    model: FittedModel | None = None
    curves: OrderedDict[int, ResponseCurves] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


class StoredModels:
    """The models of all accounts. Safe to share between threads; a hash never changes its content."""

    def __init__(self, files: Files, scratch: Path, capacity: int = 4) -> None:
        self._files = files
        self._scratch = scratch
        self._capacity = capacity
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._lock = Lock()

    def model(self, account: str, sha256: str) -> FittedModel:
        """The model. Raises FileMissing, and ModelFileError where its files cannot be read."""
        entry = self._entry(account, sha256)
        with entry.lock:
            return self._loaded(entry, account, sha256)

    def curves(self, account: str, sha256: str, weeks: int) -> ResponseCurves:
        """Response curves of this model over so many planned weeks."""
        from measurement.posterior import response_curves

        entry = self._entry(account, sha256)
        with entry.lock:
            if weeks not in entry.curves:
                entry.curves[weeks] = response_curves(self._loaded(entry, account, sha256), weeks)
                while len(entry.curves) > _CURVES_KEPT:
                    entry.curves.popitem(last=False)
            entry.curves.move_to_end(weeks)
            return entry.curves[weeks]

    def forget(self, account: str) -> None:
        """Drop what is kept of an account."""
        with self._lock:
            for key in [key for key in self._entries if key[0] == account]:
                del self._entries[key]

    def _entry(self, account: str, sha256: str) -> _Entry:
        """Threads that ask for the same model meet at its entry, and only the first loads it."""
        with self._lock:
            entry = self._entries.setdefault((account, sha256), _Entry())
            self._entries.move_to_end((account, sha256))
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
            return entry

    def _loaded(self, entry: _Entry, account: str, sha256: str) -> FittedModel:
        if entry.model is None:
            entry.model = load_archived(self._files.fetch(account, sha256), self._scratch)
        return entry.model


def load_archived(archive: Path, scratch: Path) -> FittedModel:
    """The model in an archive. Raises ModelFileError."""
    from measurement.storage import load_model

    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="model-", dir=scratch) as folder:
        try:
            unpack(archive, Path(folder))
        except BadArchive as error:
            raise ModelFileError(f"the stored model is damaged ({error}); fit again") from error
        return load_model(Path(folder))


def keep_model(files: Files, account: str, folder: Path, scratch: Path) -> str:
    """Put a stored model's folder among an account's files; returns the SHA-256 of its archive."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="model-", dir=scratch) as room:
        archive = Path(room) / "model.tar"
        pack(folder, archive)
        return files.put(account, archive)
