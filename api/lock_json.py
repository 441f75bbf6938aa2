"""A locked geo test in, what is shown of it out, by commands and over HTTP alike: all but the marks of its data."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from measurement.geotest.lock_file import LockFile


def lock_json(file: "LockFile") -> dict[str, Any]:
    """The lock with its hashes and its log."""
    content = dict(file.content)
    content["data"] = {key: value for key, value in content["data"].items() if key != "marks"}
    log = [{"event": entry.event.value, "at": entry.at.isoformat(), **entry.detail} for entry in file.log]
    return {"hash": file.hash, "seal": file.seal, **content, "log": log}
