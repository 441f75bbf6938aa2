"""Files of accounts, named by their own hash: a local file in, its SHA-256 out, and the other way round.

They lie under `ACCOUNT/SHA[:2]/SHA` of a folder or a bucket, so that an account's files can be found and removed
together, and nobody can tell from a hash whether another account has the same file.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

_CHUNK = 1 << 20
_SHA = re.compile(r"[0-9a-f]{64}")
_ACCOUNT = re.compile(r"acc_[0-9A-Z]{26}")


class FileMissing(Exception):
    """A file that the tables know is not there: the store is damaged, or a backup was incomplete."""


class Files:
    """The files of all accounts in one folder or bucket."""

    def __init__(self, root: str, scratch: Path) -> None:
        """`root` as fsspec spells it; `scratch` a folder of this machine, where copies from a bucket lie."""
        self._system, self._root = fsspec.url_to_fs(root)
        self._scratch = scratch / "files"
        self._local = isinstance(self._system, LocalFileSystem)

    def put(self, account: str, source: Path) -> str:
        """Keep a copy of a file, once however often it is put; returns its SHA-256."""
        sha = sha256_of(source)
        place = self._place(account, sha)
        if self._renewed(place):
            return sha
        self._system.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        if self._local:
            _copy_durably(source, Path(place))
        else:
            self._system.put_file(str(source), place)
        return sha

    def fetch(self, account: str, sha: str) -> Path:
        """A local path of the file, only to be read.

        Raises:
            FileMissing: there is none.
        """
        place = self._place(account, sha)
        if self._local:
            if not Path(place).is_file():
                raise FileMissing(f"file {sha} of {account} is not there")
            return Path(place)
        local = self._scratch / account / sha
        if not local.is_file():
            self._download(place, local, sha)
        return local

    def has(self, account: str, sha: str) -> bool:
        """Whether the file is there."""
        return bool(self._system.exists(self._place(account, sha)))

    def hashes(self, account: str) -> list[str]:
        """The hashes of all files of an account."""
        return sorted(Path(place).name for place in self._places(account))

    def accounts(self) -> list[str]:
        """Accounts that have files, whether the tables know them or not."""
        if not self._system.exists(self._root):
            return []
        found = {place.rstrip("/").rsplit("/", 1)[-1] for place in self._system.ls(self._root, detail=False)}
        return sorted(account for account in found if _ACCOUNT.fullmatch(account))

    def check_writable(self) -> None:
        """Write a few bytes and remove them. Raises what the folder or the bucket raises."""
        place = f"{self._root.rstrip('/')}/.probe-{secrets.token_hex(4)}"
        self._system.makedirs(self._root, exist_ok=True)
        self._system.pipe_file(place, b"ok")
        self._system.rm_file(place)

    def remove_account(self, account: str) -> None:
        """Remove all files of an account, copies on this machine included."""
        folder = self._folder(account)
        if self._system.exists(folder):
            self._system.rm(folder, recursive=True)
        shutil.rmtree(self._scratch / account, ignore_errors=True)

    def collect(self, account: str, kept: Collection[str], grace: timedelta = timedelta(hours=24)) -> list[str]:
        """Remove files that no row names and that are older than `grace`; returns their hashes.

        A file is put before the row that names it is written, so young files are left alone. One that is put again
        while it is being removed stays, or is written anew.
        """
        limit = datetime.now(UTC) - grace
        old = [place for place, written in self._places(account).items() if written < limit]
        removed = [place for place in old if Path(place).name not in kept and self._remove(place, limit)]
        self._sweep(account, limit)
        for place in removed:
            (self._scratch / account / Path(place).name).unlink(missing_ok=True)
        return [Path(place).name for place in removed]

    def _renewed(self, place: str) -> bool:
        """Whether the file is there; if so it is young again. In a bucket only writing it again makes it young."""
        if not self._local:
            return False
        try:
            os.utime(place)
        except FileNotFoundError:
            return False
        return True

    def _sweep(self, account: str, limit: datetime) -> None:
        """Remove what was half-written or half-removed when a machine stopped."""
        for place in self._system.find(self._folder(account)) if self._local else ():
            if Path(place).name.startswith(".") and _written(self._system, place) < limit:
                Path(place).unlink(missing_ok=True)

    def _remove(self, place: str, limit: datetime) -> bool:
        """Take the file away, unless it was made young since we looked: under a name of our own nobody can renew it."""
        if not self._local:
            if _written(self._system, place) >= limit:
                return False
            self._system.rm_file(place)
            return True
        path = Path(place)
        ours = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        try:
            path.rename(ours)
        except FileNotFoundError:  # another process collects too
            return False
        if datetime.fromtimestamp(ours.stat().st_mtime, UTC) >= limit:
            ours.replace(path)
            return False
        ours.unlink()
        return True

    def _places(self, account: str) -> dict[str, datetime]:
        found = self._system.find(self._folder(account), detail=True)
        return {place: _written(self._system, place) for place in found if _SHA.fullmatch(Path(place).name)}

    def _folder(self, account: str) -> str:
        if not _ACCOUNT.fullmatch(account):
            raise ValueError(f"{account!r} is no account's id")
        return f"{self._root.rstrip('/')}/{account}"

    def _place(self, account: str, sha: str) -> str:
        if not _SHA.fullmatch(sha):
            raise ValueError("no SHA-256 of a file")
        return f"{self._folder(account)}/{sha[:2]}/{sha}"

    def _download(self, place: str, local: Path, sha: str) -> None:
        local.parent.mkdir(parents=True, exist_ok=True)
        fresh = local.with_name(f".{sha}-{secrets.token_hex(4)}")
        try:
            self._system.get_file(place, str(fresh))
            fresh.replace(local)
        except FileNotFoundError:
            raise FileMissing(f"file {sha} is not there") from None
        finally:
            fresh.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_durably(source: Path, place: Path) -> None:
    """Complete under its name or not there at all, whenever the machine stops."""
    fresh = place.with_name(f".{place.name}-{secrets.token_hex(4)}")
    try:
        with source.open("rb") as read, fresh.open("wb") as written:
            shutil.copyfileobj(read, written, _CHUNK)
            written.flush()
            os.fsync(written.fileno())
        fresh.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        fresh.unlink(missing_ok=True)


def _written(system: Any, place: str) -> datetime:
    moment: datetime = system.modified(place)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
