"""`GET /healthz` and `/readyz`: whether the process answers, and whether it can do its work."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import text

from api.deps import service_of
from api.store.schema import latest_revision, revision_of

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Always ok while the process can answer at all."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> dict[str, Any]:
    """Ok while the database answers and has this version's schema; else 503, so that no traffic is sent here."""
    store = service_of(request).store
    with store.reading() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok", "schema": revision_of(store.engine), "wanted_schema": latest_revision()}
