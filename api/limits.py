"""Limits around every request: how large it may be; and the headers that every answer carries.

A body is counted while it comes in, so that no length it claims is believed, and hashed on the way for the audit trail.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.settings import MEBIBYTE, Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_UPLOAD = re.compile(r"/v1/accounts/[^/]+/(datasets|bid-runs/reports)")
_FORM_OVERHEAD = MEBIBYTE
SECURE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class RequestMark:
    """What is known of a request besides its meaning: an id for logs and the audit trail, its key, its body's hash."""

    id: str
    key: str = ""
    body: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    received: int = 0


class Envelope:
    """The ASGI layer that marks every request, keeps it within its size, and completes every answer's headers."""

    def __init__(self, app: ASGIApp, settings: Settings, fault: Callable[[], Response]) -> None:
        self._app = app
        self._settings = settings
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        mark = RequestMark(_request_id(Headers(scope=scope).get("x-request-id", "")))
        scope.setdefault("state", {})["mark"] = mark
        most = self._most_bytes(scope)

        async def receive_counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                part = message.get("body", b"")
                mark.received += len(part)
                if mark.received > most:
                    raise HTTPException(413, f"The body is larger than {most} bytes.")
                mark.body.update(part)
            return message

        answered = False

        async def send_completed(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                headers = MutableHeaders(scope=message)
                for name, value in {**SECURE_HEADERS, "X-Request-Id": mark.id}.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive_counted, send_completed)
        except Exception:
            if not answered:
                await self._fault()(scope, receive, send_completed)
            raise

    def _most_bytes(self, scope: Scope) -> int:
        if scope["method"] == "POST" and _UPLOAD.fullmatch(scope["path"]):
            return self._settings.upload_bytes + _FORM_OVERHEAD
        return self._settings.request_bytes


def _request_id(given: str) -> str:
    """The caller's own id, if it is harmless, else a fresh one."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(12)


def mark_of(request: Any) -> RequestMark:
    """The mark that the envelope gave a request."""
    mark: RequestMark = request.state.mark
    return mark
