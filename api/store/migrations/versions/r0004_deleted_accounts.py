"""The audit trail may let go of deleted accounts, save that they were deleted; the engine forgets their jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_GROWS = "the audit trail only grows"
_ABOUT = "coalesce(OLD.account_id, CASE WHEN substr(OLD.object, 1, 4) = 'acc_' THEN OLD.object END)"
_LET_GO = (
    f"OLD.action <> 'account.delete' AND {_ABOUT} IS NOT NULL AND NOT EXISTS "
    f"(SELECT 1 FROM accounts WHERE accounts.id = {_ABOUT} AND accounts.deleted IS NULL)"
)
_SQLITE = (
    "DROP TRIGGER audit_no_delete",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN NOT ({_LET_GO}) "
    f"BEGIN SELECT RAISE(ABORT, '{_GROWS}'); END",
)
_POSTGRES = (
    f"CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN IF TG_OP = 'DELETE' THEN IF {_LET_GO} THEN RETURN OLD; END IF; END IF; "
    f"RAISE EXCEPTION '{_GROWS}'; END $$",
)


def upgrade() -> None:
    """One table, and another condition of the audit trail."""
    op.create_table(
        "jobs_to_forget",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs_to_forget")),
    )
    for change in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.get_bind().exec_driver_sql(change)
