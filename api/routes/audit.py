"""`GET /v1/accounts/{account}/audit`: who did what with which inputs, newest first."""

from typing import Any

from fastapi import APIRouter

from api.bodies import PageAnswer
from api.deps import Auditor, PageAsked
from api.store.audit import list_audit
from api.store.tables import AuditEntry

router = APIRouter(prefix="/v1/accounts/{account}/audit", tags=["audit"])


@router.get("", response_model=PageAnswer)
def get_audit(caller: Auditor, account: str, page: PageAsked) -> dict[str, Any]:
    """The account's audit trail."""
    with caller.reading() as session:
        return list_audit(session, account, page).to_json(_entry)


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "key": entry.key_id,
        "action": entry.action,
        "object": entry.object,
        "inputs_sha256": entry.inputs_sha256,
        "outcome": entry.outcome.value,
        "request_id": entry.request_id,
    }
