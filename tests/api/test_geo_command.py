"""`rmo geo analyze`: keys, exit codes, the page, and what cannot be asked."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from api.cli.geo_options import ESTIMATORS, KINDS
from api.cli.main import run
from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.specification import Estimator

KEYS = {
    "estimator",
    "lift",
    "percent_lift",
    "att",
    "p_value",
    "level",
    "spend_change",
    "iroas",
    "iroas_refused_because",
    "pre_fit",
    "placebo",
    "weights",
    "left_out",
    "verdict",
}
TEST = ["--start", "2024-02-20", "--end", "2024-02-29"]
ASKED = [*TEST, "--treated", "geo 0,geo 1", "--spend", "tv"]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A daily panel of 14 geos whose first two were treated, its like in other columns, pairs and a broken file."""
    room = tmp_path_factory.mktemp("geo")
    rng = np.random.default_rng(4)
    days = np.datetime64("2024-01-01") + np.arange(70)
    lines, others = ["date,geo,sales,tv_spend"], ["day,city,Y,cost"]
    for geo in range(14):
        sales = (800 + 100 * geo) * (1 + 0.1 * np.sin(np.arange(70)) + 0.03 * rng.standard_normal(70))
        spend = np.zeros(70)
        if geo < 2:
            sales[50:60] *= 1.2
            spend[50:60] = 50.0
        for day, sold, spent in zip(days, sales, spend, strict=True):
            lines.append(f"{day},geo {geo},{sold:.2f},{spent:.2f}")
            others.append(f"{day},geo {geo},{sold:.2f},{spent:.2f}")
    (room / "panel.csv").write_text("\n".join(lines) + "\n")
    (room / "others.csv").write_text("\n".join(others) + "\n")
    (room / "map.toml").write_text(
        '[panel]\ndate = "day"\ngeo = "city"\ncurrency = "EUR"\n[[outcome]]\nname = "sales"\ncolumn = "Y"\n'
    )
    (room / "gaps.csv").write_text("\n".join(line for line in lines if "2024-01-09,geo 5" not in line) + "\n")
    pairs = [f"geo {geo},{geo % 7},{'treatment' if geo < 7 else 'control'}" for geo in range(14)]
    (room / "pairs.csv").write_text("geo,pair,assignment\n" + "\n".join(pairs) + "\n")
    (room / "refused.json").write_text('{"designs": [], "recommended": null, "refused_because": "too short"}')
    (room / "design.json").write_text('{"designs": [{"treated": ["geo 0", "geo 1"]}], "recommended": 0}')
    (room / "half.csv").write_text("geo,pair,assignment\ngeo 0,1,treatment\n")
    return room


@pytest.fixture(autouse=True)
def in_room(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)


def analyze(*arguments: str) -> int:
    return run(["geo", "analyze", *arguments])


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert analyze(*arguments, "--json") == 0
    told: dict[str, object] = json.loads(capsys.readouterr().out)
    return told


def test_names_of_choices_are_those_of_the_package() -> None:
    assert set(KINDS) == {kind.value for kind in ExperimentKind}
    assert set(ESTIMATORS) == {estimator.value for estimator in Estimator}


def test_json_has_the_public_keys(capsys: pytest.CaptureFixture[str]) -> None:
    told = answered(capsys, "panel.csv", *ASKED)
    assert told.keys() >= KEYS
    assert told["estimator"] == "bayesian_scm"
    assert told["spend_change"] == pytest.approx(1000)
    lift, iroas = told["lift"], told["iroas"]
    assert isinstance(lift, dict)
    assert isinstance(iroas, dict)
    assert 0 < lift["low"] < lift["estimate"] < lift["high"]
    assert iroas["estimate"] == pytest.approx(lift["estimate"] / 1000)


def test_people_get_the_verdict_the_record_and_the_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert analyze("panel.csv", *ASKED, "--break-even", "2.5", "--cooldown-end", "2024-03-05") == 0
    shown = " ".join(capsys.readouterr().out.split())
    for part in ("break-even is 2.50", "iROAS", "With cooldown", "placebo tests on this panel", "Largest weights"):
        assert part in shown


@pytest.mark.parametrize("spend", ["cost", None])
def test_a_map_and_a_spend_column_that_no_channel_has(capsys: pytest.CaptureFixture[str], spend: str | None) -> None:
    asked = [*TEST, "--treated", "geo 0,geo 1", "--map", "map.toml", *(["--spend", spend] if spend else [])]
    told = answered(capsys, "others.csv", *asked)
    assert told["currency"] == "EUR"
    assert (told["iroas"] is None) == (spend is None)
    assert ("--spend" in str(told["iroas_refused_because"])) == (spend is None)


def test_a_column_names_its_channel(capsys: pytest.CaptureFixture[str]) -> None:
    by_column = answered(capsys, "panel.csv", *TEST, "--treated", "geo 0,geo 1", "--spend", "tv_spend")
    assert by_column == answered(capsys, "panel.csv", *ASKED)


