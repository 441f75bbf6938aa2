"""`rmo geo design`: keys, exit codes, the plan, the page, and what cannot be asked."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from api.cli.geo_design import ASSIGNMENTS, KINDS
from api.cli.main import run
from measurement.geotest.design_question import ExperimentKind, Rule

GEOS, DAYS = 18, 84
DESIGN = ["geo", "design", "panel.csv", "--weeks", "1", "--geos-min", "2", "--geos-max", "2"]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A daily panel of 18 geos with two channels, one of them silent, files on geos, and panels that fall short."""
    room = tmp_path_factory.mktemp("design")
    rng = np.random.default_rng(4)
    days = np.datetime64("2024-01-01") + np.arange(DAYS)
    lines = ["date,geo,sales,tv_spend,radio_spend"]
    for geo in range(GEOS):
        sales = (800 + 100 * geo) * (1 + 0.1 * np.sin(np.arange(DAYS)) + 0.03 * rng.standard_normal(DAYS))
        lines += [f"{day},geo {geo},{sold:.2f},{40 + geo},0" for day, sold in zip(days, sales, strict=True)]
    text = "\n".join(lines) + "\n"
    (room / "panel.csv").write_text(text)
    (room / "gaps.csv").write_text("\n".join(line for line in lines if "2024-01-09,geo 5," not in line) + "\n")
    (room / "short.csv").write_text("\n".join(line for line in lines if line < "2024-01-20" or line[0] == "d") + "\n")
    (room / "who.csv").write_text("geo,eligibility\ngeo 3,treat\ngeo 4,exclude\ngeo 6,control\n")
    (room / "wrong.csv").write_text("geo,eligibility\ngeo 3,treated\n")
    (room / "near.csv").write_text("geo,neighbour\ngeo 3,geo 2\ngeo 8,geo 9\n")
    (room / "far.csv").write_text("geo,neighbour\ngeo 3,Geo 2\n")
    return room


@pytest.fixture(autouse=True)
def in_room(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)


def test_the_kinds_are_those_of_the_package() -> None:
    assert set(KINDS) == {kind.value for kind in ExperimentKind}
    assert {rule for rules in ASSIGNMENTS.values() for rule in rules} == {rule.value for rule in Rule}


def test_json_has_what_a_lock_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*DESIGN, "--channel", "tv", "--iroas", "40", "--seed", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    question = told["question"]
    assert {name: question[name] for name in ("channel", "kind", "weeks", "level", "power", "seed", "iroas")} == {
        "channel": "tv",
        "kind": "holdout",
        "weeks": 1,
        "level": 0.9,
        "power": 0.8,
        "seed": 3,
        "iroas": 40.0,
    }
    assert question.keys() >= {"outcome", "budget", "mde"}
    best = told["designs"][told["recommended"]]
    assert best["cells"] == [best["treated"]]
    assert best["placements"] >= 200
    assert [(row["geo"], row["week"]) for row in best["spend_plan"]] == [(geo, 1) for geo in best["treated"]]
    assert all(row["planned"] == 0 < row["usual"] for row in best["spend_plan"])
    assert sum(row["usual"] for row in best["spend_plan"]) == pytest.approx(-best["spend_change"])


def test_cells_files_and_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*DESIGN, "--cells", "2", "--eligibility", "who.csv", "--adjacent", "near.csv"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    for design in told["designs"]:
        first, second = design["cells"]
        assert design["treated"] == first + second
        assert "geo 3" in first
        assert "geo 2" in [*first, *design["set_apart"]]
        assert "geo 6" in design["control"]
        assert "geo 4" in told["left_out"]
        assert design["mde_difference"] > 0
    assert run(asked) == 0
    shown = capsys.readouterr().out
    assert "MDE between cells" in shown
    assert " | " in shown


def test_people_are_told_what_it_takes_and_what_it_costs(capsys: pytest.CaptureFixture[str], room: Path) -> None:
    asked = ["geo", "design", "panel.csv", "--weeks", "1,2", "--geos-max", "3", "--channel", "tv", "--iroas", "40"]
    assert run([*asked, "--mde", "0.2", "--plan-csv", "plan.csv", "--html", "design.html"]) == 0
    said = capsys.readouterr()
    shown = " ".join(said.out.split())
    for part in (
        "Designs, best first",
        "The best of each size and length",
        "To find an effect of 20.0 %",
        "placebo tests",
    ):
        assert part in shown
    assert "spend plan written to plan.csv" in said.err
    rows = list(csv.DictReader((room / "plan.csv").read_text().splitlines()))
    assert list(rows[0]) == ["geo", "week", "usual", "planned"]
    assert {row["planned"] for row in rows} == {"0.00"}
    page = (room / "design.html").read_text()
    for name in ("plan.csv", "design.html"):
        (room / name).unlink()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    alts = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(alts) == page.count("<svg ") == 8
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for part in ("Spend plan", "Larger or longer", "placebo tests", "Data, SHA-256"):
        assert part in page


