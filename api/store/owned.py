"""An account, a kind of row and an id in, the account's own row out: the one place where accounts are kept apart.

Beside it: how many rows a statement changed.
"""

from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Delete, Update, select
from sqlalchemy.orm import Session

from api.refusals import NotFound
from api.store.tables import Owned

Row = TypeVar("Row", bound=Owned)


def find_owned(session: Session, table: type[Row], account: str, row_id: str, told: tuple[str, str]) -> Row:
    """The row of this id, if it is the account's.

    Args:
        session: to read in.
        table: whose rows belong to accounts.
        account, row_id: whose row, and which.
        told: what such a row is called, and the field of the request that named it.

    Raises:
        NotFound: there is none, or it is another account's.
    """
    row = session.scalars(select(table).where(table.account_id == account, table.id == row_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no such {told[0]}.", told[1])
    return row


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Carry out a statement; how many rows it met."""
    return cast(CursorResult[Any], session.execute(statement)).rowcount
