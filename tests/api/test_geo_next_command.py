"""`rmo geo next`: the ranked tests and their sums, plain advice, exit codes, and what cannot be asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import measurement.storage
from api.cli.main import run
from measurement.fitted import FittedModel

KEYS = {
    "budget",
    "weeks",
    "horizon_weeks",
    "tests",
    "recommended",
    "not_testable",
    "advice",
    "assumptions",
    "refused_because",
}
TEST_KEYS = {
    "channel",
    "kind",
    "weeks",
    "cooldown_weeks",
    "geos",
    "value",
    "value_error",
    "value_per_plan",
    "upper_bound",
    "upper_bound_error",
    "cost",
    "net_value",
    "spend_change",
    "sales_change",
    "expected_lift",
    "standard_error",
    "narrowing",
    "probability_plan_changes",
}
BUDGET = "1100000"

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, testable: FittedModel) -> Path:
    folder = tmp_path_factory.mktemp("next") / "model"
    measurement.storage.save_model(testable, folder)
    return folder


@pytest.fixture(scope="module")
def ask(stored: Path) -> Callable[..., tuple[int, str, str]]:
    """Run the command; exit code, standard output, standard error."""

    def run_it(capsys: pytest.CaptureFixture[str], *more: str, model: Path = stored) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["geo", "next", str(model), *more])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_it


def test_the_answer_is_ranked_and_adds_up(
    ask: Callable[..., tuple[int, str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ask(capsys, "--budget", BUDGET, "--horizon-weeks", "26", "--json")
    told: Answer = json.loads(out)
    assert code == 0
    assert set(told) == KEYS
    assert "test 1 of" in err
    assert [one["channel"] for one in told["not_testable"]] == ["search"]
    assert "switchback" in told["not_testable"][0]["instead"]
    tests = told["tests"]
    assert {one["channel"] for one in tests} == {"amazon", "walmart", "social", "display"}
    assert all(set(one) == TEST_KEYS for one in tests)
    nets = [one["net_value"] for one in tests]
    assert nets == sorted(nets, reverse=True)
    for one in tests:
        assert one["net_value"] == pytest.approx(one["value"] - one["cost"])
        assert one["value"] == pytest.approx(2 * one["value_per_plan"])
        assert (one["cost"] == pytest.approx(one["spend_change"])) == (one["kind"] == "heavy_up")
        if one["kind"] == "go_dark":
            assert one["cost"] == pytest.approx(-one["sales_change"]["mean"])
    assert (told["recommended"] == 0) == (nets[0] > 0)
    assert ("first" in told["advice"]) == (nets[0] > 0)
    assert "26 weeks" in told["assumptions"][0]


def test_the_same_seed_gives_the_same_answer_and_people_get_a_table(
    ask: Callable[..., tuple[int, str, str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "".join(f"[channel.{name}]\nfixed = 220000\n" for name in ("amazon", "walmart", "search", "social", "display"))
    )
    code, out, _ = ask(capsys, "--budget", BUDGET, "--rules", str(rules))
    assert code == 0
    assert "No test pays for itself at this budget" in out
    assert "Tests, by net value over 52 weeks" in out
    again = ask(capsys, "--budget", BUDGET, "--rules", str(rules))[1]
    assert out == again


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--budget", "0"), "budget"),
        (("--budget", "-5"), "budget"),
        ((), "--budget"),
        (("--budget", BUDGET, "--weeks", "13", "--horizon-weeks", "4"), "--horizon-weeks 13 or more"),
        (("--budget", BUDGET, "--rules", "no-such.toml"), "no-such.toml"),
    ],
)
def test_bad_input_is_one_message(
    ask: Callable[..., tuple[int, str, str]], capsys: pytest.CaptureFixture[str], more: tuple[str, ...], says: str
) -> None:
    code, out, err = ask(capsys, *more)
    assert code == 2
    assert not out
    assert says in err
    assert "Traceback" not in err


def test_a_refused_model_and_clashing_rules_are_refusals(
    ask: Callable[..., tuple[int, str, str]],
    capsys: pytest.CaptureFixture[str],
    refused: FittedModel,
    tmp_path: Path,
) -> None:
    measurement.storage.save_model(refused, tmp_path / "refused")
    code, out, _ = ask(capsys, "--budget", BUDGET, "--json", model=tmp_path / "refused")
    assert code == 3
    assert "do not agree" in json.loads(out)["refused_because"]
    rules = tmp_path / "rules.toml"
    rules.write_text("[channel.amazon]\nmin = 900000\n[channel.walmart]\nmin = 900000\n")
    code, out, _ = ask(capsys, "--budget", BUDGET, "--rules", str(rules), "--json")
    told = json.loads(out)
    assert code == 3
    assert "rules" in told["refused_because"]
    assert set(told) == KEYS
