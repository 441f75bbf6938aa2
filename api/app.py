"""Settings in, the FastAPI application out."""

from fastapi import FastAPI

from api.errors import install_error_handlers
from api.routes import health, models, plans
from api.services.stored_models import StoredModels
from api.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The service on the models of `settings.models`; reads nothing until it is asked."""
    app = FastAPI(title="retail-media-optimizer", docs_url=None, redoc_url=None)
    assert settings.models is not None
    app.state.stored_models = StoredModels(settings.models, settings.cached_models)
    install_error_handlers(app)
    for room in (health, models, plans):
        app.include_router(room.router)
    return app
