"""The client against the real service, in this process and over a socket; progress as it is sent, and by asking."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.client import (
    Client,
    Conflict,
    Forbidden,
    Invalid,
    Job,
    JobCancelled,
    JobFailed,
    NotAuthenticated,
    NotFound,
    ServiceError,
    StillRunning,
    TooMany,
)
from api.client.transport import Patience
from api.settings import Settings
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.states import JobState
from api.store.tables import Job as JobRow
from measurement.fitted import FittedModel
from measurement.panel import Panel

URL = "http://testserver"


@pytest.fixture
def client(served: Any) -> Client:
    return Client(URL, served.keys["analyst"], http=served.client)


@pytest.fixture
def sockets(tmp_path: Path, open_account: Any) -> Iterator[tuple[str, str, Any]]:
    """A service on a real socket: its address, an analyst's key, the service."""
    app = create_app(Settings(data=tmp_path / "data", plan_processes=0))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    _, keys = open_account(app.state.service)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", keys["analyst"], app.state.service
    server.should_exit = True
    thread.join()
    listening.close()


def panel_csv(panel: Panel) -> bytes:
    lines = ["date,geo,population,sales," + ",".join(f"{name}_spend" for name in panel.channel_names)]
    for g, geo in enumerate(panel.geos):
        for t, day in enumerate(panel.dates):
            spend = ",".join(f"{value:.2f}" for value in panel.spend[g, t])
            lines.append(f"{day},{geo},{panel.population[g]:.0f},{panel.sales[g, t]:.2f},{spend}")
    return "\n".join(lines).encode()


def test_a_key_is_enough_to_find_its_account(client: Client, served: Any) -> None:
    assert client.account == served.account
    assert client.accounts.get(served.account).name == "Acme"
    root = Client(URL, served.keys["installation"], http=served.client)
    assert root.account is None
    made = root.accounts.create("Other", currency="EUR")
    assert [account.id for account in root.accounts.list()] == [made.id, served.account]
    assert list(root.in_account(made).plans.list()) == []
    root.accounts.delete(made)
    with pytest.raises(NotFound):
        root.accounts.get(made.id)


