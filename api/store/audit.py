"""The audit trail: who did what with which inputs in, one more row out; nothing here changes or removes one."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.store.columns import now
from api.store.states import Outcome
from api.store.tables import AuditEntry


@dataclass(frozen=True)
class Actor:
    """Who does something: an account ("" the installation), a key (None the machine's own administrator), a request."""

    account: str
    key: str | None = None
    request: str | None = None


@dataclass(frozen=True)
class Deed:
    """What was done: `plan.create`, to which object, with inputs of which SHA-256."""

    action: str
    object: str | None = None
    inputs_sha256: str | None = None
    outcome: Outcome = Outcome.DONE


def note(session: Session, actor: Actor, deed: Deed) -> None:
    """Add a row, in the transaction of the deed itself."""
    session.add(
        AuditEntry(at=now(), account_id=actor.account or None, key_id=actor.key, request_id=actor.request, **vars(deed))
    )


def list_audit(session: Session, account: str | None, page: PageRequest) -> Page[AuditEntry]:
    """An account's trail, or with None that of the installation itself; newest first."""
    return page_of(session, select(AuditEntry).where(AuditEntry.account_id == account), AuditEntry.seq, page)
