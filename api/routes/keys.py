"""`/v1/accounts/{account}/keys`: who may act in an account; a key's text is answered once, when it is made."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from api.access_json import key_json
from api.auth import NewKey
from api.bodies import Answer, Body, Name, PageAnswer
from api.deps import Caller, IdempotencyKey, KeyKeeper, PageAsked
from api.idempotency import Change, answer_once
from api.store.columns import now
from api.store.keys import KeyWish, add_key, list_keys, revoke_key, rotate_key
from api.store.states import Role

router = APIRouter(prefix="/v1/accounts/{account}/keys", tags=["keys"])

HOURS_OF_GRACE = 24
SHOWN_ONCE = "shown once, when the key is made; a repeated request is answered without it"


class KeyBody(Body):
    """A new key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "nightly run", "role": "automation", "expires_days": 90}]}
    )

    name: Name
    role: Annotated[Role, Field(strict=False)]
    expires_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class RotationBody(Body):
    """How long the old key works beside the new one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"grace_hours": 24}]})

    grace_hours: Annotated[int, Field(ge=0, le=24 * 30)] = HOURS_OF_GRACE


class KeyAnswer(Answer):
    """A key, without its text."""

    id: str
    name: str
    role: Role
    prefix: str
    created: str
    expires: str | None
    revoked: str | None
    last_used: str | None


class NewKeyAnswer(KeyAnswer):
    """A key that was just made."""

    key: str | None = Field(description=SHOWN_ONCE)


@router.post("", status_code=201, response_model=NewKeyAnswer)
def post_key(caller: KeyKeeper, account: str, body: KeyBody, key: IdempotencyKey = None) -> JSONResponse:
    """Make a key for this account."""
    expires = None if body.expires_days is None else now() + timedelta(days=body.expires_days)
    wish = KeyWish(account, body.role, body.name, expires)
    return _answer(caller, key, "key.create", lambda session: add_key(session, wish))


@router.post("/{key_id}/rotate", status_code=201, response_model=NewKeyAnswer)
def post_rotation(
    caller: KeyKeeper, account: str, key_id: str, body: RotationBody | None = None, key: IdempotencyKey = None
) -> JSONResponse:
    """A new key of the same role; the old one ends after the grace."""
    grace = timedelta(hours=(body or RotationBody()).grace_hours)
    answer = _answer(caller, key, "key.rotate", lambda session: rotate_key(session, account, key_id, grace))
    caller.service.admission.forget()
    return answer


@router.post("/{key_id}/revoke", status_code=200, response_model=KeyAnswer)
def post_revocation(caller: KeyKeeper, account: str, key_id: str, key: IdempotencyKey = None) -> JSONResponse:
    """End a key at once."""

    def write(session: Any) -> dict[str, Any]:
        return key_json(revoke_key(session, account, key_id))

    answer = answer_once(caller, key, lambda: Change("key.revoke", write, 200))
    caller.service.admission.forget()
    return answer


@router.get("", response_model=PageAnswer)
def get_keys(caller: KeyKeeper, account: str, page: PageAsked) -> dict[str, Any]:
    """The account's keys, newest first; those that are over, too."""
    with caller.reading() as session:
        return list_keys(session, account, page).to_json(key_json)


def _answer(caller: Caller, key: str | None, action: str, make: Any) -> JSONResponse:
    """The text goes into this answer alone: what is kept for a repetition does not hold it."""
    made: list[NewKey] = []

    def write(session: Any) -> dict[str, Any]:
        row, fresh = make(session)
        made.append(fresh)
        return key_json(row) | {"key": None}

    return answer_once(
        caller, key, lambda: Change(action, write, told_once=lambda: {"key": made[-1].text} if made else {})
    )
