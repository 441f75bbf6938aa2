"""Bids over HTTP: reports in, a night proposed, approved, written, put back, stopped; who may, and what is refused."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import api.services.bid_steps
from api.jobs.child import Limits
from api.jobs.kinds import kinds
from api.jobs.running import JobRunner, RunnerSettings
from api.store.plans import NewPlan, add_plan
from measurement.fitted import FittedModel
from tests.api.test_bids_command import TODAY, target, write_reports

Problem = Callable[[Any, int, str], dict[str, Any]]
ACCOUNT = (
    '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/Los_Angeles"\n'
    "[channel.amazon]\nmargin = 0.4\nincremental_share = 0.7\n[limits]\napproval_share = {share}\nbudget_change = 0.5\n"
)
DAY = str(TODAY)


def set_account(served: Any, share: float) -> Any:
    body = {"account_file": ACCOUNT.format(share=share)}
    return served.request("PUT", "/bid-runs/account-file", "buyer", json=body)


def send(served: Any, folder: Path, **given: Any) -> Any:
    files = [("files", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]
    return served.post("/bid-runs/reports", "automation", files=files, **given)


def keep_plan(served: Any, model: FittedModel, starts: str = "2026-04-27") -> str:
    """A stored plan of eight weeks; by default one whose third week begins on the day of the reports."""
    weeks = [{"week": week, "channel": "amazon", "spend": 700.0} for week in range(1, 9)]
    answer = {"weeks": 8, "schedule": weeks, "flighting": {"starts": starts}}
    stored = served.store_model(model)
    with served.service.store.writing() as session:
        return add_plan(session, NewPlan(served.account, stored, {}, answer)).id


def make_ready(served: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send in an account.toml and reports, and let it be the day of the reports."""
    monkeypatch.setattr(api.services.bid_steps, "today_in", lambda _: date.fromisoformat(DAY))
    write_reports(folder / "reports", {target(n): "1.25" for n in range(30)})
    assert set_account(served, 0.9).status_code == 200
    assert send(served, folder / "reports").status_code == 201


@pytest.fixture
def plan(served: Any, model: FittedModel) -> str:
    return keep_plan(served, model)


