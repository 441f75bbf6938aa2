"""Errors in, exit code and the one message for standard error out."""

from enum import IntEnum

from typer import TyperException


class ExitCode(IntEnum):
    """What the caller of a command can tell from it."""

    DONE = 0
    FAULT = 1
    BAD_INPUT = 2
    REFUSED = 3
    INTERRUPTED = 130


def explain(error: Exception) -> tuple[ExitCode, str] | None:
    """Exit code and message of an error that a person can mend, or None for a fault of the program."""
    from api.refusals import Refusal
    from measurement.errors import BadInput, ModelRefused, SamplingStopped
    from optimizer.errors import BadProblem, BadRules, DeadlineExceeded

    if isinstance(error, TyperException):
        return ExitCode.BAD_INPUT, error.format_message()
    if isinstance(error, BadInput | BadProblem | BadRules | Refusal):
        return ExitCode.BAD_INPUT, str(error)
    if isinstance(error, ModelRefused):
        return ExitCode.REFUSED, str(error)
    if isinstance(error, DeadlineExceeded | SamplingStopped):
        return ExitCode.FAULT, str(error)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return ExitCode.BAD_INPUT, f"{error.strerror or error}{where}"
    return None
