"""An account's locked geo tests in, what bidding must leave alone while they run out."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from api.store.geo_tests import locked_tests

if TYPE_CHECKING:
    from measurement.geotest.freeze import Freeze


def freezes_from(session: Session, account: str, day: date) -> "tuple[Freeze, ...]":
    """Channels and geos of all tests that are not over, cooldown included, on a day."""
    from measurement.geotest.freeze import freezes_of
    from measurement.geotest.lock_json import lock_from_json

    locks = [lock_from_json(_without_marks(row.lock)) for row in locked_tests(session, account) if row.lock is not None]
    return freezes_of(lock for lock in locks if lock.last_day >= day)


def _without_marks(lock: Mapping[str, Any]) -> dict[str, Any]:
    return {**lock, "data": {**lock["data"], "marks": {}}}
