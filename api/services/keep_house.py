"""What lies in the service's rooms in, what is over gone out: old rows, deleted accounts, files that no row names."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select, text
from sqlalchemy.orm import Session

from api.store.accounts import find_account
from api.store.audit import Actor, Deed, note
from api.store.columns import now
from api.store.engine import Store
from api.store.files import Files
from api.store.idempotency import forget_old
from api.store.references import files_of
from api.store.retention import forget_jobs, forget_older
from api.store.tables import Account, AuditEntry, Idempotency

DELETED = "account.delete"
GRACE = timedelta(hours=24)


@dataclass(frozen=True)
class Premises:
    """Where everything of accounts lies: tables, files, ledgers of bids."""

    store: Store
    files: Files
    ledgers: Path


def keep_house(premises: Premises, grace: timedelta = GRACE) -> dict[str, int]:
    """Apply retention periods, finish deletions, collect garbage; safe to run by several processes at once.

    Args:
        premises: where.
        grace: how old a file must be before it can be garbage: older than any request that puts one takes.

    Returns:
        How many rows of each table, accounts, and files are gone.
    """
    done = apply_retention(premises.store)
    marked = _marked(premises.store)
    for account in marked:
        erase(premises, account)
    done["accounts"] = len(marked)
    with premises.store.writing() as session:
        forget_old(session)
    done["files"] = collect_garbage(premises, grace)
    return {name: count for name, count in done.items() if count}


def delete_account(premises: Premises, account: str, by: Actor) -> dict[str, str]:
    """Delete an account with all it has; of it the audit trail keeps that it was deleted, by whom and when.

    From the first transaction on it answers nothing; if we are cut off, `keep_house` goes on.

    Raises:
        NotFound: there is no such account.
    """
    with premises.store.writing() as session:
        row = find_account(session, account)
        row.deleted = now()
        note(session, Actor("", by.key, by.request), Deed(DELETED, account))
        answer = {"id": account, "deleted": row.deleted.isoformat()}
    erase(premises, account)
    return answer


def erase(premises: Premises, account: str) -> None:
    """Remove everything of an account whose deletion has begun; its own row last, so that this can be begun again."""
    premises.files.remove_account(account)
    shutil.rmtree(premises.ledgers / account, ignore_errors=True)
    with premises.store.writing() as session:
        forget_jobs(session, account)
        told = cast(Idempotency.answer, String).contains(account)
        session.execute(delete(Idempotency).where(or_(Idempotency.account_id == account, told)))
        session.execute(delete(AuditEntry).where(_about(account), AuditEntry.action != DELETED))
        session.execute(delete(Account).where(Account.id == account))
    if premises.store.engine.dialect.name == "sqlite":
        with premises.store.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")  # a checkpoint cannot stand in a transaction
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def apply_retention(store: Store) -> dict[str, int]:
    """Delete what is older than its account wants to keep; how many rows of each table."""
    done: dict[str, int] = {}
    limited = Account.retention_days.is_not(None) & Account.deleted.is_(None)
    with store.reading() as session:
        accounts = session.execute(select(Account.id, Account.retention_days).where(limited)).all()
    for account, days in accounts:
        with store.writing() as session:
            gone = forget_older(session, account, now() - timedelta(days=days or 0))
            if gone:
                what = ", ".join(f"{name} {count}" for name, count in gone.items())
                note(session, Actor(account), Deed("retention.apply", what))
        done = {name: done.get(name, 0) + gone.get(name, 0) for name in done | gone}
    return done


def collect_garbage(premises: Premises, grace: timedelta = GRACE) -> int:
    """Remove files that no row names, and all that is left of accounts that are gone; how many files."""
    count = 0
    for account in premises.files.accounts():
        with premises.store.reading() as session:
            living = _lives(session, account)
            kept = files_of(session, account) if living else set()
        if living:
            count += len(premises.files.collect(account, kept, grace))
        else:
            count += len(premises.files.hashes(account))
            premises.files.remove_account(account)
    _remove_ledgers_of_nobody(premises)
    return count


def _remove_ledgers_of_nobody(premises: Premises) -> None:
    """A night that ended after its account did may have left one."""
    folders = [path for path in premises.ledgers.glob("acc_*") if path.is_dir()] if premises.ledgers.is_dir() else []
    for folder in folders:
        with premises.store.reading() as session:
            living = _lives(session, folder.name)
        if not living:
            shutil.rmtree(folder, ignore_errors=True)


def _lives(session: Session, account: str) -> bool:
    return bool(session.scalar(select(func.count()).where(Account.id == account)))


def _marked(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(Account.id).where(Account.deleted.is_not(None))))


def _about(account: str) -> ColumnElement[bool]:
    return or_(AuditEntry.account_id == account, AuditEntry.object == account)
