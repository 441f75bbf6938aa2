"""Whether logs are for people or machines in, structured lines on standard error out, in which no secret can stand.

Whatever is logged, by us, by libraries or as a traceback, passes one last time through `without_secrets` as text.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

_HIDDEN = "[hidden]"
_SECRETS = (
    (re.compile(r"rmo_([a-z0-9]{10})_[A-Za-z0-9_-]{8,}"), rf"rmo_\1_{_HIDDEN}"),
    (re.compile(r"whsec_[A-Za-z0-9+/=_-]+"), f"whsec_{_HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic) +[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {_HIDDEN}"),
    (re.compile(r"(?i)(://[^\s/:@\"']*):[^\s/@\"']+@"), rf"\1:{_HIDDEN}@"),
    (re.compile(r"(?i)\b(password|secret|token)(\"?'?\s*[=:]\s*\"?'?)[^\s\"',;}]+"), rf"\1\2{_HIDDEN}"),
)
_QUIET = ("uvicorn.access", "alembic", "dbos", "httpx", "httpcore", "numba", "fsspec", "botocore")
"""Libraries of which only warnings are of interest; requests are logged by `api/watch.py`."""


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)

structlog.configure(
    processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)


def configure_logs(as_json: bool) -> None:
    """Send everything that is logged to standard error, as JSON lines or as text."""
    rendered: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        rendered += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        rendered.append(structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback))
    handler = _StandardError()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=[*rendered, _last]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def without_secrets(text: str) -> str:
    """The text with keys, secrets of webhooks, passwords in addresses and credentials hidden."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def _last(_: Any, __: str, line: str | bytes | Mapping[str, Any] | MutableMapping[str, Any]) -> str:
    return without_secrets(str(line))
