"""Nights: once each, whatever clocks, workers and outages do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from api.jobs.schedule import moment_of, next_night, set_nightly, submit_due
from api.store.engine import Store
from api.store.tables import Account, Job
from api.store.work_tables import NightlyBids

NEW_YORK, KATHMANDU = ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("day", "at", "zone", "moment"),
    [
        (date(2026, 1, 15), time(2, 30), NEW_YORK, utc(2026, 1, 15, 7, 30)),
        (date(2026, 7, 15), time(2, 30), NEW_YORK, utc(2026, 7, 15, 6, 30)),
        (date(2026, 3, 8), time(2, 30), NEW_YORK, utc(2026, 3, 8, 7, 30)),  # 2:30 does not exist: it is 3:30
        (date(2026, 11, 1), time(1, 30), NEW_YORK, utc(2026, 11, 1, 5, 30)),  # 1:30 comes twice: the first
        (date(2026, 1, 15), time(0, 15), KATHMANDU, utc(2026, 1, 14, 18, 30)),
    ],
)
def test_a_time_of_day_in_utc(day: date, at: time, zone: ZoneInfo, moment: datetime) -> None:
    assert moment_of(day, at, zone) == moment


@pytest.mark.parametrize("at", [time(1, 30), time(2, 0), time(2, 30), time(3, 0), time(23, 59)])
def test_every_day_of_a_year_has_its_night_once(at: time) -> None:
    moment, days = utc(2026, 1, 1), []
    while moment < utc(2027, 1, 1):
        day, moment = next_night(moment, at, NEW_YORK)
        days.append(day)
    assert len(days) == len(set(days)) == 366
    assert sorted(days) == days


def nightly(store: Store, account: str, due: datetime) -> None:
    with store.writing() as session:
        owner = session.get(Account, account)
        assert owner is not None
        row = set_nightly(session, owner, time(2, 30), {"plan": "pln_1"})
        row.next_at = due


def days_submitted(store: Store) -> list[str]:
    with store.reading() as session:
        return [job.request["day"] for job in session.scalars(select(Job).order_by(Job.created))]


def test_a_night_is_submitted_once_by_many_workers(store: Store, account: str) -> None:
    nightly(store, account, utc(2026, 5, 4, 6, 30))
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: submit_due(store, utc(2026, 5, 4, 6, 31)), range(8))) == 1
    assert days_submitted(store) == ["2026-05-04"]
    assert submit_due(store, utc(2026, 5, 5, 6, 29)) == 0
    assert submit_due(store, utc(2026, 5, 5, 6, 30)) == 1
    assert days_submitted(store) == ["2026-05-04", "2026-05-05"]


def test_missed_nights_are_made_up_for_by_one_run(store: Store, account: str) -> None:
    nightly(store, account, utc(2026, 5, 4, 6, 30))
    moment = utc(2026, 5, 9, 20)
    assert [submit_due(store, moment) for _ in range(3)] == [1, 0, 0]
    assert days_submitted(store) == ["2026-05-09"]
    with store.reading() as session:
        night = session.scalars(select(NightlyBids)).one()
    assert (night.next_day, night.next_at) == (date(2026, 5, 10), utc(2026, 5, 10, 6, 30))


def test_a_deleted_account_sleeps(store: Store, account: str) -> None:
    nightly(store, account, utc(2026, 5, 4, 6, 30))
    with store.writing() as session:
        owner = session.get(Account, account)
        assert owner is not None
        owner.deleted = utc(2026, 5, 4)
    assert submit_due(store, utc(2026, 5, 4, 7)) == 0
