"""Keys in the tables: made, listed, rotated and revoked; the key's text is never here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.auth import NewKey, is_good, new_key
from api.paging import Page, PageRequest, page_of
from api.refusals import Conflict, NotFound
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.states import Role
from api.store.tables import ApiKey


@dataclass(frozen=True)
class KeyWish:
    """What a key is to be; `account` None: for the whole installation, which only an admin's can be."""

    account: str | None
    role: Role
    name: str
    expires: datetime | None = None


def add_key(session: Session, wish: KeyWish) -> tuple[ApiKey, NewKey]:
    """A new key: its row, and its text to be shown once."""
    made = new_key()
    row = ApiKey(
        id=new_id(Kind.API_KEY),
        account_id=wish.account,
        name=wish.name,
        role=wish.role,
        prefix=made.prefix,
        sha256=made.sha256,
        created=now(),
        expires=wish.expires,
        revoked=None,
        last_used=None,
    )
    session.add(row)
    session.flush()
    return row, made


def find_key(session: Session, account: str | None, key: str) -> ApiKey:
    """The key of this id, of this account or of the installation. Raises NotFound."""
    row = session.scalars(select(ApiKey).where(ApiKey.id == key, ApiKey.account_id == account)).one_or_none()
    if row is None:
        raise NotFound("There is no such key.", "key")
    return row


def name_of(session: Session, key: str) -> str:
    """What the key is called: the name of a person or of what acts for one."""
    row = session.get(ApiKey, key)
    return key if row is None or not row.name.strip() else row.name


def list_keys(session: Session, account: str | None, page: PageRequest) -> Page[ApiKey]:
    """An account's keys, or the installation's, newest first; those that are over, too."""
    return page_of(session, select(ApiKey).where(ApiKey.account_id == account), ApiKey.id, page)


def revoke_key(session: Session, account: str | None, key: str) -> ApiKey:
    """End a key at once; a second time changes nothing. Raises NotFound."""
    row = find_key(session, account, key)
    row.revoked = row.revoked or now()
    return row


def rotate_key(session: Session, account: str | None, key: str, grace: timedelta) -> tuple[ApiKey, NewKey]:
    """A new key of the same role and name; the old one works `grace` longer.

    Raises:
        NotFound: there is no such key.
        Conflict: it is over already.
    """
    old = find_key(session, account, key)
    if not is_good(old.revoked, old.expires):
        raise Conflict("The key is revoked or expired; make a new one.", "key")
    lifetime = None if old.expires is None else old.expires - old.created
    expires = None if lifetime is None else now() + lifetime
    end = now() + grace
    old.expires = end if old.expires is None else min(old.expires, end)
    return add_key(session, KeyWish(account, old.role, old.name, expires))


def note_use(session: Session, key: str) -> None:
    """Write down that the key was used just now."""
    session.execute(update(ApiKey).where(ApiKey.id == key).values(last_used=now()))


def any_good_key(session: Session) -> bool:
    """Whether anybody could be let in at all."""
    found = session.scalars(select(ApiKey).where(ApiKey.revoked.is_(None)).limit(1000))
    return any(is_good(key.revoked, key.expires) for key in found)
