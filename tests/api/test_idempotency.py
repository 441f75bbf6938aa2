"""A POST with an Idempotency-Key is done once, however often and however close together it is sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

import measurement.posterior
from api.settings import Settings
from api.store.columns import now
from api.store.tables import AuditEntry, Idempotency, Plan
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel


@pytest.fixture(params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path: Any, serving: Any, monkeypatch: pytest.MonkeyPatch, curves: ResponseCurves
) -> Iterator[Any]:
    monkeypatch.setattr(measurement.posterior, "response_curves", lambda model, weeks: curves)
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with serving(Settings(data=tmp_path / "data", plan_processes=0, database_url=url)) as served:
        yield served


def _count(served: Any, table: Any) -> int:
    with served.service.store.reading() as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def test_once_however_often(served: Any, problem: Any, model: FittedModel) -> None:
    body = {"model": served.store_model(model), "budget": 1e6}
    key = {"Idempotency-Key": "spring-plan"}
    first = served.post("/plans", json=body, headers=key)
    deeds = _count(served, AuditEntry)
    again = served.post("/plans", json=body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again.headers["idempotency-replayed"], "idempotency-replayed" in first.headers) == ("true", False)
    assert (_count(served, Plan), _count(served, AuditEntry)) == (1, deeds)
    problem(served.post("/plans", json=body | {"budget": 2e6}, headers=key), 409, "idempotency_conflict")
    problem(
        served.post("/keys", role="admin", json={"name": "x", "role": "buyer"}, headers=key),
        409,
        "idempotency_conflict",
    )
    with served.service.store.writing() as session:
        session.execute(update(Idempotency).values(created=now() - timedelta(hours=25)))
    assert served.post("/plans", json=body | {"budget": 2e6}, headers=key).status_code == 201


def test_once_however_close_together(served: Any, model: FittedModel) -> None:
    body = {"model": served.store_model(model), "budget": 1e6}
    send = lambda _: served.post("/plans", json=body, headers={"Idempotency-Key": "at-once"})  # noqa: E731
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert _count(served, Plan) == 1


def test_a_refused_request_may_be_mended_under_its_key(served: Any, problem: Any, model: FittedModel) -> None:
    body, key = {"model": served.store_model(model), "budget": 1e6}, {"Idempotency-Key": "mended"}
    problem(served.post("/plans", json=body | {"model": "mdl_none"}, headers=key), 404, "not_found")
    assert served.post("/plans", json=body, headers=key).status_code == 201


def test_accounts_do_not_share_keys(served: Any, open_account: Any) -> None:
    account, keys = open_account(served.service, "Rival")
    body, headers = {"name": "x", "role": "buyer"}, {"Idempotency-Key": "same"}
    ours = served.post("/keys", role="admin", json=body, headers=headers)
    theirs = served.client.post(
        f"/v1/accounts/{account}/keys", json=body, headers=headers | {"Authorization": f"Bearer {keys['admin']}"}
    )
    assert (ours.status_code, theirs.status_code) == (201, 201)
    assert ours.json()["id"] != theirs.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 201, "two words"])
def test_a_key_that_is_none_is_refused(served: Any, problem: Any, key: str) -> None:
    answer = served.post("/keys", role="admin", json={"name": "x", "role": "buyer"}, headers={"Idempotency-Key": key})
    problem(answer, 422, "invalid_request")
