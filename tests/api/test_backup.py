"""A backup holds one moment of everything, and a restored store is the same; what is damaged or full is left alone."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, insert, inspect, select, text, update

from api.refusals import Conflict
from api.service import Service
from api.services.back_up import back_up
from api.services.restore import restore
from api.settings import Settings
from api.store.columns import now
from api.store.engine import Store, make_engine
from api.store.manifest import BadBackup
from api.store.references import files_of
from api.store.schema import latest_revision, revision_of, upgrade
from api.store.tables import Base, Job, Plan
from tests.api.filling import Filled, fill, put


@pytest.fixture
def filled(service: Service) -> Filled:
    return fill(service)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "elsewhere")


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    with store.reading() as session:
        return {
            table.name: [dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in Base.metadata.sorted_tables
        }


def test_a_restored_store_is_the_same(service: Service, filled: Filled, elsewhere: Settings, tmp_path: Path) -> None:
    before = rows(service.store)
    made = back_up(service, tmp_path / "backup.tar")
    restored = restore(elsewhere, tmp_path / "backup.tar")
    assert made["files"] == restored["files"] == 5
    again = Service.open(elsewhere)
    after = rows(again.store)
    assert [row["id"] for row in after["jobs"] if row["state"] == "queued"] == [filled.jobs[0]]
    for job in before["jobs"]:
        if job["id"] == filled.jobs[0]:
            job.update(state="queued", enqueued=None, worker=None)
    assert after.pop("workers") == []
    before.pop("workers")
    assert after == before
    for sha in filled.files.values():
        assert (
            again.files.fetch(filled.account, sha).read_text() == service.files.fetch(filled.account, sha).read_text()
        )
    ledger = again.settings.ledgers / filled.account
    assert (ledger / "journal.jsonl").read_text() == '{"entry":1}\n{"entry":2}\n'
    assert (ledger / "runs" / "r1" / "changes.json").is_file()
    again.close()


def test_sqlite_can_become_postgresql(tmp_path: Path, postgres_url: str) -> None:
    ours = Service.open(Settings(data=tmp_path / "ours"))
    fill(ours)
    back_up(ours, tmp_path / "backup")
    target = Settings(data=tmp_path / "theirs", database_url=postgres_url)
    restore(target, tmp_path / "backup")
    theirs = Service.open(target)
    before, after = rows(ours.store), rows(theirs.store)
    for table in set(before) - {"workers", "jobs"}:
        assert after[table] == before[table], table
    fill(theirs, "another")  # the audit trail goes on counting
    assert len(rows(theirs.store)["audit"]) == 4
    ours.close()
    theirs.close()


def test_writers_go_on_and_a_backup_holds_one_moment(service: Service, filled: Filled, tmp_path: Path) -> None:
    """Each transaction adds one to the attempts of a job and takes it from another: the sum is always the same."""
    end = threading.Event()

    def work() -> None:
        while not end.is_set():
            with service.store.writing() as session:
                for job, change in zip(filled.jobs, (1, -1), strict=True):
                    session.execute(update(Job).where(Job.id == job).values(attempts=Job.attempts + change))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(3):
            back_up(service, tmp_path / f"backup{number}")
    finally:
        end.set()
        thread.join()
    for number in range(3):
        lines = (tmp_path / f"backup{number}" / "tables" / "jobs.jsonl").read_text().splitlines()
        assert sum(json.loads(line)["attempts"] for line in lines) == 2


@pytest.mark.parametrize("harm", ["table", "file", "manifest", "missing"])
def test_a_damaged_backup_restores_nothing(
    service: Service, filled: Filled, elsewhere: Settings, tmp_path: Path, harm: str
) -> None:
    folder = tmp_path / "backup"
    back_up(service, folder)
    file = folder / "files" / filled.account / filled.files["model"]
    if harm == "table":
        (folder / "tables" / "plans.jsonl").write_text("{}\n")
    elif harm == "file":
        file.write_text("something else")
    elif harm == "manifest":
        path = folder / "manifest.json"
        path.write_text(path.read_text().replace('"rows": 2', '"rows": 1', 1))
    else:
        file.unlink()
    with pytest.raises(BadBackup):
        restore(elsewhere, folder)
    assert not (elsewhere.data / "rmo.sqlite").exists() or revision_of(make_engine(elsewhere.database)) is None
    assert not (elsewhere.data / "files").exists()


def test_nothing_is_restored_over_a_store_that_holds_anything(service: Service, filled: Filled, tmp_path: Path) -> None:
    back_up(service, tmp_path / "backup")
    before = rows(service.store)
    with pytest.raises(Conflict, match="holds rows already"):
        restore(service.settings, tmp_path / "backup")
    assert rows(service.store) == before
    assert service.files.has(filled.account, filled.files["model"])


def test_no_backup_is_overwritten_or_left_half(service: Service, filled: Filled, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "one.tar"
    back_up(service, target)
    with pytest.raises(Conflict, match="already"):
        back_up(service, target)
    service.files.fetch(filled.account, filled.files["dataset"]).write_text("rotten")
    with pytest.raises(BadBackup, match="damaged"):
        back_up(service, tmp_path / "backups" / "two.tar")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["one.tar"]


def test_a_cut_off_tar_is_no_backup(service: Service, filled: Filled, elsewhere: Settings, tmp_path: Path) -> None:
    back_up(service, tmp_path / "backup.tar")
    whole = (tmp_path / "backup.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadBackup):
        restore(elsewhere, tmp_path / "half.tar")


def test_every_file_that_rows_name_is_known(service: Service, filled: Filled) -> None:
    with service.store.reading() as session:
        named = files_of(session, filled.account)
    assert named == {*filled.files.values(), "2" * 64, "4" * 64}
    put(service, filled.account, "garbage")
    assert set(service.files.hashes(filled.account)) - named


def test_rows_of_the_previous_schema_are_upgraded(url: str) -> None:
    """Written by hand at the first revision, read by today's program at the last."""
    engine = make_engine(url)
    upgrade(engine, "0001")
    _write_old_rows(engine)
    upgrade(engine)
    assert revision_of(engine) == latest_revision()
    store = Store(engine)
    with store.reading() as session:
        assert session.scalars(select(Plan)).one().answer == {"budget": 7.5}
        assert session.scalars(select(Job)).one().state.value == "queued"
    with store.writing() as session:
        session.execute(text("DELETE FROM accounts"))
    store.close()


