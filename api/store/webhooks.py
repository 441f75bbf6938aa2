"""Webhooks and what was sent to them in the tables, found and listed by account."""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.owned import find_owned
from api.store.tables import Delivery, Webhook

SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclass(frozen=True)
class NewWebhook:
    """Where an account wants to be told of which events."""

    account: str
    url: str
    events: tuple[str, ...]


def add_webhook(session: Session, new: NewWebhook) -> Webhook:
    """A webhook with a fresh secret."""
    row = Webhook(
        id=new_id(Kind.WEBHOOK),
        account_id=new.account,
        url=new.url,
        secret=SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
        events={"names": list(new.events)},
        created=now(),
    )
    session.add(row)
    session.flush()
    return row


def find_webhook(session: Session, account: str, webhook: str) -> Webhook:
    """The account's webhook of this id. Raises NotFound."""
    return find_owned(session, Webhook, account, webhook, ("webhook", "webhook"))


def count_webhooks(session: Session, account: str) -> int:
    """How many webhooks the account has."""
    return session.scalar(select(func.count()).where(Webhook.account_id == account)) or 0


def list_webhooks(session: Session, account: str, page: PageRequest) -> Page[Any]:
    """The account's webhooks, newest first."""
    return page_of(session, select(Webhook).where(Webhook.account_id == account), Webhook.id, page)


def list_deliveries(session: Session, webhook: Webhook, page: PageRequest) -> Page[Any]:
    """What was sent to a webhook, or still will be, newest first."""
    return page_of(session, select(Delivery).where(Delivery.webhook_id == webhook.id), Delivery.id, page)
