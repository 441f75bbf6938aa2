"""What routes are handed: who asks and for which account, a page's place, and a way to answer a POST once.

`requires(permission)` is the only way to a `Caller`, and every route under /v1 has one: a test reads the routes' own
table and tries each without a key, with another account's and with too small a role.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from api.auth import Permission, Principal, authenticate
from api.limits import mark_of
from api.paging import DEFAULT_LIMIT, LARGEST_LIMIT, PageRequest
from api.refusals import Forbidden, NotFound, Unauthenticated
from api.service import Service
from api.store.accounts import require_account
from api.store.audit import Actor, Deed, note
from api.store.columns import now
from api.store.keys import note_use
from api.store.states import Outcome

_bearer = HTTPBearer(auto_error=False, description="A key as `rmo admin create-key` shows it once: rmo_...")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def service_of(request: Request) -> Service:
    """The service behind a request."""
    return cast(Service, request.app.state.service)


@dataclass(frozen=True)
class Caller:
    """Who asks, and in which account: the only way of a route to data.

    Attributes:
        principal: the key.
        account: the account in the path; "" for what concerns the installation.
        service: what the process holds.
        request_id: for logs and the audit trail.
        body_sha256: of the request's body as it came.
        target: method and path.
    """

    principal: Principal
    account: str
    service: Service
    request_id: str
    body_sha256: str
    target: str

    @property
    def actor(self) -> Actor:
        """Who this is in the audit trail."""
        return Actor(self.account, self.principal.key, self.request_id)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read in."""
        with self.service.store.reading() as session:
            yield session

    @contextmanager
    def writing(self, deed: Deed | None = None) -> Iterator[Session]:
        """A transaction to write in, with what it does in the audit trail."""
        with self.service.store.writing() as session:
            yield session
            if deed is not None:
                note(session, self.actor, deed)


@dataclass(frozen=True)
class Requirement:
    """Hands a route its `Caller`, if the key in the request has this permission."""

    permission: Permission

    async def __call__(self, request: Request, credentials: Credentials) -> Caller:
        """Who asks. Raises Unauthenticated, TooMany, NotFound and Forbidden."""
        service = service_of(request)
        account = request.path_params.get("account", "")
        key = credentials.credentials if credentials else ""
        service.rates.refuse_guessing(_address(request))
        principal = service.admission.find(key, account)
        if principal is None:
            principal = await run_in_threadpool(_let_in, service, key, account, _address(request))
        else:
            service.rates.count_request(principal.key)
        made = _caller(service, principal, account, request)
        if not principal.may(self.permission):
            await run_in_threadpool(_note_attempt, made, self.permission)
            raise Forbidden(f"A key of role {principal.role} may not do this.")
        return made


def requires(permission: Permission) -> Any:
    """The dependency on a key with this permission."""
    return Depends(Requirement(permission))


def _let_in(service: Service, key: str, account: str, address: str) -> Principal:
    """Whose key this is; another's account is not there at all."""
    mark = service.admission.mark()
    with service.store.reading() as session:
        try:
            principal, expires = authenticate(session, key)
        except Unauthenticated:
            service.rates.count_failure(address)
            raise
        service.rates.count_request(principal.key)
        if account and not principal.sees(account):
            raise NotFound("There is no such account.", "account")
        if account:
            require_account(session, account)
    if service.rates.is_first_in_a_minute(principal.key):
        with service.store.writing() as session:
            note_use(session, principal.key)
    seconds_good = math.inf if expires is None else (expires - now()).total_seconds()
    service.admission.keep(key, account, principal, seconds_good, mark)
    return principal


def _note_attempt(caller: Caller, permission: Permission) -> None:
    with caller.writing(Deed(f"{permission}.attempt", caller.target[:200], outcome=Outcome.REFUSED)):
        pass


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _caller(service: Service, principal: Principal, account: str, request: Request) -> Caller:
    mark = mark_of(request)
    mark.key = principal.key
    target = f"{request.method} {request.url.path}"
    return Caller(principal, account, service, mark.id, mark.body.hexdigest(), target)


async def _page(
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Most items of the page.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=100, description="`next` of the page before.")] = None,
) -> PageRequest:
    """Not in a thread of its own: there is nothing to wait for."""
    return PageRequest(limit, cursor)


Reader = Annotated[Caller, requires(Permission.READ)]
Uploader = Annotated[Caller, requires(Permission.UPLOAD)]
Fitter = Annotated[Caller, requires(Permission.FIT)]
Planner = Annotated[Caller, requires(Permission.PLAN)]
Tester = Annotated[Caller, requires(Permission.TEST)]
Bidder = Annotated[Caller, requires(Permission.PROPOSE_BIDS)]
Approver = Annotated[Caller, requires(Permission.APPROVE_BIDS)]
Stopper = Annotated[Caller, requires(Permission.STOP_BIDS)]
Canceller = Annotated[Caller, requires(Permission.CANCEL_JOBS)]
WebhookKeeper = Annotated[Caller, requires(Permission.WEBHOOKS)]
Auditor = Annotated[Caller, requires(Permission.AUDIT)]
KeyKeeper = Annotated[Caller, requires(Permission.KEYS)]
AccountKeeper = Annotated[Caller, requires(Permission.ACCOUNT)]
Installer = Annotated[Caller, requires(Permission.INSTALLATION)]
PageAsked = Annotated[PageRequest, Depends(_page)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same request is answered the same for 24 hours, and done once.",
    ),
]
