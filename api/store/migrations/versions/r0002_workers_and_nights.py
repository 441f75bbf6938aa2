"""Who works, and who wants bids every night; jobs that the engine was not told of are found without a search."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Two tables and one index."""
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "nightly_bids",
        sa.Column("account_id", sa.String(length=30), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_nightly_bids_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_nightly_bids")),
    )
    op.create_index(op.f("ix_nightly_bids_next_at"), "nightly_bids", ["next_at"])
    waiting = sa.text("enqueued IS NULL AND state = 'queued'")
    op.create_index("ix_jobs_not_enqueued", "jobs", ["created"], sqlite_where=waiting, postgresql_where=waiting)
