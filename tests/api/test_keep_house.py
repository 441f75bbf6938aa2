"""What is over goes, all of it and nothing else: retention periods, deleted accounts, files that no row names."""

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError

from api.jobs.prune import forget_erased
from api.refusals import NotFound
from api.service import Service
from api.services.keep_house import Premises, collect_garbage, delete_account, keep_house
from api.settings import Settings
from api.store.accounts import find_account
from api.store.audit import Actor
from api.store.bid_inputs import add_pull
from api.store.bid_tables import BidPull
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.tables import Account, AuditEntry, Base, Dataset, GeoTest, Job, Model, Plan
from api.store.work_tables import JobToForget, NightlyBids
from tests.api.filling import fill, put

DAY = timedelta(days=1)


@pytest.fixture
def premises(service: Service) -> Premises:
    return Premises(service.store, service.files, service.settings.ledgers)


def everything(service: Service) -> dict[str, str]:
    """All text of all tables, whichever they are, by name."""
    with service.store.reading() as session:
        return {
            table.name: repr([tuple(row) for row in session.execute(select(table))])
            for table in Base.metadata.sorted_tables
        }


@dataclass
class Engine:
    """Remembers what it was told to forget."""

    forgotten: list[str]

    def forget(self, jobs: list[str]) -> None:
        self.forgotten += jobs


def make_old(service: Service, account: str, sha: str, days: float) -> None:
    then = time.time() - 86400 * days
    os.utime(service.files.fetch(account, sha), (then, then))


def test_a_deleted_account_leaves_no_trace(service: Service, premises: Premises, tmp_path: Path) -> None:
    gone, stays = fill(service, "Gone & Söhne"), fill(service, "Stays Ltd")
    key = new_id(Kind.API_KEY)
    answer = delete_account(premises, gone.account, Actor(gone.account, key, "request-1"))
    tables = everything(service)
    assert gone.account not in "".join(text for name, text in tables.items() if name not in ("audit", "workers"))
    assert gone.name not in "".join(tables.values())
    with service.store.reading() as session:
        (entry,) = (row for row in session.scalars(select(AuditEntry)) if gone.account in (row.account_id, row.object))
        assert (entry.action, entry.object, entry.account_id) == ("account.delete", gone.account, None)
        assert (entry.key_id, entry.request_id, entry.at.isoformat()[:19]) == (key, "request-1", answer["deleted"][:19])
        assert set(session.scalars(select(JobToForget.id))) == set(gone.jobs)
        for table in (Dataset, Model, Plan, GeoTest, Job, NightlyBids):
            assert {row.account_id for row in session.scalars(select(table))} == {stays.account}, table
    found = [path for path in (tmp_path / "data").rglob("*") if gone.account in str(path.relative_to(tmp_path))]
    assert found == []
    assert set(stays.files.values()) == set(service.files.hashes(stays.account))
    assert (service.settings.ledgers / stays.account / "journal.jsonl").is_file()


def test_not_even_in_the_bytes_of_the_files(tmp_path: Path) -> None:
    """SQLite overwrites what is deleted; the account's id stays once, in the audit trail."""
    service = Service.open(Settings(data=tmp_path / "data"))
    premises = Premises(service.store, service.files, service.settings.ledgers)
    gone = fill(service, "Gone & Company")
    fill(service, "Stays Ltd")
    with service.store.writing() as session:
        find_account(session, gone.account).name = "Gone & Company, renamed"
    delete_account(premises, gone.account, Actor(""))
    service.close()
    (service.settings.scratch / "source").unlink()
    traces = [path.name for path in (tmp_path / "data").rglob("*") if path.is_file() and b"Gone &" in path.read_bytes()]
    assert traces == []


def test_a_deletion_that_was_cut_off_is_finished(service: Service, premises: Premises) -> None:
    gone = fill(service)
    with service.store.writing() as session:
        find_account(session, gone.account).deleted = now()
    with service.store.reading() as session, pytest.raises(NotFound):
        find_account(session, gone.account)
    assert keep_house(premises)["accounts"] == 1
    assert service.files.hashes(gone.account) == []
    with service.store.reading() as session:
        assert session.get(Account, gone.account) is None


def test_only_a_deleted_accounts_trail_can_go(service: Service) -> None:
    filled = fill(service)
    for which in (AuditEntry.account_id == filled.account, AuditEntry.object == filled.account):
        with pytest.raises(DBAPIError, match="only grows"), service.store.writing() as session:
            session.execute(delete(AuditEntry).where(which))
    premises = Premises(service.store, service.files, service.settings.ledgers)
    delete_account(premises, filled.account, Actor(""))
    with pytest.raises(DBAPIError, match="only grows"), service.store.writing() as session:
        session.execute(delete(AuditEntry))
    with pytest.raises(DBAPIError, match="only grows"), service.store.writing() as session:
        session.execute(text("UPDATE audit SET action = 'nothing'"))


