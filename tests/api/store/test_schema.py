"""The schema: what migrations make is what the tables say, once for several processes, and never backwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from api.refusals import SchemaTooNew
from api.store.engine import Store, make_engine
from api.store.schema import latest_revision, revision_of, upgrade
from api.store.tables import Base


def test_migrations_make_the_tables_that_the_program_knows(store: Store) -> None:
    assert revision_of(store.engine) == latest_revision()
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        checks = {
            check["name"]
            for table in Base.metadata.tables
            for check in inspect(connection).get_check_constraints(table)
        }
    assert {"ck_api_keys_role", "ck_jobs_job_state", "ck_geo_tests_geo_test_state"} <= checks


def test_a_second_upgrade_changes_nothing(store: Store) -> None:
    upgrade(store.engine)
    assert revision_of(store.engine) == latest_revision()


def test_several_processes_may_start_at_once(url: str) -> None:
    engines = [make_engine(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, engines))
    assert {revision_of(engine) for engine in engines} == {latest_revision()}
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_later_version_is_left_alone(store: Store) -> None:
    with store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match=r"9999.*later"):
        upgrade(store.engine)
    assert revision_of(store.engine) == "9999"
