"""Addresses of databases: which are taken, and that no message repeats a password."""

import pytest
from sqlalchemy import text

from api.store.engine import BadDatabaseUrl, Store, database_url


@pytest.mark.parametrize("given", ["postgresql://u:pw@h/d", "postgresql+psycopg://u:pw@h/d"])
def test_postgresql_goes_through_psycopg(given: str) -> None:
    assert database_url(given).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "given", ["", "nonsense", "mysql://root:hunter2@h/d", "sqlite://", "sqlite:///:memory:", "http://a:hunter2@b/c"]
)
def test_other_addresses_are_refused_without_repeating_them(given: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refusal:
        database_url(given)
    assert "hunter2" not in str(refusal.value)


def test_sqlite_keeps_what_it_said_it_kept(store: Store) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("pragmas are SQLite's")
    with store.engine.connect() as connection:
        asked = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys")}
        asked["synchronous"] = connection.execute(text("PRAGMA synchronous")).scalar()
    assert asked == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
