"""What the database itself keeps: accounts apart, the audit trail as written, words and times as they are."""

from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from api.store.engine import Store
from api.store.ids import Kind, new_id
from api.store.states import JobState, Outcome
from api.store.tables import Account, AuditEntry, Dataset, Job, Model, Plan

SHA = "0" * 64


def an_account(store: Store, name: str = "Acme") -> str:
    account = Account(id=new_id(Kind.ACCOUNT), name=name, currency="USD", time_zone="UTC")
    with store.writing() as session:
        session.add(account)
    return account.id


def a_model(account: str, **given: object) -> Model:
    return Model(id=new_id(Kind.MODEL), account_id=account, status="accepted", sha256=SHA, report={"a": 1}, **given)


def test_rows_come_back_as_they_were(store: Store) -> None:
    account = an_account(store, "Zürich ✓ 小米")
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    job = Job(id=new_id(Kind.JOB), account_id=account, kind="fit", request={"n": [1, 2.5, None, "ü"]}, started=moment)
    with store.writing() as session:
        session.add(job)
    with store.reading() as session:
        kept = session.scalars(select(Job)).one()
        assert session.scalars(select(Account)).one().name == "Zürich ✓ 小米"
    assert kept.request == {"n": [1, 2.5, None, "ü"]}
    assert kept.state is JobState.QUEUED
    assert kept.started == moment
    assert kept.started.tzinfo is UTC
    assert kept.result is None


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    account = an_account(store)
    with pytest.raises(StatementError, match="without a zone"), store.writing() as session:
        session.add(Job(id=new_id(Kind.JOB), account_id=account, kind="fit", request={}, started=datetime(2026, 1, 1)))


def test_what_is_no_number_cannot_be_stored(store: Store) -> None:
    account = an_account(store)
    with pytest.raises((StatementError, ValueError)), store.writing() as session:
        session.add(Job(id=new_id(Kind.JOB), account_id=account, kind="fit", request={"x": float("nan")}))


def test_words_that_are_no_state_are_refused_by_the_database(store: Store) -> None:
    account = an_account(store)
    wrong = text(
        "INSERT INTO jobs (id, account_id, kind, state, request, attempts, created) "
        "VALUES ('job_1', :account, 'fit', 'lost', '{}', 0, '2026-01-01')"
    )
    with pytest.raises(IntegrityError), store.writing() as session:
        session.execute(wrong, {"account": account})


def test_a_row_cannot_refer_to_one_of_another_account(store: Store) -> None:
    ours, theirs = an_account(store), an_account(store, "Other")
    model = a_model(theirs)
    with store.writing() as session:
        session.add(model)
    plan = {"id": new_id(Kind.PLAN), "account_id": ours, "model_id": model.id, "request": {}, "answer": {}}
    with pytest.raises(IntegrityError), store.writing() as session:
        session.execute(insert(Plan).values(**plan))
    with store.writing() as session:
        session.execute(insert(Plan).values(**plan | {"account_id": theirs}))


def test_an_account_takes_its_rows_with_it(store: Store) -> None:
    account, other = an_account(store), an_account(store, "Other")
    with store.writing() as session:
        for owner in (account, other):
            dataset = Dataset(
                id=new_id(Kind.DATASET), account_id=owner, name="p", version=1, sha256=SHA, file_name="p.csv", rows=1
            )
            dataset.report = {}
            session.add(dataset)
            session.flush()
            model = a_model(owner, dataset_id=dataset.id)
            session.add(model)
            session.flush()
            session.add(Plan(id=new_id(Kind.PLAN), account_id=owner, model_id=model.id, request={}, answer={}))
    with store.writing() as session:
        session.execute(delete(Account).where(Account.id == account))
    with store.reading() as session:
        for table in (Dataset, Model, Plan):
            assert [row.account_id for row in session.scalars(select(table))] == [other]


def test_a_job_makes_one_model(store: Store) -> None:
    account, job = an_account(store), new_id(Kind.JOB)
    with store.writing() as session:
        session.add(a_model(account, job_id=job))
    with pytest.raises(IntegrityError), store.writing() as session:
        session.add(a_model(account, job_id=job))


@pytest.mark.parametrize("change", [update(AuditEntry).values(action="nothing"), delete(AuditEntry)])
def test_the_audit_trail_only_grows(store: Store, change: object) -> None:
    with store.writing() as session:
        session.add(AuditEntry(action="plan.create", outcome=Outcome.DONE))
    with pytest.raises(DBAPIError, match="only grows"), store.writing() as session:
        session.execute(change)  # type: ignore[call-overload]
    with store.reading() as session:
        assert session.scalars(select(AuditEntry)).one().action == "plan.create"


def test_what_failed_leaves_nothing(store: Store) -> None:
    def half(session: Session) -> None:
        session.add(Account(id=new_id(Kind.ACCOUNT), name="half", currency="USD", time_zone="UTC"))
        session.flush()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.writing() as session:
        half(session)
    with store.reading() as session:
        assert session.scalars(select(Account)).all() == []


def test_writers_wait_for_each_other(store: Store) -> None:
    """Each reads a number and writes one more: without taking turns some would be lost, or fail as locked."""
    account = an_account(store)
    with store.writing() as session:
        session.add(Job(id="job_count", account_id=account, kind="fit", request={}))
    start, failures = Barrier(8), []

    def count() -> None:
        start.wait()
        for _ in range(5):
            try:
                with store.writing() as session:
                    job = session.scalars(select(Job).where(Job.id == "job_count").with_for_update()).one()
                    job.attempts += 1
            except DBAPIError as error:
                failures.append(error)

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        assert session.scalars(select(Job.attempts)).one() == 40
    assert failures == []
