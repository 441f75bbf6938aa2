"""Every request in, one line of the log and its time among the metrics out; lines of a request carry its id."""

import logging
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import logs  # noqa: F401  it sends structured lines where all others go
from api.limits import RequestMark
from api.metrics import Metrics

log = structlog.stdlib.get_logger("api.requests")
_QUIET = {"/healthz", "/readyz", "/metrics"}
UNMATCHED = "(no route)"


class Watch:
    """The ASGI layer inside the envelope: it sees requests that are marked already, and answers as they go out."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        mark: RequestMark = scope["state"]["mark"]
        began, status = time.perf_counter(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=mark.id), self._metrics.in_progress.track_inprogress():
            try:
                await self._app(scope, receive, send_noted)
            finally:
                self._note(scope, status, time.perf_counter() - began, mark)

    def _note(self, scope: Scope, status: int, seconds: float, mark: RequestMark) -> None:
        """The route's template, never the path: a path is another one for each id, a query may hold anything."""
        route = getattr(scope.get("route"), "path", UNMATCHED)
        self._metrics.note_request(scope["method"], route, status, seconds)
        level = logging.ERROR if status >= 500 else logging.DEBUG if route in _QUIET else logging.INFO
        log.log(
            level,
            "request",
            method=scope["method"],
            route=route,
            account=scope.get("path_params", {}).get("account"),
            key=mark.key or None,
            status=status,
            milliseconds=round(1000 * seconds, 1),
        )
