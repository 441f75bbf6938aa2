"""The service's processes for the benchmarks beside this one: `python -m benchmarks.service_station ROLE PORT`.

ROLE is `api`, `worker` or `serve` (both in one process, as `rmo serve` on SQLite). Settings come from the environment.
One more kind of job waits in its child for as long as it is asked to, and leaves one entry in the audit trail:
were a job kept twice, there would be two.
"""

import signal
import sys
import threading
from collections.abc import Mapping
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy.orm import Session

from api.app import create_app
from api.bodies import Body
from api.deps import Fitter, IdempotencyKey
from api.idempotency import Change, answer_once
from api.jobs.claim import Claim
from api.jobs.engine import Queue
from api.jobs.kinds import Desk, Keep, Kind
from api.jobs.opening import worker_of
from api.jobs.submission import BID_RUN, submit_within
from api.routes.jobs import job_json
from api.service import Service
from api.settings import read_settings
from api.store.audit import Actor, Deed, note

KEPT = "benchmark.kept"
WAIT = "wait"
router = APIRouter(prefix="/v1/accounts/{account}/waits")


class WaitBody(Body):
    """How long the job waits."""

    seconds: Annotated[float, Field(ge=0, le=600)]


@router.post("", status_code=202)
def post_wait(caller: Fitter, account: str, body: WaitBody, key: IdempotencyKey = None) -> JSONResponse:
    """Submit a job that waits."""

    def write(session: Session) -> dict[str, Any]:
        most = caller.service.settings.jobs_per_account
        return job_json(submit_within(session, account, WAIT, body.model_dump(), most))

    return answer_once(caller, key, lambda: Change("benchmark.wait", write, 202))


def _keep(_: Desk, claim: Claim, result: Mapping[str, Any]) -> Keep:
    def write(session: Session) -> dict[str, Any]:
        note(session, Actor(claim.account), Deed(KEPT, claim.job))
        return dict(result)

    return write


KINDS = {
    name: Kind(Queue.BIDS, f"benchmarks.service_errands:{entry}", lambda _, claim: claim.request, _keep)
    for name, entry in ((WAIT, "wait"), (BID_RUN, "night"))
}
"""Nights are simulated: in place of the service's own kind."""


def application() -> FastAPI:
    """The service's own, with the one route more."""
    app = create_app(read_settings())
    app.include_router(router)
    return app


def main(role: str, port: int) -> None:
    """Serve, work, or both, until SIGTERM."""
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    worker = None
    if role in ("worker", "serve"):
        service = Service.open(read_settings())
        worker = worker_of(service, KINDS)
        worker.start()
    if role in ("api", "serve"):
        server = uvicorn.Server(uvicorn.Config(application(), port=port, log_level="warning"))
        threading.Thread(target=server.run, daemon=True).start()
    print("ready", flush=True)
    asked.wait()
    if worker is not None:
        worker.stop()
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
