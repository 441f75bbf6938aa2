"""The running service in, a backup of one moment out: tables, the files that they name, ledgers of bids, a manifest."""

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from api.refusals import Conflict
from api.service import Service
from api.store.columns import now
from api.store.files import FileMissing, sha256_of
from api.store.manifest import FILES, LEDGERS, TABLES, BadBackup, Manifest
from api.store.references import files_in_columns, files_in_documents
from api.store.schema import latest_revision
from api.store.table_files import moment_of, write_tables

TAR = ".tar"
_JOURNAL, _LOCK = "journal.jsonl", "lock"
_ATTEMPTS = 3


def back_up(service: Service, target: Path) -> dict[str, Any]:
    """Write a backup while the service runs.

    Args:
        service: whose store it is.
        target: a folder to be made, or a tar file where the name ends in `.tar`; complete under its name or not there.

    Returns:
        What it holds.

    Raises:
        Conflict: something is there already.
        BadBackup: a file that rows name is missing or damaged.
    """
    if target.exists():
        raise Conflict(f"{target} is there already; give the backup a name of its own.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as room:
        folder = Path(room) / "backup"
        folder.mkdir(mode=0o700)
        manifest = _write(service, folder)
        if target.suffix == TAR:
            packed = Path(room) / target.name
            packed.touch(mode=0o600)
            with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
                tar.add(folder, arcname=".")
            packed.rename(target)
        else:
            folder.rename(target)
    return {"backup": str(target), **manifest.summary()}


@contextmanager
def unpacked(backup: Path, scratch: Path) -> Iterator[Path]:
    """A backup as a folder, whichever it is. Raises BadBackup."""
    if backup.is_dir():
        yield backup
        return
    if not backup.is_file():
        raise BadBackup(f"There is no backup {backup}.")
    with tempfile.TemporaryDirectory(prefix="backup-", dir=scratch) as room:
        try:
            with tarfile.open(backup, "r:") as tar:
                tar.extractall(room, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise BadBackup(f"{backup} cannot be read as a tar file ({error}); take another backup.") from error
        yield Path(room)


def _write(service: Service, folder: Path) -> Manifest:
    """Rows may be removed, and then their files, while we copy; then we begin again with a later moment."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _attempt(service, folder)
        except FileMissing as error:
            if not left:
                raise BadBackup(f"The store is damaged: {error}; nothing was backed up.") from error
            for part in (TABLES, FILES, LEDGERS):
                shutil.rmtree(folder / part, ignore_errors=True)
    raise AssertionError


def _attempt(service: Service, folder: Path) -> Manifest:
    for part in (TABLES, FILES, LEDGERS):
        (folder / part).mkdir()
    with moment_of(service.store.engine, service.settings.scratch) as connection:
        created = now()
        tables = write_tables(connection, folder / TABLES)
        files = _copy_files(service, connection, folder / FILES)
    ledgers = _copy_ledgers(service.settings.ledgers, folder / LEDGERS)
    manifest = Manifest(latest_revision(), created, tables, files, ledgers)
    manifest.write(folder)
    return manifest


def _copy_files(service: Service, connection: Connection, folder: Path) -> dict[str, list[str]]:
    needed = set(files_in_columns(connection))
    perhaps = {(account, sha) for account, sha in files_in_documents(connection) if service.files.has(account, sha)}
    copied: dict[str, list[str]] = {}
    for account, sha in sorted(needed | perhaps):
        place = folder / account / sha
        place.parent.mkdir(exist_ok=True)
        try:
            shutil.copyfile(service.files.fetch(account, sha), place)
        except FileNotFoundError as error:
            raise FileMissing(f"file {sha} of {account} is not there") from error
        if sha256_of(place) != sha:
            raise BadBackup(
                f"The store is damaged: file {sha} of {account} holds something else; nothing was backed up."
            )
        copied.setdefault(account, []).append(sha)
    return copied


def _copy_ledgers(ledgers: Path, folder: Path) -> dict[str, str]:
    """A run is saved before the journal tells of it, so journals are copied first: what they tell of is there."""
    found = [path for path in ledgers.rglob("*") if path.is_file() and path.name != _LOCK] if ledgers.is_dir() else []
    copied = {}
    for path in sorted(found, key=lambda path: (path.name != _JOURNAL, path)):
        name = path.relative_to(ledgers)
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        place.write_bytes(content[: content.rfind(b"\n") + 1] if path.name == _JOURNAL else content)
        copied[name.as_posix()] = sha256_of(place)
    return copied
