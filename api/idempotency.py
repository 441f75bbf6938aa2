"""A POST's work in, its answer out, once: what was done, the trail and the answer are kept in one transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.deps import Caller
from api.plain_json import plain
from api.store.audit import Deed, note
from api.store.idempotency import Answered, Ticket, recall, remember

REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True)
class Change:
    """What a POST is about to do.

    Attributes:
        action: its name in the audit trail.
        write: writes its rows in the transaction it is handed, and returns the answer; the answer's `id` is the object.
        status: of the answer.
        told_once: keys of the answer that are not kept for a repetition: secrets.
    """

    action: str
    write: Callable[[Session], dict[str, Any]]
    status: int = 201
    told_once: Callable[[], dict[str, Any]] = dict


def answer_once(
    caller: Caller, key: str | None, prepare: Callable[[], Change], inputs_sha256: str | None = None
) -> JSONResponse:
    """Do what `prepare` prepares, unless the same request was answered before.

    Args:
        caller: who asks.
        key: the Idempotency-Key, or None.
        prepare: all that takes long, outside of any transaction.
        inputs_sha256: of what is asked, where the body's bytes differ from one sending to the next (forms do).

    Raises:
        IdempotencyConflict: the key came with another request before.
    """
    inputs = inputs_sha256 or caller.body_sha256
    if key is None:
        return _done(caller, prepare(), inputs, None)
    ticket = Ticket(caller.account, key, hashlib.sha256(f"{caller.target}\n{inputs}".encode()).hexdigest())
    before = _recalled(caller, ticket)
    if before is not None:
        return _replay(before)
    change = prepare()
    try:
        return _done(caller, change, inputs, ticket)
    except IntegrityError:
        meanwhile = _recalled(caller, ticket)  # the same request, sent twice at once: the other was quicker
        if meanwhile is None:
            raise
        return _replay(meanwhile)


def _recalled(caller: Caller, ticket: Ticket) -> Answered | None:
    with caller.reading() as session:
        return recall(session, ticket)


def _done(caller: Caller, change: Change, inputs: str, ticket: Ticket | None) -> JSONResponse:
    with caller.writing() as session:
        answered = Answered(change.status, plain(change.write(session)))
        note(session, caller.actor, Deed(change.action, answered.answer.get("id"), inputs))
        if ticket is not None:
            remember(session, ticket, answered)
    return JSONResponse(answered.answer | change.told_once(), answered.status)


def _replay(answered: Answered) -> JSONResponse:
    return JSONResponse(answered.answer, answered.status, headers={REPLAYED: "true"})
