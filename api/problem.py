"""Status, code and detail in, a problem document of RFC 9457 out: for answers and for jobs that failed."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any


def problem_document(
    status: HTTPStatus, code: str, detail: str, errors: Sequence[dict[str, str]] = ()
) -> dict[str, Any]:
    """The document's members; `errors` lists the fields at fault, each with what is wrong about it."""
    body: dict[str, Any] = {
        "type": f"urn:rmo:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
    }
    return body | ({"errors": list(errors)} if errors else {})
