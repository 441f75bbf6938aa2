"""`POST /v1/accounts/{account}/models`: a dataset and what is believed in, the job that fits a model out."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from api.bodies import Body, Seed
from api.deps import Fitter, IdempotencyKey
from api.idempotency import Change, answer_once
from api.jobs.submission import FIT, submit_within
from api.routes.jobs import JobAnswer, job_json
from api.store.datasets import find_dataset

router = APIRouter(prefix="/v1/accounts/{account}/models", tags=["models"])

Text = Annotated[str, Field(max_length=256 * 1024)]


class FitBody(Body):
    """What to fit; `map`, `priors` and `experiments` are the texts of such files."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"dataset": "dst_01M8C1776RYKYH3W7AREBBKBD5", "controls": ["events"]}]}
    )

    dataset: Annotated[str, Field(max_length=30)]
    controls: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50, default_factory=list)
    ]
    map: Text | None = None
    priors: Text | None = None
    experiments: Text | None = None
    seed: Seed = 0


@router.post("", status_code=202, response_model=JobAnswer)
def post_model(caller: Fitter, account: str, body: FitBody, key: IdempotencyKey = None) -> JSONResponse:
    """Fit a model: answers the job; when it is done, its `result` names the model."""

    def write(session: Session) -> dict[str, Any]:
        find_dataset(session, account, body.dataset)
        most = caller.service.settings.jobs_per_account
        return job_json(submit_within(session, account, FIT, body.model_dump(), most))

    return answer_once(caller, key, lambda: Change("model.fit", write, 202))
