"""A folder of this machine in, whether another worker uses it out; the lock goes with its process, however it ends."""

import fcntl
from pathlib import Path
from typing import IO


class Presence:
    """This worker's mark in a folder, from `first` to `leave`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def first(self) -> bool:
        """Mark that this worker is here, and say whether it is the only one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = (self._folder / "in-use").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            only = True
        except BlockingIOError:
            only = False
        fcntl.flock(self._file, fcntl.LOCK_SH)
        return only

    def leave(self) -> None:
        """Take the mark away."""
        if self._file is not None:
            self._file.close()
