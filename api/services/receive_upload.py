"""A file that somebody sends in, a checked dataset among an account's files out; the sender's names are only shown."""

import hashlib
import json
import shutil
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from api.refusals import TooLarge
from api.service import Service
from api.services.check_upload import MAP_FILE, Upload, UploadLimits, UploadPurpose, check_upload
from api.store.datasets import NewDataset
from api.store.files import sha256_of

_LONGEST_NAME = 255


@dataclass(frozen=True)
class Sent:
    """What somebody sends.

    Attributes:
        content: the file.
        file_name: as the sender calls it.
        name: of the dataset whose next version it is.
        map: text of a panel.toml, or None.
        controls: further columns to admit.
        purpose: what the panel is for.
    """

    content: BinaryIO
    file_name: str
    name: str
    map: str | None = None
    controls: tuple[str, ...] = ()
    purpose: UploadPurpose = UploadPurpose.FIT


def fingerprint(sent: Sent) -> str:
    """The SHA-256 of all that is sent; unlike a form's bytes it is the same whenever the same is sent."""
    sent.content.seek(0)
    content = hashlib.sha256()
    while block := sent.content.read(1 << 20):
        content.update(block)
    parts = [content.hexdigest(), sent.file_name, sent.name, sent.map, sent.controls, sent.purpose.value]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def receive_upload(service: Service, account: str, sent: Sent) -> NewDataset:
    """Check the file and keep it.

    Raises:
        TooLarge: it is beyond the limits.
        BadInput: it cannot serve as a panel; nothing is kept.
    """
    settings = service.settings
    limits = UploadLimits(settings.upload_bytes, settings.upload_rows, settings.upload_cells, settings.check_bytes)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=settings.scratch) as room:
        upload = _lay_down(Path(room), sent, limits.bytes)
        checked = check_upload(upload, limits)
        service.files.put(account, upload.panel)
        sha256 = sha256_of(upload.panel)
    shown = shown_name(sent.file_name)
    return NewDataset(account, sent.name, sha256, shown, checked.rows, checked.report, sent.map)


def _lay_down(room: Path, sent: Sent, most: int) -> Upload:
    """The file under a name of ours."""
    sent.content.seek(0)
    parquet = sent.content.read(4) == b"PAR1"
    sent.content.seek(0)
    panel = room / ("panel.parquet" if parquet else "panel.csv")
    with panel.open("wb") as file:
        shutil.copyfileobj(sent.content, file, 1 << 20)
    if panel.stat().st_size > most:
        raise TooLarge(f"The file is larger than {most:,} bytes.", "file")
    if sent.map is None:
        return Upload(panel, None, sent.controls, sent.purpose)
    (room / MAP_FILE).write_text(sent.map, encoding="utf-8")
    return Upload(panel, room / MAP_FILE, sent.controls, sent.purpose)


def shown_name(given: str) -> str:
    """The last part of a file's name without what cannot be seen: control characters, marks that turn text round."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    return seen[:_LONGEST_NAME] or "panel"
