"""Plans over HTTP: every question, bad requests by the field at fault, kept as answered, compared and exported."""

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook

import measurement.posterior
from api.services.export_plan import csv_bytes, workbook_bytes
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
        return replace(self.curves, weeks=weeks)


@pytest.fixture
def computed(curves: ResponseCurves, monkeypatch: pytest.MonkeyPatch) -> Curves:
    computed = Curves(curves)
    monkeypatch.setattr(measurement.posterior, "response_curves", computed)
    return computed


@pytest.fixture
def spring(served: Any, computed: Curves, model: FittedModel) -> str:
    return str(served.store_model(model))


@pytest.fixture
def bad(served: Any, computed: Curves, refused: FittedModel) -> str:
    return str(served.store_model(refused))


@pytest.mark.parametrize("model_id", ["mdl_0", "../secret", "/etc", "..", "", "a/../../b", "x\u202e", "é" * 40])
def test_a_plan_needs_a_model_of_the_account(served: Any, problem: Any, model_id: str) -> None:
    body = problem(served.post("/plans", json={"model": model_id, "budget": 1e6}), 404, "not_found")
    assert body["errors"][0]["field"] == "model"


def test_a_damaged_model_is_a_problem_not_a_fault(served: Any, problem: Any, spring: str) -> None:
    (archive,) = (path for path in served.service.settings.data.glob("files/*/*/*") if path.is_file())
    archive.write_bytes(archive.read_bytes()[:2000])
    problem(served.post("/plans", json={"model": spring, "budget": 1e6}), 409, "model_unreadable")


def test_a_plan_keeps_its_rules_and_spends_the_budget(served: Any, spring: str) -> None:
    rules = {
        "channel": {"amazon": {"max_change": 0.2}, "social": {"fixed": 50000}},
        "group": [{"name": "retailers", "channels": ["amazon", "walmart"], "min_share": 0.5}],
        "plan": {"reserve": 0.0},
    }
    response = served.post("/plans", json={"model": spring, "budget": 1_000_000, "weeks": 13, "rules": rules})
    assert response.status_code == 201, response.text
    plan = response.json()
    assert plan.keys() >= PLAN_KEYS
    assert plan["status"] == "optimal"
    lines = {line["channel"]: line for line in plan["lines"]}
    assert sum(line["spend"] for line in lines.values()) == pytest.approx(1_000_000, abs=0.01)
    assert abs(lines["amazon"]["change"]) <= 0.2 + 1e-9
    assert lines["social"]["spend"] == pytest.approx(50_000)
    assert lines["amazon"]["spend"] + lines["walmart"]["spend"] >= 500_000 - 0.01
    assert lines["display"]["held"]


def test_the_other_questions_are_answered_too(served: Any, spring: str) -> None:
    mean = {"plan": {"risk": "mean"}}
    asked = {"model": spring, "budget": 1e6, "frontier": True}
    plan = served.post("/plans", json=asked | {"rules": mean}).json()
    assert served.post("/plans", json=asked).json()["frontier"].keys() == plan["frontier"].keys()
    sold = plan["total"]["incremental"]["mean"]
    assert len(plan["frontier"]["points"]) == 20
    answer = served.post("/plans", json={"model": spring, "target_sales": sold, "against": plan}).json()
    assert answer["budget"] == pytest.approx(1e6, abs=1.0)
    assert answer["against"]["gain"]["mean"] == pytest.approx(0.0, abs=1e-5 * sold)
    rules = {"plan": {"risk": "cvar", "risk_level": 0.2, "margins": {"sales": 0.3}, "target_iroas": 0.5}}
    careful = served.post("/plans", json={"model": spring, "budget": 1e6, "rules": rules}).json()
    assert careful["status"] == "optimal", careful["advice"]
    assert careful["objective"] == pytest.approx(0.3 * careful["total"]["worst_incremental"])


