"""The tables: who owns what, what was asked and answered. Every row but those of the installation has its account.

References between rows carry the account along, so that the database itself keeps rows of two accounts apart. An
account that is deleted takes its rows with it, save the audit trail, which names ids and hashes only.
"""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from api.store.columns import UtcTime, now, words
from api.store.states import BidRunState, DeliveryState, GeoTestState, JobState, Outcome, Role

Id = Annotated[str, mapped_column(String(30))]
Sha = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Document = dict[str, Any]


class Base(DeclarativeBase):
    """Base of all tables; constraints have names that say what they hold."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {Document: JSON(none_as_null=True), datetime: UtcTime}  # noqa: RUF012  as SQLAlchemy reads it


class Account(Base):
    """A company, or a part of one, that shares nothing with others.

    Attributes:
        time_zone: IANA name; nights and days are counted in it.
        retention_days: how long its data, plans and jobs are kept, or None for as long as the account.
        deleted: when its deletion began; from then on it answers nothing.
    """

    __tablename__ = "accounts"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    currency: Mapped[str] = mapped_column(String(3))
    time_zone: Mapped[str] = mapped_column(String(64))
    retention_days: Mapped[int | None]
    created: Mapped[datetime] = mapped_column(default=now)
    deleted: Mapped[datetime | None]


class Owned:
    """A row of an account."""

    id: Mapped[Id] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now)

    @declared_attr
    def account_id(cls) -> Mapped[str]:  # noqa: N805  SQLAlchemy hands it the class
        """The account; its rows go with it."""
        return mapped_column(String(30), ForeignKey("accounts.id", ondelete="CASCADE"))


def _same_account(column: str, table: str) -> ForeignKeyConstraint:
    """A reference that can only point to a row of the same account."""
    return ForeignKeyConstraint(["account_id", column], [f"{table}.account_id", f"{table}.id"])


class ApiKey(Base):
    """A key's hash and what it may do; the key itself is shown once and kept nowhere.

    Attributes:
        account_id: None: a key of the whole installation, which only an admin has.
        sha256: of the whole key.
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "account_id", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    account_id: Mapped[str | None] = mapped_column(String(30), ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[Name]
    role: Mapped[Role] = mapped_column(words(Role))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    sha256: Mapped[Sha]
    created: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
    last_used: Mapped[datetime | None]


class Dataset(Owned, Base):
    """One version of a panel's file.

    Attributes:
        sha256: the file among the account's files.
        file_name: as it was called where it came from; shown, never used as a path.
        map: the panel's map as text, or None.
        report: what `rmo check --json` says of it.
    """

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("account_id", "id"), UniqueConstraint("account_id", "name", "version"))

    name: Mapped[Name]
    version: Mapped[int]
    sha256: Mapped[Sha]
    file_name: Mapped[str] = mapped_column(String(255))
    map: Mapped[str | None] = mapped_column(Text)
    rows: Mapped[int]
    report: Mapped[Document]


class Model(Owned, Base):
    """A fitted model.

    Attributes:
        dataset_id: what it was fitted on; None for a model that was brought in.
        job_id: the job that fitted it, at most one model each; jobs may be pruned, so it is no reference.
        status: `accepted`, `accepted_with_warnings` or `refused`.
        sha256: the archive of its folder among the account's files.
        report: what `rmo report --json` says of it.
    """

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("account_id", "id"), _same_account("dataset_id", "datasets"))

    dataset_id: Mapped[str | None] = mapped_column(String(30))
    job_id: Mapped[str | None] = mapped_column(String(30), unique=True)
    status: Mapped[str] = mapped_column(String(30))
    sha256: Mapped[Sha]
    report: Mapped[Document]


class Plan(Owned, Base):
    """A plan: what was asked, and what `rmo plan --json` answers."""

    __tablename__ = "plans"
    __table_args__ = (UniqueConstraint("account_id", "id"), _same_account("model_id", "models"))

    model_id: Mapped[Id]
    request: Mapped[Document]
    answer: Mapped[Document]


