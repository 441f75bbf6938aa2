"""Datasets in the tables: versions of panels' files under a name, found and listed by account."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.refusals import Conflict
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.owned import find_owned
from api.store.tables import Account, Dataset
from measurement.lookalikes import appearance, difference


@dataclass(frozen=True)
class NewDataset:
    """A panel's file that was checked: its hash among the account's files, and the check's JSON."""

    account: str
    name: str
    sha256: str
    file_name: str
    rows: int
    report: dict[str, Any]
    map: str | None = None


def add_dataset(session: Session, new: NewDataset) -> Dataset:
    """The next version under its name; two at once take turns at the account's row.

    Raises:
        Conflict: there are datasets under a name that only looks the same.
    """
    session.execute(select(Account.id).where(Account.id == new.account).with_for_update())
    mine = (Dataset.account_id == new.account, Dataset.name == new.name)
    _refuse_lookalike(session, new)
    last = session.scalar(select(func.max(Dataset.version)).where(*mine)) or 0
    row = Dataset(
        id=new_id(Kind.DATASET),
        account_id=new.account,
        name=new.name,
        version=last + 1,
        sha256=new.sha256,
        file_name=new.file_name,
        map=new.map,
        rows=new.rows,
        report=new.report,
        created=now(),
    )
    session.add(row)
    session.flush()
    return row


def _refuse_lookalike(session: Session, new: NewDataset) -> None:
    """Versions under two names that a reader cannot tell apart would be taken for one another."""
    seen = appearance(new.name)
    names = session.scalars(select(Dataset.name).where(Dataset.account_id == new.account).distinct())
    for other in names:
        if other != new.name and appearance(other) == seen:
            raise Conflict(
                f"There are datasets {other!r}, and {new.name!r}: they {difference(other, new.name)}.", "name"
            )


def find_dataset(session: Session, account: str, dataset: str, field: str = "dataset") -> Dataset:
    """The account's dataset of this id. Raises NotFound, naming `field`."""
    return find_owned(session, Dataset, account, dataset, ("dataset", field))


def list_datasets(session: Session, account: str, name: str | None, page: PageRequest) -> Page[Any]:
    """The account's datasets, under one name or all, newest first, without their reports."""
    columns = (Dataset.id, Dataset.name, Dataset.version, Dataset.file_name, Dataset.rows, Dataset.created)
    rows = select(*columns, Dataset.sha256).where(Dataset.account_id == account)
    return page_of(session, rows if name is None else rows.where(Dataset.name == name), Dataset.id, page)
