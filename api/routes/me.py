"""`GET /v1/me`: whose key this is, so that a program that was handed a key alone finds its account."""

from typing import Any

from fastapi import APIRouter

from api.bodies import Answer
from api.deps import Reader
from api.store.states import Role

router = APIRouter(prefix="/v1/me", tags=["keys"])


class MeAnswer(Answer):
    """A key's id, role and account; null for a key of the installation."""

    key: str
    role: Role
    account: str | None


@router.get("", response_model=MeAnswer)
def get_me(caller: Reader) -> dict[str, Any]:
    """Whose key is sent with this request."""
    principal = caller.principal
    return {"key": principal.key, "role": principal.role, "account": principal.account}
