"""`/v1/accounts`: companies, or parts of one, that share nothing; only a key of the installation makes them."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from api.access_json import account_json
from api.bodies import Answer, Body, Name, PageAnswer
from api.deps import IdempotencyKey, Installer, PageAsked, Reader
from api.idempotency import Change, answer_once
from api.store.accounts import NewAccount, add_account, find_account, list_accounts

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])


class AccountBody(Body):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Acme", "currency": "USD", "time_zone": "America/New_York"}]}
    )

    name: Name
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    retention_days: Annotated[int, Field(ge=1, le=36500)] | None = None


class AccountAnswer(Answer):
    """An account."""

    id: str
    name: str
    currency: str
    time_zone: str
    retention_days: int | None
    created: str


@router.post("", status_code=201, response_model=AccountAnswer)
def post_account(caller: Installer, body: AccountBody, key: IdempotencyKey = None) -> JSONResponse:
    """Make an account."""
    wanted = NewAccount(**body.model_dump())
    return answer_once(
        caller, key, lambda: Change("account.create", lambda session: account_json(add_account(session, wanted)))
    )


@router.get("", response_model=PageAnswer)
def get_accounts(caller: Installer, page: PageAsked) -> dict[str, Any]:
    """All accounts, newest first."""
    with caller.reading() as session:
        return list_accounts(session, page).to_json(account_json)


@router.get("/{account}", response_model=AccountAnswer)
def get_account(caller: Reader, account: str) -> dict[str, Any]:
    """One account."""
    with caller.reading() as session:
        return account_json(find_account(session, account))
