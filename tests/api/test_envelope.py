"""What surrounds every request: sizes, rates, headers, problem documents for whatever goes wrong; restarts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

import api.routes.accounts
from api.app import create_app
from api.limits import SECURE_HEADERS, Envelope
from api.refusals import BadSettings
from api.services.describe_model import describe_model
from api.settings import Settings
from measurement.fitted import FittedModel


@pytest.fixture
def tight(tmp_path: Path, serving: Any) -> Iterator[Any]:
    with serving(
        Settings(
            data=tmp_path / "data", plan_processes=0, requests_per_minute=5, failures_per_minute=3, request_bytes=2000
        )
    ) as served:
        yield served


def test_a_key_may_send_so_many_requests(tight: Any, problem: Any) -> None:
    assert [tight.get().status_code for _ in range(5)] == [200] * 5
    answer = tight.get()
    problem(answer, 429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
    assert tight.get(role="buyer").status_code == 200


@pytest.mark.parametrize("role", ["installation", "buyer"])
def test_requests_for_accounts_that_are_not_there_count_too(tight: Any, problem: Any, role: str) -> None:
    bearer = {"Authorization": f"Bearer {tight.keys[role]}"}
    path = f"/v1/accounts/acc_{0:026}"
    assert [tight.client.get(path, headers=bearer).status_code for _ in range(5)] == [404] * 5
    problem(tight.client.get(path, headers=bearer), 429, "rate_limited")


def test_guessing_keys_ends_soon(tight: Any, problem: Any) -> None:
    guess = {"Authorization": "Bearer rmo_guess"}
    assert [tight.client.get("/v1/accounts", headers=guess).status_code for _ in range(3)] == [401] * 3
    problem(tight.client.get("/v1/accounts", headers=guess), 429, "rate_limited")
    assert tight.client.get("/healthz").status_code == 200


def test_a_body_that_is_too_large_is_refused(tight: Any, problem: Any) -> None:
    problem(tight.post("/plans", json={"model": "m" * 3000}), 413, "too_large")


def test_no_more_of_a_body_is_read_than_is_allowed(tmp_path: Path) -> None:
    """An endless body in parts of 1,000 bytes, whatever length it claims."""
    parts = 0

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        while True:
            await receive()

    async def endless() -> dict[str, Any]:
        nonlocal parts
        parts += 1
        return {"type": "http.request", "body": b" " * 1000, "more_body": True}

    async def discard(_: Any) -> None:
        return None

    settings = Settings(data=tmp_path, request_bytes=5500)
    scope = {"type": "http", "method": "POST", "path": "/v1/accounts", "headers": [(b"content-length", b"10")]}
    with pytest.raises(HTTPException) as refusal:
        asyncio.run(Envelope(reading, settings, Response)(scope, endless, discard))
    assert (refusal.value.status_code, parts) == (413, 6)


def test_every_answer_carries_the_headers(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    answers = [served.get(), served.client.get("/healthz"), served.client.get("/nowhere"), served.get(role="buyer")]
    monkeypatch.setattr(api.routes.accounts, "find_account", broken)
    answers.append(served.get())
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 500]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURE_HEADERS} == SECURE_HEADERS
        assert answer.headers["x-request-id"]
    assert "secret" not in answers[-1].text


def test_a_database_that_does_not_answer_is_said_so(served: Any, problem: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("database is locked"))

    monkeypatch.setattr(api.routes.accounts, "find_account", locked)
    answer = served.get()
    assert "secret" not in problem(answer, 503, "unavailable")["detail"]
    assert answer.headers["retry-after"]


def test_unknown_places_and_verbs_are_problems_too(served: Any, problem: Any) -> None:
    problem(served.client.get("/v1/nothing"), 404, "not_found")
    answer = served.request("DELETE", "/plans")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"name": ' + "[" * 50 + "]" * 50 + "}",
        '{"name": 1e999}',
        '{"name": ' + "9" * 5000 + "}",
        '"\\ud800"',
        "\x00",
    ],
)
def test_a_body_that_wants_to_break_the_reader_is_refused(served: Any, text: str) -> None:
    answer = served.post("/keys", role="admin", content=text, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == "invalid_request"


def test_a_restart_keeps_everything(tmp_path: Path, serving: Any, model: FittedModel) -> None:
    settings = Settings(data=tmp_path / "data", plan_processes=0)
    with serving(settings) as before:
        stored = before.store_model(model)
        made = before.get(f"/models/{stored}").json()
    with TestClient(create_app(settings)) as client:
        headers = {"Authorization": f"Bearer {before.keys['buyer']}"}
        assert client.get(f"/v1/accounts/{before.account}/models/{stored}", headers=headers).json() == made
        trail = client.get(
            f"/v1/accounts/{before.account}/audit", headers={"Authorization": f"Bearer {before.keys['admin']}"}
        )
    assert "model.import" in {entry["action"] for entry in trail.json()["items"]}


def test_a_model_is_told_with_report_curves_and_diagnostics(
    served: Any, model: FittedModel, curves: Any, quick: None
) -> None:
    stored = served.store_model(model)
    told = served.get(f"/models/{stored}").json()
    described = describe_model(model)
    assert {key: told[key] for key in described} == described
    assert served.get(f"/models/{stored}/report").json() == described
    diagnostics = served.get(f"/models/{stored}/diagnostics").json()
    assert diagnostics["provenance"] == described["provenance"]
    first = served.get(f"/models/{stored}/curves", params={"weeks": 13}).json()["channels"][0]
    assert first["spend"] == pytest.approx(list(curves.spend_grid[0]))
    assert first["incremental"]["mean"] == pytest.approx(list(curves.incremental[:, 0].mean(axis=0)))
    assert [item["id"] for item in served.get("/models").json()["items"]] == [stored]


def test_nobody_listens_to_other_machines_without_a_key(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path / "data", plan_processes=0, host="0.0.0.0", allow_remote=True))
    with pytest.raises(BadSettings, match="nobody has a key"), TestClient(app):
        pass
