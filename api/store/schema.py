"""An engine in, its tables brought to this version's schema out; safe to run by several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from api.refusals import SchemaTooNew
from api.store import bid_tables, work_tables  # noqa: F401  their tables belong to the metadata
from api.store.engine import begin_writing

_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_236_017
"""Any number, the same in every process: who upgrades PostgreSQL holds the lock of this number."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to `revision`, in one transaction.

    Raises:
        SchemaTooNew: the database is at a revision that this version does not know.
    """
    with begin_writing(engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config(connection)
        _refuse_unknown(connection)
        command.upgrade(config, revision)


def revision_of(engine: Engine) -> str | None:
    """The schema that the database has; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def latest_revision() -> str:
    """The schema that this version of the program wants."""
    head = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def known_revisions() -> frozenset[str]:
    """Every schema that this version can upgrade from, its own included."""
    return frozenset(script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions())


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_unknown(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known_revisions():
        raise SchemaTooNew(
            f"The database is at schema {current}, which this version does not know: it was written by a later one. "
            "Run that version, or restore a backup made before the upgrade."
        )
