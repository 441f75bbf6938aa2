"""The client's geo tests and bid runs against the real service, whose jobs are worked off beside it."""

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from api.client import Client, Conflict, NotFound
from api.jobs.child import Limits
from api.jobs.kinds import kinds
from api.jobs.running import JobRunner, RunnerSettings
from api.store.ids import Kind, new_id
from api.store.states import JobState
from api.store.tables import Job
from tests.api.test_geo_test_routes import panels


@pytest.fixture
def client(served: Any) -> Client:
    return Client("http://testserver", served.keys["analyst"], http=served.client)


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


def test_bid_runs_are_listed_and_what_is_not_there_is_told(client: Client) -> None:
    assert list(client.bid_runs.list()) == []
    nowhere = new_id(Kind.BID_RUN)
    with pytest.raises(NotFound):
        client.bid_runs.get(nowhere)
