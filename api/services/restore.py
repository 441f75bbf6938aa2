"""A backup in, a store that holds just that out: never over a store that holds anything, and nothing half-restored."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from api.refusals import Conflict
from api.services.back_up import unpacked
from api.settings import Settings
from api.store.engine import begin_writing, make_engine
from api.store.files import Files
from api.store.manifest import FILES, LEDGERS, TABLES, BadBackup, Manifest, read_backup
from api.store.schema import known_revisions, revision_of, upgrade
from api.store.table_files import BadLine, read_tables, rows_anywhere


def restore(settings: Settings, backup: Path) -> dict[str, Any]:
    """Make the store of these settings what it was at the backup's moment, then bring it to this version's schema.

    Args:
        settings: of the service that is to be; its database and folders hold nothing yet.
        backup: the folder or tar file.

    Returns:
        What was restored.

    Raises:
        BadBackup: it is damaged, or of a later version; nothing was written.
        Conflict: the store holds something; nothing was written.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.scratch.mkdir(exist_ok=True, mode=0o700)
    files = Files(settings.files, settings.scratch)
    engine = make_engine(settings.database)
    try:
        with unpacked(backup, settings.scratch) as folder:
            manifest = read_backup(folder, backup)
            _refuse_later(manifest)
            _refuse_unless_empty(engine, files, settings.ledgers, manifest)
            with _undone_on_failure(files, settings.ledgers, manifest):
                _put_files(files, folder, manifest)
                shutil.copytree(folder / LEDGERS, settings.ledgers, dirs_exist_ok=True)
                _put_rows(engine, folder, manifest)
        upgrade(engine)
    finally:
        engine.dispose()
    return {"restored": str(backup), **manifest.summary()}


def _refuse_later(manifest: Manifest) -> None:
    if manifest.schema not in known_revisions():
        raise BadBackup(
            f"The backup has schema {manifest.schema}, which this version does not know: it is of a later one. "
            "Restore it with that version."
        )


def _refuse_unless_empty(engine: Engine, files: Files, ledgers: Path, manifest: Manifest) -> None:
    present = revision_of(engine)
    with engine.connect() as connection:
        held = rows_anywhere(connection)
    if held:
        raise Conflict(f"The database holds rows already ({', '.join(held)}); restore into a new one.")
    if present not in (None, manifest.schema):
        raise Conflict(
            f"The database has empty tables of schema {present}, the backup has {manifest.schema}; "
            "restore into a new database: it is upgraded afterwards."
        )
    strangers = [
        account for account in files.accounts() if set(files.hashes(account)) - set(manifest.files.get(account, ()))
    ]
    if strangers:
        raise Conflict(
            f"There are files of {strangers[0]} already that the backup does not have; restore into a new place."
        )
    if ledgers.is_dir() and any(ledgers.iterdir()):
        raise Conflict(f"There are ledgers in {ledgers} already; restore into a new place.")


@contextmanager
def _undone_on_failure(files: Files, ledgers: Path, manifest: Manifest) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for account in manifest.files:
            files.remove_account(account)
        shutil.rmtree(ledgers, ignore_errors=True)
        raise


def _put_files(files: Files, folder: Path, manifest: Manifest) -> None:
    for account, hashes in manifest.files.items():
        for sha in hashes:
            if files.put(account, folder / FILES / account / sha) != sha:
                raise BadBackup(f"File {sha} of {account} changed while it was restored; nothing was restored.")


def _put_rows(engine: Engine, folder: Path, manifest: Manifest) -> None:
    upgrade(engine, manifest.schema)
    with begin_writing(engine).begin() as connection:
        try:
            counted = read_tables(connection, folder / TABLES, manifest.tables)
        except BadLine as error:
            raise BadBackup(f"{error}; nothing was restored.") from error
        wrong = sorted(name for name, table in manifest.tables.items() if counted.get(name) != table.rows)
        if wrong:
            raise BadBackup(
                f"The database counts other rows than the backup has ({', '.join(wrong)}); nothing was restored."
            )