def test_totals_are_spread_over_geos(served: Any, computed: Curves, model: FittedModel) -> None:
    rng, shape = np.random.default_rng(2), (20, 5)
    draws = {
        "geo_effect": rng.normal(1.0, 0.3, (*shape, 4)),
        "build_up": np.abs(rng.normal(0.0, 0.3, shape)),
        "sales_per_head": np.exp(rng.normal(0.0, 0.2, shape)),
        **{name: rng.normal(0.1, 0.1, shape) for name in ("log_half_life", "drift", "log_slope")},
        "log_half_saturation": rng.normal(0.0, 0.2, shape),
    }
    wide = served.store_model(replace(model, draws=draws))
    plan = served.post("/plans", json={"model": wide, "budget": 1e6, "by_geo": True}).json()
    lines = plan["geos"]["lines"]
    assert {line["geo"] for line in lines} == set(model.panel.geos)
    for line in plan["lines"]:
        spread = sum(entry["spend"] for entry in lines if entry["channel"] == line["channel"])
        assert spread == pytest.approx(line["spend"], abs=0.001)
    assert plan["geos"]["not_spread"] == ["display"]
    assert plan["geos"]["gain"]["mean"] > 0


def test_one_geo_cannot_be_spread_over(served: Any, problem: Any, computed: Curves, model: FittedModel) -> None:
    names = ("outcome_values", "spend", "exposure", "attributed_sales", "control_values", "population")
    alone = replace(model.panel, geos=("all",), **{name: getattr(model.panel, name)[:1] for name in names})
    one = served.store_model(replace(model, panel=alone))
    answer = served.post("/plans", json={"model": one, "budget": 1e6, "by_geo": True})
    assert "one geo only" in problem(answer, 422, "bad_problem")["detail"]


def test_rules_that_clash_are_an_answer_with_every_key(served: Any, spring: str) -> None:
    rules = {"channel": {"amazon": {"min": 2e6}}}
    plan = served.post("/plans", json={"model": spring, "budget": 1e6, "rules": rules}).json()
    assert plan["status"] == "infeasible"
    assert plan["conflicts"]
    assert plan["total"]["incremental"].keys() == {"mean", "sd", "p5", "p10", "p50", "p90", "p95"}


def test_a_refused_model_is_planned_with_only_by_force(served: Any, bad: str) -> None:
    refused = served.post("/plans", json={"model": bad, "budget": 1e6}).json()
    assert refused.keys() >= PLAN_KEYS
    assert (refused["status"], refused["lines"]) == ("infeasible", [])
    assert "r-hat 1.200" in refused["advice"]
    forced = served.post("/plans", json={"model": bad, "budget": 1e6, "force": True}).json()
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
    served: Any, problem: Any, spring: str, change: dict[str, Any], code: str, field: str
) -> None:
    body = problem(served.post("/plans", json={"model": spring, "budget": 1e6} | change), 422, code)
    assert body["errors"][0]["field"] == field
    assert body["errors"][0]["message"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"model": spring, "budget": NaN}', '{"model": spring, "budget": Infinity}']
)
def test_a_body_that_is_no_request_is_a_problem(served: Any, problem: Any, spring: str, text: str) -> None:
    problem(served.post("/plans", content=text, headers={"content-type": "application/json"}), 422, "invalid_request")


