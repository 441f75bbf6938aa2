"""Accounts and keys as rows in, what is answered of them out, by HTTP and by `rmo admin` alike."""

from typing import Any

from api.store.tables import Account, ApiKey


def account_json(account: Account) -> dict[str, Any]:
    """An account as it is answered."""
    return {
        "id": account.id,
        "name": account.name,
        "currency": account.currency,
        "time_zone": account.time_zone,
        "retention_days": account.retention_days,
        "created": account.created.isoformat(),
    }


def key_json(key: ApiKey) -> dict[str, Any]:
    """A key as it is answered: what it may do and since when, never what opens it."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "prefix": key.prefix,
        "created": key.created.isoformat(),
        "expires": key.expires.isoformat() if key.expires else None,
        "revoked": key.revoked.isoformat() if key.revoked else None,
        "last_used": key.last_used.isoformat() if key.last_used else None,
    }
