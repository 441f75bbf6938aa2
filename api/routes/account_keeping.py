"""`/v1/accounts/{account}`: how long its data are kept, and its end."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from api.access_json import account_json
from api.bodies import Answer, Body
from api.deps import AccountKeeper
from api.refusals import BadRequest
from api.routes.accounts import AccountAnswer
from api.services.keep_house import Premises, delete_account
from api.store.accounts import find_account
from api.store.audit import Deed

router = APIRouter(prefix="/v1/accounts/{account}", tags=["accounts"])


class RetentionBody(Body):
    """How many days data, plans and jobs are kept; null: as long as the account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"retention_days": 730}]})

    retention_days: Annotated[int, Field(ge=1, le=36500)] | None


class DeletionAnswer(Answer):
    """That an account is gone."""

    id: str
    deleted: str


@router.put("/retention", response_model=AccountAnswer)
def put_retention(caller: AccountKeeper, account: str, body: RetentionBody) -> dict[str, Any]:
    """Say how long data, plans and jobs are kept; what is older goes within the hour."""
    with caller.writing(Deed("account.retention", account, caller.body_sha256)) as session:
        row = find_account(session, account)
        row.retention_days = body.retention_days
        return account_json(row)


@router.delete("", response_model=DeletionAnswer)
def delete_all(
    caller: AccountKeeper,
    account: str,
    confirm: Annotated[str, Query(max_length=30, description="The account's id once more: nothing comes back.")],
) -> dict[str, str]:
    """Delete the account with its rows and files, at once and for good.

    The audit trail of the installation keeps that it was deleted, by which key and when, and nothing else.
    """
    if confirm != account:
        raise BadRequest("Say which account is to be deleted: confirm is the id of the account in the path.", "confirm")
    service = caller.service
    premises = Premises(service.store, service.files, service.settings.ledgers)
    answer = delete_account(premises, account, caller.actor)
    service.admission.forget()
    service.models.forget(account)
    service.planner.forget()
    return answer