def test_a_budget_says_what_can_be_detected(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*DESIGN, "--kind", "heavy_up", "--channel", "tv", "--budget", "900"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["detectable"]["cost"] == 900
    assert told["detectable"]["iroas"] == told["designs"][0]["detectable_iroas"]
    assert run(asked) == 0
    assert "For a budget of 900: an effect of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "limit", "part"),
    [
        (["--mde", "0.0001"], "mde", "no design will do"),
        (["--channel", "tv", "--iroas", "50", "--budget", "1"], "budget", "the budget is 1"),
        (["--weeks", "5"], "panel", "plan a shorter test"),
        (["--include", ",".join(f"geo {geo}" for geo in range(9))], "eligibility", "force fewer geos"),
    ],
)
def test_a_design_that_cannot_do_it_is_a_refusal_with_its_json(
    asked: list[str], limit: str, part: str, capsys: pytest.CaptureFixture[str], room: Path
) -> None:
    assert run([*DESIGN, *asked, "--html", "refused.html", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["recommended"] is None
    assert told["limit"] == limit
    assert part in told["refused_because"]
    page = (room / "refused.html").read_text()
    (room / "refused.html").unlink()
    assert "No design will do" in page
    assert part[1:] in page


def test_a_panel_too_short_is_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["geo", "design", "short.csv", "--weeks", "1"]) == 3
    assert "the panel has 19 periods" in " ".join(capsys.readouterr().out.split())


def test_names_that_differ_in_case_only_are_refused(capsys: pytest.CaptureFixture[str], room: Path) -> None:
    (room / "case.csv").write_text((room / "panel.csv").read_text().replace("geo 5,", "GEO 4,"))
    assert run([*DESIGN[:2], "case.csv", *DESIGN[3:]]) == 2
    (room / "case.csv").unlink()
    assert "they differ only in case or blanks" in capsys.readouterr().err


def test_gaps_are_left_out_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*DESIGN[:2], "gaps.csv", *DESIGN[3:], "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["left_out"] == ["geo 5"]
    assert "warning: left out for gaps in their dates or outcomes: geo 5" in said.err


def test_an_analysis_knows_how_coins_fell_and_who_was_set_apart(capsys: pytest.CaptureFixture[str], room: Path) -> None:
    asked = [
        "geo",
        "design",
        "panel.csv",
        "--weeks",
        "1",
        "--geos-min",
        "4",
        "--geos-max",
        "4",
        "--adjacent",
        "near.csv",
    ]
    run([*asked, "--json"])
    told = json.loads(capsys.readouterr().out)
    place = next(number for number, design in enumerate(told["designs"]) if design["rule"] == "pairs")
    (room / "drawn.json").write_text(json.dumps(told | {"recommended": place}))
    window = ["--start", "2024-03-11", "--end", "2024-03-17", "--design", "drawn.json"]
    assert run(["geo", "analyze", "panel.csv", *window, "--estimator", "randomisation", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (room / "drawn.json").unlink()
    assert "over 16 assignments within the design's blocks" in found["inference"]
    assert set(told["designs"][place]["set_apart"]) == set(found["left_out"])


BAD = {
    "an unknown kind": ["--kind", "dark"],
    "an unknown assignment": ["--assignment", "dice"],
    "a coin for who must be treated": ["--assignment", "pairs", "--include", "geo 1"],
    "no weeks": ["--weeks", "0"],
    "weeks in words": ["--weeks", "two"],
    "half a week": ["--weeks", "1.5"],
    "a week twice": ["--weeks", "2,2"],
    "an unknown geo to treat": ["--include", "geo 99"],
    "a geo in capitals": ["--keep", "GEO 3"],
    "an unknown geo to leave out": ["--exclude", "geo 99"],
    "all geos": ["--include", ",".join(f"geo {geo}" for geo in range(GEOS))],
    "twice": ["--include", "geo 1", "--exclude", "geo 1"],
    "an option against the file": ["--exclude", "geo 3", "--eligibility", "who.csv"],
    "an unknown word in the file": ["--eligibility", "wrong.csv"],
    "no such file": ["--eligibility", "none.csv"],
    "a neighbour in capitals": ["--adjacent", "far.csv"],
    "a gap that must be treated": ["--include", "geo 77"],
    "an unknown channel": ["--channel", "print"],
    "a channel that spends nothing": ["--channel", "radio"],
    "power in percent": ["--power", "80"],
    "an effect in percent": ["--mde", "5"],
    "no number": ["--budget", "nan"],
    "a budget that nothing is held against": ["--budget", "500", "--channel", "tv"],
    "no cell": ["--cells", "0"],
    "a plan without a channel": ["--plan-csv", "plan.csv"],
    "a plan into nowhere": ["--channel", "tv", "--plan-csv", "no/such/plan.csv"],
    "a page into nowhere": ["--html", "no/such/page.html"],
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_input_is_one_message_and_exit_2(case: str, capsys: pytest.CaptureFixture[str], room: Path) -> None:
    before = sorted(path.name for path in room.iterdir())
    assert run([*DESIGN, *BAD[case], "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("rmo: ")
    assert said.err.count("\n") == 1
    assert sorted(path.name for path in room.iterdir()) == before


def test_help_has_an_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["geo", "design", "--help"]) == 0
    shown = capsys.readouterr().out
    for part in ("Example: rmo geo design", "--cells", "--adjacent", "--plan-csv", "heavy_up"):
        assert part in shown
