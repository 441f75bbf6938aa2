"""A service in, a worker for it out: what its settings allow, in this process or one of its own."""

from collections.abc import Mapping

from api.jobs.child import Limits
from api.jobs.engine import Queue, engine_database
from api.jobs.kinds import Kind, kinds
from api.jobs.worker import Worker, WorkerSettings
from api.service import Service

_GIBIBYTE = 1024**3


def worker_of(service: Service, more: Mapping[str, Kind] | None = None) -> Worker:
    """A worker that is not yet at work.

    Args:
        service: whose jobs; its settings say how many at once and what one may use.
        more: kinds beside those of the service.
    """
    settings = service.settings
    given = WorkerSettings(
        engine=engine_database(service.store.engine.url),
        folder=settings.scratch / "jobs",
        ledgers=settings.ledgers,
        limits=Limits(settings.job_seconds, settings.job_gibibytes * _GIBIBYTE),
        at_once={
            Queue.FITS: settings.fits_at_once,
            Queue.TESTS: settings.tests_at_once,
            Queue.BIDS: settings.bids_at_once,
        },
        attempts=settings.job_attempts,
        one_machine=service.store.engine.dialect.name == "sqlite",
        private_webhooks=settings.private_webhooks,
        seconds_to_stop=settings.seconds_to_stop,
    )
    return Worker(service.store, service.files, dict(kinds()) | dict(more or {}), given)
