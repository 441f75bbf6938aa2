"""Work that a request waits for in, its answer out: done in a child process, so that no file can harm the service.

The child has a folder of its own, a limit of time and one of memory, and ends with the request's process.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from api.jobs.child import Ending, Limits, Work, run_in_child
from api.jobs.claim import Claim
from api.jobs.kinds import Desk
from api.refusals import ToldBy, TooMany
from api.service import Service

SECONDS = 300
_SECONDS_TO_WAIT = 30
_AT_ONCE = BoundedSemaphore(2)


@contextmanager
def desk_of(service: Service, account: str) -> Iterator[Desk]:
    """A folder for one piece of work, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="apart-", dir=service.settings.scratch) as room:
        yield Desk(service.store, service.files, Path(room), service.settings.ledgers)


def asked_by(account: str, request: Mapping[str, Any]) -> Claim:
    """A request in the form in which jobs lay down their files."""
    return Claim("", account, "", dict(request), 0)


def work_apart(service: Service, desk: Desk, entry: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the entry, `module:function`, answers.

    Raises:
        ToldBy: it ended with a problem: bad input, or beyond its limits.
        TooMany: too many such requests came at once.
    """
    limits = Limits(SECONDS, service.settings.check_bytes)
    if not _AT_ONCE.acquire(timeout=_SECONDS_TO_WAIT):
        raise TooMany("Too many requests of this kind are at work; send the same request again in a moment.", 10)
    try:
        outcome = run_in_child(Work(entry, request, desk.folder), limits, lambda _: True)
    finally:
        _AT_ONCE.release()
    if outcome.ending is Ending.PROBLEM:
        raise ToldBy(outcome.content)
    if outcome.ending is not Ending.RESULT:
        raise RuntimeError(f"{entry} ended without an answer: {outcome.log}")
    return dict(outcome.content)
