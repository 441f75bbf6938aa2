"""Answers to POSTs in the tables, by account and Idempotency-Key, so that the same request is answered once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from api.refusals import IdempotencyConflict
from api.store.columns import now
from api.store.tables import Idempotency

KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Ticket:
    """Which request this is: the account ("" the installation), the caller's key, the SHA-256 of what is asked."""

    account: str
    key: str
    request_sha256: str


@dataclass(frozen=True)
class Answered:
    """What a request was answered."""

    status: int
    answer: dict[str, Any]


def recall(session: Session, ticket: Ticket) -> Answered | None:
    """What the same request was answered in the last 24 hours, or None.

    Raises:
        IdempotencyConflict: another request came with this key.
    """
    row = session.get(Idempotency, (ticket.account, ticket.key))
    if row is None or row.created < now() - KEPT:
        return None
    if row.request_sha256 != ticket.request_sha256:
        raise IdempotencyConflict("This Idempotency-Key was used for another request; take a new one.")
    return Answered(row.status, row.answer)


def remember(session: Session, ticket: Ticket, answered: Answered) -> None:
    """Keep an answer, in the transaction of what it tells; two at once clash on the primary key."""
    session.execute(
        delete(Idempotency).where(
            Idempotency.account_id == ticket.account, Idempotency.key == ticket.key, Idempotency.created < now() - KEPT
        )
    )
    session.add(
        Idempotency(
            account_id=ticket.account,
            key=ticket.key,
            request_sha256=ticket.request_sha256,
            status=answered.status,
            answer=answered.answer,
            created=now(),
        )
    )
    session.flush()


def forget_old(session: Session) -> None:
    """Remove answers older than 24 hours."""
    session.execute(delete(Idempotency).where(Idempotency.created < now() - KEPT))
