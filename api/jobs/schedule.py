"""The time in, the bid runs of accounts whose night has come out, each once.

A night is a row: the day whose run comes next, and the moment when it is due. Whoever moves the row on submits the job
in the same transaction, so two workers submit it once. A day is taken once whatever the clocks do: a time that does not
exist on it is moved to after the gap, one that exists twice is the first. Nights missed while nobody worked are made up
for by one run, that of the latest day. DBOS has schedules too, but a thread for each of them in every worker.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.jobs.submission import BID_RUN, submit
from api.store.columns import now
from api.store.engine import Store
from api.store.owned import rows_changed
from api.store.tables import Account
from api.store.work_tables import NightlyBids

_FEW = 100


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When it is this time of this day on the zone's clocks, in UTC."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def next_night(after: datetime, at: time, zone: ZoneInfo) -> tuple[date, datetime]:
    """The first day whose time lies after a moment, and that time in UTC."""
    day = after.astimezone(zone).date() - timedelta(days=1)
    while (moment := moment_of(day, at, zone)) <= after:
        day += timedelta(days=1)
    return day, moment


def set_nightly(session: Session, account: Account, at: time, request: dict[str, Any]) -> NightlyBids:
    """From now on propose the account's bids every day at this time; the next run is the first one still to come."""
    day, moment = next_night(now(), at, ZoneInfo(account.time_zone))
    night = NightlyBids(account_id=account.id, at=at, request=request, next_day=day, next_at=moment)
    return session.merge(night)


def submit_due(store: Store, moment: datetime | None = None) -> int:
    """Submit the runs that are due, and say how many."""
    due_at = moment or now()
    with store.reading() as session:
        due = session.execute(
            select(NightlyBids, Account.time_zone)
            .join(Account, Account.id == NightlyBids.account_id)
            .where(NightlyBids.next_at <= due_at, Account.deleted.is_(None))
            .order_by(NightlyBids.next_at)
            .limit(_FEW)
        ).all()
    return sum(_submit_one(store, night, ZoneInfo(zone), due_at) for night, zone in due)


def _submit_one(store: Store, night: NightlyBids, zone: ZoneInfo, due_at: datetime) -> bool:
    """False where another worker was faster."""
    day, moment = next_night(due_at, night.at, zone)
    with store.writing() as session:
        seen = (NightlyBids.account_id == night.account_id) & (NightlyBids.next_at == night.next_at)
        if rows_changed(session, update(NightlyBids).where(seen).values(next_day=day, next_at=moment)) != 1:
            return False
        submit(session, night.account_id, BID_RUN, night.request | {"day": str(day - timedelta(days=1))})
        return True
