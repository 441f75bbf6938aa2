"""Settings in, the FastAPI application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.errors import PROBLEMS, Problem, fault, install_error_handlers
from api.limits import Envelope
from api.routes import accounts, audit, datasets, fits, health, jobs, keys, models, nightly_bids, plans, webhooks
from api.service import Service
from api.settings import Settings

TITLE = "retail-media-optimizer"


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

    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(Envelope, settings=settings, fault=fault)
    install_error_handlers(app)
    app.include_router(health.router)
    for room in (accounts, keys, audit, datasets, fits, models, plans, jobs, nightly_bids, webhooks):
        app.include_router(room.router, responses=PROBLEMS)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Every route refers to one schema of problem documents."""
    plain = app.openapi

    def openapi() -> dict[str, object]:
        schema = plain()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
