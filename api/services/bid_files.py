"""Bulk files of a run in, one zip archive out, under names that no program takes for a path."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from api.jobs.laying_down import safe_name
from api.service import Service

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The same for all members, so that the same files give the same archive."""


def zip_bytes(service: Service, account: str, files: Sequence[Mapping[str, Any]]) -> bytes:
    """The archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, file in enumerate(files):
            ending = ".xlsx" if file["name"].endswith(".xlsx") else ".csv"
            member = zipfile.ZipInfo(safe_name(file["name"], f"bulk-{place + 1}{ending}"), _MOMENT)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, service.files.fetch(account, file["sha256"]).read_bytes())
    return out.getvalue()
