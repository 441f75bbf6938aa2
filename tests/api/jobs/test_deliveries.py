"""Messages to webhooks: signed, tried again, once in the tables, and never to addresses that only we can reach."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.jobs.deliveries import WAITS, deliver_due, signature, tell_webhooks
from api.jobs.outgoing import BadAddress, NotSent, Sender
from api.store.columns import now
from api.store.engine import Store
from api.store.ids import Kind, new_id
from api.store.states import DeliveryState
from api.store.tables import Delivery, Webhook
from tests.api.receiver import Receiver, receiving

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


@pytest.fixture
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    with receiving() as found:
        yield found


def hook(store: Store, account: str, url: str, *events: str) -> None:
    with store.writing() as session:
        webhook = new_id(Kind.WEBHOOK)
        session.add(Webhook(id=webhook, account_id=account, url=url, secret=SECRET, events={"names": list(events)}))


def tell(store: Store, account: str, event: str) -> None:
    with store.writing() as session:
        tell_webhooks(session, account, event, {"job": {"id": "job_1", "name": "Zürich"}})


def the_delivery(store: Store) -> Delivery:
    with store.reading() as session:
        return session.scalars(select(Delivery)).one()


def due_now(store: Store) -> None:
    with store.writing() as session:
        session.execute(update(Delivery).values(next_try=now()))


def test_who_asked_is_told_with_a_signature_that_fits(
    store: Store, account: str, receiver: tuple[str, type[Receiver]]
) -> None:
    url, handler = receiver
    hook(store, account, url, "job.done")
    tell(store, account, "job.done")
    tell(store, account, "job.failed")
    assert deliver_due(store, Sender(private=True)) == 1
    assert deliver_due(store, Sender(private=True)) == 0
    ((headers, body),) = handler.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.new(b"0123456789abcdef01234567", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert json.loads(body) | {"timestamp": ""} == {
        "type": "job.done",
        "timestamp": "",
        "account": account,
        "data": {"job": {"id": "job_1", "name": "Zürich"}},
    }
    assert the_delivery(store).state is DeliveryState.DELIVERED


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks' own documentation."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_tried_again_under_the_same_name_and_given_up_in_the_end(
    store: Store, account: str, receiver: tuple[str, type[Receiver]]
) -> None:
    url, handler = receiver
    handler.answers = [503]
    hook(store, account, url, "job.done")
    tell(store, account, "job.done")
    for attempt in range(1, len(WAITS) + 2):
        before = now()
        assert deliver_due(store, Sender(private=True)) == 1
        delivery = the_delivery(store)
        assert delivery.attempts == attempt
        if attempt <= len(WAITS):
            assert delivery.state is DeliveryState.WAITING
            assert delivery.next_try is not None
            assert timedelta() <= delivery.next_try - before - WAITS[attempt - 1] < timedelta(seconds=10)
            due_now(store)
    assert the_delivery(store).state is DeliveryState.FAILED
    assert len({headers["webhook-id"] for headers, _ in handler.got}) == 1


def test_redirects_are_not_followed(store: Store, account: str, receiver: tuple[str, type[Receiver]]) -> None:
    url, handler = receiver
    handler.answers = [302]
    with pytest.raises(NotSent, match="302"):
        Sender(private=True).post(url, b"{}", {})


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
    ],
)
def test_nothing_is_sent_to_where_only_we_can_reach(url: str) -> None:
    with pytest.raises(NotSent, match="public internet"):
        Sender().post(url, b"{}", {})


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://example.com", "https://u:p@example.com/", "https:///x", ""]
)
def test_other_forms_of_addresses_are_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        Sender().check(url)
