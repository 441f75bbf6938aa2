"""The whole API against its own OpenAPI document: requests made up from it, answers held.

A few requests for each operation by default. By hand, RMO_CONTRACT_EXAMPLES=200 makes as many and writes what was
tried into benchmarks/SERVICE_CONTRACT.md.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.bid_json import run_json
from api.plain_json import plain
from api.services.ledgers import ledger_folder
from api.settings import Settings
from api.store.ids import Kind, new_id
from api.store.states import BidRunState
from api.store.tables import BidRun
from bidding.ledger_file import FileLedger
from bidding.propose import propose
from measurement.fitted import FittedModel
from tests.bidding.worlds import make_night

ASKED = os.environ.get("RMO_CONTRACT_EXAMPLES")
EXAMPLES = int(ASKED or 4)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT = create_app(Settings(data=Path("never-made"))).openapi()
OPERATIONS = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
}
TRIED: dict[str, Counter[int]] = {}


class World:
    """A service with something of every kind in it, and how a made-up request gets ids that are there."""

    def __init__(self, served: Any, model: FittedModel) -> None:
        self.served = served
        panel = b"date,geo,sales,tv_spend\n" + b"".join(
            b"2024-01-%02d,geo %d,%d,%d\n" % (day, geo, 100 + day + geo, 5 + day % 3 + geo)
            for day in range(1, 31)
            for geo in range(12)
        )
        form = {"data": {"name": "panel", "purpose": "geo_test"}, "files": {"file": ("panel.csv", panel)}}
        dataset = self._made("/datasets", **form)
        stored = served.store_model(model)
        test = {"dataset": dataset, "treated": ["geo 1", "geo 2"], "start": "2024-02-01", "estimator": "tbr"}
        job = self._made("/models", json={"dataset": dataset})
        served.post(f"/jobs/{job}/cancel", "admin")
        self.ids = {
            "dataset": dataset,
            "model": stored,
            "plan": self._made("/plans", json={"model": stored, "budget": 100000.0}),
            "job": job,
            "geo_test": self._made("/geo-tests/lock", json=test),
            "key_id": self._made("/keys", json={"name": "one", "role": "buyer"}),
            "webhook": self._made("/webhooks", json={"url": "https://93.184.215.14/x", "events": ["job.done"]}),
        }
        self.ids["other"] = self.ids["plan"]
        account = '[account]\nname = "A"\ncurrency = "USD"\nmarketplace = "US"\n[channel.amazon]\nmargin = 0.4\n'
        made = served.request("PUT", "/bid-runs/account-file", "admin", json={"account_file": account})
        assert made.status_code == 200, made.text
        self.ids["bid_run"] = self._bid_run()
        self.ids["pull"] = self._made("/bid-runs/reports", files=[("files", ("a.csv", b"a,b\n1,2\n"))])

    def _bid_run(self) -> str:
        """A run in the ledger, as a job leaves it."""
        run = propose(make_night(targets=12, column=4))
        FileLedger(ledger_folder(self.served.service, self.served.account)).save_run(run)
        place = {"id": new_id(Kind.BID_RUN), "account_id": self.served.account, "plan_id": self.ids["plan"]}
        row = BidRun(**place, state=BidRunState.PROPOSED, ledger=run.id, summary=plain(run_json(run, 5)))
        with self.served.service.store.writing() as session:
            session.add(row)
        return place["id"]

    def _made(self, path: str, **given: Any) -> str:
        answer = self.served.post(path, "admin", **given)
        assert answer.status_code in (201, 202), answer.text
        return str(answer.json()["id"])

    def send(self, case: Any) -> Any:
        """The made-up request with the account's id, and often with other ids that are there."""
        dice = random.Random(repr((case.path_parameters, case.query, repr(case.body)[:200])))
        ids = self.ids if case.method != "DELETE" else {}
        for given in (case.path_parameters, case.query, case.body):
            for name in sorted(set(given) & set(ids)) if isinstance(given, dict) else ():
                if isinstance(given[name], str) and dice.random() < 0.7:
                    given[name] = ids[name]
        if "account" in (case.path_parameters or {}):
            case.path_parameters["account"] = self.served.account
        given = case.as_transport_kwargs(base_url="http://testserver")
        given["headers"] = {
            **(given.get("headers") or {}),
            "Authorization": f"Bearer {self.served.keys['installation']}",
        }
        fields = ("method", "url", "headers", "files", "data", "json", "params", "cookies")
        whole = requests.Request(**{name: given[name] for name in fields if name in given}).prepare()
        return self.served.client.request(
            whole.method, whole.url, content=whole.body or b"", headers=dict(whole.headers)
        )


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, serving: Any, model: FittedModel, drawn: FittedModel
) -> Iterator[World]:
    settings = Settings(
        data=tmp_path_factory.mktemp("contract") / "data",
        requests_per_minute=10_000_000,
        failures_per_minute=10_000_000,
        jobs_per_account=1_000_000,
        plan_processes=0,
    )
    with serving(settings) as served:
        yield World(served, drawn)
    if ASKED:
        Path("benchmarks/SERVICE_CONTRACT.md").write_text(_report(), encoding="utf-8")


def _report() -> str:
    lines = [
        "# The API against its own OpenAPI document",
        "",
        f"`RMO_CONTRACT_EXAMPLES={EXAMPLES} .venv/bin/python -m pytest tests/api/test_contract.py` makes up to "
        f"{EXAMPLES} requests for each operation from the document, many with ids that are there, and holds every "
        "answer to it: no server error, status, media type, headers and body as described.",
        "",
        f"{sum(sum(codes.values()) for codes in TRIED.values()):,} requests for {len(TRIED)} operations of "
        f"{len(OPERATIONS)}, without a server error or a violation.",
        "",
        "| operation | requests | answers |",
        "|---|---|---|",
    ]
    for name, codes in TRIED.items():
        told = ", ".join(f"{status}: {count}" for status, count in sorted(codes.items()))
        lines.append(f"| `{name}` | {sum(codes.values())} | {told} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_as_the_document_says(world: World, name: str) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=OPERATIONS[name].as_strategy())
    def hold(case: Any) -> None:
        answer = world.send(case)
        case.validate_response(answer, checks=CHECKS)
        codes[answer.status_code] += 1

    codes: Counter[int] = Counter()
    hold()
    TRIED[name] = codes


def test_every_operation_is_described() -> None:
    ids = []
    for path, verbs in DOCUMENT["paths"].items():
        for verb, operation in verbs.items():
            ids.append(operation["operationId"])
            where = f"{verb} {path}"
            assert operation["summary"], where
            assert operation["summary"] != operation["operationId"], where
            if path.startswith("/v1"):
                assert {"401", "403", "404", "422", "429", "503"} <= set(operation["responses"]), where
                assert operation["security"], where
    assert len(ids) == len(set(ids))


def test_every_body_has_an_example_that_its_own_schema_takes(served: Any) -> None:
    schemas = DOCUMENT["components"]["schemas"]
    bodies = {name: schema for name, schema in schemas.items() if name.endswith("Body")}
    assert len(bodies) > 15
    assert [name for name, schema in bodies.items() if not schema.get("examples")] == []
    whole = served.client.get("/openapi.json")
    assert whole.status_code == 200
    assert whole.json()["paths"].keys() == DOCUMENT["paths"].keys()
