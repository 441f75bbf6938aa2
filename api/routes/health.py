"""`GET /healthz`: whether the service answers."""

from fastapi import APIRouter

router = APIRouter()


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Always ok while the process can answer at all."""
    return {"status": "ok"}
