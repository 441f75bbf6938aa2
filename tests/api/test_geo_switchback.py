"""`rmo geo switchback-design` and `switchback-analyze`: files, exit codes, keys, the page, and what is refused."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from api.cli.main import run

DAYS = np.datetime64("2023-01-02") + np.arange(420)
DESIGN = ["switchback-design", "past.csv", "--channel", "tv", "--block-days", "7", "--washout", "2", "--weeks", "12"]
ANALYZE = ["switchback-analyze", "done.csv", "--channel", "tv", "--schedule", "s.csv"]


def written(path: Path, sales: np.ndarray, spend: np.ndarray) -> None:
    rows = [f"{day},{sold:.2f},{spent:.2f}" for day, sold, spent in zip(DAYS, sales, spend, strict=False)]
    path.write_text("\n".join(["date,sales,tv_spend", *rows]) + "\n")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A national daily panel before a switchback, its schedule, and the panel after it with a lift of 8 %."""
    room = tmp_path_factory.mktemp("switchback")
    sales = 1_000 * np.exp(0.03 * np.random.default_rng(1).standard_normal(420))
    written(room / "past.csv", sales[:300], np.full(300, 50.0))
    asked = [str(room / one) if one == "past.csv" else one for one in DESIGN]
    assert run(["geo", *asked, "--out", str(room / "s.csv")]) == 0
    on = np.ones(420)
    for row in csv.DictReader((room / "s.csv").read_text().splitlines()):
        inside = (np.datetime64(row["start"]) <= DAYS) & (np.datetime64(row["end"]) >= DAYS)
        on[inside] = row["state"] == "on"
    written(room / "done.csv", sales[:384] * (1 + 0.08 * on[:384]), 50 * on[:384])
    return room


@pytest.fixture(autouse=True)
def in_room(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)


def test_a_schedule_says_when_what_and_by_which_seed(room: Path) -> None:
    rows = list(csv.DictReader((room / "s.csv").read_text().splitlines()))
    assert len(rows) == 12
    assert rows[0]["start"] == str(DAYS[300])
    assert sum(row["state"] == "on" for row in rows) == 6
    assert {row["planned_spend"] for row in rows if row["state"] == "on"} == {"350.00"}
    assert {row["seed"] for row in rows} == {"0"}


def test_the_same_seed_draws_the_same_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["geo", *DESIGN, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["refused_because"] is None
    assert [block["state"] for block in told["design"]["blocks"]] == [
        row["state"] for row in csv.DictReader(Path("s.csv").read_text().splitlines())
    ]
    assert {"mde", "power", "size", "spend_change", "cost", "carry_over", "smallest_p_value"} <= told["design"].keys()
    assert any("washout leaves out 24 of 84 days" in warning for warning in told["warnings"])


def test_an_analysis_finds_the_lift(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["geo", *ANALYZE, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["percent_lift"]["estimate"] == pytest.approx(0.08, abs=0.01)
    assert told["p_value"] <= 0.1
    assert told["iroas"]["low"] > 1.0
    assert told["verdict"].startswith("It paid")
    assert told["experiments"] == []


def test_people_and_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["geo", *ANALYZE]) == 0
    assert "It paid" in capsys.readouterr().out
    assert run(["geo", *ANALYZE, "--html", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_refused_design_exits_with_3_and_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few = [*DESIGN[:-1], "6", "--json", "--out", str(tmp_path / "s.csv")]
    assert run(["geo", *few]) == 3
    answered = capsys.readouterr()
    assert "too few blocks" in json.loads(answered.out)["refused_because"]
    assert not (tmp_path / "s.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",on,", ",off,", "every block of the schedule is off"),
        (",on,", ",maybe,", "state 'maybe' is not known"),
        ("2023-11-04", "2023-11-08", "overlaps or precedes"),
        ("2023-", "2033-", "the schedule runs from"),
        ("state", "status", "has no column 'state'"),
        ("2023-11-05", "5/11/2023", "YYYY-MM-DD"),
    ],
)
def test_a_schedule_that_cannot_be(
    old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = Path("s.csv").read_text().replace(old, new)
    if old == "2023-":
        changed = changed.replace("2024-", "2034-")
    (tmp_path / "bad.csv").write_text(changed)
    assert run(["geo", *ANALYZE[:-1], str(tmp_path / "bad.csv")]) == 2
    answered = capsys.readouterr()
    assert words in answered.err
    assert not answered.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*DESIGN, "--block-weeks", "1"], "exactly one of them"),
        ([*DESIGN[:2], "--channel", "radio", *DESIGN[4:]], "channel 'radio' is not in the panel"),
        ([*ANALYZE[:2], "--channel", "radio", *ANALYZE[4:]], "channel 'radio' is not in the panel"),
        ([*ANALYZE, "--outcome", "visits"], "outcome 'visits' is not in the panel"),
        ([*ANALYZE[:-1], "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["geo", *arguments]) == 2
    assert words in capsys.readouterr().err
