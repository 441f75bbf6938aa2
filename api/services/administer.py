"""What the machine's administrator asks in, accounts, keys and models of the service out; all in the audit trail."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access_json import account_json, key_json
from api.refusals import BadRequest, NotFound
from api.service import Service
from api.services.describe_model import describe_model
from api.services.stored_models import keep_model
from api.store.accounts import NewAccount, add_account, find_account
from api.store.audit import Actor, Deed, note
from api.store.keys import KeyWish, add_key
from api.store.keys import revoke_key as end_key
from api.store.keys import rotate_key as renew_key
from api.store.models import NewModel, add_model
from api.store.tables import ApiKey


def create_account(service: Service, wanted: NewAccount) -> dict[str, Any]:
    """Make an account. Raises BadRequest."""
    if not re.fullmatch("[A-Z]{3}", wanted.currency):
        raise BadRequest("Write the currency as three capital letters, as in USD.", "currency")
    if not 0 < len(wanted.name) <= 200:
        raise BadRequest("Give the account a name of at most 200 characters.", "name")
    with service.store.writing() as session:
        account = add_account(session, wanted)
        note(session, Actor(account.id), Deed("account.create", account.id))
        return account_json(account)


def set_retention(service: Service, account: str, days: int | None) -> dict[str, Any]:
    """Say how long an account's data are kept, None for always. Raises NotFound."""
    with service.store.writing() as session:
        row = find_account(session, account)
        row.retention_days = days
        note(session, Actor(account), Deed("account.retention", account))
        return account_json(row)


def create_key(service: Service, wish: KeyWish) -> dict[str, Any]:
    """Make a key; the answer's `key` is its text. Raises NotFound where there is no such account."""
    with service.store.writing() as session:
        if wish.account is not None:
            find_account(session, wish.account)
        row, fresh = add_key(session, wish)
        note(session, Actor(wish.account or ""), Deed("key.create", row.id))
        return key_json(row) | {"account": wish.account, "key": fresh.text}


def all_keys(service: Service, account: str | None) -> list[dict[str, Any]]:
    """An account's keys, or the installation's, newest first."""
    with service.store.reading() as session:
        if account is not None:
            find_account(session, account)
        rows = session.scalars(select(ApiKey).where(ApiKey.account_id == account).order_by(ApiKey.id.desc()))
        return [key_json(row) for row in rows]


def revoke_key(service: Service, key: str) -> dict[str, Any]:
    """End a key at once. Raises NotFound."""
    with service.store.writing() as session:
        account = _owner(session, key)
        note(session, Actor(account or ""), Deed("key.revoke", key))
        return key_json(end_key(session, account, key))


def rotate_key(service: Service, key: str, grace: timedelta) -> dict[str, Any]:
    """A new key in an old one's place. Raises NotFound, Conflict."""
    with service.store.writing() as session:
        account = _owner(session, key)
        row, fresh = renew_key(session, account, key, grace)
        note(session, Actor(account or ""), Deed("key.rotate", key))
        return key_json(row) | {"account": account, "key": fresh.text}


def import_model(service: Service, account: str, folder: Path) -> dict[str, Any]:
    """Bring a stored model's folder into an account.

    Raises:
        NotFound: there is no such account.
        ModelFileError: the folder is no stored model.
    """
    from measurement.storage import load_model

    model = load_model(folder)
    with service.store.reading() as session:
        find_account(session, account)
    sha256 = keep_model(service.files, account, folder, service.settings.scratch)
    with service.store.writing() as session:
        row = add_model(session, NewModel(account, sha256, describe_model(model)))
        note(session, Actor(account), Deed("model.import", row.id, sha256))
        return {"id": row.id, "account": account, "status": row.status, "sha256": sha256}


def _owner(session: Session, key: str) -> str | None:
    """The key's account, or None for the installation's. Raises NotFound."""
    row = session.get(ApiKey, key)
    if row is None:
        raise NotFound("There is no such key.", "key")
    return row.account_id
