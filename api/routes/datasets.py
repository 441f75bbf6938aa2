"""`/v1/accounts/{account}/datasets`: panels' files as somebody sends them, checked and kept by version."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from api.bodies import Answer, PageAnswer, storable
from api.deps import Caller, IdempotencyKey, PageAsked, Reader, Uploader
from api.idempotency import Change, answer_once
from api.refusals import BadRequest
from api.services.check_upload import UploadPurpose
from api.services.receive_upload import Sent, fingerprint, receive_upload
from api.store.datasets import add_dataset, find_dataset, list_datasets
from api.store.tables import Dataset

router = APIRouter(prefix="/v1/accounts/{account}/datasets", tags=["datasets"])

_LONGEST_FIELD = 256 * 1024
_FIELDS = {"file", "name", "map", "controls", "purpose"}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "name"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A panel, CSV or Parquet."},
                        "name": {"type": "string", "minLength": 1, "maxLength": 200},
                        "map": {"type": "string", "description": "The text of a panel.toml."},
                        "controls": {"type": "string", "description": "Further columns to admit as controls: a,b."},
                        "purpose": {"type": "string", "enum": [purpose.value for purpose in UploadPurpose]},
                    },
                }
            }
        },
    }
}


class DatasetAnswer(Answer):
    """A version of a dataset; with one dataset also `report`, what `rmo check --json` says."""

    id: str
    name: str
    version: int
    file_name: str
    rows: int
    sha256: str
    created: str


@router.post("", status_code=201, response_model=DatasetAnswer, openapi_extra=_FORM)
async def post_dataset(caller: Uploader, account: str, request: Request, key: IdempotencyKey = None) -> JSONResponse:
    """Send a panel's file, with a map if it needs one: the next version under its name, if it passes the check.

    The body is read only after the key was looked at.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise BadRequest("Send the file as multipart/form-data, with the fields file and name.", "file")
    async with request.form(max_files=1, max_fields=len(_FIELDS), max_part_size=_LONGEST_FIELD) as form:
        sent = _sent(form)
        return await run_in_threadpool(_keep, caller, account, key, sent)


@router.get("", response_model=PageAnswer)
def get_datasets(
    caller: Reader,
    account: str,
    page: PageAsked,
    name: Annotated[str | None, Query(max_length=200, description="Only versions under this name.")] = None,
) -> dict[str, Any]:
    """The account's datasets, newest first."""
    if name is not None and not storable(name):
        raise BadRequest("The name holds a character that is none.", "name")
    with caller.reading() as session:
        return list_datasets(session, account, name, page).to_json(_short)


@router.get("/{dataset}", response_model=DatasetAnswer)
def get_dataset(caller: Reader, account: str, dataset: str) -> dict[str, Any]:
    """One version of a dataset with its validation report."""
    with caller.reading() as session:
        return _whole(find_dataset(session, account, dataset))


@router.get("/{dataset}/report", response_model=Answer)
def get_report(caller: Reader, account: str, dataset: str) -> dict[str, Any]:
    """What `rmo check --json` says of it."""
    with caller.reading() as session:
        return find_dataset(session, account, dataset).report


def _keep(caller: Caller, account: str, key: str | None, sent: Sent) -> JSONResponse:
    def prepare() -> Change:
        new = receive_upload(caller.service, account, sent)

        def write(session: Session) -> dict[str, Any]:
            return _whole(add_dataset(session, new))

        return Change("dataset.create", write)

    return answer_once(caller, key, prepare, fingerprint(sent))


def _sent(form: FormData) -> Sent:
    unknown = sorted(set(form) - _FIELDS)
    if unknown:
        raise BadRequest(f"There is no field {unknown[0][:40]!r}; there are {', '.join(sorted(_FIELDS))}.", "body")
    file, name = form.get("file"), _text(form, "name")
    if not isinstance(file, UploadFile):
        raise BadRequest("Send the panel as the file of the field file.", "file")
    if not name or len(name) > 200:
        raise BadRequest("Give the dataset a name of at most 200 characters.", "name")
    controls = tuple(part.strip() for part in (_text(form, "controls") or "").split(",") if part.strip())
    try:
        purpose = UploadPurpose(_text(form, "purpose") or UploadPurpose.FIT.value)
    except ValueError:
        raise BadRequest("The purpose is fit or geo_test.", "purpose") from None
    return Sent(file.file, file.filename or "", name, _text(form, "map"), controls, purpose)


def _text(form: FormData, field: str) -> str | None:
    values = form.getlist(field)
    if not values:
        return None
    if len(values) > 1 or not isinstance(values[0], str) or not storable(values[0]):
        raise BadRequest(f"Send {field} once, as text.", field)
    return values[0]


def _short(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "version": row.version,
        "file_name": row.file_name,
        "rows": row.rows,
        "sha256": row.sha256,
        "created": row.created.isoformat(),
    }


def _whole(row: Dataset) -> dict[str, Any]:
    return _short(row) | {"map": row.map, "report": row.report}
