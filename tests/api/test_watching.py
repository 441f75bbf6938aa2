"""What the service says of itself: logs without secrets, metrics by route, and readiness that means something."""

import json
import logging
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from api.logs import configure_logs, without_secrets
from api.readiness import draining
from api.refusals import BadSettings
from api.settings import Settings, read_settings
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.states import JobState
from api.store.tables import Job, Model, Plan
from api.store.work_tables import Worker


@pytest.fixture
def json_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """All lines that were logged, as text and each as JSON."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logs(as_json=True)

    def read() -> tuple[str, list[dict[str, Any]]]:
        told = capsys.readouterr().err
        return told, [json.loads(line) for line in told.splitlines() if line]

    yield read
    root.handlers[:], _ = before, root.setLevel(level)


def test_a_request_is_one_line_with_its_id_and_its_route(served: Any, json_logs: Any) -> None:
    served.get("", headers={"X-Request-Id": "my-request-1"})
    served.get("/plans/pln_1?cursor=private")
    told, lines = json_logs()
    first, second = (line for line in lines if line["event"] == "request")
    assert first["request_id"] == "my-request-1"
    assert (first["method"], first["route"], first["status"]) == ("GET", "/v1/accounts/{account}", 200)
    assert first["account"] == served.account
    assert first["key"].startswith("key_")
    assert first["milliseconds"] > 0
    assert (second["route"], second["status"]) == ("/v1/accounts/{account}/plans/{plan}", 404)
    assert "private" not in told


def test_no_key_reaches_the_logs(served: Any, json_logs: Any) -> None:
    """Keys as they are meant to come, and wherever a hurried person may put them."""
    made = served.post("/keys", role="admin", json={"name": "new", "role": "buyer"}).json()
    key = served.keys["buyer"]
    served.get("/models", role="buyer")
    served.client.get(f"/v1/accounts/{served.account}/models?key={key}")
    served.client.get(f"/v1/accounts/{key}/models", headers={"Authorization": f"Bearer {key}"})
    served.client.get("/v1/accounts", headers={"Authorization": f"Bearer {key}x"})
    logging.getLogger("anything").warning("it was %s", key)
    try:
        raise RuntimeError(f"postgresql://rmo:hunter2hunter2@db/rmo and {made['key']} and whsec_c2VjcmV0LXNlY3JldA==")
    except RuntimeError:
        logging.getLogger("anything").exception("it failed with Authorization: Bearer %s", made["key"])
    told, lines = json_logs()
    assert len(lines) >= 7
    for secret in (*served.keys.values(), made["key"]):
        assert secret not in told
        assert secret.split("_", 2)[2] not in told
    assert "hunter2" not in told
    assert "c2VjcmV0" not in told
    assert "Traceback" in told


def test_without_secrets_leaves_the_rest() -> None:
    plain = "job job_01J of acc_01J is done in 3.2 s: rmo_requests_total, http://127.0.0.1:8000/v1"
    assert without_secrets(plain) == plain


def test_logs_for_people_hide_secrets_too(capsys: pytest.CaptureFixture[str], json_logs: Any) -> None:
    configure_logs(as_json=False)
    logging.getLogger("anything").warning("it was rmo_abcdefghij_%s", "x" * 43)
    told = capsys.readouterr().err
    assert "rmo_abcdefghij_[hidden]" in told
    assert "xxx" not in told


def metric(text: str, name: str) -> dict[str, float]:
    """Values of a metric by its labels as they are written."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? ([0-9.e+-]+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_metrics_count_requests_by_route(served: Any) -> None:
    for plan in ("a", "b", "c"):
        served.get(f"/plans/pln_{plan}")
    served.client.get("/nowhere/at/all")
    told = served.client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    counted = metric(told.text, "rmo_requests_total")
    assert counted['method="GET",route="/v1/accounts/{account}/plans/{plan}",status="404"'] == 3
    assert counted['method="GET",route="(no route)",status="404"'] == 1
    assert (
        metric(told.text, "rmo_request_seconds_count")['method="GET",route="/v1/accounts/{account}/plans/{plan}"'] == 3
    )
    assert "pln_a" not in told.text


