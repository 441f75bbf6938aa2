"""A real PostgreSQL for benchmarks and tests: nothing in, a server's address and empty databases on it out."""

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from api.store.engine import database_url


@contextmanager
def postgres_server() -> Iterator[str]:
    """The server of TEST_DATABASE_URL, else one of our own.

    Ours lies in a folder of its own: started by root it runs as another user, who may not look into a test's.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it keeps its runtime files
        import pgserver

    server = pgserver.get_server(tempfile.mkdtemp(prefix="rmo-postgres-"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The address of an empty database on the server, gone afterwards."""
    name = f"rmo_{uuid.uuid4().hex}"
    server = create_engine(database_url(server_url), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield database_url(server_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
