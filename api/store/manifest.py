"""What a backup holds: a folder in, a `Manifest` out that was held against every file of it; and written.

A backup is a folder, or one tar file of it: `manifest.json`, `tables/TABLE.jsonl`, `files/ACCOUNT/SHA256`, and
`ledgers/` as they lie in the data folder.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.refusals import Refusal
from api.store.files import sha256_of
from api.store.table_files import Written

FORMAT = 1
MANIFEST = "manifest.json"
TABLES, FILES, LEDGERS = "tables", "files", "ledgers"


class BadBackup(Refusal):
    """A backup that is none, is damaged, or was made by a later version."""

    code = "bad_backup"


@dataclass(frozen=True)
class Manifest:
    """What lies in a backup.

    Attributes:
        schema: revision of the tables.
        created: the moment whose rows it holds.
        tables: by name.
        files: account, then hashes.
        ledgers: paths in `ledgers/` with the SHA-256 of each.
    """

    schema: str
    created: datetime
    tables: Mapping[str, Written]
    files: Mapping[str, list[str]]
    ledgers: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write it last: a folder without it is no backup."""
        content = asdict(self) | {"format": FORMAT, "created": self.created.isoformat()}
        sealed = {"sha256": _seal(content), **content}
        (folder / MANIFEST).write_text(json.dumps(sealed, indent=1), encoding="utf-8")

    def summary(self) -> dict[str, Any]:
        """What people are told of it."""
        return {
            "schema": self.schema,
            "created": self.created.isoformat(),
            "rows": {name: table.rows for name, table in self.tables.items()},
            "files": sum(len(hashes) for hashes in self.files.values()),
            "ledger_files": len(self.ledgers),
        }


def read_backup(folder: Path, shown: Path | None = None) -> Manifest:
    """The manifest of a backup whose every file was found as it was written.

    Args:
        folder: the backup, unpacked.
        shown: what the backup is called where that is another.

    Raises:
        BadBackup: something is missing, differs, or is more than this version knows.
    """
    manifest = _read(folder, shown or folder)
    for name, table in manifest.tables.items():
        _hold_against(folder / TABLES / f"{name}.jsonl", table.sha256)
    for account, hashes in manifest.files.items():
        for sha in hashes:
            _hold_against(folder / FILES / account / sha, sha)
    for name, sha in manifest.ledgers.items():
        _hold_against(folder / LEDGERS / name, sha)
    return manifest


def _read(folder: Path, name: Path) -> Manifest:
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        seal = content.pop("sha256")
        number = content.pop("format")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BadBackup(
            f"{name} is no backup: it has no {MANIFEST} that can be read; a backup that was cut short has none."
        ) from error
    if number != FORMAT:
        raise BadBackup(f"{name} has format {number}, this version knows {FORMAT}; restore it with that which made it.")
    if seal != _seal({**content, "format": number}):
        raise BadBackup(f"{MANIFEST} of {name} was changed after it was written; take another backup.")
    tables = {name: Written(**table) for name, table in content.pop("tables").items()}
    return Manifest(created=datetime.fromisoformat(content.pop("created")), tables=tables, **content)


def _hold_against(path: Path, sha: str) -> None:
    if path.is_symlink() or not path.is_file():
        raise BadBackup(f"{path} is missing in the backup; take another one.")
    if sha256_of(path) != sha:
        raise BadBackup(f"{path} is not as it was written: the backup is damaged; take another one.")


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