def test_metrics_tell_of_jobs_fits_and_money(served: Any) -> None:
    own = {"account_id": served.account}
    report = {"diagnostics": {"rhat_max": 1.004}}
    worse = {"diagnostics": {"rhat_max": 1.02}}
    models = (
        Model(id=new_id(Kind.MODEL), status="accepted", sha256="0" * 64, report=report, **own),
        Model(id=new_id(Kind.MODEL), status="refused", sha256="0" * 64, report=worse, **own),
    )
    with served.service.store.writing() as session:
        session.add_all(models)
        session.flush()
        for budget, status in ((99.0, "optimal"), (1300.0, "optimal")):
            answer = {"budget": budget, "weeks": 13, "status": status}
            session.add(Plan(id=new_id(Kind.PLAN), model_id=models[0].id, request={}, answer=answer, **own))
        session.add(
            Job(
                id=new_id(Kind.JOB),
                kind="fit",
                request={},
                state=JobState.QUEUED,
                created=now() - timedelta(minutes=5),
                **own,
            )
        )
        session.add(Job(id=new_id(Kind.JOB), kind="fit", request={}, state=JobState.FAILED, **own))
    told = served.client.get("/metrics").text
    assert metric(told, "rmo_jobs") == {'kind="fit",state="queued"': 1, 'kind="fit",state="failed"': 1}
    assert 300 <= metric(told, "rmo_queue_age_seconds")['kind="fit"'] < 330
    assert metric(told, "rmo_models") == {'status="accepted"': 1, 'status="refused"': 1}
    assert metric(told, "rmo_fit_rhat") == {'of="max"': 1.02, 'of="mean"': pytest.approx(1.012)}
    assert metric(told, "rmo_spend_under_management_per_week") == {'currency="USD"': 100.0}
    assert metric(told, "rmo_accounts") == {"": 1}


def test_figures_are_read_on_both_databases(store: Any) -> None:
    from api.store.figures import read_figures

    with store.reading() as session:
        figures = read_figures(session)
    assert (figures.accounts, figures.rhat, figures.spend_per_week) == (0, {}, {})


def test_beyond_loopback_metrics_need_their_token(tmp_path: Path, serving: Any) -> None:
    with serving(Settings(data=tmp_path / "data", plan_processes=0, metrics_token="a-token-that-is-long")) as served:
        assert served.client.get("/metrics").status_code == 404
        assert served.client.get("/metrics", headers={"Authorization": "Bearer a-token"}).status_code == 404
        good = {"Authorization": "Bearer a-token-that-is-long"}
        assert served.client.get("/metrics", headers=good).status_code == 200
    with pytest.raises(BadSettings, match="could be guessed"):
        read_settings(data=tmp_path, metrics_token="short")


def test_ready_means_database_and_files(served: Any) -> None:
    assert served.client.get("/readyz").json()["status"] == "ok"
    with served.service.store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    told = served.client.get("/readyz")
    assert told.status_code == 503
    assert "has schema 0001" in told.json()["checks"]["database"]
    assert served.client.get("/healthz").json() == {"status": "ok"}


def test_not_ready_where_files_cannot_be_written(served: Any, tmp_path: Path) -> None:
    files = tmp_path / "data" / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.write_text("in the way")
    told = served.client.get("/readyz")
    assert (told.status_code, told.json()["checks"]["files"]) == (503, "does not answer")


def test_not_ready_while_it_stops(served: Any) -> None:
    draining.set()
    try:
        assert served.client.get("/readyz").status_code == 503
    finally:
        draining.clear()


def test_not_ready_when_the_worker_in_it_is_silent(served: Any) -> None:
    served.client.app.state.worker = SimpleNamespace(name="host:1")
    assert served.client.get("/readyz").json()["checks"]["worker"] == "gives no sign of life"
    with served.service.store.writing() as session:
        session.add(Worker(name="host:1", seen=now()))
    assert served.client.get("/readyz").json()["checks"]["worker"] == "ok"
    served.client.app.state.worker = None


def test_an_unreachable_database_is_told_without_its_address(tmp_path: Path, served: Any) -> None:
    served.service.store.close()
    (tmp_path / "data" / "rmo.sqlite").rename(tmp_path / "gone")
    (tmp_path / "data" / "rmo.sqlite").mkdir()
    told = served.client.get("/readyz")
    assert told.status_code == 503
    assert str(tmp_path) not in told.text
    shutil.rmtree(tmp_path / "data" / "rmo.sqlite")
