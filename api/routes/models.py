"""`/v1/accounts/{account}/models`: fitted models, their report, curves and diagnostics; a fit is a job."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.bodies import Answer, PageAnswer
from api.deps import PageAsked, Reader
from api.services.describe_curves import describe_curves
from api.store.models import find_model, list_models

router = APIRouter(prefix="/v1/accounts/{account}/models", tags=["models"])

_DIAGNOSTIC_KEYS = ("status", "reasons", "diagnostics", "baseline", "warnings", "provenance")


class ModelAnswer(Answer):
    """A model; with one model also the keys of `rmo report --json`."""

    id: str
    status: str
    dataset: str | None
    job: str | None
    created: str


@router.get("", response_model=PageAnswer)
def get_models(caller: Reader, account: str, page: PageAsked) -> dict[str, Any]:
    """The account's models, newest first."""
    with caller.reading() as session:
        return list_models(session, account, page).to_json(model_json)


@router.get("/{model}", response_model=ModelAnswer)
def get_model(caller: Reader, account: str, model: str) -> dict[str, Any]:
    """One model with its report, currency, warnings and provenance."""
    with caller.reading() as session:
        row = find_model(session, account, model)
        return row.report | model_json(row)


@router.get("/{model}/report", response_model=Answer)
def get_report(caller: Reader, account: str, model: str) -> dict[str, Any]:
    """What `rmo report --json` says."""
    with caller.reading() as session:
        return find_model(session, account, model).report


@router.get("/{model}/diagnostics", response_model=Answer)
def get_diagnostics(caller: Reader, account: str, model: str) -> dict[str, Any]:
    """Whether to believe it: status with reasons, convergence, baseline, and from what it was fitted."""
    with caller.reading() as session:
        report = find_model(session, account, model).report
    return {key: report.get(key) for key in _DIAGNOSTIC_KEYS}


@router.get("/{model}/curves", response_model=Answer)
def get_curves(
    caller: Reader,
    account: str,
    model: str,
    weeks: Annotated[int, Query(ge=1, le=104, description="Planned weeks.")] = 13,
) -> dict[str, Any]:
    """What each channel's spend over so many weeks would sell, with its interval."""
    with caller.reading() as session:
        sha256 = find_model(session, account, model).sha256
    return {"id": model} | describe_curves(caller.service.models.curves(account, sha256, weeks))


def model_json(row: Any) -> dict[str, Any]:
    """A model as lists show it."""
    return {
        "id": row.id,
        "status": row.status,
        "dataset": row.dataset_id,
        "job": row.job_id,
        "created": row.created.isoformat(),
    }
