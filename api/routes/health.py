"""`GET /healthz`, `/readyz` and `/metrics`: whether the process answers, can do its work, and what it has done."""

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from api.deps import service_of
from api.metrics import CONTENT_TYPE, Metrics
from api.readiness import readiness
from api.refusals import NotFound
from api.settings import Settings, is_loopback

router = APIRouter(tags=["health"])

NOT_READY: dict[int | str, dict[str, Any]] = {503: {"description": "Not ready: `checks` says why. Send nothing here."}}


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Always ok while the process can answer at all."""
    return {"status": "ok"}


@router.get("/readyz", responses=NOT_READY)
def readyz(request: Request) -> JSONResponse:
    """Whether the database answers and has this version's schema, files can be written, and the worker in it works."""
    worker = getattr(request.app.state, "worker", None)
    found = readiness(service_of(request), None if worker is None else worker.name)
    return JSONResponse(found.to_json(), 200 if found.ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, authorization: Annotated[str | None, Header()] = None) -> Response:
    """What Prometheus reads: requests, jobs, fits, spend under management.

    Beyond loopback only with the token of RMO_METRICS_TOKEN as `Authorization: Bearer`; else there is no such page.
    """
    if not _may_read(service_of(request).settings, authorization or ""):
        raise NotFound("Not Found")
    shown: Metrics = request.app.state.metrics
    return Response(shown.text(), media_type=CONTENT_TYPE)


def _may_read(settings: Settings, authorization: str) -> bool:
    if settings.metrics_token is None:
        return is_loopback(settings.host)
    wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
    return hmac.compare_digest(authorization.encode(), wanted.encode())
