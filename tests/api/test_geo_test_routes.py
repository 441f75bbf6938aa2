"""Geo tests over HTTP: from a design to its registered result, step by step, and what happens out of order."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import measurement.storage
from api.cli.main import run
from api.jobs.child import Limits
from api.jobs.kinds import kinds
from api.jobs.running import JobRunner, RunnerSettings
from measurement.fitted import FittedModel

DAYS, START = 98, "2024-03-04"
Problem = Callable[[Any, int, str], dict[str, Any]]


def panels() -> dict[str, str]:
    """Panels before, in and after a go-dark of two of 14 geos, and one in which locked days were restated."""
    rng = np.random.default_rng(4)
    days = np.datetime64("2024-01-01") + np.arange(DAYS)
    rows = []
    for geo in range(14):
        wave = 1 + 0.1 * np.sin(np.arange(DAYS) * 2 * np.pi / 7) + 0.02 * rng.standard_normal(DAYS)
        sales, spend = (800 + 100 * geo) * wave, np.full(DAYS, 20.0 + geo)
        if geo < 2:
            sales[63:77] *= 0.85
            spend[63:77] = 0.0
        rows += [
            (day, f"{day},geo {geo},{sold:.2f},{paid:.2f}") for day, sold, paid in zip(days, sales, spend, strict=True)
        ]
    ends = {"before": 63, "during": 70, "after": DAYS}
    found = {
        name: "\n".join(["date,geo,sales,tv_spend", *(line for day, line in rows if day < days[0] + end)]) + "\n"
        for name, end in ends.items()
    }
    return found | {"restated": found["after"].replace("2024-01-05,geo 7,", "2024-01-05,geo 7,1")}


@pytest.fixture
def datasets(served: Any) -> dict[str, str]:
    found = {}
    for name, text in panels().items():
        form = {"name": "panel", "purpose": "geo_test"}
        answer = served.post("/datasets", data=form, files={"file": (f"{name}.csv", text.encode())})
        assert answer.status_code == 201, answer.text
        found[name] = answer.json()["id"]
    return found


def worked(served: Any, answer: Any) -> dict[str, Any]:
    """The job of an answer, as it has ended."""
    assert answer.status_code == 202, answer.text
    job, service = answer.json()["id"], served.service
    folder = service.settings.scratch / "jobs"
    settings = RunnerSettings("here", folder, service.settings.data / "ledgers", Limits(300, 4 << 30))
    JobRunner(service.store, service.files, kinds(), settings).run(job)
    ended: dict[str, Any] = served.get(f"/jobs/{job}").json()
    return ended


def stated(datasets: dict[str, str], **more: Any) -> dict[str, Any]:
    test = {"treated": ["geo 0", "geo 1"], "start": START, "weeks": 2, "spend": "tv", "kind": "go_dark"}
    return {"dataset": datasets["before"], "estimator": "tbr"} | test | more


def test_from_a_design_to_a_registered_result(served: Any, datasets: dict[str, str], problem: Problem) -> None:
    asked = {"dataset": datasets["before"], "channel": "tv", "kind": "go_dark", "weeks": [2], "geos_max": 2, "seed": 3}
    job = worked(served, served.post("/geo-tests", json=asked))
    assert job["state"] == "done", job["problem"]
    test = f"/geo-tests/{job['result']['geo_test']}"
    designed = served.get(test).json()
    assert designed["state"] == "designed"
    assert len(designed["design"]["designs"][0]["treated"]) == 2
    assert designed["lock"] is designed["result"] is None

    for step, body in (("monitor", {}), ("exclude", {"geo": "geo 3", "reason": "closed by flood"}), ("analyze", {})):
        found = problem(served.post(f"{test}/{step}", json=body), 409, "wrong_step")
        assert "is designed" in found["detail"]
    locked = served.post(f"{test}/lock", json={"start": START, "estimator": "tbr"})
    assert locked.status_code == 200, locked.text
    lock = locked.json()
    assert (lock["state"], lock["estimator"], lock["level"]) == ("locked", "tbr", 0.9)
    assert "marks" not in lock["data"]
    assert [entry["event"] for entry in lock["log"]] == ["locked"]
    again = problem(served.post(f"{test}/lock", json={"start": START}), 409, "wrong_step")
    assert "is locked; to lock it, it must be designed" in again["detail"]


def test_a_stated_test_is_locked_watched_cut_and_analysed(
    served: Any, datasets: dict[str, str], problem: Problem
) -> None:
    made = served.post("/geo-tests/lock", json=stated(datasets))
    assert made.status_code == 201, made.text
    lock, test = made.json(), f"/geo-tests/{made.json()['id']}"

    frozen = served.get("/geo-tests/freeze", params={"day": START}).json()
    assert {one["geo"] for one in frozen["freezes"]} == {f"geo {n}" for n in range(14)}
    assert {(one["channel"], one["start"], one["end"]) for one in frozen["freezes"]} == {("tv", START, "2024-03-17")}
    assert served.get("/geo-tests/freeze").json()["freezes"] == []

    early = served.post(f"{test}/monitor", json={}).json()
    assert early["state"] == "locked"
    watched = served.post(f"{test}/monitor", json={"dataset": datasets["during"]}).json()
    assert (watched["state"], watched["days"]["elapsed"], watched["currency"]) == ("running", 7, "")
    assert served.get("/geo-tests", params={"state": "running"}).json()["items"][0]["id"] == lock["id"]

    told = served.post(f"{test}/exclude", json={"geo": "geo 9", "reason": "warehouse burnt down"})
    assert told.status_code == 200, told.text
    assert told.json()["log"][-1]["geo"] == "geo 9"
    assert told.json()["hash"] == lock["hash"]
    assert told.json()["seal"] != lock["seal"]
    thin = problem(served.post(f"{test}/exclude", json={"geo": "geo 8", "reason": "x"}), 422, "bad_input")
    assert "says too little" in thin["detail"]

    early = worked(served, served.post(f"{test}/analyze", json={"dataset": datasets["before"]}))
    assert (early["state"], early["problem"]["code"]) == ("failed", "bad_input")
    altered = worked(served, served.post(f"{test}/analyze", json={"dataset": datasets["restated"]}))
    assert "have changed since" in altered["problem"]["detail"]
    done = worked(served, served.post(f"{test}/analyze", json={"dataset": datasets["after"]}))
    assert done["state"] == "done", done["problem"]
    shown = served.get(test).json()
    assert shown["state"] == "analysed"
    assert shown["result"]["lift"]["high"] < 0
    assert shown["result"]["registration"]["lock_hash"] == lock["hash"]
    assert [entry["event"] for entry in shown["lock"]["log"]] == ["locked", "excluded", "analysed"]
    late = {"geo": "geo 8", "reason": "did not like the result"}
    problem(served.post(f"{test}/exclude", json=late), 409, "wrong_step")


def test_a_log_that_grew_during_an_analysis_is_not_cut(served: Any, datasets: dict[str, str], tmp_path: Path) -> None:
    test = served.post("/geo-tests/lock", json=stated(datasets)).json()["id"]
    waiting = served.post(f"/geo-tests/{test}/analyze", json={"dataset": datasets["after"]})
    kept, service = kinds()["geo_analyze"].keep, served.service

    def exclude_meanwhile(desk: Any, claim: Any, answer: Any) -> Any:
        told = served.post(f"/geo-tests/{test}/exclude", json={"geo": "geo 9", "reason": "warehouse burnt down"})
        assert told.status_code == 200
        return kept(desk, claim, answer)

    late = kinds()
    late["geo_analyze"] = type(late["geo_analyze"])(**vars(late["geo_analyze"]) | {"keep": exclude_meanwhile})
    settings = RunnerSettings("here", service.settings.scratch / "j", tmp_path / "ledgers", Limits(300, 4 << 30))
    JobRunner(service.store, service.files, late, settings).run(waiting.json()["id"])
    job = served.get(f"/jobs/{waiting.json()['id']}").json()
    assert (job["state"], job["problem"]["code"]) == ("failed", "conflict")
    shown = served.get(f"/geo-tests/{test}").json()
    assert shown["result"] is None
    assert [entry["event"] for entry in shown["lock"]["log"]] == ["locked", "excluded"]


def test_an_unregistered_analysis_and_what_cannot_be_asked(
    served: Any, datasets: dict[str, str], problem: Problem
) -> None:
    asked = {"dataset": datasets["after"], "treated": ["geo 0", "geo 1"], "start": START, "end": "2024-03-17"}
    done = worked(served, served.post("/geo-tests/analyze", json=asked | {"spend": "tv", "estimator": "tbr"}))
    assert done["state"] == "done", done["problem"]
    shown = served.get(f"/geo-tests/{done['result']['geo_test']}").json()
    assert (shown["state"], shown["lock"]) == ("analysed", None)
    assert shown["result"]["iroas"]["estimate"] > 0
    problem(served.post("/geo-tests/analyze", json=asked | {"pairs": "geo,pair\n"}), 422, "invalid_request")
    problem(served.post("/geo-tests/analyze", json=asked | {"start": "2024-02-30"}), 422, "invalid_request")
    problem(served.post("/geo-tests/analyze", json=asked | {"dataset": "dst_x"}), 404, "not_found")
    problem(served.post("/geo-tests/lock", json=stated(datasets, treated=["nowhere"])), 422, "bad_input")
    problem(served.post("/geo-tests/lock", json=stated(datasets), role="buyer"), 403, "forbidden")
    problem(served.get("/geo-tests/geo_none"), 404, "not_found")


def test_the_same_lock_sent_twice_is_one_lock(served: Any, datasets: dict[str, str]) -> None:
    headers = {"Idempotency-Key": "lock-1"}
    first, second = (served.post("/geo-tests/lock", json=stated(datasets), headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(served.get("/geo-tests").json()["items"]) == 1
    assert json.dumps(first.json()).count('"event"') == 1


def test_the_next_test_is_ranked_as_the_command_ranks_it(
    served: Any, testable: FittedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str], problem: Problem
) -> None:
    model = served.store_model(testable)
    asked = {"model": model, "budget": 1_100_000, "horizon_weeks": 26, "seed": 4}
    job = worked(served, served.post("/geo-tests/next", json=asked))
    assert job["state"] == "done", job["problem"]
    measurement.storage.save_model(testable, tmp_path / "model")
    capsys.readouterr()
    command = ["geo", "next", str(tmp_path / "model"), "--budget", "1100000", "--horizon-weeks", "26", "--seed", "4"]
    assert run([*command, "--json"]) == 0
    assert job["result"] == json.loads(capsys.readouterr().out)
    assert [one["channel"] for one in job["result"]["not_testable"]] == ["search"]

    problem(served.post("/geo-tests/next", json=asked | {"model": "mdl_0"}), 404, "not_found")
    problem(served.post("/geo-tests/next", json=asked | {"budget": -5}), 422, "invalid_request")
    clash = {"channel": {"amazon": {"min": 900_000}, "walmart": {"min": 900_000}}}
    ended = worked(served, served.post("/geo-tests/next", json=asked | {"rules": clash}))
    assert ended["state"] == "done"
    assert "rules" in ended["result"]["refused_because"]
    misspelt = worked(served, served.post("/geo-tests/next", json=asked | {"rules": {"channel": {"amazn": {}}}}))
    assert misspelt["state"] == "failed"
    assert "amazn" in misspelt["problem"]["detail"]
