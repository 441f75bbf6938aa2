"""`rmo geo lock`, `monitor`, `exclude`, `freeze` and `analyze --lock`: from a design to its registered report."""

import json
from pathlib import Path

import numpy as np
import pytest

from api.cli.main import run

DAYS = 98
START = "2024-03-04"
LOCK = ["geo", "lock", "before.csv", "--start", START, "--out"]
CELLS = ["--cell", "north=geo 0,geo 1", "--cell", "south=geo 2,geo 3"]
QUICK = ["--estimator", "tbr"]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Panels before, in and after a go-dark of four of 14 geos, and a design of it."""
    rng = np.random.default_rng(4)
    lines = []
    for geo in range(14):
        sales = (800 + 100 * geo) * (
            1 + 0.1 * np.sin(np.arange(DAYS) * 2 * np.pi / 7) + 0.02 * rng.standard_normal(DAYS)
        )
        spend = np.full(DAYS, 20.0 + geo)
        if geo < 4:
            sales[63:77] *= 0.85 if geo < 2 else 0.95
            spend[63:77] = 0.0
        days = np.datetime64("2024-01-01") + np.arange(DAYS)
        lines += [
            (day, f"{day},geo {geo},{sold:.2f},{paid:.2f}") for day, sold, paid in zip(days, sales, spend, strict=True)
        ]
    for name, last in (("before", 63), ("during", 70), ("after", DAYS)):
        end = np.datetime64("2024-01-01") + last
        kept = [line for day, line in lines if day < end]
        (tmp_path / f"{name}.csv").write_text("\n".join(["date,geo,sales,tv_spend", *kept]) + "\n")
    money = {"usual": 150.0, "planned": 0.0}
    design = {
        "treated": ["geo 0", "geo 1", "geo 2", "geo 3"],
        "control": [f"geo {number}" for number in range(4, 13)],
        "cells": [["geo 0", "geo 1"], ["geo 2", "geo 3"]],
        "rule": "strata",
        "blocks": [["geo 0", "geo 2", "geo 4"], ["geo 1", "geo 3", "geo 5"]],
        "assignment_seed": 7,
        "duration": 14,
        "set_apart": ["geo 13"],
        "spend_plan": [{"geo": f"geo {n}", "week": number, **money} for n in range(4) for number in (1, 2)],
    }
    question = {"channel": "tv", "kind": "go_dark", "weeks": 2, "outcome": None, "level": 0.95, "power": 0.8, "seed": 7}
    one = {"treated": ["geo 0", "geo 1"], "duration": 14}
    (tmp_path / "design.json").write_text(
        json.dumps({"designs": [design, one], "recommended": 0, "question": question})
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    capsys.readouterr()
    assert run(["geo", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["geo", *arguments, "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("rmo: ")
    assert said.err.count("\n") == 1
    return said.err


def test_a_locked_design_is_judged_by_its_own_coins_where_that_was_fixed(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.loads((room / "design.json").read_text())
    pairs = [[f"geo {n}", f"geo {n + 4}"] for n in range(3)] + [["geo 3", ["geo 7", "geo 8"]]]
    answer["designs"][0] |= {"rule": "supergeos", "blocks": pairs, "cells": [[f"geo {n}" for n in range(4)]]}
    (room / "drawn.json").write_text(json.dumps(answer))
    coins = ["--design", "drawn.json", "--estimator", "randomisation", "--level", "0.8"]
    lock = told(capsys, *LOCK[1:], "coins.json", *coins)
    assert lock["assignment"]["blocks"][3] == [["geo 3"], ["geo 7", "geo 8"]]
    found = told(capsys, "analyze", "after.csv", "--lock", "coins.json")
    assert "over 16 assignments within the design's blocks" in found["inference"]
    assert found["p_value"] in (1 / 16, 2 / 16)


def test_from_a_design_to_the_registered_report(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = told(capsys, *LOCK[1:], "test.json", "--design", "design.json", "--cooldown-weeks", "2", "--break-even", "2")
    assert lock["window"] == {"start": START, "end": "2024-03-17", "cooldown_end": "2024-03-31"}
    assert (lock["estimator"], lock["level"], lock["spend"], lock["kind"]) == ("bayesian_scm", 0.95, "tv", "go_dark")
    assert lock["set_apart"] == ["geo 13"]
    assert [cell["name"] for cell in lock["cells"]] == ["cell 1", "cell 2"]
    assert lock["assignment"]["rule"] == "strata"
    assert {row["week"] for row in lock["spend_plan"]} == {START, "2024-03-11"}

    watched = told(capsys, "monitor", "during.csv", "--lock", "test.json")
    assert watched["status"] == "running"
    assert watched["days"] == {"elapsed": 7, "left": 7}
    assert not watched["contaminated"]
    assert "lift" not in json.dumps(watched)

    log = told(capsys, "exclude", "test.json", "--geo", "geo 9", "--reason", "store closed by a flood")["log"]
    assert [entry["event"] for entry in log] == ["locked", "excluded"]

    assert run(["geo", "freeze", "test.json", "--out", "freeze.csv"]) == 0
    rows = (room / "freeze.csv").read_text().splitlines()
    assert rows[0] == "channel,geo,start,end,test"
    assert rows[1] == f"tv,geo 0,{START},2024-03-31,test"
    assert len(rows) == 1 + 13

    found = told(capsys, "analyze", "after.csv", "--lock", "test.json", "--html", "page.html")
    assert found["registration"]["statement"].endswith("1 exclusion.")
    assert found["registration"]["lock_hash"] == lock["hash"]
    assert found["left_out"] == ["geo 13", "geo 9"]
    assert found["with_cooldown"] is not None
    assert [cell["name"] for cell in found["cells"]] == ["cell 1", "cell 2"]
    assert found["differences"][0]["percent_lift"]["estimate"] == pytest.approx(-0.1, abs=0.03)
    page = (room / "page.html").read_text()
    for part in ("Which cell did better", "Cell cell 1: geo 0, geo 1", "1 exclusion", "store closed by a flood"):
        assert part in page
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))

    said = refused(capsys, "exclude", "test.json", "--geo", "geo 8", "--reason", "store closed by a flood")
    assert "first shown" in said


def test_people_read_the_same(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LOCK, "test.json", *CELLS, "--weeks", "2", "--spend", "tv", "--kind", "go_dark", *QUICK]) == 0
    assert run(["geo", "monitor", "during.csv", "--lock", "test.json"]) == 0
    assert run(["geo", "exclude", "test.json", "--geo", "geo 9", "--reason", "store closed by a flood"]) == 0
    assert run(["geo", "analyze", "after.csv", "--lock", "test.json"]) == 0
    said = capsys.readouterr()
    shown = " ".join(said.out.split())
    for part in ("hash of the lock", "Clean so far", "outcome is not shown", "excluded: geo 9", "did better than"):
        assert part in shown
    for part in ("Cell north", "north less south", "Excluded before the result was shown: geo 9"):
        assert part in shown
    assert "every report will say so" in said.err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--level", "0.8"], "--level 0.8 contradicts the lock, which says 0.9"),
        (["--start", "2024-03-05"], "--start 2024-03-05 contradicts the lock, which says 2024-03-04"),
        (["--treated", "geo 0"], "contradicts the lock, which says geo 0,geo 1"),
        (["--estimator", "scm"], "contradicts the lock, which says tbr"),
        (["--exclude", "geo 9"], "--exclude geo 9 contradicts the lock"),
        (["--seed", "3"], "contradicts the lock"),
        (["--pairs", "pairs.csv"], "--pairs pairs.csv contradicts the lock"),
    ],
)
def test_options_that_contradict_the_lock_are_refused(
    option: list[str], said: str, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*LOCK, "test.json", "--treated", "geo 0,geo 1", "--weeks", "2", *QUICK]) == 0
    before = (room / "test.json").read_bytes()
    assert said in refused(capsys, "analyze", "after.csv", "--lock", "test.json", *option)
    assert (room / "test.json").read_bytes() == before


def test_options_that_agree_with_the_lock_are_fine(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LOCK, "test.json", "--treated", "geo 0,geo 1", "--weeks", "2", *QUICK]) == 0
    agreed = ["--start", START, "--treated", "geo 0,geo 1", "--level", "0.9", "--estimator", "tbr"]
    assert told(capsys, "analyze", "after.csv", "--lock", "test.json", *agreed)["registration"]["analyses_before"] == 0
    assert told(capsys, "analyze", "after.csv", "--lock", "test.json")["registration"]["analyses_before"] == 1


BAD = {
    "nobody treated": [],
    "two ways to say who": ["--treated", "geo 0", *CELLS],
    "one cell": ["--cell", "north=geo 0"],
    "a cell without geos": ["--cell", "north", "--cell", "south=geo 1"],
    "cells that share a geo": ["--cell", "a=geo 0", "--cell", "b=geo 0"],
    "cells alike but for case": ["--cell", "a=geo 0", "--cell", "A=geo 1"],
    "an unknown geo": ["--treated", "geo 77"],
    "an unknown estimator": ["--treated", "geo 0", "--estimator", "did"],
    "an unknown kind": ["--treated", "geo 0", "--kind", "dark"],
    "weeks and end": ["--treated", "geo 0", "--weeks", "2", "--end", "2024-03-17"],
    "a pick without designs": ["--treated", "geo 0", "--pick", "1"],
    "no such design": ["--design", "design.json", "--pick", "3"],
    "another spend than the design's": ["--design", "design.json", "--spend", "radio"],
    "another length than the design's": ["--design", "design.json", "--weeks", "3"],
    "a comparison within pairs that are none": ["--design", "design.json", "--estimator", "trimmed_match"],
    "a design that is none": ["--design", "before.csv"],
    "all treated": ["--treated", ",".join(f"geo {n}" for n in range(14))],
    "a level in percent": ["--treated", "geo 0", "--level", "90"],
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_cannot_be_locked_leaves_nothing(case: str, room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path.name for path in room.iterdir())
    refused(capsys, *LOCK[1:], "test.json", *BAD[case])
    assert sorted(path.name for path in room.iterdir()) == before


def test_what_may_have_been_seen_is_locked_only_with_the_word(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = ["lock", "after.csv", "--start", START, "--weeks", "2", "--treated", "geo 0", "--out", "late.json", *QUICK]
    assert "could have been seen" in refused(capsys, *late)
    assert told(capsys, *late, "--after-the-fact")["after_the_fact"] is True
    assert "never overwritten" in refused(capsys, *late, "--after-the-fact")
    statement = told(capsys, "analyze", "after.csv", "--lock", "late.json")["registration"]["statement"]
    assert "after the fact" in statement


def test_an_edited_lock_is_refused_by_every_command(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LOCK, "test.json", "--treated", "geo 0,geo 1", "--weeks", "2"]) == 0
    text = (room / "test.json").read_text()
    (room / "test.json").write_text(text.replace('"level": 0.9', '"level": 0.8'))
    for command in (
        ["monitor", "during.csv", "--lock", "test.json"],
        ["analyze", "after.csv", "--lock", "test.json"],
        ["exclude", "test.json", "--geo", "geo 9", "--reason", "store closed by a flood"],
        ["freeze", "test.json", "--out", "freeze.csv"],
    ):
        assert "edited" in refused(capsys, *command)
    assert not (room / "freeze.csv").exists()


def test_a_spend_plan_is_read_from_a_file(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (room / "plan.csv").write_text("geo,week,planned\ngeo 0,1,70\ngeo 0,2024-03-11,80.5\n")
    asked = ["--treated", "geo 0", "--weeks", "2", "--spend", "tv", "--spend-plan", "plan.csv"]
    lock = told(capsys, *LOCK[1:], "test.json", *asked)
    assert [(row["week"], row["planned"]) for row in lock["spend_plan"]] == [(START, 70.0), ("2024-03-11", 80.5)]
    for row, said in (
        ("geo 0,9,1", "the spend plan has a week"),
        ("geo 0,x,1", "row 2: week"),
        ("geo 0,1,-1", "row 2"),
    ):
        (room / "plan.csv").write_text(f"geo,week,planned\n{row}\n")
        assert said in refused(capsys, *LOCK[1:], "other.json", *asked)


def test_a_day_that_a_geo_lacks_is_named(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = ["--treated", "geo 0,geo 1,geo 2,geo 3", "--spend", "tv", "--kind", "go_dark"]
    assert run([*LOCK, "test.json", *dark, "--weeks", "2", *QUICK]) == 0
    for name in ("during", "after"):
        lines = (room / f"{name}.csv").read_text().splitlines()
        kept = [line for line in lines if not line.startswith("2024-03-06,geo 5,")]
        (room / f"{name}.csv").write_text("\n".join(kept) + "\n")
    watched = told(capsys, "monitor", "during.csv", "--lock", "test.json")
    assert watched["missing"] == {"geo 5": ["2024-03-06"]}
    assert "lack days" in watched["verdict"]
    assert "geo 5" in refused(capsys, "analyze", "after.csv", "--lock", "test.json")
    assert told(capsys, "analyze", "after.csv", "--lock", "test.json", "--accept-restated")["registration"]["restated"]


@pytest.mark.parametrize("command", ["lock", "monitor", "exclude", "freeze", "analyze"])
def test_help_has_an_example(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["geo", command, "--help"]) == 0
    assert f"Example: rmo geo {command}" in capsys.readouterr().out
