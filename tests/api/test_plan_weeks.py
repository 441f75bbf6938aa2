"""Plans with weeks: on the command line and over HTTP, from the same model and in the same words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import measurement.storage
from api.cli.main import run
from api.settings import Settings
from measurement.fitted import FittedModel

BUDGET = 1_100_000
HEADER = "date,amazon_spend,walmart_spend,search_spend,social_spend,display_spend"
FIRST, SECOND = "2024-12-30,30000,20000,18000,0,5000", "2025-01-06,30000.5,20000,18000,0,5000"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, drawn: FittedModel) -> Path:
    folder = tmp_path_factory.mktemp("weeks") / "models"
    measurement.storage.save_model(drawn, folder / "spring")
    return folder / "spring"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Iterator[Any]:
    with serving(Settings(data=tmp_path_factory.mktemp("served") / "data", plan_processes=0)) as served:
        yield served


@pytest.fixture(scope="module")
def spring(served: Any, drawn: FittedModel) -> str:
    return str(served.store_model(drawn))


def written(folder: Path, *lines: str) -> str:
    path = folder / "actuals.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return str(path)


def planned(stored: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["plan", str(stored), "--budget", str(BUDGET), "--json", *more]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def weeks_of(plan: dict[str, Any], channel: str) -> list[float]:
    return [entry["spend"] for entry in plan["schedule"] if entry["channel"] == channel]


def test_a_plan_tells_its_weeks(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(stored, capsys)
    assert plan["flighting"]["starts"] == "2024-12-30"
    assert plan["actuals"] is None
    for line in plan["lines"]:
        assert sum(weeks_of(plan, line["channel"])) == pytest.approx(line["spend"], abs=1e-6)
    assert run(["plan", str(stored), "--budget", str(BUDGET)]) == 0
    assert "Week 1 starts 2024-12-30" in capsys.readouterr().out


def test_weeks_spent_already_stay_and_the_rest_is_replanned(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = planned(stored, capsys)
    plan = planned(stored, capsys, "--actuals", written(tmp_path, FIRST, SECOND))
    assert weeks_of(plan, "amazon")[:2] == [30000.0, 30000.5]
    assert weeks_of(plan, "social")[:2] == [0.0, 0.0]
    assert sum(entry["spend"] for entry in plan["schedule"]) == pytest.approx(BUDGET)
    told = plan["actuals"]
    assert (told["weeks"], told["through"]) == (2, "2025-01-12")
    for one in told["spend"]:
        assert one["planned"] == pytest.approx(sum(weeks_of(before, one["channel"])[:2]), abs=0.01)
    social = next(one for one in told["spend"] if one["channel"] == "social")
    assert social["left_plan"]
    assert "social (-100 %)" in plan["advice"]


@pytest.mark.parametrize(("factor", "left"), [(1.0, False), (3.0, True), (0.2, True)])
def test_sales_are_held_against_what_the_plan_expected(served: Any, spring: str, factor: float, left: bool) -> None:
    """As planned, three times as much, a fifth."""
    rows = [as_numbers(dict(zip(HEADER.split(","), line.split(","), strict=True))) for line in (FIRST, SECOND)]
    body = {"model": spring, "budget": BUDGET}
    untold = served.post("/plans", json=body | {"actuals": rows}).json()["actuals"]["sales"]
    assert untold["left_interval"] is None
    some = served.post("/plans", json=body | {"actuals": [row | {"sales": 1.0} for row in rows]}).json()
    each = factor * some["actuals"]["sales"]["expected"]["p50"] / 2
    sold = [row | {"sales": each} for row in rows]
    sales = served.post("/plans", json=body | {"actuals": sold}).json()["actuals"]["sales"]
    assert sales["actual"] == pytest.approx(2 * each)
    assert sales["left_interval"] is left
    assert ("have left the plan" in sales["reason"]) is left
    assert ("within" in sales["reason"]) is not left


def as_numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name == "date" else float(value) for name, value in row.items()}


def test_rows_over_http_answer_as_a_file_does(
    stored: Path, tmp_path: Path, served: Any, spring: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(stored, capsys, "--actuals", written(tmp_path, FIRST, SECOND))
    rows = [dict(zip(HEADER.split(","), line.split(","), strict=True)) for line in (FIRST, SECOND)]
    rows = [as_numbers(row) for row in rows]
    answer = served.post("/plans", json={"model": spring, "budget": BUDGET, "actuals": rows})
    assert answer.status_code == 201, answer.text
    place = {name: answer.json()[name] for name in ("id", "model", "created")}
    assert answer.json() == place | plan
    rows[1]["date"] = "2025-01-07"
    refused = served.post("/plans", json={"model": spring, "budget": BUDGET, "actuals": rows})
    assert refused.status_code == 422
    assert "write 2025-01-06" in refused.json()["detail"]


def test_a_blackout_over_http_is_kept(served: Any, spring: str) -> None:
    rules = {"channel": {"amazon": {"blackout": [2, "2025-01-14"]}}}
    plan = served.post("/plans", json={"model": spring, "budget": BUDGET, "rules": rules}).json()
    spent = weeks_of(plan, "amazon")
    assert [week + 1 for week, money in enumerate(spent) if money == 0] == [2, 3]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([SECOND], "week of 2024-12-30 is missing"),
        ([FIRST.replace("30000", "-1")], "negative"),
        ([FIRST] * 2, "as row 2 does"),
    ],
)
def test_actuals_that_do_not_fit_exit_2(
    stored: Path, tmp_path: Path, lines: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    arguments = ["plan", str(stored), "--budget", str(BUDGET), "--json", "--actuals", written(tmp_path, *lines)]
    assert run(arguments) == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert said in answer.err


def test_actuals_beyond_the_budget_are_a_conflict(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    actuals = written(tmp_path, FIRST, SECOND)
    assert run(["plan", str(stored), "--budget", "100000", "--json", "--actuals", actuals]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert any("is spent already" in rule for rule in answer["conflicts"][0]["rules"])
    assert answer["actuals"]["weeks"] == 2


def test_a_new_channel_is_planned_from_what_is_stated_of_it(served: Any, spring: str) -> None:
    stated = {"name": "instacart", "iroas": {"median": 3.0, "p95": 6.0}, "typical_spend": 40_000, "max": 50_000}
    body = {"model": spring, "budget": BUDGET, "rules": {"new_channel": [stated]}}
    plan = served.post("/plans", json=body).json()
    line = plan["lines"][-1]
    assert (line["channel"], line["without_history"], line["current_spend"]) == ("instacart", True, 0.0)
    assert line["spend"] == 50_000
    assert "instacart has no history" in plan["advice"]
    row = dict(zip(HEADER.split(","), FIRST.split(","), strict=True)) | {"instacart_spend": "1000"}
    begun = served.post("/plans", json=body | {"actuals": [row]}).json()
    assert weeks_of(begun, "instacart")[0] == 1000.0
    assert begun["lines"][-1]["spend"] == 50_000
    refused = served.post("/plans", json=body | {"rules": {"new_channel": [stated | {"max": -1}]}})
    assert refused.status_code == 422
    assert "max is out of its range" in refused.json()["detail"]


def test_a_split_over_geos_goes_with_even_weeks_only(served: Any, spring: str) -> None:
    row = dict(zip(HEADER.split(","), FIRST.split(","), strict=True))
    body = {"model": spring, "budget": BUDGET, "by_geo": True}
    refused = served.post("/plans", json=body | {"actuals": [row]})
    assert refused.status_code == 422
    assert "knows no weeks spent already" in refused.json()["detail"]
    rules = {"channel": {"amazon": {"blackout": [2]}}}
    assert "no blackouts" in served.post("/plans", json=body | {"rules": rules}).json()["detail"]
    assert "geos" in served.post("/plans", json=body).json()
