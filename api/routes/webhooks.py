"""`/v1/accounts/{account}/webhooks`: where an account wants to be told of what happens, and what it was told."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from api.bodies import Answer, Body, PageAnswer
from api.deps import IdempotencyKey, PageAsked, WebhookKeeper
from api.idempotency import Change, answer_once
from api.jobs.bid_jobs import ALERT, PROPOSED
from api.jobs.outgoing import BadAddress, Sender
from api.refusals import BadRequest, Conflict
from api.store.audit import Deed
from api.store.tables import Delivery, Webhook
from api.store.webhooks import NewWebhook, add_webhook, count_webhooks, find_webhook, list_deliveries, list_webhooks

router = APIRouter(prefix="/v1/accounts/{account}/webhooks", tags=["webhooks"])

MOST_WEBHOOKS = 20


class Event(StrEnum):
    """What one can be told of."""

    JOB_DONE = "job.done"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    BID_RUN_PROPOSED = PROPOSED
    BID_RUN_ALERT = ALERT


class WebhookBody(Body):
    """A new webhook."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://example.com/rmo", "events": ["job.failed", "bid_run.alert"]}]}
    )

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    events: Annotated[list[Annotated[Event, Field(strict=False)]], Field(min_length=1, max_length=20)]


class WebhookAnswer(Answer):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[str]
    created: str


class NewWebhookAnswer(WebhookAnswer):
    """A webhook that was just made."""

    secret: str | None = Field(description="Signs what is sent; shown once, a repeated request is answered without it")


@router.post("", status_code=201, response_model=NewWebhookAnswer)
def post_webhook(caller: WebhookKeeper, account: str, body: WebhookBody, key: IdempotencyKey = None) -> JSONResponse:
    """Have events sent to an address, signed as Standard Webhooks (standardwebhooks.com) says."""
    try:
        Sender(private=caller.service.settings.private_webhooks).check(body.url)
    except BadAddress as error:
        raise BadRequest(f"{str(error)[:1].upper()}{str(error)[1:]}.", "url") from None
    made: list[str] = []

    def write(session: Session) -> dict[str, Any]:
        events = tuple(dict.fromkeys(event.value for event in body.events))
        if count_webhooks(session, account) >= MOST_WEBHOOKS:
            raise Conflict(f"The account has {MOST_WEBHOOKS} webhooks, the most there can be; delete one.", "url")
        row = add_webhook(session, NewWebhook(account, body.url, events))
        made.append(row.secret)
        return webhook_json(row) | {"secret": None}

    def told_once() -> dict[str, Any]:
        return {"secret": made[-1]} if made else {}

    return answer_once(caller, key, lambda: Change("webhook.create", write, told_once=told_once))


@router.get("", response_model=PageAnswer)
def get_webhooks(caller: WebhookKeeper, account: str, page: PageAsked) -> dict[str, Any]:
    """The account's webhooks, newest first."""
    with caller.reading() as session:
        return list_webhooks(session, account, page).to_json(webhook_json)


@router.get("/{webhook}", response_model=WebhookAnswer)
def get_webhook(caller: WebhookKeeper, account: str, webhook: str) -> dict[str, Any]:
    """One webhook."""
    with caller.reading() as session:
        return webhook_json(find_webhook(session, account, webhook))


@router.delete("/{webhook}", status_code=204)
def delete_webhook(caller: WebhookKeeper, account: str, webhook: str) -> Response:
    """Send nothing more there, neither what still waits."""
    with caller.writing(Deed("webhook.delete", webhook)) as session:
        session.delete(find_webhook(session, account, webhook))
    return Response(status_code=204)


@router.get("/{webhook}/deliveries", response_model=PageAnswer)
def get_deliveries(caller: WebhookKeeper, account: str, webhook: str, page: PageAsked) -> dict[str, Any]:
    """What was sent there, or still will be, newest first."""
    with caller.reading() as session:
        return list_deliveries(session, find_webhook(session, account, webhook), page).to_json(_delivery_json)


def webhook_json(row: Webhook) -> dict[str, Any]:
    """A webhook as it is shown."""
    return {"id": row.id, "url": row.url, "events": row.events["names"], "created": row.created.isoformat()}


def _delivery_json(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "event": row.event,
        "state": row.state.value,
        "attempts": row.attempts,
        "next_try": None if row.next_try is None else row.next_try.isoformat(),
        "created": row.created.isoformat(),
        "body": row.body,
    }
