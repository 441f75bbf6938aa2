"""What can go wrong between a program and the service; each error carries the problem document that came back.

ServiceError
├── Unreachable         no answer came, however often it was tried
├── Problem             the service answered with a problem document
│   ├── NotAuthenticated    401
│   ├── Forbidden           403
│   ├── NotFound            404
│   ├── Conflict            409, an Idempotency-Key used twice among them
│   ├── TooLarge            413
│   ├── Invalid             422: `errors` names the fields
│   ├── TooMany             429
│   └── ServerFault         5xx
├── JobFailed           a job ended with a problem
├── JobCancelled        somebody ended the job
└── StillRunning        the job has not ended in the time that was given
"""

from collections.abc import Mapping
from typing import Any

import httpx


class ServiceError(Exception):
    """Base of all errors of the client."""


class Unreachable(ServiceError):
    """No answer came; the request may have been done, and sent again under its Idempotency-Key it is done once."""


class Problem(ServiceError):
    """The service answered with a problem document of RFC 9457.

    Attributes:
        status: of HTTP.
        code: stays the same from release to release.
        detail: what is wrong, in words.
        errors: the fields at fault: `{"field", "message"}`.
        document: all of it.
        request_id: by which the service's logs know the request.
    """

    def __init__(self, status: int, document: Mapping[str, Any], request_id: str = "") -> None:
        self.status = status
        self.document = dict(document)
        self.code = str(document.get("code", "http_error"))
        self.detail = str(document.get("detail", ""))
        self.errors: list[dict[str, str]] = list(document.get("errors", ()))
        self.request_id = request_id
        super().__init__(f"{self.detail or self.code} ({status} {self.code})")


class NotAuthenticated(Problem):
    """No key, or one that is not good."""


class Forbidden(Problem):
    """The key's role may not do this."""


class NotFound(Problem):
    """There is none of this id in the account."""


class Conflict(Problem):
    """It contradicts what there is."""


class TooLarge(Problem):
    """A body or a file is beyond the limits."""


class Invalid(Problem):
    """What was sent cannot be used; `errors` names the fields."""


class TooMany(Problem):
    """More requests or jobs than allowed, after all tries."""


class ServerFault(Problem):
    """The service is at fault, or cannot answer for the moment, after all tries."""


class _OfJob(ServiceError):
    def __init__(self, job: Any) -> None:
        self.job = job
        problem = job.problem or {}
        super().__init__(f"{job.kind} {job.id} {job.state}: {problem.get('detail', 'no reason is known')}")


class JobFailed(_OfJob):
    """The job ended with a problem: `job.problem`."""


class JobCancelled(_OfJob):
    """Somebody ended the job."""


class StillRunning(_OfJob):
    """The job goes on; ask again later."""


_BY_STATUS: Mapping[int, type[Problem]] = {
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: Invalid,
    429: TooMany,
}


def problem_of(response: httpx.Response) -> Problem:
    """The error that a response is; what stands between the service and us may answer without a document."""
    try:
        document = response.json()
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    kind = _BY_STATUS.get(response.status_code, ServerFault if response.status_code >= 500 else Problem)
    return kind(response.status_code, document, response.headers.get("x-request-id", ""))