class GeoTest(Owned, Base):
    """A geo test from its design to its result; `job_id` is the job that designed it."""

    __tablename__ = "geo_tests"
    __table_args__ = (UniqueConstraint("account_id", "id"), _same_account("dataset_id", "datasets"))

    dataset_id: Mapped[str | None] = mapped_column(String(30))
    job_id: Mapped[str | None] = mapped_column(String(30), unique=True)
    state: Mapped[GeoTestState] = mapped_column(words(GeoTestState))
    design: Mapped[Document | None]
    lock_sha256: Mapped[str | None] = mapped_column(String(64))
    lock: Mapped[Document | None]
    result: Mapped[Document | None]


class BidRun(Owned, Base):
    """A night's bids. `folder_sha256` is the archive of what it read, `ledger` names its place in the ledger."""

    __tablename__ = "bid_runs"
    __table_args__ = (UniqueConstraint("account_id", "id"), _same_account("plan_id", "plans"))

    plan_id: Mapped[str | None] = mapped_column(String(30))
    job_id: Mapped[str | None] = mapped_column(String(30), unique=True)
    state: Mapped[BidRunState] = mapped_column(words(BidRunState))
    folder_sha256: Mapped[str | None] = mapped_column(String(64))
    ledger: Mapped[str | None] = mapped_column(String(200))
    summary: Mapped[Document]


_NOT_ENQUEUED = text("enqueued IS NULL AND state = 'queued'")


class Job(Owned, Base):
    """Work that takes longer than a request.

    Attributes:
        request: what was asked; ids and numbers, never data.
        progress: how far it is, in the words of its kind.
        result: ids of the rows it made.
        problem: the problem document it ended with.
        attempts: how often it was begun.
        worker: who works on it, or did last.
        enqueued: when the engine was told of it; None: not yet, the reconciler will.
        cancel_asked: when somebody asked for its end.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        Index(None, "state", "created"),
        Index(None, "account_id", "state"),
        Index("ix_jobs_not_enqueued", "created", sqlite_where=_NOT_ENQUEUED, postgresql_where=_NOT_ENQUEUED),
    )

    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[JobState] = mapped_column(words(JobState), default=JobState.QUEUED)
    request: Mapped[Document]
    progress: Mapped[Document | None]
    result: Mapped[Document | None]
    problem: Mapped[Document | None]
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(200))
    enqueued: Mapped[datetime | None]
    cancel_asked: Mapped[datetime | None]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class Idempotency(Base):
    """What a POST was answered, so that the same again is answered the same.

    Attributes:
        account_id: the account, or the empty text for requests to the installation.
        request_sha256: of method, path and body.
    """

    __tablename__ = "idempotency"

    account_id: Mapped[str] = mapped_column(String(30), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_sha256: Mapped[Sha]
    status: Mapped[int]
    answer: Mapped[Document]
    created: Mapped[datetime] = mapped_column(default=now, index=True)


class AuditEntry(Base):
    """Who did what with which inputs. The database refuses to change or remove a row, see the first revision."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "account_id", "seq"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[str | None] = mapped_column(String(30))
    key_id: Mapped[str | None] = mapped_column(String(30))
    action: Mapped[str] = mapped_column(String(60))
    object: Mapped[str | None] = mapped_column(String(200))
    inputs_sha256: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[Outcome] = mapped_column(words(Outcome))
    request_id: Mapped[str | None] = mapped_column(String(64))


class Webhook(Owned, Base):
    """Where an account wants to be told of events; `events` is `{"names": [..]}`, `secret` signs what is sent."""

    __tablename__ = "webhooks"
    __table_args__ = (UniqueConstraint("account_id", "id"),)

    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(200))
    events: Mapped[Document]


class Delivery(Base):
    """One event to one webhook, tried until it arrived or was given up."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "state", "next_try"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(String(30), ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(String(60))
    body: Mapped[Document]
    state: Mapped[DeliveryState] = mapped_column(words(DeliveryState), default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)
