"""A process group in, the memory that its processes hold out. JAX reserves far more than it uses: a limit on address
space would end every fit, so what is held is measured instead."""

from pathlib import Path

_PROC = Path("/proc")


def held_by_group(group: int) -> int:
    """Bytes of memory that are the group's own: anonymous and shared memory, without the libraries' files.

    Args:
        group: process group id.

    Returns:
        The sum over its processes; 0 where the system has no `/proc` to ask.
    """
    return sum(_held(process) for process in members(group))


def members(group: int) -> list[Path]:
    """The `/proc` folders of the group's processes, zombies left out."""
    return [entry for entry in _PROC.glob("[0-9]*") if _group_of(entry) == group]


def _group_of(process: Path) -> int | None:
    """Field 5 of `stat`, counted after the name, which may hold spaces and brackets; None for a zombie or one gone."""
    try:
        state, _, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else int(group)


def _held(process: Path) -> int:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
