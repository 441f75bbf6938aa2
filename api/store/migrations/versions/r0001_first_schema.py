"""The first schema: accounts and keys, data, models and plans, tests and bids, jobs and alerts, and the audit trail."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_GROWS = "the audit trail only grows"
_SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER audit_no_{change} BEFORE {change} ON audit BEGIN SELECT RAISE(ABORT, '{_GROWS}'); END"
    for change in ("update", "delete")
)
_POSTGRES_TRIGGERS = (
    f"CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_GROWS}'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_grows()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
)


def upgrade() -> None:
    """All tables, and what keeps the audit trail as it was written."""
    _create_access()
    _create_plans()
    _create_tests_and_bids()
    _create_jobs()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in _SQLITE_TRIGGERS if sqlite else _POSTGRES_TRIGGERS:
        op.execute(trigger)


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _document(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def _owned(table: str) -> tuple[sa.Column[Any] | sa.Constraint, ...]:
    """What every row of an account has."""
    return (
        sa.Column("id", sa.String(length=30), nullable=False),
        _moment("created"),
        sa.Column("account_id", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("account_id", "id", name=op.f(f"uq_{table}_account_id_id")),
    )


def _create_access() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        _moment("created"),
        _moment("deleted", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("account_id", sa.String(length=30), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "buyer",
                "analyst",
                "automation",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        _moment("created"),
        _moment("expires", nullable=True),
        _moment("revoked", nullable=True),
        _moment("last_used", nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_index(op.f("ix_api_keys_account_id_id"), "api_keys", ["account_id", "id"], unique=False)
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _moment("at"),
        sa.Column("account_id", sa.String(length=30), nullable=True),
        sa.Column("key_id", sa.String(length=30), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=True),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum("done", "refused", "failed", name="outcome", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_account_id_seq"), "audit", ["account_id", "seq"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("account_id", sa.String(length=30), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        _document("answer"),
        _moment("created"),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created"), "idempotency", ["created"], unique=False)


def _create_plans() -> None:
    op.create_table(
        "datasets",
        *_owned("datasets"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("map", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        _document("report"),
        sa.UniqueConstraint("account_id", "name", "version", name=op.f("uq_datasets_account_id_name_version")),
    )
    op.create_table(
        "models",
        *_owned("models"),
        sa.Column("dataset_id", sa.String(length=30), nullable=True),
        sa.Column("job_id", sa.String(length=30), nullable=True),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        _document("report"),
        sa.ForeignKeyConstraint(
            ["account_id", "dataset_id"],
            ["datasets.account_id", "datasets.id"],
            name=op.f("fk_models_account_id_dataset_id"),
        ),
        sa.UniqueConstraint("job_id", name=op.f("uq_models_job_id")),
    )
    op.create_table(
        "plans",
        *_owned("plans"),
        sa.Column("model_id", sa.String(length=30), nullable=False),
        _document("request"),
        _document("answer"),
        sa.ForeignKeyConstraint(
            ["account_id", "model_id"], ["models.account_id", "models.id"], name=op.f("fk_plans_account_id_model_id")
        ),
    )


def _create_tests_and_bids() -> None:
    op.create_table(
        "geo_tests",
        *_owned("geo_tests"),
        sa.Column("dataset_id", sa.String(length=30), nullable=True),
        sa.Column("job_id", sa.String(length=30), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "designed",
                "locked",
                "running",
                "analysed",
                name="geo_test_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        _document("design", nullable=True),
        sa.Column("lock_sha256", sa.String(length=64), nullable=True),
        _document("lock", nullable=True),
        _document("result", nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "dataset_id"],
            ["datasets.account_id", "datasets.id"],
            name=op.f("fk_geo_tests_account_id_dataset_id"),
        ),
        sa.UniqueConstraint("job_id", name=op.f("uq_geo_tests_job_id")),
    )
    op.create_table(
        "bid_runs",
        *_owned("bid_runs"),
        sa.Column("plan_id", sa.String(length=30), nullable=True),
        sa.Column("job_id", sa.String(length=30), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "approved",
                "applied",
                "rolled_back",
                "stopped",
                name="bid_run_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("folder_sha256", sa.String(length=64), nullable=True),
        sa.Column("ledger", sa.String(length=200), nullable=True),
        _document("summary"),
        sa.ForeignKeyConstraint(
            ["account_id", "plan_id"], ["plans.account_id", "plans.id"], name=op.f("fk_bid_runs_account_id_plan_id")
        ),
        sa.UniqueConstraint("job_id", name=op.f("uq_bid_runs_job_id")),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        *_owned("jobs"),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                "cancelled",
                name="job_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        _document("request"),
        _document("progress", nullable=True),
        _document("result", nullable=True),
        _document("problem", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=True),
        _moment("enqueued", nullable=True),
        _moment("cancel_asked", nullable=True),
        _moment("started", nullable=True),
        _moment("ended", nullable=True),
    )
    op.create_index(op.f("ix_jobs_account_id_state"), "jobs", ["account_id", "state"], unique=False)
    op.create_index(op.f("ix_jobs_state_created"), "jobs", ["state", "created"], unique=False)
    op.create_table(
        "webhooks",
        *_owned("webhooks"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        _document("events"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("webhook_id", sa.String(length=30), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        _document("body"),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "delivered",
                "failed",
                name="delivery_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("next_try", nullable=True),
        _moment("created"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_deliveries_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_state_next_try"), "deliveries", ["state", "next_try"], unique=False)
    op.create_index(op.f("ix_deliveries_webhook_id"), "deliveries", ["webhook_id"], unique=False)
