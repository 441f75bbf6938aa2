"""Requests are sent again where that can help, done once, and every failure is an error with what came back."""

import io
from collections.abc import Callable

import httpx
import pytest

from api.client import Client, errors
from api.client.transport import Patience, Transport

PATIENT = Patience(tries=3, first_wait=0.001)


def transport(answer: Callable[[httpx.Request], httpx.Response]) -> Transport:
    return Transport("http://service", "rmo_key", PATIENT, httpx.Client(transport=httpx.MockTransport(answer)))


def test_a_post_is_sent_again_under_the_same_key_with_the_same_content() -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.headers["idempotency-key"], request.read()))
        if len(seen) == 1:
            raise httpx.ReadError("cut off")
        return httpx.Response(503) if len(seen) == 2 else httpx.Response(201, json={"id": "pln_1"})

    assert transport(answer).json("POST", "/v1/x", json={"a": 1}) == {"id": "pln_1"}
    assert len(seen) == 3
    assert len(set(seen)) == 1
    transport(answer).json("POST", "/v1/x", json={"a": 1})
    assert seen[-1][0] != seen[0][0]


def test_a_file_is_sent_whole_again() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return httpx.Response(502 if len(bodies) == 1 else 201, json={})

    transport(answer).send("POST", "/v1/x", files={"file": ("p.csv", io.BytesIO(b"date,sales\n"))}, data={"name": "n"})
    assert all(b"date,sales" in body for body in bodies)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.NotAuthenticated),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.TooLarge),
        (422, errors.Invalid),
        (429, errors.TooMany),
        (500, errors.ServerFault),
        (503, errors.ServerFault),
        (418, errors.Problem),
    ],
)
def test_every_failure_carries_its_document(status: int, kind: type[errors.Problem]) -> None:
    document = {"code": "x", "detail": "in words", "errors": [{"field": "budget", "message": "too small"}]}

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"x-request-id": "r-1", "retry-after": "0"}
        return httpx.Response(status, json=document, headers=headers)

    with pytest.raises(errors.ServiceError) as caught:
        transport(answer).json("GET", "/v1/x")
    assert type(caught.value) is kind
    problem = caught.value
    assert isinstance(problem, errors.Problem)
    assert (problem.status, problem.code, problem.request_id) == (status, "x", "r-1")
    assert (problem.document, problem.errors) == (document, document["errors"])
    assert "in words" in str(problem)


def test_an_answer_of_something_else_is_no_traceback() -> None:
    with pytest.raises(errors.ServerFault, match="502"):
        transport(lambda _: httpx.Response(502, text="<html>Bad gateway</html>")).json("GET", "/v1/x")
    with pytest.raises(errors.NotFound):
        transport(lambda _: httpx.Response(404, json=["no", "document"])).json("GET", "/v1/x")


def test_nobody_answers() -> None:
    with pytest.raises(errors.Unreachable, match="does not answer"):
        Client("http://127.0.0.1:9", "rmo_key", patience=Patience(tries=2, first_wait=0.001))


def test_a_refusal_is_not_tried_again() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(422, json={})

    with pytest.raises(errors.Invalid):
        transport(answer).json("POST", "/v1/x", json={})
    assert len(seen) == 1