def test_a_backup_of_an_older_schema_is_restored_into_this_one(url: str, tmp_path: Path, elsewhere: Settings) -> None:
    """The tables' files of an older version, made here as it would have made them."""
    ours = Service.open(Settings(data=tmp_path / "ours"))
    fill(ours)
    back_up(ours, tmp_path / "backup")
    ours.close()
    _as_of_first_schema(tmp_path / "backup")
    target = Settings(data=tmp_path / "theirs", database_url=url)
    restore(target, tmp_path / "backup")
    theirs = Service.open(target)
    assert revision_of(theirs.store.engine) == latest_revision()
    assert len(rows(theirs.store)["plans"]) == 1
    theirs.close()


def _write_old_rows(engine: Any) -> None:
    tables = MetaData()
    tables.reflect(engine)
    own = {"account_id": "acc_1", "created": now().replace(tzinfo=None)}
    written = (
        ("accounts", {"id": "acc_1", "name": "Acme", "currency": "USD", "time_zone": "UTC", "created": own["created"]}),
        ("models", {"id": "mdl_1", "status": "accepted", "sha256": "0" * 64, "report": {}, **own}),
        ("plans", {"id": "pln_1", "model_id": "mdl_1", "request": {}, "answer": {"budget": 7.5}, **own}),
        ("jobs", {"id": "job_1", "kind": "fit", "state": "queued", "request": {}, "attempts": 0, **own}),
    )
    with engine.begin() as connection:
        for name, row in written:
            connection.execute(insert(tables.tables[name]).values(**row))


def _as_of_first_schema(folder: Path) -> None:
    from api.store.manifest import Manifest, read_backup

    first = make_engine(f"sqlite:///{folder}.sqlite")
    upgrade(first, "0001")
    there = set(inspect(first).get_table_names())
    first.dispose()
    held = read_backup(folder)
    tables = {name: table for name, table in held.tables.items() if name in there}
    assert tables.keys() < held.tables.keys()
    Manifest("0001", held.created, tables, held.files, held.ledgers).write(folder)


def test_sqlite_is_copied_while_others_write(service: Service, filled: Filled, tmp_path: Path) -> None:
    if service.store.engine.dialect.name != "sqlite":
        pytest.skip("of SQLite's files only")
    with service.store.writing() as session:
        session.execute(update(Job).values(attempts=9))
        back_up(service, tmp_path / "backup")
    assert '"attempts":9' not in (tmp_path / "backup" / "tables" / "jobs.jsonl").read_text()
    with service.store.reading() as session:
        assert session.scalars(select(Job.attempts)).all() == [9, 9]
