"""Geo tests in the tables: found and listed by account, and the steps that they may take."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.refusals import Conflict, NotFound, WrongStep
from api.store.owned import find_owned
from api.store.states import GeoTestState
from api.store.tables import GeoTest


def find_geo_test(session: Session, account: str, test: str, field: str = "geo_test") -> GeoTest:
    """The account's geo test of this id. Raises NotFound, naming `field`."""
    return find_owned(session, GeoTest, account, test, ("geo test", field))


def list_geo_tests(session: Session, account: str, state: GeoTestState | None, page: PageRequest) -> Page[Any]:
    """The account's geo tests, newest first, without designs, locks and results."""
    columns = (GeoTest.id, GeoTest.state, GeoTest.dataset_id, GeoTest.job_id, GeoTest.created)
    rows = select(*columns).where(GeoTest.account_id == account)
    return page_of(session, rows if state is None else rows.where(GeoTest.state == state), GeoTest.id, page)


def locked_tests(session: Session, account: str) -> list[GeoTest]:
    """All tests that have a lock, oldest first."""
    mine = (GeoTest.account_id == account, GeoTest.lock_sha256.is_not(None))
    return list(session.scalars(select(GeoTest).where(*mine).order_by(GeoTest.id)))


def refuse_wrong_step(test: GeoTest, step: str, allowed: Collection[GeoTestState]) -> None:
    """Raise WrongStep where the test is not in a state in which it may be taken."""
    if test.state not in allowed:
        words = " or ".join(state.value for state in allowed)
        raise WrongStep(f"The geo test is {test.state.value}; to {step} it, it must be {words}.", "geo_test")


def move_lock(session: Session, account: str, test: str, before: str | None, **values: Any) -> GeoTest:
    """Write values of a test whose lock is still the one that they were made from.

    Raises:
        Conflict: its lock has changed meanwhile, so that an entry of its log would be lost.
    """
    mine = (GeoTest.account_id == account, GeoTest.id == test)
    row = session.scalars(select(GeoTest).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("There is no such geo test.", "geo_test")
    if row.lock_sha256 != before:
        raise Conflict("The test's log has grown meanwhile; look at it, and send the request again.", "geo_test")
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return row
