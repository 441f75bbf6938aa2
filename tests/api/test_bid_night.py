"""A night as the service composes it: what one room hands to the next, on an account in a folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import api.services.propose_bids as service
from api.services.propose_bids import BidFiles, NightSettings, propose_bids
from bidding.ledger_file import FileLedger
from bidding.pacing import weekday_factor
from bidding.run import BidRun
from tests.api.test_bids_command import TODAY, target, write_reports


class Account:
    """A folder with account, reports, plan and ledger; `handed` keeps what the choice of bids was given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.handed: dict[str, Any] = {}
        write_reports(folder / "reports", {target(n): "1.25" for n in range(30)})
        (folder / "account.toml").write_text(
            '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/Los_Angeles"\n'
            "[channel.amazon]\nmargin = 0.4\nincremental_share = 0.7\n[limits]\napproval_share = 0.9\n"
        )
        plan = {"weeks": 8, "schedule": [{"week": w, "channel": "amazon", "spend": 700.0} for w in range(1, 9)]}
        (folder / "plan.json").write_text(json.dumps(plan | {"flighting": {"starts": "2026-04-27"}}))
        self.ledger = FileLedger(folder / "ledger")
        choose = service.choose_bids

        def listen(values: Any, response: Any, snapshot: Any, budgets: Any, *rest: Any) -> Any:
            choice = choose(values, response, snapshot, budgets, *rest)
            self.handed = {"values": values, "response": response, "snapshot": snapshot, "budgets": budgets}
            self.handed["chosen"] = response.bids[np.arange(len(choice.column)), choice.column]
            return choice

        monkeypatch.setattr(service, "choose_bids", listen)

    def propose(self, today: np.datetime64 = TODAY, **files: Path) -> BidRun:
        given = {name: self.folder / f"{name}{end}" for name, end in (("account", ".toml"), ("plan", ".json"))}
        given["reports"] = self.folder / "reports"
        return propose_bids(BidFiles(**given | files), self.ledger, NightSettings(today))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(tmp_path, monkeypatch)


def test_bids_are_chosen_for_the_days_money_over_what_its_weekday_spends(account: Account) -> None:
    run = account.propose()
    told = next(note for note in run.notes if note.startswith("amazon: "))
    today = float(told.split()[1].replace(",", ""))
    factor = weekday_factor(account.handed["snapshot"], 0)
    assert abs(factor - 1) > 0.005
    assert account.handed["budgets"]["amazon"] == pytest.approx(today / factor, abs=0.01)
