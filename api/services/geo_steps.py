"""A geo test of the store and a step in, the test as it stands afterwards out: locked, watched, a geo excluded.

The lock is a file among the account's files; each step that adds to its log leaves a longer one in its place, and is
refused where somebody else added to it meanwhile.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.geo_errands import LOCK
from api.jobs.kinds import Desk
from api.jobs.laying_down import lay_panel, lay_text
from api.plain_json import as_text
from api.refusals import Conflict
from api.service import Service
from api.services.apart import asked_by, desk_of, work_apart
from api.store.columns import now
from api.store.datasets import find_dataset
from api.store.geo_tests import find_geo_test, move_lock, refuse_wrong_step
from api.store.ids import Kind, new_id
from api.store.states import GeoTestState
from api.store.tables import GeoTest

Write = Callable[[Session], GeoTest]
_ERRANDS = "api.jobs.geo_errands"
_WATCHED = (GeoTestState.LOCKED, GeoTestState.RUNNING, GeoTestState.ANALYSED)


@dataclass(frozen=True)
class Step:
    """What a step found: `answer` in the keys of the command, `write` keeps it, in the transaction it is handed."""

    answer: Mapping[str, Any]
    write: Write


def lock_designed(service: Service, account: str, test: str, asked: Mapping[str, Any]) -> Step:
    """Lock a designed test.

    Raises:
        NotFound: there is no such test.
        WrongStep: it is locked already.
        ToldBy: the design does not fit the panel.
    """
    with service.store.reading() as session:
        row = find_geo_test(session, account, test)
        refuse_wrong_step(row, "lock", (GeoTestState.DESIGNED,))
    dataset = asked.get("dataset") or row.dataset_id
    if dataset is None:
        raise Conflict("The test's dataset is gone; name the one to lock it on.", "dataset")
    told, sha256 = _locked(
        service, account, {**asked, "dataset": dataset, "name": asked.get("name") or test}, row.design
    )

    def write(session: Session) -> GeoTest:
        values = {"state": GeoTestState.LOCKED, "lock_sha256": sha256, "lock": told["lock"], "dataset_id": dataset}
        return move_lock(session, account, test, None, **values)

    return Step(told["lock"] | {"warnings": told["warnings"]}, write)


def lock_stated(service: Service, account: str, asked: Mapping[str, Any]) -> Step:
    """Lock a test that was designed elsewhere, as its geos are stated. Raises NotFound, ToldBy."""
    test = new_id(Kind.GEO_TEST)
    told, sha256 = _locked(service, account, {**asked, "name": asked.get("name") or test}, None)

    def write(session: Session) -> GeoTest:
        made = GeoTest(id=test, account_id=account, dataset_id=asked["dataset"], job_id=None, design=None, result=None)
        made.state, made.lock_sha256, made.lock, made.created = GeoTestState.LOCKED, sha256, told["lock"], now()
        session.add(made)
        session.flush()
        return made

    return Step(told["lock"] | {"warnings": told["warnings"]}, write)


def monitor_test(service: Service, account: str, test: str, asked: Mapping[str, Any]) -> Step:
    """Watch a locked test by a panel; once the panel holds days of it, it is running.

    Raises:
        NotFound: there is no such test or dataset.
        WrongStep: it is not locked.
        ToldBy: the panel is not the one that was locked, with its later days.
    """
    with service.store.reading() as session:
        row = find_geo_test(session, account, test)
        refuse_wrong_step(row, "monitor", _WATCHED)
    with desk_of(service, account) as desk:
        told = work_apart(service, desk, f"{_ERRANDS}:monitor", _laid(desk, account, row, asked))

    def write(session: Session) -> GeoTest:
        found = find_geo_test(session, account, test)
        if found.state is GeoTestState.LOCKED and told["days"]["elapsed"] > 0:
            found.state = GeoTestState.RUNNING
        return found

    return Step(told, write)


def exclude_from(service: Service, account: str, test: str, asked: Mapping[str, Any]) -> Step:
    """Log that a geo leaves a locked test, and why.

    Raises:
        NotFound: there is no such test.
        WrongStep: it is not locked, or its result was shown.
        ToldBy: the geo is not in it, or the reason says nothing.
    """
    with service.store.reading() as session:
        row = find_geo_test(session, account, test)
        refuse_wrong_step(row, "exclude a geo from", (GeoTestState.LOCKED, GeoTestState.RUNNING))
    with desk_of(service, account) as desk:
        _lay_lock(desk, account, row)
        told = work_apart(service, desk, f"{_ERRANDS}:exclude", asked)
        sha256 = service.files.put(account, desk.folder / LOCK)

    def write(session: Session) -> GeoTest:
        return move_lock(session, account, test, row.lock_sha256, lock_sha256=sha256, lock=told["lock"])

    return Step(told["lock"], write)


def _locked(
    service: Service, account: str, asked: Mapping[str, Any], design: Mapping[str, Any] | None
) -> tuple[dict[str, Any], str]:
    """The answer and the hash of the lock among the account's files."""
    with service.store.reading() as session:
        find_dataset(session, account, asked["dataset"])
    files = ("dataset", "map", "pairs", "spend_plan")
    options = {name: value for name, value in asked.items() if name not in files}
    with desk_of(service, account) as desk:
        request = lay_panel(desk, asked_by(account, asked)) | {
            "design": None if design is None else lay_text(desk, as_text(design), "design.json"),
            "pairs": lay_text(desk, asked.get("pairs"), "pairs.csv"),
            "spend_plan": lay_text(desk, asked.get("spend_plan"), "spend-plan.csv"),
            "options": options,
        }
        told = work_apart(service, desk, f"{_ERRANDS}:lock", request)
        return told, service.files.put(account, desk.folder / LOCK)


def _laid(desk: Desk, account: str, row: GeoTest, asked: Mapping[str, Any]) -> dict[str, Any]:
    _lay_lock(desk, account, row)
    return lay_panel(
        desk, asked_by(account, {"dataset": asked.get("dataset") or row.dataset_id, "map": asked.get("map")})
    )


def _lay_lock(desk: Desk, account: str, row: GeoTest) -> Path:
    """A copy, as its log grows."""
    assert row.lock_sha256 is not None
    shutil.copyfile(desk.files.fetch(account, row.lock_sha256), desk.folder / LOCK)
    return desk.folder / LOCK
