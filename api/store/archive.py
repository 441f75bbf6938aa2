"""A folder of plain files in, one tar file out whose bytes depend on nothing else; and back."""

import tarfile
from pathlib import Path

MOST_BYTES = 2 << 30


class BadArchive(Exception):
    """An archive that is none, or holds something else than a few plain files."""


def pack(folder: Path, archive: Path) -> None:
    """Write the folder's files, by name, without times and owners: the same files give the same bytes."""
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink()):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(entry, content)


def unpack(archive: Path, folder: Path) -> None:
    """Write the archive's files into an existing folder.

    Raises:
        BadArchive: it cannot be read, or a member is no plain file directly in it, or it is too large.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            members = tar.getmembers()
            for member in members:
                if not member.isfile() or "/" in member.name or member.name in {"", ".", ".."}:
                    raise BadArchive(f"{member.name!r} in the archive is no plain file")
            if sum(member.size for member in members) > MOST_BYTES:
                raise BadArchive("the archive holds more than a model can")
            tar.extractall(folder, members, filter="data")
    except tarfile.TarError as error:
        raise BadArchive(f"the archive cannot be read ({error})") from error
