"""Settings in, the FastAPI application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.errors import PROBLEMS, fault, install_error_handlers
from api.limits import Envelope
from api.openapi import describe, operation_id
from api.routes import (
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
    models,
    nightly_bids,
    plans,
    webhooks,
)
from api.service import Service
from api.settings import Settings

TITLE = "retail-media-optimizer"
ROUTERS = (
    *(room.router for room in (accounts, keys, audit, datasets, fits, models, plans, jobs, geo_tests, geo_steps)),
    *(room.router for room in (nightly_bids, bid_inputs, bid_steps, bid_runs, webhooks)),
    bid_steps.everywhere,
)
"""In this order: a path with a word in a place comes before one with an id there."""


def create_app(settings: Settings) -> FastAPI:
    """The service; it opens its store when it starts, and reads nothing before."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = app.state.service = Service.open(settings)
        try:
            service.has_key()
            service.planner.start()
            yield
        finally:
            service.close()

    app = FastAPI(
        title=TITLE, docs_url=None, redoc_url=None, lifespan=lifespan, generate_unique_id_function=operation_id
    )
    app.add_middleware(Envelope, settings=settings, fault=fault)
    install_error_handlers(app)
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(router, responses=PROBLEMS)
    describe(app)
    return app
