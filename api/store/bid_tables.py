"""The tables of what bids are proposed from: an account's account.toml, and every pull of its reports. Values only."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import now
from api.store.tables import Base, Document, Owned, Sha


class BidAccountFile(Base):
    """The account.toml in force; who set it stands in the audit trail."""

    __tablename__ = "bid_account_files"

    account_id: Mapped[str] = mapped_column(String(30), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[Sha]
    set_at: Mapped[datetime] = mapped_column(default=now)


class BidPull(Owned, Base):
    """The reports of one pull: `files` is `{"files": [{"name", "sha256", "bytes"}]}`; never changed."""

    __tablename__ = "bid_pulls"

    files: Mapped[Document]
