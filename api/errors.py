"""The only place that turns errors into HTTP: every failure is a problem document of RFC 9457.

Beside the standard members a problem carries `code`, which stays the same from release to release, and `errors`, a list
of the fields at fault with what is wrong about each.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.problem import problem_document
from api.refusals import (
    BadRequest,
    Conflict,
    Forbidden,
    IdempotencyConflict,
    NotFound,
    Refusal,
    ToldBy,
    TooLarge,
    TooMany,
    Unauthenticated,
)
from api.services.plan_process import PlannerLost
from measurement.errors import BadInput, ModelFileError, ModelRefused
from optimizer.errors import BadProblem, BadRules, DeadlineExceeded

MEDIA_TYPE = "application/problem+json"
_REFUSALS = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    IdempotencyConflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    BadRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
}
_HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid_request",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in {
        400: "The body cannot be read at all.",
        401: "No key, or one that is not good.",
        403: "The key's role may not do this.",
        404: "There is none in this account.",
        409: "It contradicts what there is.",
        413: "Too large.",
        422: "The request cannot be used; `errors` names the fields.",
        429: "Too many requests; Retry-After says when to come back.",
        503: "The service cannot answer for the moment.",
    }.items()
}
"""What every route may answer besides, for its schema."""


class Problem(BaseModel):
    """A problem document of RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] = []


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure of `app` a problem document."""
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _fault)
    app.add_exception_handler(BadRules, _bad_rules)
    app.add_exception_handler(BadProblem, _bad_problem)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(PlannerLost, _unavailable)
    for kind, status, code, field in (
        (ModelFileError, HTTPStatus.CONFLICT, "model_unreadable", "model"),
        (ModelRefused, HTTPStatus.CONFLICT, "model_refused", "model"),
        (DeadlineExceeded, HTTPStatus.SERVICE_UNAVAILABLE, "deadline_exceeded", ""),
        (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input", ""),
    ):
        app.add_exception_handler(kind, _known(status, code, field))


def problem(
    status: HTTPStatus, code: str, detail: str, errors: Sequence[dict[str, str]] = (), **headers: str
) -> JSONResponse:
    """One problem document."""
    body = problem_document(status, code, detail, errors)
    return JSONResponse(body, status.value, headers=headers, media_type=MEDIA_TYPE)


def _known(status: HTTPStatus, code: str, field: str) -> Any:
    def answer(_: Request, error: Exception) -> JSONResponse:
        detail = str(error)
        return problem(status, code, detail, [{"field": field, "message": detail}] if field else ())

    return answer


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    if isinstance(error, ToldBy):
        return JSONResponse(error.document, error.document["status"], media_type=MEDIA_TYPE)
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    fields = [{"field": error.field, "message": str(error)}] if error.field else []
    status = next(_REFUSALS[kind] for kind in type(error).__mro__ if kind in _REFUSALS)
    return problem(status, error.code, str(error), fields, **headers)


def _unavailable(_: Request, __: Exception) -> JSONResponse:
    """Nothing was written; the same request may well succeed in a moment."""
    detail = "A part of the service does not answer; send the same request again in a moment."
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, (), **{"Retry-After": "2"})


def _bad_rules(_: Request, error: Exception) -> JSONResponse:
    """The rule at fault stands in the message as in a rules.toml: `[channel.amazon]`, `[[group]]`, `[plan]`."""
    detail = str(error)
    table = re.search(r"\[\[?((?:channel|group|plan)[^\]]*)\]", detail)
    field = f"rules.{table[1]}" if table else "rules"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_rules", detail, [{"field": field, "message": detail}])


def _bad_problem(_: Request, error: Exception) -> JSONResponse:
    """The field is the one that the message begins with, else the budget."""
    detail = str(error)
    named = re.match(r"The (other plan|target_sales|target_iroas|marginal_iroas)", detail)
    field = named[1].replace("other plan", "against") if named else "budget"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_problem", detail, [{"field": field, "message": detail}])


def _invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [{"field": _field(found["loc"]), "message": str(found["msg"])} for found in error.errors()]
    detail = "; ".join(f"{entry['field'] or 'body'}: {entry['message']}" for entry in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, errors)


def _field(location: Sequence[str | int]) -> str:
    """`("body", "budget")` → `budget`; the place in a body that is not JSON at all is no field."""
    return ".".join(str(part) for part in location[1:] if not isinstance(part, int))


def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = _HTTP_CODES.get(status, "http_error")
    return problem(status, code, str(error.detail), (), **(error.headers or {}))


def _fault(_: Request, __: Exception) -> JSONResponse:
    """Starlette raises the error again after the answer, so the server's log has the traceback."""
    return fault()


def fault() -> JSONResponse:
    """The answer where the service itself is at fault; it tells nothing of the inside."""
    detail = "A fault of the service, not of your request."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)
