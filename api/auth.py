"""Keys and what they allow: the text of a key in, who that is and what they may do out.

A key is `rmo_PREFIX_SECRET` with 256 random bits; only its SHA-256 is kept, so it can be shown once. Its randomness is
what protects it, so that one fast hash is enough.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.refusals import Unauthenticated
from api.store.columns import now
from api.store.states import Role
from api.store.tables import ApiKey

_KEY = re.compile(r"rmo_([a-z0-9]{10})_[A-Za-z0-9_-]{43}")
_PREFIX_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_NOBODY = "0" * 64
_KNOWN = select(
    ApiKey.id,
    ApiKey.account_id,
    ApiKey.role,
    ApiKey.sha256,
    ApiKey.revoked,
    ApiKey.expires,
)


class Permission(StrEnum):
    """What a request needs leave for."""

    READ = "read"
    UPLOAD = "upload"
    FIT = "fit"
    PLAN = "plan"
    TEST = "test"
    PROPOSE_BIDS = "propose_bids"
    APPROVE_BIDS = "approve_bids"
    STOP_BIDS = "stop_bids"
    CANCEL_JOBS = "cancel_jobs"
    WEBHOOKS = "webhooks"
    AUDIT = "audit"
    KEYS = "keys"
    ACCOUNT = "account"
    INSTALLATION = "installation"


_P = Permission
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.BUYER: frozenset({_P.READ, _P.PLAN, _P.PROPOSE_BIDS, _P.APPROVE_BIDS, _P.STOP_BIDS}),
    Role.ANALYST: frozenset({_P.READ, _P.UPLOAD, _P.FIT, _P.PLAN, _P.TEST, _P.CANCEL_JOBS, _P.STOP_BIDS}),
    Role.AUTOMATION: frozenset({_P.READ, _P.UPLOAD, _P.FIT, _P.PLAN, _P.PROPOSE_BIDS, _P.STOP_BIDS}),
    Role.ADMIN: frozenset(Permission),
}
"""Automation proposes and a person approves; anybody who touches bids may stop them."""


@dataclass(frozen=True)
class Principal:
    """Who asks: a key of an account, or one of the whole installation (`account` None)."""

    key: str
    account: str | None
    role: Role

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it; what concerns all accounts, only a key of the installation."""
        if permission is Permission.INSTALLATION and self.account is not None:
            return False
        return permission in PERMISSIONS[self.role]

    def sees(self, account: str) -> bool:
        """Whether the account is this key's own, or the key is the installation's."""
        return self.account is None or self.account == account


@dataclass(frozen=True)
class NewKey:
    """A key that was just made: `text` is for its owner and never kept."""

    text: str = field(repr=False)
    prefix: str
    sha256: str


def new_key() -> NewKey:
    """A fresh key."""
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(10))
    text = f"rmo_{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(text, prefix, _hash(text))


def authenticate(session: Session, text: str) -> tuple[Principal, datetime | None]:
    """Whose key this is, and until when it is good.

    Raises:
        Unauthenticated: it is unknown, expired or revoked.
    """
    form = _KEY.fullmatch(text)
    row = session.execute(_KNOWN.where(ApiKey.prefix == form[1])).one_or_none() if form else None
    same = hmac.compare_digest(_hash(text), row.sha256 if row else _NOBODY)
    if row is None or not same or not is_good(row.revoked, row.expires):
        raise Unauthenticated("Send a good key as: Authorization: Bearer rmo_...")
    return Principal(row.id, row.account_id, row.role), row.expires


def is_good(revoked: datetime | None, expires: datetime | None) -> bool:
    """Whether a key is neither revoked nor expired."""
    return revoked is None and (expires is None or expires > now())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
