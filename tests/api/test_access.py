"""Who may do what, for every route of the application's own table: so a new route cannot be forgotten.

Each is tried without a key, with keys that are not good, with another account's, and with each role that is too small.
"""

import inspect
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update

from api.admission import SECONDS_KEPT
from api.app import create_app
from api.auth import PERMISSIONS, Permission, Principal, new_key
from api.services import administer
from api.settings import Settings
from api.store.columns import now
from api.store.keys import KeyWish
from api.store.states import Role
from api.store.tables import Account, ApiKey, AuditEntry

OPEN_TO_ALL = {"/healthz", "/readyz", "/metrics"}
OF_THE_KEY = "/v1/me"
"""Answers of the key that is sent with it alone."""


def _routes(router: Any) -> Iterator[APIRoute]:
    """All routes, those of included routers too."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "effective_route_contexts"):
            yield from (context.original_route for context in route.effective_route_contexts())
        elif hasattr(route, "routes"):
            yield from _routes(route)


def _permission(handler: Any) -> Permission | None:
    """What a route's own signature requires, or that of something it depends on."""
    for parameter in inspect.signature(handler, eval_str=True).parameters.values():
        for mark in getattr(parameter.annotation, "__metadata__", ()):
            dependency = getattr(mark, "dependency", None)
            if dependency is None:
                continue
            asked = getattr(dependency, "permission", None) or _permission(dependency)
            if asked is not None:
                return Permission(asked)
    return None


APP = create_app(Settings(data=Path("never-made")))
ROUTES = [
    (method, route.path, _permission(route.endpoint))
    for route in _routes(APP)
    for method in sorted(route.methods or ())
]
GUARDED = [(method, path, asked) for method, path, asked in ROUTES if path not in OPEN_TO_ALL]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Iterator[Any]:
    settings = Settings(data=tmp_path_factory.mktemp("access") / "data", plan_processes=0, failures_per_minute=100_000)
    with serving(settings) as served:
        yield served


@pytest.fixture(scope="module")
def stranger(served: Any, open_account: Any) -> dict[str, str]:
    """Keys of another account."""
    _, keys = open_account(served.service, "Rival")
    return dict(keys)


def _sent(served: Any, method: str, path: str, headers: dict[str, str] | None = None) -> Any:
    filled = path.replace("{account}", served.account)
    while "{" in filled:
        start, end = filled.index("{"), filled.index("}")
        filled = f"{filled[:start]}some_id{filled[end + 1 :]}"
    return served.client.request(method, filled, headers=headers)


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_the_table_is_read_whole() -> None:
    paths = {path for _, path, _ in ROUTES}
    assert {"/healthz", "/v1/accounts", "/v1/accounts/{account}/plans/{plan}/export"} <= paths
    described = {(method.upper(), path) for path, verbs in APP.openapi()["paths"].items() for method in verbs}
    assert described == {(method, path) for method, path, _ in ROUTES}


@pytest.mark.parametrize(("method", "path", "asked"), GUARDED)
def test_every_route_says_what_it_requires(method: str, path: str, asked: Permission | None) -> None:
    assert asked is not None
    assert path.startswith("/v1/")
    if path == OF_THE_KEY:
        return
    assert ("{account}" in path) != (asked is Permission.INSTALLATION)


@pytest.mark.parametrize(("method", "path", "asked"), GUARDED)
def test_nobody_without_a_good_key(served: Any, problem: Any, method: str, path: str, asked: Permission) -> None:
    key = served.keys["admin"]
    for headers in (
        None,
        _bearer(""),
        _bearer("nonsense"),
        _bearer(new_key().text),
        _bearer(key[:-1] + ("A" if key[-1] != "A" else "B")),
        _bearer(key.upper()),
        {"Authorization": f"Basic {key}"},
        {"X-Api-Key": key},
    ):
        answer = _sent(served, method, path, headers)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "path", "asked"), [route for route in GUARDED if "{account}" in route[1]])
def test_another_account_is_not_there(
    served: Any, problem: Any, stranger: dict[str, str], method: str, path: str, asked: Permission, role: Role
) -> None:
    answer = _sent(served, method, path, _bearer(stranger[role]))
    assert problem(answer, 404, "not_found")["detail"] == "There is no such account."


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "path", "asked"), GUARDED)
def test_a_role_that_is_too_small_is_refused(
    served: Any, problem: Any, method: str, path: str, asked: Permission, role: Role
) -> None:
    answer = _sent(served, method, path, _bearer(served.keys[role]))
    if Principal("key", served.account, role).may(asked):
        assert answer.status_code not in (401, 403)
    else:
        problem(answer, 403, "forbidden")


def test_every_role_is_too_small_for_something() -> None:
    assert all(len(PERMISSIONS[role]) < len(Permission) for role in Role if role is not Role.ADMIN)
    assert not Principal("key", "acc_1", Role.ADMIN).may(Permission.INSTALLATION)
    assert Principal("key", None, Role.ADMIN).may(Permission.INSTALLATION)
    assert Permission.APPROVE_BIDS not in PERMISSIONS[Role.AUTOMATION]


def test_a_refused_attempt_is_in_the_trail(served: Any) -> None:
    served.get("/keys", role="buyer")
    last = served.get("/audit", role="admin", params={"limit": 1}).json()["items"][0]
    assert (last["action"], last["outcome"]) == ("keys.attempt", "refused")
    assert last["object"].endswith("/keys")


