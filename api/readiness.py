"""A running service in, whether it can do its work out: tables of this version, files writable, a live worker."""

import logging
from dataclasses import dataclass
from threading import Event
from typing import Any

from sqlalchemy import select

from api.service import Service
from api.store.columns import now
from api.store.figures import WORKER_LIVES
from api.store.schema import latest_revision, revision_of
from api.store.work_tables import Worker

log = logging.getLogger(__name__)
OK = "ok"
draining = Event()
"""Set when this process was asked to stop: it answers what it has begun, and wants no more traffic."""


@dataclass(frozen=True)
class Readiness:
    """Each check with `ok` or what is wrong, in words that tell nothing of the inside."""

    checks: dict[str, str]

    @property
    def ready(self) -> bool:
        """Whether nothing is wrong."""
        return set(self.checks.values()) == {OK}

    def to_json(self) -> dict[str, Any]:
        """As it is answered."""
        return {"status": OK if self.ready else "not_ready", "checks": self.checks}


def readiness(service: Service, worker: str | None) -> Readiness:
    """Look.

    Args:
        service: of this process.
        worker: name of the worker that runs in this process, None where workers run elsewhere.
    """
    checks = {"stopping": "is stopping" if draining.is_set() else OK}
    checks["database"] = _tried("database", lambda: _database(service))
    checks["files"] = _tried("files", lambda: _files(service))
    if worker is not None:
        checks["worker"] = _tried("worker", lambda: _worker(service, worker))
    return Readiness(checks)


def _tried(name: str, look: Any) -> str:
    try:
        found: str = look()
    except Exception as error:
        log.warning("the check of %s failed: %s", name, error)
        return "does not answer"
    return found


def _database(service: Service) -> str:
    present, wanted = revision_of(service.store.engine), latest_revision()
    return OK if present == wanted else f"has schema {present}, this version wants {wanted}"


def _files(service: Service) -> str:
    service.files.check_writable()
    return OK


def _worker(service: Service, worker: str) -> str:
    with service.store.reading() as session:
        seen = session.scalar(select(Worker.seen).where(Worker.name == worker))
    return OK if seen is not None and now() - seen < WORKER_LIVES else "gives no sign of life"
