"""An account of one platform in the folder in which a test runs, and `rmo bids` called there as a person does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.cli.main import run
from tests.api.console import DAYS, TODAY, Console

REPORTS, ACCOUNT, PLAN = Path("reports"), Path("account.toml"), Path("plan.json")


class BidAccount:
    """Writes a console's exports, account and plan; calling it runs a command."""

    def __init__(self, console: Console) -> None:
        self.console = console
        console.export(REPORTS)
        window = "attribution_days = 7\n" if console.platform == "meta" else ""
        ACCOUNT.write_text(
            '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/Los_Angeles"\n'
            f"[channel.{console.platform}]\nmargin = 0.4\nincremental_share = 0.7\n{window}"
            "[limits]\napproval_share = 0.01\n"
        )
        self.plan(1.05)

    def plan(self, over: float) -> None:
        """A plan of so many times what the reports spend."""
        spend = sum(cost for *_, cost, _, _ in self.console.days()) / DAYS * 7
        weeks = [{"week": w, "channel": self.console.platform, "spend": round(over * spend, 2)} for w in range(1, 9)]
        PLAN.write_text(json.dumps({"weeks": 8, "schedule": weeks, "flighting": {"starts": "2026-04-27"}}))

    def __call__(self, command: str, *given: str, reports: Path = REPORTS, today: np.datetime64 = TODAY) -> int:
        arguments = list(given)
        if command in ("propose", "rollback"):
            arguments += ["--account", str(ACCOUNT), "--reports", str(reports)]
        if command == "propose":
            arguments += ["--plan", str(PLAN)]
        if command in ("propose", "apply", "rollback"):
            arguments += ["--today", str(today)]
        return run(["bids", command, *arguments])

    def night(self, capsys: pytest.CaptureFixture[str], today: np.datetime64 = TODAY) -> dict[str, Any]:
        """Export, propose, approve, apply and upload; the run's answer."""
        reports = Path(f"reports-{today}")
        self.console.export(reports, today)
        assert self("propose", "--json", reports=reports, today=today) == 0
        made = answer(capsys)
        assert self("approve", made["run"], "--by", "Ann") == 0
        capsys.readouterr()
        assert self("apply", made["run"], "--out", f"bulk-{today}", "--json", today=today) == 0
        self.console.upload(files_of(answer(capsys)))
        return made


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON object that a command wrote."""
    said = capsys.readouterr()
    assert said.out, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def files_of(done: dict[str, Any]) -> list[Path]:
    """The bulk files of an answer."""
    return [Path(file) for file in done["files"]]
