"""Why the service does not do what it is asked, beyond bad input; `api/errors.py` says which HTTP answer each is.

Refusal
├── Unauthenticated     no key, or one that is not good
├── Forbidden           the key's role may not do this
├── NotFound            there is no such thing in this account
├── Conflict            it contradicts what there is
│   ├── IdempotencyConflict   another request came with the same Idempotency-Key
│   ├── RunRefused      a bid run that may not be written: not approved, stopped, too old
│   └── WrongStep       a geo test or a bid run is not where this step begins
├── TooLarge            a body, a file or a table beyond the limits
├── TooMany             more requests or jobs than allowed
├── BadRequest          a part of the request that no schema describes
├── ToldBy              what work that the request waited for could not do
└── CannotStart         the service itself cannot run like this
    ├── BadSettings     settings that cannot be used, or are unsafe together
    └── SchemaTooNew    the database was written by a later version
"""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """Base of all refusals; `code` stays the same from release to release, `field` is the part at fault."""

    code = "refused"

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.field = field


class Unauthenticated(Refusal):
    """No key, or one that is unknown, expired or revoked; which of them is not told."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The key is good, and its role may not do this."""

    code = "forbidden"


class NotFound(Refusal):
    """There is none of this id in the account, whether it never was or is another account's."""

    code = "not_found"


class Conflict(Refusal):
    """What is asked contradicts what there is."""

    code = "conflict"


class IdempotencyConflict(Conflict):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_conflict"


class WrongStep(Conflict):
    """A geo test or a bid run is not in the state in which this step may be taken; the message says which may."""

    code = "wrong_step"


class RunRefused(Conflict):
    """A bid run may not be written as things stand; nothing was."""

    code = "run_refused"


class TooLarge(Refusal):
    """A body, a file or a table is beyond the limits."""

    code = "too_large"


class TooMany(Refusal):
    """More requests or jobs than are allowed; `retry_after` seconds may help."""

    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BadRequest(Refusal):
    """A header, a cursor or a part of an upload that cannot be used."""

    code = "invalid_request"


class ToldBy(Refusal):
    """Work that the request waited for ended with this problem document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(str(document["detail"]))
        self.code = str(document["code"])
        self.document = dict(document)


class CannotStart(Refusal):
    """The service cannot run like this; no request ever meets it."""

    code = "cannot_start"


class BadSettings(CannotStart):
    """Settings that cannot be used, or that would be unsafe together; the message names them and the remedy."""


class SchemaTooNew(CannotStart):
    """The database was written by a later version of the program."""
