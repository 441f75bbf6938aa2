"""A database's address in, sessions out; the same on SQLite and PostgreSQL.

On SQLite a transaction that will write takes the only writer's place when it begins: begun as a reader it could not
become one once another has written, and would fail at once instead of waiting.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

WAIT_SECONDS = 20
_WRITES = "rmo_writes"


class BadDatabaseUrl(ValueError):
    """The address of a database that cannot be used; the message never shows a password."""


def database_url(text: str) -> URL:
    """The address as SQLAlchemy wants it: `sqlite:///FILE`, or `postgresql://...` through psycopg.

    Raises:
        BadDatabaseUrl: it is no address, or of another database.
    """
    try:
        url = make_url(text)
    except Exception as error:
        raise BadDatabaseUrl(
            "The database's address cannot be read. Write sqlite:///FILE or postgresql://..."
        ) from error
    kind = url.get_backend_name()
    if kind == "postgres" or url.drivername in ("postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise BadDatabaseUrl(f"The service keeps its tables in SQLite or PostgreSQL, not in {url.drivername}.")
    if not url.database or url.database == ":memory:":
        raise BadDatabaseUrl("SQLite needs a file: what lies in memory would be lost with the process.")
    return url


def make_engine(url: str | URL) -> Engine:
    """An engine whose SQLite keeps foreign keys, lets readers and one writer work side by side, and waits its turn."""
    checked = database_url(url if isinstance(url, str) else url.render_as_string(hide_password=False))
    options: dict[str, Any] = {"json_serializer": _as_json, "pool_size": 20, "max_overflow": 20}
    if checked.get_backend_name() == "sqlite":
        engine = create_engine(checked, connect_args={"timeout": WAIT_SECONDS}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(checked, pool_pre_ping=True, connect_args={"connect_timeout": WAIT_SECONDS}, **options)


@dataclass(frozen=True)
class Store:
    """The tables behind one engine. A session's transaction ends with it: kept, or undone if anything went wrong."""

    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view; what is written in it is an error's way to be lost, so write in `writing`."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write; hold it shortly, on SQLite others wait."""
        writer = self.engine.execution_options(**{_WRITES: True})
        with Session(writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def begin_writing(engine: Engine) -> Engine:
    """The engine whose transactions write from their beginning."""
    return engine.execution_options(**{_WRITES: True})


def _as_json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says so
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {1000 * WAIT_SECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # what is deleted is overwritten, so that nothing of an account is left in the file
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
