"""Settings in, the FastAPI application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from api.errors import PROBLEMS, fault, install_error_handlers
from api.limits import Envelope
from api.metrics import Metrics
from api.openapi import describe, operation_id
from api.routes import (
    account_keeping,
    accounts,
    audit,
    bid_inputs,
    bid_runs,
    bid_steps,
    datasets,
    fits,
    geo_steps,
    geo_tests,
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
ROUTERS = (
    *(room.router for room in (accounts, account_keeping, me, keys, audit, datasets, fits, models, plans, jobs)),
    *(room.router for room in (geo_tests, geo_steps, nightly_bids, bid_inputs, bid_steps, bid_runs, webhooks)),
    bid_steps.everywhere,
)
"""In this order: a path with a word in a place comes before one with an id there."""


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

    app = FastAPI(
        title=TITLE, docs_url=None, redoc_url=None, lifespan=lifespan, generate_unique_id_function=operation_id
    )
    app.state.metrics = Metrics()
    app.add_middleware(Watch, metrics=app.state.metrics)
    app.add_middleware(Envelope, settings=settings, fault=fault)
    install_error_handlers(app)
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(router, responses=PROBLEMS)
    describe(app)
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
