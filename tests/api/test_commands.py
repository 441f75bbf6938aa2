"""The commands in one process, on a stored model made by hand and curves made by hand."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import measurement.fit
import measurement.posterior
import measurement.storage
from api.cli.main import run
from api.formats import between
from api.report_json import report_json
from measurement.curves import ResponseCurves
from measurement.fitted import FitProgress, FittedModel, WeeklyContributions


@pytest.fixture
def stored(tmp_path: Path, model: FittedModel) -> Path:
    measurement.storage.save_model(model, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def stored_refused(tmp_path: Path, refused: FittedModel) -> Path:
    measurement.storage.save_model(refused, tmp_path / "refused")
    return tmp_path / "refused"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, curves: ResponseCurves, weekly: WeeklyContributions) -> None:
    monkeypatch.setattr(measurement.posterior, "response_curves", lambda model, weeks: curves)
    monkeypatch.setattr(measurement.posterior, "weekly_contributions", lambda model: weekly)


@pytest.fixture
def panel_file(tmp_path: Path) -> Path:
    assert run(["simulate", "--out", str(tmp_path / "world"), "--geos", "2", "--weeks", "30", "--seed", "4"]) == 0
    return tmp_path / "world" / "panel.csv"


Fit = Callable[..., FittedModel]


def fit_that_gives(model: FittedModel) -> Fit:
    def fit(panel: object, settings: object, progress: Callable[[FitProgress], None]) -> FittedModel:
        print("a library talks")
        progress(FitProgress(4, 0, 100, 0, None, "sampling"))
        return model

    return fit


def only_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_fit_stores_the_model_and_prints_nothing_but_its_report(
    panel_file: Path, model: FittedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measurement.fit, "fit_model", fit_that_gives(model))
    out = panel_file.parent / "model"
    capsys.readouterr()
    assert run(["fit", str(panel_file), "--out", str(out), "--json"]) == 0
    assert only_json(capsys) == json.loads(json.dumps(report_json(model)))
    assert run(["report", str(out)]) == 0


def test_a_refused_fit_is_stored_and_exits_3(
    panel_file: Path, refused: FittedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measurement.fit, "fit_model", fit_that_gives(refused))
    out = panel_file.parent / "model"
    assert run(["fit", str(panel_file), "--out", str(out)]) == 3
    assert "The model is refused" in capsys.readouterr().out
    assert run(["report", str(out), "--json"]) == 0
    assert only_json(capsys)["status"] == "refused"


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (RuntimeError("broke"), 1), (EOFError(), 1)])
def test_a_fit_that_breaks_off_leaves_nothing(
    panel_file: Path,
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> FittedModel:
        raise error

    monkeypatch.setattr(measurement.fit, "fit_model", broken)
    before = sorted(panel_file.parent.iterdir())
    capsys.readouterr()
    assert run(["fit", str(panel_file), "--out", str(panel_file.parent / "model"), "--json"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err
    assert sorted(panel_file.parent.iterdir()) == before


def test_fit_never_overwrites_what_is_not_a_model(panel_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["fit", str(panel_file), "--out", str(panel_file.parent)]) == 2
    assert "not a stored model" in capsys.readouterr().err
    assert panel_file.exists()


def test_report_shows_estimate_prior_and_verdict(
    stored: Path, model: FittedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", str(stored)]) == 0
    shown = capsys.readouterr().out
    prior = between(model.report.channels[0].prior_iroas.to_json())
    for part in (
        "$1,570,668",
        "1.97 to 2.66",
        prior,
        "not measurable",
        "spend never varied",
        "63 % of sales",
    ):
        assert part in shown


def test_report_writes_the_page_with_the_plan(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(stored), "--budget", "1000000", "--json"]) == 0
    plan = tmp_path / "plan.json"
    plan.write_text(capsys.readouterr().out)
    page = tmp_path / "report.html"
    assert run(["report", str(stored), "--html", str(page), "--plan", str(plan)]) == 0
    assert "The plan: $1,000,000 over 13 weeks" in page.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"status": "optimal"}'])
def test_a_plan_file_that_is_none_is_bad_input(
    stored: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    assert run(["report", str(stored), "--html", str(tmp_path / "r.html"), "--plan", str(plan)]) == 2
    assert "rmo plan --json" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_plan_prints_a_table_and_its_advice(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(stored), "--budget", "1000000"]) == 0
    shown = capsys.readouterr().out
    for part in ("Proven best, $1,000,000 in 13 weeks", "held: not measurable", "Gain over the same budget", "→ "):
        assert part in shown


def test_plan_on_a_refused_model_needs_force(stored_refused: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(stored_refused), "--budget", "1000000", "--json"]) == 3
    refusal = only_json(capsys)
    assert (refusal["status"], refusal["lines"]) == ("infeasible", [])
    assert "r-hat 1.200" in refusal["advice"]
    assert run(["plan", str(stored_refused), "--budget", "1000000", "--json", "--force"]) == 0
    forced = only_json(capsys)
    assert forced["advice"].startswith("The model was refused")
    assert forced.keys() == refusal.keys()


def test_rules_that_cannot_hold_exit_3_with_the_json(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[channel.amazon]\nmin = 2000000\n")
    arguments = ["plan", str(stored), "--budget", "1000000", "--rules", str(rules)]
    assert run([*arguments, "--json"]) == 3
    answer = only_json(capsys)
    assert answer["conflicts"]
    assert answer["total"]["gain"]["mean"] is None
    assert run(arguments) == 3
    assert "Cannot hold together" in capsys.readouterr().out


@pytest.mark.parametrize(
    "rules", ["[channel.amazno]\nmax = 1\n", "[channel.amazon]\nmaximum = 3\n", "[channel", "[plan]\nrisk = 'none'\n"]
)
def test_bad_rules_exit_2(stored: Path, tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(rules)
    assert run(["plan", str(stored), "--budget", "1000", "--rules", str(file), "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "rules.toml" in said.err


@pytest.mark.parametrize("budget", ["0", "-5", "nan", "inf", "1e99"])
def test_a_budget_that_is_none_exits_2(stored: Path, budget: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(stored), "--budget", budget, "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_plan_finds_the_budget_for_a_target(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Targets are reached at the mean; so the budget is planned at the mean, too."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[plan]\nrisk = "mean"\n')
    assert run(["plan", str(stored), "--budget", "1000000", "--rules", str(rules), "--json"]) == 0
    sold = only_json(capsys)["total"]["incremental"]["mean"]
    assert run(["plan", str(stored), "--target-sales", str(sold), "--json"]) == 0
    least = only_json(capsys)
    assert least["budget"] == pytest.approx(1_000_000, abs=1.0)
    assert least["question"] == {"asked": "target_sales", "value": sold}
    assert run(["plan", str(stored), "--target-iroas", str(sold / 1e6), "--json"]) == 0
    assert only_json(capsys)["budget"] == pytest.approx(1_000_000, abs=10.0)
    assert run(["plan", str(stored), "--marginal-iroas", "1.0"]) == 0
    assert "further money returns at least 1 per unit" in " ".join(capsys.readouterr().out.split())
    assert run(["plan", str(stored), "--target-sales", "1e11", "--json"]) == 3
    refused = only_json(capsys)
    assert refused["conflicts"][0]["relaxation"] > 0
    assert refused.keys() == least.keys()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Give exactly one of --budget, --target-sales, --target-iroas or --marginal-iroas; got none."),
        (["--budget", "5", "--target-iroas", "2"], "got --budget and --target-iroas."),
        (["--target-sales", "nan"], "target_sales must be a number above 0"),
        (["--budget", "5", "--against", "nowhere.json"], "nowhere.json: the other plan cannot be read"),
    ],
)
def test_plan_takes_one_question(
    stored: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", str(stored), *options]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err


def test_a_plan_is_cautious_unless_the_rules_say_mean(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.toml"
    gains = {}
    for risk in ("mean", "gain", None):
        rules.write_text("" if risk is None else f'[plan]\nrisk = "{risk}"\n')
        assert run(["plan", str(stored), "--budget", "1000000", "--rules", str(rules), "--json"]) == 0
        gains[risk] = only_json(capsys)["total"]["gain"]
    assert gains[None] == gains["gain"]
    assert gains["mean"]["mean"] > gains["gain"]["mean"] > 0
    assert gains["mean"]["p5"] < gains["gain"]["p5"]


def test_plan_draws_the_frontier_and_compares(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(stored), "--budget", "900000", "--json"]) == 0
    other = tmp_path / "other.json"
    other.write_text(capsys.readouterr().out)
    arguments = ["plan", str(stored), "--budget", "1000000", "--frontier", "--against", str(other)]
    assert run([*arguments, "--json"]) == 0
    answer = only_json(capsys)
    budgets = [point["budget"] for point in answer["frontier"]["points"]]
    assert budgets == sorted(budgets)
    assert 1_000_000 in budgets
    assert answer["against"]["spend"] - answer["against"]["other_spend"] == pytest.approx(100_000)
    assert answer["against"]["gain"]["mean"] > 0
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    for part in ("What other budgets return", "Against the other plan", "The return is highest at", "for 100,000 more"):
        assert part in " ".join(shown.split())
    assert run(["plan", str(stored), "--budget", "1000000", "--weeks", "4", "--against", str(other)]) == 2
    assert "13 weeks and this one for 4" in capsys.readouterr().err


def test_compare_prints_causes_and_channels(
    stored: Path, tmp_path: Path, model: FittedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    other = replace(model, provenance=replace(model.provenance, model_id="other", seed=9))
    measurement.storage.save_model(other, tmp_path / "other")
    assert run(["compare", str(stored), str(tmp_path / "other")]) == 0
    assert "The seed went from 1 to 9." in capsys.readouterr().out
    assert run(["compare", str(stored), str(tmp_path / "other"), "--json"]) == 0
    assert only_json(capsys)["causes"] == [{"kind": "seed", "sentence": "The seed went from 1 to 9."}]


def test_check_describes_a_simulated_panel(panel_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["check", str(panel_file), "--json"]) == 0
    assert only_json(capsys)["geos"] == 2
    assert run(["check", str(panel_file)]) == 0
    assert "30 weeks" in capsys.readouterr().out


def test_the_demo_holds_estimates_and_plan_against_the_truth(
    tmp_path: Path,
    model: FittedModel,
    refused: FittedModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(measurement.fit, "fit_model", fit_that_gives(model))
    out = tmp_path / "demo"
    assert run(["demo", "--seed", "3", "--out", str(out), "--json"]) == 0
    shown = only_json(capsys)
    truth = {channel["channel"]: channel for channel in json.loads((out / "truth.json").read_text())["channels"]}
    assert {path.name for path in out.iterdir()} >= {"panel.csv", "truth.json", "model", "plan.json", "report.html"}
    assert json.loads((out / "plan.json").read_text()) == shown["plan"]
    for channel, entry in zip(shown["truth"]["channels"], model.report.channels, strict=True):
        assert channel["channel"] == entry.channel
        assert channel["covered"] == (entry.iroas.p5 <= channel["iroas"] <= entry.iroas.p95)
        assert channel["iroas"] == pytest.approx(truth[entry.channel]["iroas"], rel=1e-3)
    today, plan, best = (shown["truth"][split] for split in ("today", "plan", "optimum"))
    assert plan["spend"] == {line["channel"]: line["spend"] for line in shown["plan"]["lines"]}
    assert sum(best["spend"].values()) == pytest.approx(sum(today["spend"].values()))
    assert best["incremental"] >= today["incremental"]
    assert run(["demo", "--seed", "3", "--out", str(out)]) == 0
    assert "truly gains" in capsys.readouterr().out
    monkeypatch.setattr(measurement.fit, "fit_model", fit_that_gives(refused))
    assert run(["demo", "--seed", "3", "--out", str(out)]) == 3
    assert "The model is refused" in capsys.readouterr().out


def test_a_fault_is_called_one(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: Path) -> FittedModel:
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(measurement.storage, "load_model", broken)
    assert run(["report", str(stored)]) == 1
    assert "a fault of the program" in capsys.readouterr().err


def test_the_report_holds_claims_against_what_is_incremental(
    drawn: FittedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = replace(drawn.panel, attributed_sales=2.0 * drawn.panel.spend)
    weeks = len(panel.dates)
    sold = panel.spend[:, -52:].sum(axis=(0, 1)) * np.linspace(0.5, 1.5, 60)[:, None]
    contribution = np.repeat(sold[:, :, None] / 52, weeks, axis=2)
    claimed = replace(drawn, panel=panel, draws=drawn.draws | {"contribution": contribution})
    measurement.storage.save_model(claimed, tmp_path / "claimed")
    capsys.readouterr()
    assert run(["report", str(tmp_path / "claimed"), "--json"]) == 0
    for index, entry in enumerate(only_json(capsys)["channels"]):
        spend = panel.spend[:, -52:, index].sum()
        mean = sold[:, index].mean()
        assert entry["claims"]["attributed"] == pytest.approx(2.0 * spend, rel=1e-5)
        assert entry["claims"]["ratio"]["mean"] == pytest.approx(mean / (2.0 * spend), rel=1e-4)
    assert run(["report", str(tmp_path / "claimed")]) == 0
    assert "claimed ROAS" in capsys.readouterr().out
    assert run(["report", str(tmp_path / "claimed"), "--html", str(tmp_path / "page.html")]) == 0
    assert "What platforms claim" in (tmp_path / "page.html").read_text()