def test_a_fault_of_the_service_shows_nothing_of_its_inside(
    served: Any, problem: Any, spring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(measurement.posterior, "response_curves", broken)
    answer = served.post("/plans", json={"model": spring, "budget": 1e6})
    problem(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_curves_are_kept_in_memory(served: Any, spring: str, computed: Curves, model: FittedModel) -> None:
    body = {"model": spring, "budget": 1e6}
    first, second = (served.post("/plans", json=body).json() for _ in range(2))
    assert first["lines"] == second["lines"]
    assert first["id"] < second["id"]
    assert computed.asked == 1
    served.post("/plans", json=body | {"weeks": 4})
    assert computed.asked == 2
    other = replace(model, provenance=replace(model.provenance, model_id="another"))
    served.post("/plans", json=body | {"model": served.store_model(other)})
    assert computed.asked == 3


def test_a_plan_is_kept_as_it_was_answered(served: Any, spring: str) -> None:
    made = [served.post("/plans", json={"model": spring, "budget": budget}).json() for budget in (1e6, 1.1e6, 1.2e6)]
    assert served.get(f"/plans/{made[0]['id']}").json() == made[0]
    first = served.get("/plans", params={"limit": 2}).json()
    assert [item["id"] for item in first["items"]] == [made[2]["id"], made[1]["id"]]
    assert first["items"][0] == {key: made[2][key] for key in ("id", "model", "created", "status", "budget", "weeks")}
    rest = served.get("/plans", params={"limit": 2, "cursor": first["next"]}).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([made[0]["id"]], None)
    assert served.get("/plans", params={"model": "mdl_other"}).json() == {"items": [], "next": None}


@pytest.mark.parametrize("cursor", ["x", "é", "AA==", "0" * 101, "2NjYw"])
def test_a_made_up_cursor_is_refused(served: Any, cursor: str) -> None:
    answer = served.get("/audit", role="admin", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


def test_two_plans_are_held_against_each_other(served: Any, problem: Any, spring: str) -> None:
    small, large = (served.post("/plans", json={"model": spring, "budget": b}).json() for b in (1e6, 1.2e6))
    compared = served.get(f"/plans/{large['id']}/compare", params={"other": small["id"]}).json()
    assert compared["spend"] - compared["other_spend"] == pytest.approx(2e5)
    assert compared["gain"]["mean"] > 0
    against = served.post("/plans", json={"model": spring, "budget": 1.2e6, "against": small["id"]}).json()["against"]
    assert against["gain"]["mean"] == pytest.approx(compared["gain"]["mean"])
    short = served.post("/plans", json={"model": spring, "budget": 1e6, "weeks": 4}).json()
    answer = served.get(f"/plans/{large['id']}/compare", params={"other": short["id"]})
    assert "4 weeks" in problem(answer, 422, "bad_problem")["detail"]
    missing = served.get(f"/plans/{large['id']}/compare", params={"other": "pln_0"})
    assert problem(missing, 404, "not_found")["errors"][0]["field"] == "other"


def test_a_plan_is_exported_to_the_cent(served: Any, spring: str) -> None:
    plan = served.post("/plans", json={"model": spring, "budget": 1_000_000.37}).json()
    answer = served.get(f"/plans/{plan['id']}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="{plan["id"]}-lines.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["spend"] for row in rows] == [f"{line['spend']:.2f}" for line in plan["lines"]]
    weeks = served.get(f"/plans/{plan['id']}/export", params={"table": "schedule"}).content.decode("utf-8-sig")
    assert len(weeks.splitlines()) == 1 + len(plan["schedule"])
    book = load_workbook(io.BytesIO(served.get(f"/plans/{plan['id']}/export", params={"format": "xlsx"}).content))
    assert book.sheetnames == ["summary", "lines", "schedule"]
    spent = [cell.value for cell in book["lines"]["C"][1:]]
    assert spent == [line["spend"] for line in plan["lines"]]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", " =1", "＝1"])
def test_no_cell_of_an_export_is_a_formula(plan_json: dict[str, Any], name: str) -> None:
    plan = plan_json | {"lines": [plan_json["lines"][0] | {"channel": name}], "advice": name}
    cell = next(csv.DictReader(io.StringIO(csv_bytes(plan, "lines").decode("utf-8-sig"))))["channel"]
    assert cell == f"'{name}"
    book = load_workbook(io.BytesIO(workbook_bytes(plan)))
    kept = book["lines"]["A2"]
    assert (kept.data_type, kept.value) == ("s", name)
    assert not any(cell.data_type == "f" for sheet in book for row in sheet for cell in row)