@pytest.fixture
def ready(served: Any, plan: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account whose reports are in, on the day of the reports."""
    make_ready(served, tmp_path, monkeypatch)
    return served


def propose(served: Any, plan: str, **more: Any) -> dict[str, Any]:
    """The run that a proposal made."""
    asked = {"plan": plan, "day": DAY, "factors": False} | more
    answer = served.post("/bid-runs", "automation", json=asked)
    assert answer.status_code == 202, answer.text
    service = served.service
    settings = RunnerSettings(
        "here", service.settings.scratch / "jobs", service.settings.data / "ledgers", Limits(300, 4 << 30)
    )
    JobRunner(service.store, service.files, kinds(), settings).run(answer.json()["id"])
    job = served.get(f"/jobs/{answer.json()['id']}").json()
    assert job["state"] == "done", job["problem"]
    run: dict[str, Any] = served.get(f"/bid-runs/{job['result']['bid_run']}").json()
    return run


def all_pages(served: Any, path: str, **query: Any) -> list[dict[str, Any]]:
    items, cursor = [], None
    while True:
        page = served.get(path, params={"limit": 7, **query} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def test_a_night_from_reports_to_bulk_files_and_back(ready: Any, plan: str, tmp_path: Path, problem: Problem) -> None:
    run = propose(ready, plan)
    place = f"/bid-runs/{run['id']}"
    assert (run["state"], run["needs_approval"], run["plan"]) == ("proposed", False, plan)
    assert set(run) >= {"totals", "shadow_price", "alerts", "counts", "held_by_code", "files"}
    changes = all_pages(ready, f"{place}/changes")
    assert len(changes) == run["counts"]["changes"] > 10
    assert len({change["entity"] for change in changes if change["kind"] == "bid"}) > 10
    one = changes[3]
    assert all_pages(ready, f"{place}/changes", entity=one["entity"], kind=one["kind"]) == [one]
    codes = {change["code"] for change in changes}
    by_code = [change for code in codes for change in all_pages(ready, f"{place}/changes", code=code)]
    assert len(by_code) == len(changes)
    assert all_pages(ready, f"{place}/changes", channel="walmart") == []
    assert len(all_pages(ready, f"{place}/held")) == run["counts"]["held"]
    assert ready.get(f"{place}/alerts").json()["items"] == run["alerts"]
    problem(ready.get(f"{place}/bulk"), 409, "wrong_step")

    done = ready.post(f"{place}/apply", "automation")
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["written"]) == ("applied", len(changes))
    again = ready.post(f"{place}/apply", "automation").json()
    assert (again["written"], again["settled_before"], again["files"]) == (0, len(changes), done.json()["files"])
    archive = zipfile.ZipFile(io.BytesIO(ready.get(f"{place}/bulk").content))
    assert archive.namelist() == done.json()["files"]
    rows = list(openpyxl.load_workbook(io.BytesIO(archive.read(archive.namelist()[0]))).active.values)
    header = [str(name) for name in rows[0]]
    written = {str(row[header.index("Keyword Id")]): row[header.index("Bid")] for row in rows[1:]}
    moved = {change["entity"]: change["new"] for change in changes if change["kind"] == "bid"}
    assert all(float(written[name]) == float(new) for name, new in moved.items())

    live = {target(n): moved.get(target(n), "1.25") for n in range(30)}
    live[sorted(moved)[0]] = "3.33"
    write_reports(tmp_path / "fresh", live)
    assert send(ready, tmp_path / "fresh").status_code == 201
    problem(ready.post(f"{place}/rollback", "automation", json={}), 403, "forbidden")
    back = ready.post(f"{place}/rollback", "buyer", json={})
    assert back.status_code == 200, back.text
    assert (back.json()["state"], back.json()["restored"]) == ("rolled_back", len(moved) - 1)
    assert "3.33 is live" in back.json()["left"][sorted(moved)[0]]
    assert ready.get(f"{place}/bulk", params={"of": "rollback"}).status_code == 200
    entries = all_pages(ready, "/bid-runs/ledger")
    assert [entry["seq"] for entry in entries] == list(range(len(entries), 0, -1))
    assert len(all_pages(ready, "/bid-runs/ledger", bid_run=run["id"])) >= 3


def test_a_large_run_waits_for_a_person_whose_name_stays(ready: Any, plan: str, problem: Problem) -> None:
    set_account(ready, 0.0001)
    run = propose(ready, plan)
    place = f"/bid-runs/{run['id']}"
    assert run["needs_approval"]
    found = problem(ready.post(f"{place}/apply", "automation"), 409, "run_refused")
    assert "needs a person's approval" in found["detail"]
    assert "rmo bids" not in found["detail"]
    problem(ready.post(f"{place}/approve", "automation"), 403, "forbidden")
    approved = ready.post(f"{place}/approve", "buyer").json()
    assert (approved["state"], approved["approved_by"]) == ("approved", "buyer")
    assert ready.post(f"{place}/apply", "automation").json()["state"] == "applied"
    trail = ready.get("/audit", "admin").json()["items"]
    assert {"bid_run.approve", "bid_run.apply", "bids.account_file"} <= {entry["action"] for entry in trail}


def test_the_limits_in_force_are_those_that_an_approver_set(ready: Any, plan: str, problem: Problem) -> None:
    """Who proposes cannot bring limits along: neither by its own upload nor by an older account.toml."""
    body = {"account_file": ACCOUNT.format(share=1000)}
    problem(ready.request("PUT", "/bid-runs/account-file", "automation", json=body), 403, "forbidden")
    older = ready.get("/bid-runs/account-file").json()["sha256"]
    set_account(ready, 0.0001)
    assert ready.get("/bid-runs/account-file").json()["sha256"] != older
    assert propose(ready, plan)["needs_approval"]


def test_a_kill_switch_stops_what_it_names(ready: Any, plan: str, problem: Problem, open_account: Any) -> None:
    run = propose(ready, plan)
    for scope in ("global", "channel", "planet:mars"):
        assert ready.post("/bid-runs/kill", json={"scope": scope}).status_code == 422
    on = ready.post("/bid-runs/kill", json={"scope": "channel:amazon", "why": "prices are wrong"}).json()["stopped"]
    assert [(one["scope"], one["name"], one["by"], one["why"]) for one in on] == [
        ("channel", "amazon", "analyst", "prices are wrong")
    ]
    stopped = ready.post(f"/bid-runs/{run['id']}/apply", "automation").json()
    assert (stopped["state"], stopped["written"]) == ("stopped", 0)
    problem(ready.post("/bid-runs/lift", json={"scope": "channel:amazon"}), 403, "forbidden")
    assert ready.post("/bid-runs/lift", "buyer", json={"scope": "channel:amazon"}).json()["stopped"] == []
    problem(ready.post("/bid-runs/lift", "buyer", json={"scope": "channel:amazon"}), 409, "conflict")

    everywhere = {"Authorization": f"Bearer {ready.keys['installation']}"}
    mine = {"Authorization": f"Bearer {ready.keys['admin']}"}
    problem(ready.client.post("/v1/kill-switch/kill", headers=mine, json={}), 403, "forbidden")
    on = ready.client.post("/v1/kill-switch/kill", headers=everywhere, json={"why": "bad data"}).json()["stopped"]
    assert [one["scope"] for one in on] == ["global"]
    seen = ready.get("/bid-runs/kill-switch").json()["stopped"]
    assert [one["scope"] for one in seen] == ["global"]
    assert str(ready.service.settings.data) not in json.dumps(seen)
    assert ready.post(f"/bid-runs/{run['id']}/apply", "automation").json()["written"] == 0
    assert ready.client.post("/v1/kill-switch/lift", headers=everywhere, json={}).json()["stopped"] == []
    assert ready.post(f"/bid-runs/{run['id']}/apply", "automation").json()["state"] == "applied"


def test_a_locked_geo_test_holds_the_bids_of_its_channel(ready: Any, plan: str) -> None:
    lines = ["date,geo,sales,amazon_spend"]
    for day in np.arange(np.datetime64("2026-04-01"), np.datetime64("2026-05-08")):
        lines += [f"{day},geo {geo},{100 + 7 * geo + int(str(day)[-1])},{5 + geo}" for geo in range(8)]
    form = {"name": "panel", "purpose": "geo_test"}
    sent = ready.post("/datasets", data=form, files={"file": ("p.csv", "\n".join(lines).encode())})
    test = {"dataset": sent.json()["id"], "treated": ["geo 1", "geo 2"], "start": "2026-05-08", "weeks": 1}
    locked = ready.post("/geo-tests/lock", json=test | {"spend": "amazon", "kind": "go_dark", "estimator": "tbr"})
    assert locked.status_code == 201, locked.text
    run = propose(ready, plan)
    assert run["counts"]["changes"] == 0
    assert [one["code"] for one in run["held_by_code"]] == ["geo_test"]
    assert {held["code"] for held in ready.get(f"/bid-runs/{run['id']}/held").json()["items"]} == {"geo_test"}


def test_what_is_not_there_yet_is_told(served: Any, plan: str, problem: Problem) -> None:
    found = problem(served.post("/bid-runs", "automation", json={"plan": plan}), 409, "wrong_step")
    assert "account.toml" in found["detail"]
    bad = served.request("PUT", "/bid-runs/account-file", "buyer", json={"account_file": "[account]\nnam = 1\n"})
    assert "nam" in problem(bad, 422, "bad_input")["detail"]
    set_account(served, 0.5)
    found = problem(served.post("/bid-runs", "automation", json={"plan": plan}), 409, "wrong_step")
    assert "reports" in found["detail"]
    problem(served.post("/bid-runs/run_none/apply", "automation"), 404, "not_found")
    assert served.get("/bid-runs/ledger").json() == {"items": [], "next": None}


def test_every_pull_is_kept_once_per_request(served: Any, tmp_path: Path) -> None:
    write_reports(tmp_path / "reports", {target(0): "1.25"})
    first, second = (send(served, tmp_path / "reports", headers={"Idempotency-Key": "pull-1"}) for _ in range(2))
    assert first.json() == second.json()
    send(served, tmp_path / "reports")
    pulls = served.get("/bid-runs/reports").json()["items"]
    assert len(pulls) == 2
    assert [file["name"] for file in pulls[0]["files"]] == ["bulk.csv", "targeting.csv"]
    assert served.get(f"/bid-runs/reports/{pulls[1]['id']}").json() == pulls[1]
