"""The tables of those who work: which workers live, and which account wants its bids every night. Values only."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import now
from api.store.tables import Base


class Worker(Base):
    """A process that takes jobs; `seen` is its last sign of life, by the database's clock."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    started: Mapped[datetime] = mapped_column(default=now)
    seen: Mapped[datetime]


class NightlyBids(Base):
    """An account's bid run of every night.

    Attributes:
        at: when, on the clocks of the account's time zone.
        request: of the job, without the day.
        next_day, next_at: the account's day whose run comes next, and the moment when it is due.
    """

    __tablename__ = "nightly_bids"
    __table_args__ = (Index(None, "next_at"),)

    account_id: Mapped[str] = mapped_column(String(30), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[time]
    request: Mapped[dict[str, Any]]
    next_day: Mapped[date]
    next_at: Mapped[datetime]


class JobToForget(Base):
    """A job that is gone with its account; the engine still has to drop what it knows of it."""

    __tablename__ = "jobs_to_forget"

    id: Mapped[str] = mapped_column(String(30), primary_key=True)
