"""A moment of the tables in, one file of JSON lines for each out; and back into tables of the same schema.

The lines are the same whichever database they come from, so a backup of SQLite can become a PostgreSQL and back.
"""

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Date, DateTime, Engine, MetaData, Table, Time, func, insert, select, text

from api.store import schema  # noqa: F401  it knows all tables
from api.store.engine import make_engine
from api.store.tables import Base

NOT_KEPT = {"workers"}
"""Who works is no matter of a backup."""
_AT_ONCE = 500


@dataclass(frozen=True)
class Written:
    """One table's file: how many rows, and the SHA-256 of its content."""

    rows: int
    sha256: str


class BadLine(ValueError):
    """A line that is no row of its table."""


@contextmanager
def moment_of(engine: Engine, scratch: Path) -> Iterator[Connection]:
    """All tables as they are at one moment, while others write on; SQLite is copied, PostgreSQL keeps a snapshot."""
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return
    with tempfile.TemporaryDirectory(prefix="moment-", dir=scratch) as room:
        copy = Path(room) / "copy.sqlite"
        raw = engine.raw_connection()
        try:
            with closing(sqlite3.connect(copy)) as written:
                raw.driver_connection.backup(written)  # type: ignore[union-attr]
        finally:
            raw.close()
        frozen = make_engine(f"sqlite:///{copy}")
        try:
            with frozen.connect() as connection:
                yield connection
        finally:
            frozen.dispose()


def write_tables(connection: Connection, folder: Path) -> dict[str, Written]:
    """Write `TABLE.jsonl` for every table, parents before children; by name what was written."""
    written = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in NOT_KEPT:
            written[table.name] = _write(connection, table, folder / f"{table.name}.jsonl")
    return written


def read_tables(connection: Connection, folder: Path, names: Mapping[str, Written]) -> dict[str, int]:
    """Insert every table's file into empty tables; jobs that had not ended wait again.

    Returns:
        How many rows each table has now, as the database counts them.

    Raises:
        BadLine: a line does not fit its table.
    """
    known = MetaData()
    known.reflect(connection, only=list(names))
    for table in known.sorted_tables:
        for rows in _batches(folder / f"{table.name}.jsonl", table):
            connection.execute(insert(table), rows)
    _go_on_counting(connection, known.tables.get("audit"))
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in known.sorted_tables
    }


def rows_anywhere(connection: Connection) -> list[str]:
    """The names of tables that hold a row."""
    known = MetaData()
    known.reflect(connection, only=lambda name, _: name in Base.metadata.tables and name not in NOT_KEPT)
    return [table.name for table in known.sorted_tables if connection.execute(select(table).limit(1)).first()]


def _write(connection: Connection, table: Table, path: Path) -> Written:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        rows = connection.execute(select(table).order_by(*table.primary_key).execution_options(yield_per=_AT_ONCE))
        for row in rows.mappings():
            line = json.dumps(dict(row), default=_plain, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
    return Written(count, digest.hexdigest())


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"a {type(value).__name__} cannot be kept in a backup")


def _batches(path: Path, table: Table) -> Iterator[list[dict[str, Any]]]:
    batch = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            batch.append(_row(line, table, f"{path.name}, line {number}"))
            if len(batch) == _AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch


def _row(line: bytes, table: Table, where: str) -> dict[str, Any]:
    try:
        given = json.loads(line)
        row = {column.name: _value(given[column.name], column.type) for column in table.c}
    except (ValueError, KeyError, TypeError) as error:
        raise BadLine(f"{where} is no row of {table.name} ({error})") from error
    if table.name == "jobs" and row["ended"] is None:
        row |= {"state": "queued", "enqueued": None, "worker": None}
    return row


def _value(value: Any, kind: Any) -> Any:
    if isinstance(kind, JSON):
        kind.none_as_null = True
        return value
    if value is None:
        return None
    if isinstance(kind, DateTime):
        moment = datetime.fromisoformat(value)
        return moment if kind.timezone else moment.replace(tzinfo=None)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return time.fromisoformat(value) if isinstance(kind, Time) else value


def _go_on_counting(connection: Connection, audit: Table | None) -> None:
    """PostgreSQL's counter knows nothing of numbers that were given."""
    if audit is not None and connection.dialect.name == "postgresql":
        last = "SELECT coalesce(max(seq), 0) + 1 FROM audit"
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('audit', 'seq'), ({last}), false)"))
