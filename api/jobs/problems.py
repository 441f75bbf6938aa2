"""Why a job failed in, the problem document that its owner sees out; a traceback is for the log alone."""

from http import HTTPStatus
from typing import Any

from api.problem import problem_document

Problem = dict[str, Any]
GIBIBYTE = 1024**3


def problem_of(error: Exception) -> Problem | None:
    """The problem of an error that its owner can mend, worded as the commands word it; None for a fault of ours."""
    from api.refusals import Conflict, NotFound
    from measurement.errors import BadInput, ModelFileError, ModelRefused
    from optimizer.errors import BadProblem, BadRules, DeadlineExceeded

    if isinstance(error, NotFound | Conflict):
        status = HTTPStatus.NOT_FOUND if isinstance(error, NotFound) else HTTPStatus.CONFLICT
        return problem_document(status, error.code, str(error), [{"field": error.field, "message": str(error)}])
    known = (
        (ModelRefused, HTTPStatus.CONFLICT, "model_refused"),
        (ModelFileError, HTTPStatus.CONFLICT, "model_unreadable"),
        (BadRules, HTTPStatus.UNPROCESSABLE_ENTITY, "bad_rules"),
        (BadProblem, HTTPStatus.UNPROCESSABLE_ENTITY, "bad_problem"),
        (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input"),
        (DeadlineExceeded, HTTPStatus.SERVICE_UNAVAILABLE, "deadline_exceeded"),
    )
    for kind, status, code in known:
        if isinstance(error, kind):
            return problem_document(status, code, str(error))
    return None


def fault() -> Problem:
    """Something that only the log can tell more of."""
    return problem_document(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "A fault of the service, not of your request."
    )


def out_of_time(seconds: float) -> Problem:
    """The job ran longer than it may."""
    return problem_document(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "time_limit",
        f"The job was ended after {seconds:,.0f} seconds, the longest it may take. Use fewer geos or a shorter panel, "
        "or have the limit raised.",
    )


def out_of_memory(limit_bytes: int) -> Problem:
    """The job held more memory than it may."""
    return problem_document(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "memory_limit",
        f"The job was ended as it held more than {limit_bytes / GIBIBYTE:.1f} GiB of memory, the most it may. "
        "Use fewer geos or a shorter panel, or have the limit raised.",
    )


def kept_dying(attempts: int) -> Problem:
    """The job's process was ended from outside as often as we try."""
    return problem_document(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "job_died",
        f"The job's process was ended from outside {attempts} times, most likely for lack of memory on the machine. "
        "It is not tried again.",
    )
