"""Bid runs in the tables: found and listed by account; what was written stands in the account's ledger."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.store.owned import find_owned
from api.store.states import BidRunState
from api.store.tables import BidRun


def find_bid_run(session: Session, account: str, run: str, field: str = "bid_run") -> BidRun:
    """The account's bid run of this id. Raises NotFound, naming `field`."""
    return find_owned(session, BidRun, account, run, ("bid run", field))


def list_bid_runs(session: Session, account: str, state: BidRunState | None, page: PageRequest) -> Page[Any]:
    """The account's bid runs, newest first, without their summaries."""
    columns = (BidRun.id, BidRun.state, BidRun.plan_id, BidRun.job_id, BidRun.ledger, BidRun.created)
    rows = select(*columns).where(BidRun.account_id == account)
    return page_of(session, rows if state is None else rows.where(BidRun.state == state), BidRun.id, page)
