"""`rmo geo spillover`: exit codes, keys, and what cannot be asked; a channel that geo tests refuse is sent here."""

import json
from pathlib import Path

import numpy as np
import pytest

from api.cli.main import run

ASKED = ["geo", "spillover", "panel.csv", "--channel", "search"]


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weekly panel of six product groups, the first two of them substitutes, and files of substitutes."""
    rng = np.random.default_rng(3)
    rows = ["date,geo,sales,search_spend"]
    spend = 50 * rng.lognormal(0, 0.4, (6, 80))
    sales = 1_000 * np.exp(0.01 * rng.standard_normal((6, 80)))
    sales[1] *= np.exp(-0.08 * spend[0] / spend[0].mean())
    for group in range(6):
        for week, day in enumerate(np.datetime64("2023-01-02") + 7 * np.arange(80)):
            rows.append(f"{day},group {group},{sales[group, week]:.2f},{spend[group, week]:.2f}")
    (tmp_path / "panel.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "map.toml").write_text(
        '[panel]\ngeo = "geo"\n[[outcome]]\nname = "sales"\ncolumn = "sales"\n'
        '[[channel]]\nname = "search"\nspend = "search_spend"\ngeo_targetable = false\n'
    )
    (tmp_path / "subs.csv").write_text("unit,neighbour\ngroup 0,group 1\n")
    (tmp_path / "unknown.csv").write_text("unit,neighbour\ngroup 0,group 9\n")
    (tmp_path / "own.csv").write_text("unit,neighbour\ngroup 0,group 0\n")
    (tmp_path / "columns.csv").write_text("a,b\ngroup 0,group 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pair_that_shares_buyers_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ASKED, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    first = told["before"]["effects"][0]
    assert (first["unit"], first["source"]) == ("group 1", "group 0")
    assert first["effect"]["high"] < 0
    assert told["before"]["status"] == "seen"
    assert told["drop_as_controls"] == ["group 1"]
    assert run(ASKED) == 0
    assert "cannibalisation" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--substitutes", "unknown.csv"], "unknown.csv, row 2: unit 'group 9' is not in the panel"),
        (["--substitutes", "own.csv"], "its own neighbour"),
        (["--substitutes", "columns.csv"], "no column 'unit'"),
        (["--treated", "group 0"], "give all three"),
        (["--outcome", "sales"], "give --treated"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ASKED, *arguments]) == 2
    answered = capsys.readouterr()
    assert words in " ".join(answered.err.split())
    assert not answered.out


def test_a_channel_that_cannot_be_targeted_is_sent_to_both_commands(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["geo", "design", "panel.csv", "--channel", "search", "--map", "map.toml", "--json"]
    assert run([*asked, "--weeks", "2", "--geos-max", "2"]) == 3
    reason = json.loads(capsys.readouterr().out)["refused_because"]
    assert "rmo geo spillover PANEL --channel search" in reason
    assert "rmo geo switchback-design PANEL --channel search" in reason
