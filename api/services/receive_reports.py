"""Reports that somebody sends in, a pull among an account's files out; the sender's names are only shown."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from api.jobs.bid_errands import REPORTS
from api.refusals import BadRequest, TooLarge
from api.service import Service
from api.services.apart import desk_of, work_apart
from api.services.receive_upload import shown_name
from api.store.files import sha256_of
from bidding.reports.files import MAP, TABLES

_LONGEST_NAME = 100


@dataclass(frozen=True)
class SentReport:
    """One file, as its sender calls it."""

    content: BinaryIO
    file_name: str


def fingerprint_of(sent: Sequence[SentReport]) -> str:
    """The SHA-256 of all that is sent; unlike a form's bytes it is the same whenever the same is sent."""
    parts = []
    for file in sent:
        file.content.seek(0)
        content = hashlib.sha256()
        while block := file.content.read(1 << 20):
            content.update(block)
        parts.append([file.file_name, content.hexdigest()])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def receive_reports(service: Service, account: str, sent: Sequence[SentReport]) -> list[dict[str, Any]]:
    """Keep the reports; returns name, hash and size of each.

    Raises:
        BadRequest: a name is none of a report's, or two files have one name.
        TooLarge: they are beyond the limits.
        ToldBy: one is damaged, or would unfold beyond bounds; nothing is kept.
    """
    names = [_name(file.file_name) for file in sent]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadRequest(f"Two files are called {twice!r}; give each its own name.", "files")
    with desk_of(service, account) as desk:
        folder = desk.folder / REPORTS
        folder.mkdir()
        for place, file in enumerate(sent):
            _lay_down(folder / str(place), file, service.settings.upload_bytes)
        asked = {"names": names, "memory_bytes": service.settings.check_bytes}
        work_apart(service, desk, "api.jobs.bid_errands:look_at_reports", asked)
        return [_kept(service, account, name, folder / str(place)) for place, name in enumerate(names)]


def keep_text(service: Service, account: str, text: str) -> str:
    """Keep a text as a file among the account's files; returns its SHA-256."""
    with tempfile.TemporaryDirectory(prefix="text-", dir=service.settings.scratch) as room:
        path = Path(room) / "text"
        path.write_text(text, encoding="utf-8")
        return service.files.put(account, path)


def kept_or_none(service: Service, account: str, text: str | None) -> str | None:
    """The same, or None where there is no text."""
    return None if text is None else keep_text(service, account, text)


def _name(given: str) -> str:
    """The last part of a name; what a report may not be called is refused, as its ending tells what it is."""
    name = shown_name(given)
    if len(name) > _LONGEST_NAME or name.startswith((".", "~")) or not _is_table(name):
        endings = ", ".join(sorted(TABLES))
        raise BadRequest(
            f"{name[:60]!r} is not called like a report: its name must end in {endings} or {MAP}.", "files"
        )
    return name


def _is_table(name: str) -> bool:
    return name.endswith(MAP) or Path(name).suffix.lower() in TABLES


def _lay_down(path: Path, file: SentReport, most: int) -> None:
    file.content.seek(0)
    with path.open("wb") as copy:
        shutil.copyfileobj(file.content, copy, 1 << 20)
    if path.stat().st_size > most:
        raise TooLarge(f"A report is larger than {most:,} bytes.", "files")


def _kept(service: Service, account: str, name: str, path: Path) -> dict[str, Any]:
    service.files.put(account, path)
    return {"name": name, "sha256": sha256_of(path), "bytes": path.stat().st_size}