def test_a_design_names_the_treated_geos(capsys: pytest.CaptureFixture[str]) -> None:
    told = answered(capsys, "panel.csv", *TEST, "--design", "design.json", "--estimator", "tbr")
    assert told["treated"] == ["geo 0", "geo 1"]


def test_gaps_and_exclusions_are_left_out_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert analyze("gaps.csv", *ASKED, "--exclude", "geo 9", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["left_out"] == ["geo 5", "geo 9"]
    assert "warning: left out for gaps in their dates or outcomes: geo 5" in said.err


@pytest.mark.parametrize(("estimator", "expected"), [("auto", "randomisation"), ("trimmed_match", "trimmed_match")])
def test_pairs(capsys: pytest.CaptureFixture[str], estimator: str, expected: str) -> None:
    told = answered(capsys, "panel.csv", *TEST, "--pairs", "pairs.csv", "--spend", "tv", "--estimator", estimator)
    assert told["estimator"] == expected


def test_the_same_seed_the_same_answer(capsys: pytest.CaptureFixture[str]) -> None:
    first = answered(capsys, "panel.csv", *ASKED, "--seed", "3")
    assert first == answered(capsys, "panel.csv", *ASKED, "--seed", "3")


def test_the_page_is_one_file_with_all_plots_in_words(capsys: pytest.CaptureFixture[str], room: Path) -> None:
    assert analyze("panel.csv", *ASKED, "--cooldown-end", "2024-03-05", "--html", "page.html") == 0
    page = (room / "page.html").read_text()
    (room / "page.html").unlink()
    assert capsys.readouterr().out == ""
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert not re.search(r"url\((?!#)", page)
    alts = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(alts) == page.count("<svg ") == 8
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for part in ("It paid", "With the cooldown", "placebo tests on this panel", "Data, SHA-256", "geo 0, geo 1"):
        assert part in page


def test_names_from_a_file_are_escaped_in_the_page(room: Path) -> None:
    evil = "<script>alert(1)</script>"
    (room / "evil.csv").write_text((room / "panel.csv").read_text().replace("geo 3,", f"{evil},"))
    assert analyze("evil.csv", *ASKED, "--exclude", evil, "--html", "evil.html") == 0
    assert "<script" not in (room / "evil.html").read_text()
    for name in ("evil.csv", "evil.html"):
        (room / name).unlink()


BAD = {
    "no treated geo": [*TEST],
    "treated and pairs": [*ASKED, "--pairs", "pairs.csv"],
    "an unknown geo": [*TEST, "--treated", "geo 77"],
    "an unknown estimator": [*ASKED, "--estimator", "did"],
    "an unknown outcome": [*ASKED, "--outcome", "orders"],
    "an unknown spend": [*TEST, "--treated", "geo 0", "--spend", "radio"],
    "no spend change at all": [*TEST, "--treated", "geo 4", "--spend", "tv"],
    "no such day": ["--start", "2024-02-30", "--end", "2024-03-02", "--treated", "geo 0"],
    "a window that ends first": ["--start", "2024-02-20", "--end", "2024-02-10", "--treated", "geo 0"],
    "a window outside": ["--start", "2025-02-20", "--end", "2025-02-28", "--treated", "geo 0"],
    "too few days before": ["--start", "2024-01-05", "--end", "2024-01-09", "--treated", "geo 0"],
    "all treated": [*TEST, "--treated", ",".join(f"geo {number}" for number in range(14))],
    "a level in percent": [*ASKED, "--level", "90"],
    "no break-even": [*ASKED, "--break-even", "0"],
    "no such pairs": [*TEST, "--pairs", "nothing.csv"],
    "a design that is none": [*TEST, "--design", "panel.csv"],
    "no such design": [*TEST, "--design", "nothing.json"],
    "a refusal for a design": [*TEST, "--design", "refused.json"],
    "half a pair": [*TEST, "--pairs", "half.csv"],
    "trimmed match without pairs": [*ASKED, "--estimator", "trimmed_match"],
    "a page into nowhere": [*ASKED, "--html", "no/such/page.html"],
    "no such map": [*ASKED, "--map", "no.toml"],
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_input_is_one_message_and_exit_2(case: str, capsys: pytest.CaptureFixture[str], room: Path) -> None:
    before = sorted(path.name for path in room.iterdir())
    assert analyze("panel.csv", *BAD[case], "--json") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("rmo: ")
    assert said.err.count("\n") == 1
    assert sorted(path.name for path in room.iterdir()) == before


def test_help_has_an_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert analyze("--help") == 0
    shown = capsys.readouterr().out
    for part in ("Example: rmo geo analyze", "--seed", "--json", "--cooldown-end", "trimmed_match"):
        assert part in shown
