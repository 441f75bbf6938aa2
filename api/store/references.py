"""Rows of accounts in, the hashes of the files that they name out: what a backup takes, and what is no garbage.

Columns are found by their name, so that a new table cannot be forgotten. A document is searched for anything that could
be a hash: to keep a file too long is a small fault, to lose one that is needed a great one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

from sqlalchemy import JSON, Column, Table, select

from api.store import schema  # noqa: F401  it knows all tables
from api.store.tables import Base

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_OTHER_HASHES = {"api_keys.sha256", "idempotency.request_sha256", "audit.inputs_sha256"}
_WITHOUT_FILES = {
    *("plans.request", "plans.answer", "datasets.report", "models.report", "idempotency.answer"),
    *("jobs.progress", "jobs.problem", "webhooks.events"),
}
"""Documents that name no file, left out because there are many and they are large."""


class Reader(Protocol):
    """A session or a connection."""

    def execute(self, statement: Any, /) -> Any:
        """The rows of a statement."""


def files_in_columns(reader: Reader, account: str | None = None) -> Iterator[tuple[str, str]]:
    """Account and hash of each file that rows name, of one account or of all; such a file has to be there."""
    for table, column in _columns():
        if isinstance(column.type, JSON):
            continue
        rows = select(table.c.account_id, column).where(column.is_not(None)).distinct()
        yield from (
            (owner, sha) for owner, sha in reader.execute(rows if account is None else _of(rows, table, account))
        )


def files_in_documents(reader: Reader, account: str | None = None) -> Iterator[tuple[str, str]]:
    """Account and hash of what documents of rows may name as a file; each may be there, or be no file at all."""
    for table, column in _columns():
        if not isinstance(column.type, JSON):
            continue
        rows = select(table.c.account_id, column).where(column.is_not(None))
        for owner, document in reader.execute(rows if account is None else _of(rows, table, account)):
            yield from ((owner, sha) for sha in set(_HASH.findall(json.dumps(document))))


def files_of(reader: Reader, account: str) -> set[str]:
    """Every hash that an account's rows name, or may name."""
    named = (*files_in_columns(reader, account), *files_in_documents(reader, account))
    return {sha for _, sha in named}


def _columns() -> Iterator[tuple[Table, Column[Any]]]:
    for table in Base.metadata.sorted_tables:
        if "account_id" not in table.c:
            continue
        for column in table.c:
            name = f"{table.name}.{column.name}"
            hashed = column.name == "sha256" or column.name.endswith("_sha256")
            document = isinstance(column.type, JSON)
            if (hashed and name not in _OTHER_HASHES) or (document and name not in _WITHOUT_FILES):
                yield table, column


def _of(rows: Any, table: Table, account: str) -> Any:
    return rows.where(table.c.account_id == account)
