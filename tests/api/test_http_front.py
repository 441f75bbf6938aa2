"""The HTTP front on stored models: answers, problem documents, and ids that cannot leave the folder."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import measurement.posterior
import measurement.storage
from api.app import create_app
from api.report_json import report_json
from api.settings import Settings
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel

PLAN_KEYS = {
    "status",
    "gap",
    "bound",
    "objective",
    "budget",
    "weeks",
    "lines",
    "total",
    "schedule",
    "binding",
    "conflicts",
    "advice",
}


class Curves:
    """Stands in for the slow computation of curves, and counts how often it was asked."""

    def __init__(self, curves: ResponseCurves) -> None:
        self.curves = curves
        self.asked = 0

    def __call__(self, model: FittedModel, weeks: int) -> ResponseCurves:
        self.asked += 1
        return self.curves


@pytest.fixture
def computed(curves: ResponseCurves, monkeypatch: pytest.MonkeyPatch) -> Curves:
    computed = Curves(curves)
    monkeypatch.setattr(measurement.posterior, "response_curves", computed)
    return computed


@pytest.fixture
def folder(tmp_path: Path, model: FittedModel, refused: FittedModel) -> Path:
    measurement.storage.save_model(model, tmp_path / "models" / "spring")
    measurement.storage.save_model(refused, tmp_path / "models" / "bad")
    measurement.storage.save_model(model, tmp_path / "secret")
    return tmp_path / "models"


@pytest.fixture
def client(folder: Path, computed: Curves) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(models=folder)), raise_server_exceptions=False) as client:
        yield client


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(code)
    assert body["detail"]
    return body


def test_it_says_that_it_is_well(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_model_is_told_with_report_and_provenance(client: TestClient, model: FittedModel) -> None:
    told = client.get("/v1/models/spring").json()
    assert told["id"] == "spring"
    assert told["provenance"]["data_hash"] == model.provenance.data_hash
    assert told["currency"] == "USD"
    report = json.loads(json.dumps(report_json(model)))
    assert {key: told[key] for key in report} == report


@pytest.mark.parametrize(
    "model_id",
    ["winter", "..%2Fsecret", "..", "%2e%2e", ".hidden", "spring%2F..%2F..%2Fsecret", "link", "a" * 200, "spring%00"],
)
def test_only_models_directly_in_the_folder_are_found(client: TestClient, folder: Path, model_id: str) -> None:
    (folder / "link").symlink_to(folder.parent / "secret", target_is_directory=True)
    response = client.get(f"/v1/models/{model_id}")
    assert response.status_code == 404
    assert response.json()["code"] in {"model_not_found", "not_found"}


@pytest.mark.parametrize("model_id", ["../secret", "/etc", "..", "", "link", "spring/../../secret"])
def test_a_plan_cannot_leave_the_folder_either(client: TestClient, folder: Path, model_id: str) -> None:
    (folder / "link").symlink_to(folder.parent / "secret", target_is_directory=True)
    body = problem(client.post("/v1/plans", json={"model": model_id, "budget": 1e6}), 404, "model_not_found")
    assert body["errors"][0]["field"] == "model"


def test_a_damaged_model_is_a_problem_not_a_fault(client: TestClient, folder: Path) -> None:
    (folder / "spring" / "model.json").write_text("{")
    problem(client.get("/v1/models/spring"), 409, "model_unreadable")


def test_a_plan_keeps_its_rules_and_spends_the_budget(client: TestClient) -> None:
    rules = {
        "channel": {"amazon": {"max_change": 0.2}, "social": {"fixed": 50000}},
        "group": [{"name": "retailers", "channels": ["amazon", "walmart"], "min_share": 0.5}],
        "plan": {"reserve": 0.0},
    }
    response = client.post("/v1/plans", json={"model": "spring", "budget": 1_000_000, "weeks": 13, "rules": rules})
    assert response.status_code == 200, response.text
    plan = response.json()
    assert plan.keys() >= PLAN_KEYS
    assert plan["status"] == "optimal"
    lines = {line["channel"]: line for line in plan["lines"]}
    assert sum(line["spend"] for line in lines.values()) == pytest.approx(1_000_000, abs=0.01)
    assert abs(lines["amazon"]["change"]) <= 0.2 + 1e-9
    assert lines["social"]["spend"] == pytest.approx(50_000)
    assert lines["amazon"]["spend"] + lines["walmart"]["spend"] >= 500_000 - 0.01
    assert lines["display"]["held"]


def test_the_other_questions_are_answered_too(client: TestClient) -> None:
    mean = {"plan": {"risk": "mean"}}
    asked = {"model": "spring", "budget": 1e6, "frontier": True}
    plan = client.post("/v1/plans", json=asked | {"rules": mean}).json()
    assert client.post("/v1/plans", json=asked).json()["frontier"].keys() == plan["frontier"].keys()
    sold = plan["total"]["incremental"]["mean"]
    assert len(plan["frontier"]["points"]) == 20
    answer = client.post("/v1/plans", json={"model": "spring", "target_sales": sold, "against": plan}).json()
    assert answer["budget"] == pytest.approx(1e6, abs=1.0)
    assert answer["against"]["gain"]["mean"] == pytest.approx(0.0, abs=1e-5 * sold)
    rules = {"plan": {"risk": "cvar", "risk_level": 0.2, "margins": {"sales": 0.3}, "target_iroas": 0.5}}
    careful = client.post("/v1/plans", json={"model": "spring", "budget": 1e6, "rules": rules}).json()
    assert careful["status"] == "optimal", careful["advice"]
    assert careful["objective"] == pytest.approx(0.3 * careful["total"]["worst_incremental"])


def test_totals_are_spread_over_geos(client: TestClient, folder: Path, model: FittedModel) -> None:
    rng, shape = np.random.default_rng(2), (20, 5)
    draws = {
        "geo_effect": rng.normal(1.0, 0.3, (*shape, 4)),
        "build_up": np.abs(rng.normal(0.0, 0.3, shape)),
        "sales_per_head": np.exp(rng.normal(0.0, 0.2, shape)),
        **{name: rng.normal(0.1, 0.1, shape) for name in ("log_half_life", "drift", "log_slope")},
        "log_half_saturation": rng.normal(0.0, 0.2, shape),
    }
    measurement.storage.save_model(replace(model, draws=draws), folder / "wide")
    plan = client.post("/v1/plans", json={"model": "wide", "budget": 1e6, "by_geo": True}).json()
    lines = plan["geos"]["lines"]
    assert {line["geo"] for line in lines} == set(model.panel.geos)
    for line in plan["lines"]:
        spread = sum(entry["spend"] for entry in lines if entry["channel"] == line["channel"])
        assert spread == pytest.approx(line["spend"], abs=0.001)
    assert plan["geos"]["not_spread"] == ["display"]
    assert plan["geos"]["gain"]["mean"] > 0


def test_one_geo_cannot_be_spread_over(client: TestClient, folder: Path, model: FittedModel) -> None:
    names = ("outcome_values", "spend", "exposure", "attributed_sales", "control_values", "population")
    alone = replace(model.panel, geos=("all",), **{name: getattr(model.panel, name)[:1] for name in names})
    measurement.storage.save_model(replace(model, panel=alone), folder / "alone")
    answer = client.post("/v1/plans", json={"model": "alone", "budget": 1e6, "by_geo": True})
    assert "one geo only" in problem(answer, 422, "bad_problem")["detail"]


def test_rules_that_clash_are_an_answer_with_every_key(client: TestClient) -> None:
    rules = {"channel": {"amazon": {"min": 2e6}}}
    plan = client.post("/v1/plans", json={"model": "spring", "budget": 1e6, "rules": rules}).json()
    assert plan["status"] == "infeasible"
    assert plan["conflicts"]
    assert plan["total"]["incremental"].keys() == {"mean", "sd", "p5", "p10", "p50", "p90", "p95"}


def test_a_refused_model_is_planned_with_only_by_force(client: TestClient) -> None:
    refused = client.post("/v1/plans", json={"model": "bad", "budget": 1e6}).json()
    assert refused.keys() >= PLAN_KEYS
    assert (refused["status"], refused["lines"]) == ("infeasible", [])
    assert "r-hat 1.200" in refused["advice"]
    forced = client.post("/v1/plans", json={"model": "bad", "budget": 1e6, "force": True}).json()
    assert forced["status"] == "optimal"
    assert forced["advice"].startswith("The model was refused")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"budget": 0}, "invalid_request", "budget"),
        ({"budget": -5}, "invalid_request", "budget"),
        ({"budget": "much"}, "invalid_request", "budget"),
        ({"budget": True}, "invalid_request", "budget"),
        ({"budget": 1e15}, "bad_problem", "budget"),
        ({"target_iroas": 2.0}, "bad_problem", "budget"),
        ({"budget": None, "target_sales": 1e15}, "bad_problem", "target_sales"),
        ({"against": {"lines": []}}, "bad_problem", "against"),
        ({"rules": {"plan": {"risk_level": 0.2}}}, "bad_rules", "rules.plan"),
        ({"weeks": 0}, "invalid_request", "weeks"),
        ({"weeks": 2.5}, "invalid_request", "weeks"),
        ({"bugdet": 1}, "invalid_request", "bugdet"),
        ({"rules": []}, "invalid_request", "rules"),
        ({"rules": {"channel": {"amazno": {"min": 1}}}}, "bad_rules", "rules.channel.amazno"),
        ({"rules": {"channel": {"amazon": {"maximum": 1}}}}, "bad_rules", "rules.channel.amazon"),
        ({"rules": {"channel": {"amazon": {"max": "1"}}}}, "bad_rules", "rules.channel.amazon"),
        ({"rules": {"channel": {"amazon": {"max": None}}}}, "bad_rules", "rules"),
        ({"rules": {"group": [{"channels": ["amazon"]}]}}, "bad_rules", "rules.group"),
        ({"rules": {'x"\nplan.reserve = 1\n#': {}}}, "bad_rules", "rules"),
    ],
)
def test_a_bad_request_names_the_field_at_fault(
    client: TestClient, change: dict[str, Any], code: str, field: str
) -> None:
    body = problem(client.post("/v1/plans", json={"model": "spring", "budget": 1e6} | change), 422, code)
    assert body["errors"][0]["field"] == field
    assert body["errors"][0]["message"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"model": "spring", "budget": NaN}', '{"model": "spring", "budget": Infinity}']
)
def test_a_body_that_is_no_request_is_a_problem(client: TestClient, text: str) -> None:
    problem(
        client.post("/v1/plans", content=text, headers={"content-type": "application/json"}), 422, "invalid_request"
    )


def test_unknown_places_and_verbs_are_problems_too(client: TestClient) -> None:
    problem(client.get("/v1/nothing"), 404, "not_found")
    answer = client.get("/v1/plans")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_a_fault_of_the_service_shows_nothing_of_its_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(measurement.posterior, "response_curves", broken)
    answer = client.post("/v1/plans", json={"model": "spring", "budget": 1e6})
    problem(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_curves_are_kept_until_the_model_changes(
    client: TestClient, folder: Path, computed: Curves, model: FittedModel
) -> None:
    body = {"model": "spring", "budget": 1e6}
    first = client.post("/v1/plans", json=body).json()
    assert client.post("/v1/plans", json=body).json() == first
    assert computed.asked == 1
    client.post("/v1/plans", json=body | {"weeks": 4})
    assert computed.asked == 2
    measurement.storage.save_model(model, folder / "spring")
    client.post("/v1/plans", json=body)
    assert computed.asked == 3