def test_from_a_panel_to_a_plan(client: Client, served: Any, drawn: FittedModel, tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_bytes(panel_csv(drawn.panel))
    dataset = client.datasets.upload(tmp_path / "panel.csv", "weekly")
    assert (dataset.version, dataset.file_name, dataset.rows) == (1, "panel.csv", drawn.panel.spend[:, :, 0].size)
    assert dataset.report
    assert [each.id for each in client.datasets.list(name="weekly")] == [dataset.id]
    model = client.models.get(served.store_model(drawn))
    assert model.channels
    assert client.models.diagnostics(model)["status"] == model.status
    plan = client.plans.create(model, budget=1_000_000, weeks=13)
    assert plan.status in ("optimal", "feasible")
    assert plan.total
    assert plan.total["spend"] == pytest.approx(1_000_000, rel=1e-6)
    assert client.plans.get(plan.id).lines == plan.lines
    assert b"amazon" in client.plans.export(plan)
    assert client.plans.compare(plan, plan)["plan"] == plan.id


def test_failures_are_one_tree(client: Client, served: Any) -> None:
    buyer = Client(URL, served.keys["buyer"], http=served.client)
    with pytest.raises(Forbidden):
        buyer.models.begin_fit("dst_1")
    with pytest.raises(Invalid) as caught:
        client.plans.create("mdl_1", budget=-1)
    assert caught.value.errors[0]["field"] == "budget"
    with pytest.raises(NotFound):
        client.plans.get("pln_1")
    with pytest.raises(NotAuthenticated):
        Client(URL, "rmo_nobody", http=served.client)
    for kind in (Conflict, Forbidden, Invalid, NotFound, NotAuthenticated, TooMany, JobFailed, StillRunning):
        assert issubclass(kind, ServiceError)


def test_lists_go_on_page_after_page(client: Client, served: Any, model: FittedModel) -> None:
    ids = [served.store_model(model) for _ in range(3)]
    assert [each.id for each in client.models.list(limit=2)] == ids[::-1]


def job_row(service: Any, account: str, **given: Any) -> str:
    row = JobRow(id=new_id(Kind.JOB), account_id=account, kind="fit", request={}, created=now(), **given)
    with service.store.writing() as session:
        session.add(row)
    return row.id


def set_job(service: Any, job: str, **values: Any) -> None:
    with service.store.writing() as session:
        row = session.get(JobRow, job)
        for name, value in values.items():
            setattr(row, name, value)


def test_progress_comes_over_the_socket_as_it_is_made(sockets: tuple[str, str, Any]) -> None:
    url, key, service = sockets
    asked: list[str] = []
    http = httpx.Client(timeout=20, event_hooks={"request": [lambda request: asked.append(request.url.path)]})
    with Client(url, key, http=http) as client:
        job = job_row(service, str(client.account), state=JobState.RUNNING)
        steps: list[Callable[[], None]] = [
            lambda: set_job(service, job, progress={"stage": "sampling", "draws_done": 5, "draws_total": 10}),
            lambda: set_job(service, job, state=JobState.DONE, result={"model": "mdl_1"}),
        ]
        told: list[Job] = []

        def watch(at: Job) -> None:
            told.append(at)
            if steps:
                steps.pop(0)()

        ended = client.jobs.wait(job, progress=watch, seconds=60)
    assert ended.result == {"model": "mdl_1"}
    assert [(at.state, (at.progress or {}).get("stage")) for at in told] == [
        ("running", None),
        ("running", "sampling"),
        ("done", "sampling"),
    ]
    assert asked.count(f"/v1/accounts/{client.account}/jobs/{job}/events") == 1
    assert f"/v1/accounts/{client.account}/jobs/{job}" not in asked


def test_where_no_stream_comes_it_asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Something between that knows no streams, an answer that fails once, then the end."""
    monkeypatch.setattr("api.client.waiting.SECONDS_BETWEEN_QUESTIONS", 0.001)
    base = {"id": "job_1", "kind": "fit", "created": "", "attempts": 1}
    answers = iter(
        [
            httpx.Response(200, json=base | {"state": "running", "progress": {"stage": "sampling"}}),
            httpx.Response(503),
            httpx.Response(200, json=base | {"state": "done", "result": {"model": "mdl_1"}}),
        ]
    )

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(501) if request.url.path.endswith("/events") else next(answers)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    client = Client(URL, "rmo_key", account="acc_1", patience=Patience(3, 5, 0.001), http=http)
    assert client.jobs.wait("job_1", progress=True).result == {"model": "mdl_1"}
    shown = capsys.readouterr().err
    assert "fit running, sampling" in shown
    assert shown.endswith("\n")


def test_a_job_that_does_not_end_well_is_an_error(client: Client, served: Any) -> None:
    problem = {"detail": "the panel has a gap", "code": "bad_input"}
    failed = job_row(served.service, served.account, state=JobState.FAILED, problem=problem)
    with pytest.raises(JobFailed, match="the panel has a gap") as caught:
        client.jobs.wait(failed)
    assert caught.value.job.problem == problem
    waiting = job_row(served.service, served.account)
    assert client.jobs.cancel(waiting).state == "cancelled"
    with pytest.raises(JobCancelled):
        client.jobs.wait(waiting)
    assert replace(client.jobs.get(waiting), attempts=3).ended


def test_time_is_over_before_the_job_is(sockets: tuple[str, str, Any]) -> None:
    url, key, service = sockets
    with Client(url, key) as client:
        job = job_row(service, str(client.account), state=JobState.RUNNING)
        threading.Timer(1.0, lambda: set_job(service, job, progress={"stage": "sampling"})).start()
        with pytest.raises(StillRunning):
            client.jobs.wait(job, seconds=0.5)
