"""`rmo bids` on every platform as a person runs it: exports → propose → approve → apply → upload → rollback."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.cli.main import run
from tests.api.consoles import CONSOLES, TODAY, Console, same

Call = Callable[..., int]
KINDS = {
    "amazon": {"bid", "placement", "campaign_budget"},
    "walmart": {"bid", "campaign_budget"},
    "google": {"bid", "campaign_budget", "target"},
    "microsoft": {"bid", "campaign_budget", "target"},
    "meta": {"bid", "campaign_budget", "target"},
    "other": {"bid", "campaign_budget"},
}
"""Kinds of changes that each platform's files can hold and its exports make possible."""


@pytest.fixture(params=CONSOLES)
def console(request: pytest.FixtureRequest) -> Console:
    return CONSOLES[request.param]()


@pytest.fixture
def bids(tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The account of one platform in a folder; `bids("propose", ...)` runs the command there."""
    monkeypatch.chdir(tmp_path)
    console.export(Path("reports"))
    window = "attribution_days = 7\n" if console.platform == "meta" else ""
    Path("account.toml").write_text(
        '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/Los_Angeles"\n'
        f"[channel.{console.platform}]\nmargin = 0.4\nincremental_share = 0.7\n{window}"
        "[limits]\napproval_share = 0.01\n"
    )
    spend = sum(cost for *_, cost, _, _ in console.days()) / 40 * 7
    schedule = [{"week": w, "channel": console.platform, "spend": round(1.05 * spend, 2)} for w in range(1, 9)]
    Path("plan.json").write_text(json.dumps({"weeks": 8, "schedule": schedule, "flighting": {"starts": "2026-04-27"}}))

    def call(command: str, *given: str, today: np.datetime64 = TODAY) -> int:
        arguments = list(given)
        if command in ("propose", "rollback"):
            arguments += ["--account", "account.toml"]
        if command == "propose":
            arguments += ["--plan", "plan.json"]
        if command in ("propose", "apply", "rollback"):
            arguments += ["--today", str(today)]
        return run(["bids", command, *arguments])

    return call


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    said = capsys.readouterr()
    assert said.out, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def files_of(done: dict[str, Any]) -> list[Path]:
    return [Path(file) for file in done["files"]]


def test_from_exports_to_bulk_files_and_back(console: Console, bids: Call, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(console.state)
    assert bids("propose", "--reports", "reports", "--json") == 0, capsys.readouterr().err
    made = answer(capsys)
    changes = {(change["kind"], change["entity"]): change for change in made["changes"]}
    assert {kind for kind, _ in changes} == KINDS[console.platform]
    assert made["needs_approval"]
    for key, change in changes.items():
        assert Decimal(change["old"]) == Decimal(before[key])
        assert change["reason"].startswith(f"{change['code']}: ")
        for interval in change["expected"].values():
            assert interval["p5"] <= interval["mean"] <= interval["p95"]
            assert interval["mean"] > 0
    assert bids("apply", made["run"], "--out", "bulk", "--json") == 3
    capsys.readouterr()
    assert bids("approve", made["run"], "--by", "Ann", "--json") == 0
    capsys.readouterr()
    assert bids("apply", made["run"], "--out", "bulk", "--json") == 0
    done = answer(capsys)
    assert done["written"] == len(changes)
    console.upload(files_of(done))
    after = before | {key: change["new"] for key, change in changes.items()}
    assert same(console.state, after)
    assert bids("apply", made["run"], "--out", "bulk", "--json") == 0
    assert (answer(capsys)["written"], len(list(Path("bulk").iterdir()))) == (0, len(done["files"]))

    console.export(Path("fresh"))
    assert bids("rollback", made["run"], "--reports", "fresh", "--out", "undo", "--json") == 0
    back = answer(capsys)
    assert (back["restored"], back["left"]) == (len(changes), {})
    console.upload(files_of(back))
    assert same(console.state, before)
