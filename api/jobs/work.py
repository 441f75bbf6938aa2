"""In the child process: a folder with `request.json` in, `outcome.json` out, which appears when it is complete.

Started as `python -m api.jobs.work ENTRY PROGRESS LIFELINE` with the folder as working directory: an entry is
`module:function`, the other two are open file descriptors. Messages name files as they lie in that folder.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.jobs.lifeline import end_with
from api.jobs.problems import fault, problem_of
from api.plain_json import as_text

REQUEST, OUTCOME = "request.json", "outcome.json"
KILLED = 75
"""Exit code of work that is worth another try: one of its own processes was ended from outside."""
_NICENESS = 15
"""Requests are answered before jobs are worked on, which take what is left."""

Tell = Callable[[Mapping[str, Any]], None]
Entry = Callable[[Mapping[str, Any], Tell], Mapping[str, Any]]


def main(arguments: Sequence[str]) -> int:
    """Do the work; 0 when there is an outcome, whether a result or a problem."""
    entry, progress, lifeline = arguments
    end_with(int(lifeline))
    os.nice(_NICENESS)
    request = json.loads(Path(REQUEST).read_text(encoding="utf-8"))
    try:
        outcome = {"result": _entry(entry)(request, _teller(int(progress)))}
    except Exception as error:
        if _ended_from_outside(error):
            traceback.print_exc()
            return KILLED
        outcome = {"problem": problem_of(error) or _logged_fault()}
    whole = Path(OUTCOME).with_suffix(".part")
    whole.write_text(as_text(outcome), encoding="utf-8")
    whole.replace(OUTCOME)
    return 0


def _entry(name: str) -> Entry:
    module, _, function = name.partition(":")
    found: Entry = getattr(importlib.import_module(module), function)
    return found


def _teller(progress: int) -> Tell:
    """Progress as JSON lines; who no longer reads them ends us through the lifeline."""

    def tell(content: Mapping[str, Any]) -> None:
        os.write(progress, (json.dumps(content) + "\n").encode())

    return tell


def _ended_from_outside(error: Exception) -> bool:
    """Whether a process that the work started was ended: chains, or the one through which they tell their progress.

    The work itself speaks with nobody else, so a broken connection is one to a process of its own.
    """
    from concurrent.futures.process import BrokenProcessPool

    from measurement.errors import SamplingStopped

    return isinstance(error, SamplingStopped | BrokenProcessPool | EOFError | ConnectionError | MemoryError)


def _logged_fault() -> dict[str, Any]:
    traceback.print_exc()
    return fault()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
