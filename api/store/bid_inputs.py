"""What bids are proposed from, in the tables: the account.toml in force, and the pulls of reports, newest first."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.refusals import WrongStep
from api.store.bid_tables import BidAccountFile, BidPull
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.owned import find_owned


def set_account_file(session: Session, account: str, sha256: str) -> BidAccountFile:
    """From now on this one holds."""
    return session.merge(BidAccountFile(account_id=account, sha256=sha256, set_at=now()))


def account_file(session: Session, account: str) -> BidAccountFile:
    """The account.toml in force. Raises WrongStep where none was set."""
    row = session.get(BidAccountFile, account)
    if row is None:
        raise WrongStep("This account has no account.toml yet: set it with PUT .../bid-runs/account-file.", "account")
    return row


def add_pull(session: Session, account: str, files: list[dict[str, Any]]) -> BidPull:
    """Keep a pull."""
    row = BidPull(id=new_id(Kind.BID_PULL), account_id=account, files={"files": files}, created=now())
    session.add(row)
    session.flush()
    return row


def find_pull(session: Session, account: str, pull: str | None, field: str = "pull") -> BidPull:
    """The account's pull of this id, or with None the newest.

    Raises:
        NotFound: there is no such pull.
        WrongStep: there is none at all.
    """
    if pull is None:
        newest = select(BidPull).where(BidPull.account_id == account).order_by(BidPull.id.desc()).limit(1)
        row = session.scalars(newest).one_or_none()
        if row is None:
            raise WrongStep("There are no reports yet: send them with POST .../bid-runs/reports.", field)
        return row
    return find_owned(session, BidPull, account, pull, ("pull of reports", field))


def list_pulls(session: Session, account: str, page: PageRequest) -> Page[Any]:
    """The account's pulls, newest first."""
    return page_of(session, select(BidPull).where(BidPull.account_id == account), BidPull.id, page)
