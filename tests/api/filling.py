"""An open service in, an account with a row in every table and files that they name out."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from api.service import Service
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.states import BidRunState, DeliveryState, GeoTestState, JobState, Outcome, Role
from api.store.tables import (
    Account,
    ApiKey,
    AuditEntry,
    BidRun,
    Dataset,
    Delivery,
    GeoTest,
    Idempotency,
    Job,
    Model,
    Plan,
    Webhook,
)
from api.store.work_tables import NightlyBids, Worker

NAME = "Zürich ✓ 小米"


@dataclass(frozen=True)
class Filled:
    """An account, and the hashes of its files by what names them."""

    account: str
    name: str
    files: dict[str, str]
    jobs: tuple[str, str]


def put(service: Service, account: str, content: str) -> str:
    """The hash of a file with this content among the account's."""
    source = service.settings.scratch / "source"
    source.write_text(content, encoding="utf-8")
    return service.files.put(account, source)


def fill(service: Service, name: str = NAME, made: datetime | None = None) -> Filled:
    """An account with everything, made at a moment."""
    moment = made or now()
    account = new_id(Kind.ACCOUNT)
    parts = ("dataset", "model", "lock", "folder", "reports")
    files = {part: put(service, account, f"{part} of {name} {account}") for part in parts}
    jobs = (new_id(Kind.JOB), new_id(Kind.JOB))
    own = {"account_id": account, "created": moment}
    dataset, model, plan, hook = (new_id(kind) for kind in (Kind.DATASET, Kind.MODEL, Kind.PLAN, Kind.WEBHOOK))
    steps = (
        (
            Account(
                id=account, name=name, currency="CHF", time_zone="Europe/Zurich", retention_days=None, created=moment
            ),
        ),
        (
            ApiKey(
                id=new_id(Kind.API_KEY),
                name=name,
                role=Role.BUYER,
                prefix=account[-10:].lower(),
                sha256="1" * 64,
                **own,
            ),
            Dataset(
                id=dataset,
                name=name,
                version=1,
                sha256=files["dataset"],
                file_name="p.csv",
                rows=3,
                report={"n": name},
                **own,
            ),
            Webhook(
                id=hook,
                url="https://example.com/" + name,
                secret="whsec_c2VjcmV0",
                events={"names": ["job.done"]},
                **own,
            ),
            NightlyBids(
                account_id=account,
                at=time(3, 30),
                request={"account_file": "2" * 64, "plan": plan},
                next_day=date(2026, 3, 1),
                next_at=moment,
            ),
            Idempotency(
                account_id=account, key="k", request_sha256="3" * 64, status=201, answer={"n": name}, created=moment
            ),
            Idempotency(
                account_id="", key=account, request_sha256="3" * 64, status=201, answer={"id": account}, created=moment
            ),
            AuditEntry(account_id=account, action="plan.create", object=plan, outcome=Outcome.DONE, at=moment),
            AuditEntry(account_id=None, action="account.create", object=account, outcome=Outcome.DONE, at=moment),
            Worker(name=f"host:{account}", started=moment, seen=moment),
        ),
        (
            Model(
                id=model, dataset_id=dataset, status="accepted", sha256=files["model"], report={"x": [1.5, None]}, **own
            ),
            Delivery(
                id=new_id(Kind.DELIVERY),
                webhook_id=hook,
                event="job.done",
                body={"n": name},
                state=DeliveryState.DELIVERED,
                created=moment,
            ),
        ),
        (Plan(id=plan, model_id=model, request={"budget": 0.1 + 0.2}, answer={"budget": 1300.0, "weeks": 13}, **own),),
        (
            GeoTest(
                id=new_id(Kind.GEO_TEST),
                dataset_id=dataset,
                state=GeoTestState.ANALYSED,
                lock_sha256=files["lock"],
                **own,
            ),
            BidRun(
                id=new_id(Kind.BID_RUN),
                plan_id=plan,
                state=BidRunState.PROPOSED,
                folder_sha256=files["folder"],
                ledger="r1",
                summary={"n": name},
                **own,
            ),
            Job(
                id=jobs[0],
                kind="bid_run",
                state=JobState.RUNNING,
                worker="host",
                attempts=2,
                started=moment,
                enqueued=moment,
                request={"reports": [{"name": "a.csv", "sha256": files["reports"]}], "no_file": "4" * 64},
                **own,
            ),
            Job(
                id=jobs[1],
                kind="fit",
                state=JobState.DONE,
                request={"dataset": dataset},
                result={"model": model},
                started=moment,
                ended=moment + timedelta(seconds=2),
                **own,
            ),
        ),
    )
    for rows in steps:
        with service.store.writing() as session:
            session.add_all(rows)
    _fill_ledger(service.settings.ledgers / account, name)
    return Filled(account, name, files, jobs)


def _fill_ledger(folder: Path, name: str) -> None:
    (folder / "runs" / "r1").mkdir(parents=True)
    (folder / "runs" / "r1" / "changes.json").write_text(json.dumps({"name": name}))
    (folder / "journal.jsonl").write_text('{"entry":1}\n{"entry":2}\n{"torn')
    (folder / "lock").touch()
