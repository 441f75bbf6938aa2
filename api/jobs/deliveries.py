"""What happened in, signed messages to the webhooks that asked for it out, tried until they arrive or are given up.

A message is written in the transaction of what it tells, so neither is without the other. It is sent at least once;
its `webhook-id` stays the same, so a receiver can drop the second. Headers and signature are those of the Standard
Webhooks specification (standardwebhooks.com), for which receivers find libraries.
"""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.jobs.claim import Claim
from api.jobs.outgoing import NotSent, Sender
from api.store.columns import now
from api.store.engine import Store
from api.store.ids import Kind as IdKind
from api.store.ids import new_id
from api.store.states import DeliveryState, JobState
from api.store.tables import Delivery, Webhook
from api.store.webhooks import SECRET_PREFIX

log = logging.getLogger(__name__)
WAITS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600))
"""Before the second, the third, ... try; after the last one a message is given up, a day after it was written."""
_LEASE = timedelta(seconds=60)
_AT_ONCE = 16


def announce(session: Session, claim: Claim, state: JobState, values: Mapping[str, Any]) -> None:
    """Tell the account's webhooks that a job has ended, as `job.done`, `job.failed` or `job.cancelled`."""
    job = {"id": claim.job, "kind": claim.kind, "state": state.value, **values}
    tell_webhooks(session, claim.account, f"job.{state.value}", {"job": job})


def tell_webhooks(session: Session, account: str, event: str, content: Mapping[str, Any]) -> None:
    """Write one message for each webhook of the account that asked for this event."""
    body = {"type": event, "timestamp": now().isoformat(timespec="seconds"), "account": account, "data": dict(content)}
    for webhook in session.scalars(select(Webhook).where(Webhook.account_id == account)):
        if event in webhook.events["names"]:
            session.add(
                Delivery(id=new_id(IdKind.DELIVERY), webhook_id=webhook.id, event=event, body=body, next_try=now())
            )


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 of `id.timestamp.body` with the webhook's secret."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@dataclass(frozen=True)
class _Due:
    id: str
    url: str
    secret: str
    body: bytes
    attempt: int


def deliver_due(store: Store, sender: Sender) -> int:
    """Send what is due, and say how much that was; several workers may do so at once."""
    due = _take_due(store)
    if due:
        with ThreadPoolExecutor(len(due)) as pool:
            list(pool.map(lambda each: _deliver(store, sender, each), due))
    return len(due)


def _take_due(store: Store) -> list[_Due]:
    """Messages whose time has come; ours until the lease runs out, when a worker that died is taken for granted."""
    with store.writing() as session:
        rows = session.execute(
            select(Delivery, Webhook)
            .join(Webhook, Webhook.id == Delivery.webhook_id)
            .where(Delivery.state == DeliveryState.WAITING, Delivery.next_try <= now())
            .order_by(Delivery.next_try)
            .limit(_AT_ONCE)
            .with_for_update(of=Delivery, skip_locked=True)
        ).all()
        for delivery, _ in rows:
            delivery.attempts += 1
            delivery.next_try = now() + _LEASE
        return [
            _Due(delivery.id, webhook.url, webhook.secret, _as_bytes(delivery.body), delivery.attempts)
            for delivery, webhook in rows
        ]


def _deliver(store: Store, sender: Sender, due: _Due) -> None:
    timestamp = int(now().timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": due.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(due.secret, due.id, timestamp, due.body),
    }
    try:
        sender.post(due.url, due.body, headers)
    except NotSent as error:
        log.info("message %s, attempt %s, did not arrive: %s", due.id, due.attempt, error)
        last = due.attempt > len(WAITS)
        values = {"state": DeliveryState.FAILED if last else DeliveryState.WAITING}
        _settle(store, due, values | {"next_try": None if last else now() + WAITS[due.attempt - 1]})
    else:
        _settle(store, due, {"state": DeliveryState.DELIVERED, "next_try": None})


def _settle(store: Store, due: _Due, values: Mapping[str, Any]) -> None:
    with store.writing() as session:
        ours = update(Delivery).where(Delivery.id == due.id, Delivery.attempts == due.attempt)
        session.execute(ours.values(**values))


def _as_bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
