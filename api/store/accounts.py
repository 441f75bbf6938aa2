"""Accounts in the tables; one whose deletion has begun is not there any more."""

import zoneinfo
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.refusals import BadRequest, NotFound
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.tables import Account


@dataclass(frozen=True)
class NewAccount:
    """What an account is made of."""

    name: str
    currency: str = "USD"
    time_zone: str = "UTC"
    retention_days: int | None = None


def add_account(session: Session, wanted: NewAccount) -> Account:
    """A new account.

    Raises:
        BadRequest: the time zone is none that the machine knows.
    """
    try:
        zoneinfo.ZoneInfo(wanted.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRequest("There is no such time zone; write it as in Europe/Berlin.", "time_zone") from None
    account = Account(id=new_id(Kind.ACCOUNT), created=now(), deleted=None, **vars(wanted))
    session.add(account)
    session.flush()
    return account


def find_account(session: Session, account: str) -> Account:
    """The account of this id. Raises NotFound."""
    row = session.get(Account, account)
    if row is None or row.deleted is not None:
        raise _no_account()
    return row


def require_account(session: Session, account: str) -> None:
    """See that the account of this id is there. Raises NotFound."""
    if session.scalar(select(Account.id).where(Account.id == account, Account.deleted.is_(None))) is None:
        raise _no_account()


def _no_account() -> NotFound:
    return NotFound("There is no such account.", "account")


def list_accounts(session: Session, page: PageRequest) -> Page[Account]:
    """All accounts, newest first."""
    return page_of(session, select(Account).where(Account.deleted.is_(None)), Account.id, page)


def today_in(account: Account) -> date:
    """The day on the clocks of the account's time zone."""
    return now().astimezone(zoneinfo.ZoneInfo(account.time_zone)).date()
