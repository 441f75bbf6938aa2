"""The client's geo tests and bid runs against the real service, whose jobs are worked off beside it."""

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.client import Client, Conflict, Invalid, NotFound
from api.jobs.child import Limits
from api.jobs.kinds import kinds
from api.jobs.running import JobRunner, RunnerSettings
from api.store.ids import Kind, new_id
from api.store.states import JobState
from api.store.tables import Job
from measurement.fitted import FittedModel
from tests.api.test_bid_run_routes import ACCOUNT, DAY, keep_plan, make_ready
from tests.api.test_bids_command import target, write_reports
from tests.api.test_geo_test_routes import START, panels


@pytest.fixture
def client(served: Any) -> Client:
    return Client("http://testserver", served.keys["analyst"], http=served.client)


@pytest.fixture
def plan(served: Any, model: FittedModel) -> str:
    return keep_plan(served, model)


@pytest.fixture
def buyer(served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Of an account whose reports are in, on the day of the reports."""
    make_ready(served, tmp_path, monkeypatch)
    return Client("http://testserver", served.keys["buyer"], http=served.client)


@pytest.fixture
def working(served: Any) -> Iterator[None]:
    """Somebody who works off whatever waits."""
    service, over = served.service, threading.Event()
    settings = RunnerSettings(
        "here", service.settings.scratch / "jobs", service.settings.data / "ledgers", Limits(300, 4 << 30)
    )

    def work() -> None:
        while not over.wait(0.1):
            with service.store.reading() as session:
                waiting = list(session.scalars(select(Job.id).where(Job.state == JobState.QUEUED)))
            for job in waiting:
                JobRunner(service.store, service.files, kinds(), settings).run(job)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def test_a_geo_test_from_its_design_to_its_result(client: Client, working: None) -> None:
    found = panels()
    before, after = (
        client.datasets.upload(io.BytesIO(found[name].encode()), "panel", purpose="geo_test")
        for name in ("before", "after")
    )
    test = client.geo_tests.design(before, channel="tv", kind="go_dark", weeks=[2], geos_max=2, seed=3)
    assert test.state == "designed"
    with pytest.raises(Conflict, match="is designed"):
        client.geo_tests.analyze(test)
    locked = client.geo_tests.lock(test, start="2024-03-04")
    assert (locked.id, locked.state) == (test.id, "locked")
    assert [one.id for one in client.geo_tests.list(state="locked")] == [test.id]
    analysed = client.geo_tests.analyze(test, dataset=after.id)
    assert analysed.state == "analysed"


def test_a_test_from_elsewhere_is_locked_watched_and_cut(client: Client) -> None:
    found = panels()
    before, during = (
        client.datasets.upload(io.BytesIO(found[name].encode()), "panel", purpose="geo_test")
        for name in ("before", "during")
    )
    test = client.geo_tests.lock_stated(
        before, treated=["geo 0", "geo 1"], start=START, weeks=2, spend="tv", kind="go_dark", estimator="tbr"
    )
    assert test.state == "locked"
    watched = client.geo_tests.monitor(test, during)
    assert (watched["state"], watched["days"]["elapsed"]) == ("running", 7)
    assert client.geo_tests.exclude(test, "geo 9", "warehouse burnt down")["log"][-1]["geo"] == "geo 9"
    with pytest.raises(Invalid, match="says too little"):
        client.geo_tests.exclude(test, "geo 8", "x")


def test_a_refusal_to_rank_tests_is_an_answer(client: Client, served: Any, working: None, refused: FittedModel) -> None:
    told = client.geo_tests.next(served.store_model(refused), budget=1_100_000, horizon_weeks=26)
    assert "do not agree" in told["refused_because"]
    assert (told["tests"], told["horizon_weeks"]) == ([], 26)


def test_a_night_of_bids_and_back(buyer: Client, plan: str, working: None, tmp_path: Path) -> None:
    pull = buyer.bid_runs.send_reports(*sorted((tmp_path / "reports").iterdir()))
    run = buyer.bid_runs.propose(plan, day=DAY, factors=False, pull=pull)
    assert run.state == "proposed"
    changes = list(buyer.bid_runs.changes(run))
    assert len(changes) > 10
    one = changes[3]
    assert list(buyer.bid_runs.changes(run, entity=one["entity"], kind=one["kind"])) == [one]
    assert len(list(buyer.bid_runs.held(run))) == run.raw["counts"]["held"]
    buyer.bid_runs.stop("channel:amazon", "prices are wrong")
    assert buyer.bid_runs.apply(run)["written"] == 0
    assert buyer.bid_runs.let_run("channel:amazon")["stopped"] == []
    assert buyer.bid_runs.apply(run)["written"] == len(changes)
    assert buyer.bid_runs.apply(run)["written"] == 0
    assert zipfile.ZipFile(io.BytesIO(buyer.bid_runs.bulk(run))).namelist()
    moved = {change["entity"]: change["new"] for change in changes if change["kind"] == "bid"}
    write_reports(tmp_path / "fresh", {target(n): moved.get(target(n), "1.25") for n in range(30)})
    fresh = buyer.bid_runs.send_reports(*sorted((tmp_path / "fresh").iterdir()))
    assert buyer.bid_runs.roll_back(run, fresh)["restored"] == len(moved)
    assert buyer.bid_runs.get(run.id).state == "rolled_back"
    assert len(list(buyer.bid_runs.ledger(bid_run=run.id))) >= 3


def test_nights_are_set_and_ended(buyer: Client, plan: str) -> None:
    assert buyer.bid_runs.set_account_file(ACCOUNT.format(share=0.5))["channels"] == ["amazon"]
    assert buyer.bid_runs.set_nightly("02:30", plan)["next_at"].endswith("02:30:00+00:00")
    buyer.bid_runs.end_nightly()
    with pytest.raises(NotFound):
        buyer.bid_runs.end_nightly()


def test_bid_runs_are_listed_and_what_is_not_there_is_told(client: Client) -> None:
    assert list(client.bid_runs.list()) == []
    nowhere = new_id(Kind.BID_RUN)
    with pytest.raises(NotFound):
        client.bid_runs.get(nowhere)
