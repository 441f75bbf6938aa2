"""`PUT .../retention` and `DELETE /v1/accounts/{account}`: who may, what is left, and no slip of the finger."""

from typing import Any

from sqlalchemy import select

from api.store.tables import AuditEntry


def test_retention_is_set_and_lifted(served: Any) -> None:
    made = served.request("PUT", "/retention", role="admin", json={"retention_days": 30})
    assert (made.status_code, made.json()["retention_days"]) == (200, 30)
    assert (
        served.request("PUT", "/retention", role="admin", json={"retention_days": None}).json()["retention_days"]
        is None
    )
    assert served.request("PUT", "/retention", role="admin", json={"retention_days": 0}).status_code == 422
    assert served.request("PUT", "/retention", role="admin", json={}).status_code == 422
    assert served.request("PUT", "/retention", json={"retention_days": 30}).status_code == 403


def test_an_account_is_deleted_by_its_admin_who_says_so_twice(served: Any, problem: Any) -> None:
    problem(served.request("DELETE", "", role="admin"), 422, "invalid_request")
    problem(served.request("DELETE", "?confirm=acc_other", role="admin"), 422, "invalid_request")
    problem(served.request("DELETE", f"?confirm={served.account}", role="buyer"), 403, "forbidden")
    key = served.client.get("/v1/me", headers={"Authorization": f"Bearer {served.keys['admin']}"}).json()["key"]
    gone = served.request("DELETE", f"?confirm={served.account}", role="admin")
    assert (gone.status_code, gone.json()["id"]) == (200, served.account)
    problem(served.get("", role="admin"), 401, "unauthenticated")
    problem(served.get("", role="installation"), 404, "not_found")
    with served.service.store.reading() as session:
        about = [row for row in session.scalars(select(AuditEntry)) if served.account in (row.account_id, row.object)]
    assert [(row.action, row.key_id) for row in about] == [("account.delete", key)]