def test_what_comes_late_for_a_deleted_account_goes_too(service: Service, premises: Premises) -> None:
    """A night or an upload that was at work when the account was deleted may still put a file."""
    stranger = new_id(Kind.ACCOUNT)
    put(service, stranger, "late")
    (service.settings.ledgers / stranger).mkdir(parents=True)
    assert collect_garbage(premises) == 1
    assert service.files.accounts() == []
    assert not (service.settings.ledgers / stranger).exists()


def test_the_engine_forgets_jobs_of_deleted_accounts(service: Service, premises: Premises) -> None:
    gone = fill(service)
    delete_account(premises, gone.account, Actor(""))
    engine = Engine([])
    assert forget_erased(service.store, engine) == 2  # type: ignore[arg-type]
    assert set(engine.forgotten) == set(gone.jobs)
    assert forget_erased(service.store, engine) == 0  # type: ignore[arg-type]


def test_two_may_collect_at_once_and_what_was_cut_off_is_swept(service: Service, premises: Premises) -> None:
    account = fill(service).account
    sha = put(service, account, "old")
    make_old(service, account, sha, 3)
    place = service.files.fetch(account, sha)
    half = place.with_name(f".{sha}-cut0ff")
    half.write_text("half")
    os.utime(half, (0, 0))
    limit = now() - DAY
    place.rename(place.with_name("elsewhere"))
    assert not service.files._remove(str(place), limit)
    collect_garbage(premises)
    assert not half.exists()


def test_files_go_when_no_row_names_them_and_they_are_old(service: Service, premises: Premises) -> None:
    filled = fill(service)
    old, young = put(service, filled.account, "old"), put(service, filled.account, "young")
    for sha in (old, *filled.files.values()):
        make_old(service, filled.account, sha, 3)
    assert collect_garbage(premises) == 1
    assert set(service.files.hashes(filled.account)) == {young, *filled.files.values()}


def test_a_file_that_is_put_again_while_it_is_collected_stays(
    service: Service, premises: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload comes after the files were listed and before they are removed; then just after the removal."""
    account = fill(service).account
    sha = put(service, account, "again")
    make_old(service, account, sha, 3)
    remove = service.files._remove

    def meanwhile(place: str, limit: Any) -> bool:
        put(service, account, "again")
        return remove(place, limit)

    monkeypatch.setattr(service.files, "_remove", meanwhile)
    assert collect_garbage(premises) == 0
    assert service.files.fetch(account, sha).read_text() == "again"
    monkeypatch.undo()
    make_old(service, account, sha, 3)
    assert collect_garbage(premises) == 1
    assert put(service, account, "again") == sha
    assert service.files.fetch(account, sha).read_text() == "again"


def test_a_retention_period_takes_what_is_older_and_what_is_no_longer_used(
    service: Service, premises: Premises
) -> None:
    filled = fill(service, made=now() - 40 * DAY)
    kept = fill(service, "No period", made=now() - 400 * DAY)
    with service.store.writing() as session:
        find_account(session, filled.account).retention_days = 30
        session.execute(delete(NightlyBids))
        job = session.get(Job, filled.jobs[0])
        assert job is not None
        job.state, job.ended = "done", now() - 35 * DAY
    gone = keep_house(premises)
    assert gone == {
        **{"bid_runs": 1, "plans": 1, "models": 1, "geo_tests": 1, "datasets": 1, "deliveries": 1, "jobs": 2},
    } | {name: count for name, count in gone.items() if name in ("files", "accounts")}
    for sha in filled.files.values():
        make_old(service, filled.account, sha, 3)
    assert keep_house(premises) == {"files": 5}
    with service.store.reading() as session:
        assert session.scalars(select(Plan.account_id)).all() == [kept.account]
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.account_id == filled.account)).all()
    assert actions == ["plan.create", "retention.apply"]


def test_the_newest_pull_of_reports_outlives_the_period(service: Service, premises: Premises) -> None:
    filled = fill(service, made=now() - 40 * DAY)
    with service.store.writing() as session:
        find_account(session, filled.account).retention_days = 30
        pulls = [add_pull(session, filled.account, []) for _ in range(3)]
        session.flush()
        for pull in pulls:
            pull.created = now() - 40 * DAY
        newest = pulls[-1].id
    assert keep_house(premises)["bid_pulls"] == 2
    with service.store.reading() as session:
        assert session.scalars(select(BidPull.id)).all() == [newest]


def test_what_a_younger_row_or_the_night_needs_outlives_the_period(service: Service, premises: Premises) -> None:
    filled = fill(service, made=now() - 40 * DAY)
    with service.store.writing() as session:
        find_account(session, filled.account).retention_days = 30
        model = session.scalars(select(Model)).one()
        session.add(Plan(id=new_id(Kind.PLAN), account_id=filled.account, model_id=model.id, request={}, answer={}))
    gone = keep_house(premises)
    assert "models" not in gone
    assert "datasets" not in gone
    assert "plans" not in gone  # the older one is the night's
    assert gone["bid_runs"] == 1
    with service.store.writing() as session:
        session.execute(delete(NightlyBids))
    assert keep_house(premises)["plans"] == 1
