"""`rmo plan` in one process, on a stored model made by hand and curves made by hand."""

from pathlib import Path

import pytest

from api.cli.main import run
from tests.api.conftest import only_json

pytestmark = pytest.mark.usefixtures("quick")


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
