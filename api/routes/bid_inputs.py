"""`.../bid-runs/...`: the account.toml in force, and the pulls of reports that bids are made from."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from api.bodies import PageAnswer
from api.deps import Approver, Bidder, Caller, IdempotencyKey, PageAsked, Reader
from api.idempotency import Change, answer_once
from api.refusals import BadRequest
from api.routes.bid_bodies import AccountFileAnswer, AccountFileBody, PullAnswer
from api.services.receive_reports import SentReport, fingerprint_of, keep_text, receive_reports
from api.store.audit import Deed
from api.store.bid_inputs import account_file, add_pull, find_pull, list_pulls, set_account_file
from api.store.bid_tables import BidAccountFile, BidPull

router = APIRouter(prefix="/v1/accounts/{account}/bid-runs", tags=["bid runs"])

_MOST_FILES = 200
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "The platforms' exports, each under a name of its own.",
                        }
                    },
                }
            }
        },
    }
}


@router.put("/account-file", response_model=AccountFileAnswer)
def set_account_toml(caller: Approver, account: str, body: AccountFileBody) -> dict[str, Any]:
    """Set the account.toml: channels, margins, targets, limits. It says what needs a person, so a person sets it."""
    from bidding.account_file import parse_account

    parse_account(body.account_file)
    sha256 = keep_text(caller.service, account, body.account_file)
    with caller.writing(Deed("bids.account_file", account, sha256)) as session:
        return _account_file(caller, set_account_file(session, account, sha256))


@router.get("/account-file", response_model=AccountFileAnswer)
def get_account_toml(caller: Reader, account: str) -> dict[str, Any]:
    """The account.toml in force."""
    with caller.reading() as session:
        return _account_file(caller, account_file(session, account))


@router.post("/reports", status_code=201, response_model=PullAnswer, openapi_extra=_FORM)
async def send_reports(caller: Bidder, account: str, request: Request, key: IdempotencyKey = None) -> JSONResponse:
    """Send the exports of one pull; every pull is kept. The body is read only after the key was looked at."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("Send the reports as multipart/form-data, each as a file of the field files.", "files")
    async with request.form(max_files=_MOST_FILES, max_fields=0) as form:
        sent = _sent(form)
        return await run_in_threadpool(_keep, caller, account, key, sent)


@router.get("/reports", response_model=PageAnswer)
def list_reports(caller: Reader, account: str, page: PageAsked) -> dict[str, Any]:
    """The account's pulls, newest first."""
    with caller.reading() as session:
        return list_pulls(session, account, page).to_json(_pull)


@router.get("/reports/{pull}", response_model=PullAnswer)
def get_reports(caller: Reader, account: str, pull: str) -> dict[str, Any]:
    """One pull."""
    with caller.reading() as session:
        return _pull(find_pull(session, account, pull))


def _keep(caller: Caller, account: str, key: str | None, sent: list[SentReport]) -> JSONResponse:
    def prepare() -> Change:
        files = receive_reports(caller.service, account, sent)

        def write(session: Session) -> dict[str, Any]:
            return _pull(add_pull(session, account, files))

        return Change("bids.reports", write)

    return answer_once(caller, key, prepare, fingerprint_of(sent))


def _sent(form: FormData) -> list[SentReport]:
    for name, value in form.multi_items():
        if name != "files" or not isinstance(value, UploadFile):
            raise BadRequest("Send each report as a file of the field files, and nothing else.", "files")
    files = [value for value in form.getlist("files") if isinstance(value, UploadFile)]
    if not files:
        raise BadRequest("Send at least one report as a file of the field files.", "files")
    return [SentReport(file.file, file.filename or "") for file in files]


def _account_file(caller: Caller, row: BidAccountFile) -> dict[str, Any]:
    from bidding.account_file import parse_account

    text = caller.service.files.fetch(row.account_id, row.sha256).read_text(encoding="utf-8")
    channels = [channel.name for channel in parse_account(text).channels]
    return {"account_file": text, "sha256": row.sha256, "channels": channels, "set_at": row.set_at.isoformat()}


def _pull(row: BidPull) -> dict[str, Any]:
    return {"id": row.id, "created": row.created.isoformat(), "files": row.files["files"]}
