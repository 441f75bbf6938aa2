"""A night by the clock, as a company has it: set once, then bids are proposed, told to a webhook, ready to apply."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from api.jobs.opening import worker_of
from api.settings import Settings
from api.store.columns import now
from api.store.work_tables import NightlyBids
from measurement.fitted import FittedModel
from tests.api.receiver import Receiver, receiving
from tests.api.test_bid_run_routes import keep_plan, send, set_account
from tests.api.test_bids_command import target, write_reports


@pytest.fixture
def working(tmp_path: Path, url: str, serving: Any) -> Iterator[Any]:
    """The service on either database, with its worker beside it."""
    settings = Settings(data=tmp_path / "data", database_url=url, plan_processes=0, private_webhooks=True)
    with serving(settings) as served:
        worker = worker_of(served.service)
        worker.start()
        yield served
        worker.stop()


def eventually(found: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def night_comes(served: Any) -> None:
    """The clock is not ours to move: the moment that the night waits for is."""
    with served.service.store.writing() as session:
        session.execute(update(NightlyBids).values(next_at=now() - timedelta(seconds=1)))


def signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """By the rule of Standard Webhooks: HMAC of id, time and body."""
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), told, hashlib.sha256).digest()
    return headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def messages(receiver: type[Receiver], secret: str, event: str) -> list[dict[str, Any]]:
    """Those of one kind, each with a good signature."""
    found = []
    for headers, body in list(receiver.got):
        assert signed(secret, headers, body)
        told = json.loads(body)
        found += [told] if told["type"] == event else []
    return found


def test_a_night_comes_bids_are_proposed_told_and_applied(working: Any, model: FittedModel, tmp_path: Path) -> None:
    set_account(working, 0.9)
    night = {"at": "00:00", "factors": False}
    with receiving() as (address, receiver):
        events = ["bid_run.proposed", "job.done", "job.failed"]
        hook = working.post("/webhooks", "admin", json={"url": address, "events": events})
        assert hook.status_code == 201, hook.text
        first_plan = keep_plan(working, model)
        set_at = working.request("PUT", "/nightly-bids", "automation", json=night | {"plan": first_plan})
        assert set_at.status_code == 200, set_at.text
        today = date.fromisoformat(set_at.json()["next_day"]) - timedelta(days=1)
        plan = keep_plan(working, model, str(today - timedelta(days=today.weekday() + 14)))
        assert working.request("PUT", "/nightly-bids", "automation", json=night | {"plan": plan}).status_code == 200
        bids = {target(n): "1.25" for n in range(30)}
        write_reports(tmp_path / "reports", bids, np.datetime64(str(today), "D"))
        assert send(working, tmp_path / "reports").status_code == 201

        night_comes(working)
        (run,) = eventually(lambda: working.get("/bid-runs").json()["items"])
        told = eventually(lambda: messages(receiver, hook.json()["secret"], "bid_run.proposed"))
    assert [each["data"]["bid_run"] for each in told] == [run["id"]]
    whole = working.get(f"/bid-runs/{run['id']}").json()
    assert (whole["state"], whole["plan"], whole["day"]) == ("proposed", plan, str(today))
    assert whole["counts"]["changes"] > 10
    (job,) = [job for job in working.get("/jobs").json()["items"] if job["kind"] == "bid_run"]
    assert job["state"] == "done"
    applied = working.post(f"/bid-runs/{run['id']}/apply", "automation")
    assert applied.status_code == 200, applied.text
    assert applied.json()["written"] == whole["counts"]["changes"]
    assert working.get("/nightly-bids").json()["next_day"] == str(today + timedelta(days=1))
