"""Every error of this package.

OptimizerError
├── BadProblem         the question itself: budget, curves (the caller's input)
├── BadRules           rules: unknown, contradictory in themselves, or not yet supported (the caller's input)
└── DeadlineExceeded   no plan at all was found in the time given

Rules that clash with each other are no error: the plan's status is then `infeasible`.
"""

import difflib
from collections.abc import Iterable


class OptimizerError(Exception):
    """Base of all errors raised by the optimizer; its text can be shown to a person."""


class BadProblem(OptimizerError):
    """A budget or response curves that cannot be planned with."""


class BadRules(OptimizerError):
    """A rule that is unknown, of the wrong type or range, or not yet supported."""


class DeadlineExceeded(OptimizerError):
    """The deadline passed before any plan that keeps the rules was found."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that `name` is unknown, which known name is nearest, and which there are."""
    choices = list(known)
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    listed = ", ".join(choices) if choices else "none"
    return f'unknown {kind} "{name}".{hint} Known: {listed}.'
