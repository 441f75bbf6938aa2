"""The commands in one process, on a stored model made by hand and curves made by hand."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import measurement.fit
import measurement.posterior
import measurement.storage
from api.cli.main import run
from api.formats import between
from api.report_json import report_json
from measurement.fitted import FitProgress, FittedModel
from tests.api.conftest import only_json

pytestmark = pytest.mark.usefixtures("quick")


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
