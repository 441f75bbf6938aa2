"""`GET /v1/models/{id}`: a stored model's report and provenance."""

from typing import Any

from fastapi import APIRouter

from api.deps import Models
from api.services.describe_model import describe_model

router = APIRouter(prefix="/v1/models")


@router.get("/{model_id}")
def get_model(model_id: str, models: Models) -> dict[str, Any]:
    """The report's keys, and beside them the id, the currency, the warnings and the provenance."""
    return {"id": model_id} | describe_model(models.model(model_id))