def test_an_expired_or_revoked_key_opens_nothing(served: Any, problem: Any) -> None:
    made = administer.create_key(
        served.service, KeyWish(served.account, Role.BUYER, "leaving", now() + timedelta(days=1))
    )
    path = f"/v1/accounts/{served.account}"
    assert served.client.get(path, headers=_bearer(made["key"])).status_code == 200
    with served.service.store.writing() as session:
        session.execute(update(ApiKey).where(ApiKey.id == made["id"]).values(expires=now() - timedelta(seconds=1)))
    served.service.admission.forget()
    problem(served.client.get(path, headers=_bearer(made["key"])), 401, "unauthenticated")
    other = administer.create_key(served.service, KeyWish(served.account, Role.BUYER, "lost"))
    administer.revoke_key(served.service, other["id"])
    problem(served.client.get(path, headers=_bearer(other["key"])), 401, "unauthenticated")


def test_a_key_revoked_by_another_process_opens_nothing_after_a_second(served: Any, problem: Any) -> None:
    made = administer.create_key(served.service, KeyWish(served.account, Role.BUYER, "lost"))
    path = f"/v1/accounts/{served.account}"
    assert served.client.get(path, headers=_bearer(made["key"])).status_code == 200
    administer.revoke_key(served.service, made["id"])  # as `rmo admin revoke-key` does beside a service that runs
    time.sleep(SECONDS_KEPT)
    problem(served.client.get(path, headers=_bearer(made["key"])), 401, "unauthenticated")


def test_an_account_that_is_being_deleted_answers_nothing(served: Any, problem: Any, open_account: Any) -> None:
    account, keys = open_account(served.service, "Leaving")
    with served.service.store.writing() as session:
        session.execute(update(Account).where(Account.id == account).values(deleted=now()))
    for key in (keys["admin"], served.keys["installation"]):
        problem(served.client.get(f"/v1/accounts/{account}", headers=_bearer(key)), 404, "not_found")


def test_only_hashes_of_keys_are_kept(served: Any) -> None:
    data = served.service.settings.data
    kept = b"".join(path.read_bytes() for path in data.glob("rmo.sqlite*"))
    for key in served.keys.values():
        secret = key.split("_", 2)[2]
        assert secret.encode() not in kept
        assert key.split("_")[1].encode() in kept


def test_keys_are_made_rotated_and_revoked_over_http(served: Any, problem: Any) -> None:
    made = served.post("/keys", role="admin", json={"name": "nightly", "role": "automation", "expires_days": 30}).json()
    path = f"/v1/accounts/{served.account}"
    assert served.client.get(path, headers=_bearer(made["key"])).status_code == 200
    turned = served.post(f"/keys/{made['id']}/rotate", role="admin", json={"grace_hours": 0}).json()
    assert (turned["role"], turned["name"]) == ("automation", "nightly")
    problem(served.client.get(path, headers=_bearer(made["key"])), 401, "unauthenticated")
    assert served.client.get(path, headers=_bearer(turned["key"])).status_code == 200
    problem(served.post(f"/keys/{made['id']}/rotate", role="admin"), 409, "conflict")
    ended = served.post(f"/keys/{turned['id']}/revoke", role="admin").json()
    assert ended["revoked"]
    problem(served.client.get(path, headers=_bearer(turned["key"])), 401, "unauthenticated")
    listed = served.get("/keys", role="admin").json()["items"]
    assert listed[0]["id"] == turned["id"]
    assert not any("key" in entry or "sha256" in entry for entry in listed)


def test_a_repeated_request_for_a_key_does_not_show_it_again(served: Any) -> None:
    body, headers = {"name": "ann", "role": "buyer"}, {"Idempotency-Key": "one-key"}
    first, second = (served.post("/keys", role="admin", json=body, headers=headers).json() for _ in range(2))
    assert first["key"].startswith("rmo_")
    assert second == first | {"key": None}


def test_accounts_are_made_by_the_installation_alone(served: Any, problem: Any) -> None:
    root = _bearer(served.keys["installation"])
    made = served.client.post("/v1/accounts", headers=root, json={"name": "New", "time_zone": "Asia/Tokyo"})
    assert made.status_code == 201
    assert made.json()["time_zone"] == "Asia/Tokyo"
    listed = served.client.get("/v1/accounts", headers=root).json()["items"]
    assert listed[0] == made.json()
    for body, field in (
        ({"name": "x", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"name": "x", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"name": "x", "currency": "usd"}, "currency"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, ""),
        ({"name": "x", "retention_days": 0}, "retention_days"),
    ):
        answer = served.client.post("/v1/accounts", headers=root, json=body)
        assert problem(answer, 422, "invalid_request")["errors"][0]["field"] == field


def test_the_trail_says_who_did_what_with_which_inputs(served: Any) -> None:
    request = {"X-Request-Id": "from-the-caller"}
    made = served.post("/keys", role="admin", json={"name": "audited", "role": "buyer"}, headers=request)
    assert made.headers["x-request-id"] == "from-the-caller"
    entry = served.get("/audit", role="admin", params={"limit": 1}).json()["items"][0]
    assert (entry["action"], entry["object"], entry["outcome"]) == ("key.create", made.json()["id"], "done")
    assert entry["request_id"] == "from-the-caller"
    assert len(entry["inputs_sha256"]) == 64
    with served.service.store.reading() as session:
        row = session.scalars(select(AuditEntry).where(AuditEntry.seq == entry["seq"])).one()
        assert session.get(ApiKey, row.key_id).role is Role.ADMIN
