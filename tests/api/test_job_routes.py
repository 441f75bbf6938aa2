"""Jobs, fits, webhooks and nights over HTTP: asked for once, followed, ended; and what is refused, by field."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.jobs.claim import claim_job, end_job
from api.jobs.submission import submit
from api.store.datasets import NewDataset, add_dataset
from api.store.plans import NewPlan, add_plan
from api.store.states import JobState
from api.store.tables import Delivery, Job, Webhook
from measurement.fitted import FittedModel

SHA = "0" * 64


@pytest.fixture
def dataset(served: Any) -> str:
    with served.service.store.writing() as session:
        return str(add_dataset(session, NewDataset(served.account, "panel", SHA, "panel.csv", 60, {})).id)


def a_job(served: Any, kind: str = "fit") -> str:
    with served.service.store.writing() as session:
        return str(submit(session, served.account, kind, {}).id)


def end(served: Any, job: str, state: JobState = JobState.DONE) -> None:
    claim = claim_job(served.service.store, job, "worker")
    assert claim is not None
    end_job(served.service.store, claim, state, lambda _: {"result": {"model": "mdl_1"}})


def test_a_fit_is_a_job_and_asked_for_once(served: Any, dataset: str) -> None:
    headers = {"Idempotency-Key": "fit-1"}
    first = served.post("/models", json={"dataset": dataset, "seed": 3}, headers=headers)
    again = served.post("/models", json={"dataset": dataset, "seed": 3}, headers=headers)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert first.json()["state"] == "queued"
    assert served.get(f"/jobs/{first.json()['id']}").json() == first.json()
    assert [job["id"] for job in served.get("/jobs").json()["items"]] == [first.json()["id"]]
    with served.service.store.reading() as session:
        asked = session.scalars(select(Job)).one().request
    assert asked == {
        "dataset": dataset,
        "controls": [],
        "map": None,
        "priors": None,
        "experiments": None,
        "seed": 3,
    }


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"dataset": "dst_0"}, 404, "not_found", "dataset"),
        ({}, 422, "invalid_request", "dataset"),
        ({"dataset": "x", "seed": -1}, 422, "invalid_request", "seed"),
        ({"dataset": "x", "draws": 3}, 422, "invalid_request", "draws"),
    ],
)
def test_a_fit_that_cannot_be(
    served: Any, problem: Any, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    found = problem(served.post("/models", json=body), status, code)
    assert [error["field"] for error in found["errors"]] == [field]
    assert served.get("/jobs").json()["items"] == []


def test_jobs_of_an_account_are_limited(served: Any, problem: Any, dataset: str) -> None:
    for _ in range(served.service.settings.jobs_per_account):
        assert served.post("/models", json={"dataset": dataset}).status_code == 202
    refused = served.post("/models", json={"dataset": dataset})
    problem(refused, 429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0
    end(served, served.get("/jobs").json()["items"][0]["id"])
    assert served.post("/models", json={"dataset": dataset}).status_code == 202


def test_lists_show_what_is_wanted(served: Any) -> None:
    fit, bids = a_job(served), a_job(served, "bid_run")
    end(served, fit)
    assert [job["id"] for job in served.get("/jobs", params={"state": "done"}).json()["items"]] == [fit]
    assert [job["id"] for job in served.get("/jobs", params={"kind": "bid_run"}).json()["items"]] == [bids]


def test_a_waiting_job_is_cancelled_at_once_and_an_ended_one_stays(served: Any) -> None:
    waiting, done = a_job(served), a_job(served)
    end(served, done)
    assert served.post(f"/jobs/{waiting}/cancel").json()["state"] == "cancelled"
    assert served.post(f"/jobs/{done}/cancel").json()["state"] == "done"
    assert claim_job(served.service.store, waiting, "worker") is None


def test_a_job_at_work_is_asked_to_end(served: Any) -> None:
    job = a_job(served)
    claim_job(served.service.store, job, "worker")
    answer = served.post(f"/jobs/{job}/cancel").json()
    assert answer["state"] == "running"
    assert answer["cancel_asked"] is not None


def test_progress_as_events_until_the_end(served: Any) -> None:
    job = a_job(served)
    end(served, job)
    answer = served.get(f"/jobs/{job}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    event, data = [line for line in answer.text.splitlines() if line and not line.startswith(":")]
    assert event == "event: job"
    told = json.loads(data.removeprefix("data: "))
    assert (told["state"], told["result"]) == ("done", {"model": "mdl_1"})


@pytest.mark.parametrize("path", ["/jobs/job_1", "/jobs/job_1/events"])
def test_no_such_job(served: Any, problem: Any, path: str) -> None:
    problem(served.get(path), 404, "not_found")


HOOK = {"url": "https://example.com/hook", "events": ["job.done", "bid_run.alert"]}


def test_a_webhook_shows_its_secret_once(served: Any) -> None:
    headers = {"Idempotency-Key": "hook-1"}
    made = served.post("/webhooks", "admin", json=HOOK, headers=headers).json()
    again = served.post("/webhooks", "admin", json=HOOK, headers=headers).json()
    assert made["secret"].startswith("whsec_")
    assert again == made | {"secret": None}
    (listed,) = served.get("/webhooks", "admin").json()["items"]
    assert listed == {name: made[name] for name in ("id", "url", "events", "created")}
    assert made["secret"] not in served.get(f"/webhooks/{made['id']}", "admin").text


def test_a_webhook_is_told_and_deleted_with_what_waits(served: Any) -> None:
    made = served.post("/webhooks", "admin", json=HOOK).json()
    with served.service.store.writing() as session:
        session.add(Delivery(id=f"dlv_{0:026}", webhook_id=made["id"], event="job.done", body={"a": 1}))
    (sent,) = served.get(f"/webhooks/{made['id']}/deliveries", "admin").json()["items"]
    assert (sent["event"], sent["state"], sent["attempts"], sent["body"]) == ("job.done", "waiting", 0, {"a": 1})
    assert served.request("DELETE", f"/webhooks/{made['id']}", "admin").status_code == 204
    with served.service.store.reading() as session:
        assert session.scalars(select(Webhook)).all() == session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "http://example.com/"}, "url"),
        ({"url": "https://user:pw@example.com/"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"events": ["job.exploded"]}, "events"),
        ({"events": []}, "events"),
    ],
)
def test_webhooks_that_cannot_be(served: Any, problem: Any, given: dict[str, Any], field: str) -> None:
    found = problem(served.post("/webhooks", "admin", json=HOOK | given), 422, "invalid_request")
    assert found["errors"][0]["field"] == field


def test_webhooks_are_limited(served: Any, problem: Any) -> None:
    for _ in range(20):
        assert served.post("/webhooks", "admin", json=HOOK).status_code == 201
    problem(served.post("/webhooks", "admin", json=HOOK), 409, "conflict")


def test_a_night_is_set_shown_and_ended(served: Any, problem: Any, model: FittedModel, tmp_path: Path) -> None:
    problem(served.get("/nightly-bids", "buyer"), 404, "not_found")
    with served.service.store.writing() as session:
        plan = add_plan(session, NewPlan(served.account, served.store_model(model), {}, {})).id
    body = {"at": "02:30", "plan": plan}
    found = problem(served.request("PUT", "/nightly-bids", "buyer", json=body), 409, "wrong_step")
    assert "account.toml" in found["detail"]
    account = '[account]\nname = "A"\ncurrency = "USD"\nmarketplace = "US"\n[channel.amazon]\nmargin = 0.4\n'
    served.request("PUT", "/bid-runs/account-file", "buyer", json={"account_file": account})
    made = served.request("PUT", "/nightly-bids", "buyer", json=body)
    assert made.status_code == 200, made.text
    assert made.json()["next_at"].endswith("02:30:00+00:00")
    assert served.get("/nightly-bids", "buyer").json() == made.json()
    problem(served.request("PUT", "/nightly-bids", "buyer", json=body | {"at": "24:00"}), 422, "invalid_request")
    problem(served.request("PUT", "/nightly-bids", "buyer", json=body | {"plan": "pln_0"}), 404, "not_found")
    assert served.request("DELETE", "/nightly-bids", "buyer").status_code == 204
    problem(served.get("/nightly-bids", "buyer"), 404, "not_found")
