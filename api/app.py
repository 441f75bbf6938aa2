"""Settings in, the FastAPI application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from api.errors import PROBLEMS, Problem, fault, install_error_handlers
from api.limits import Envelope
from api.metrics import Metrics
from api.routes import (
    account_keeping,
    accounts,
    audit,
    datasets,
    fits,
    health,
    jobs,
    keys,
    me,
    models,
    nightly_bids,
    plans,
    webhooks,
)
from api.service import Service
from api.settings import Settings
from api.watch import Watch

if TYPE_CHECKING:
    from api.jobs.worker import Worker

TITLE = "retail-media-optimizer"
ROOMS = (
    *(accounts, account_keeping, me, keys, audit, datasets, fits, models, plans),
    *(jobs, nightly_bids, webhooks),
)


def create_app(settings: Settings, with_worker: bool = False) -> FastAPI:
    """The service; it opens its store when it starts, and reads nothing before.

    Args:
        settings: of the service.
        with_worker: work off jobs in this process too.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = app.state.service = Service.open(settings)
        try:
            service.has_key()
            service.planner.start()
            app.state.metrics.watch(service.store)
            async with _worker(service) if with_worker else nullcontext() as app.state.worker:
                yield
        finally:
            service.close()

    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.metrics = Metrics()
    app.add_middleware(Watch, metrics=app.state.metrics)
    app.add_middleware(Envelope, settings=settings, fault=fault)
    install_error_handlers(app)
    app.include_router(health.router)
    for room in ROOMS:
        app.include_router(room.router, responses=PROBLEMS)
    _describe_problems(app)
    return app


@asynccontextmanager
async def _worker(service: Service) -> AsyncIterator["Worker"]:
    """A worker of this process, on threads of its own; at the end it hands back what it could not finish."""
    from api.jobs.opening import worker_of

    worker = worker_of(service)
    await run_in_threadpool(worker.start)
    try:
        yield worker
    finally:
        await run_in_threadpool(worker.stop)


def _describe_problems(app: FastAPI) -> None:
    """Every route refers to one schema of problem documents."""
    plain = app.openapi

    def openapi() -> dict[str, object]:
        schema = plain()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
