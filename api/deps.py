"""What routes are handed."""

from typing import Annotated, cast

from fastapi import Depends, Request

from api.services.stored_models import StoredModels


def _stored_models(request: Request) -> StoredModels:
    return cast(StoredModels, request.app.state.stored_models)


Models = Annotated[StoredModels, Depends(_stored_models)]
