"""A night as the service composes it: what one room hands to the next, on an account in a folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import api.services.propose_bids as service
from api.bid_json import run_json
from api.cli.bid_tables import SHOWN, print_run
from api.services.change_bids import Writing, apply_run
from api.services.propose_bids import BidFiles, NightSettings, propose_bids
from bidding import reasons
from bidding.ledger_file import FileLedger
from bidding.pacing import weekday_factor
from bidding.run import BidRun, HeldTable
from tests.api.test_bids_command import TODAY, target, write_reports


class Account:
    """A folder with account, reports, plan and ledger; `handed` keeps what the choice of bids was given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.handed: dict[str, Any] = {}
        write_reports(folder / "reports", {target(n): "1.25" for n in range(30)})
        (folder / "account.toml").write_text(
            '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/Los_Angeles"\n'
            "[channel.amazon]\nmargin = 0.4\nincremental_share = 0.7\n"
            "[limits]\napproval_share = 0.9\nbudget_change = 0.5\n"
        )
        plan = {"weeks": 8, "schedule": [{"week": w, "channel": "amazon", "spend": 700.0} for w in range(1, 9)]}
        (folder / "plan.json").write_text(json.dumps(plan | {"flighting": {"starts": "2026-04-27"}}))
        self.ledger = FileLedger(folder / "ledger")
        choose = service.choose_tonight

        def listen(learnt: Any, snapshot: Any, budgets: Any, *rest: Any) -> Any:
            choice = choose(learnt, snapshot, budgets, *rest)
            self.handed = {"values": learnt.values, "response": learnt.response, "snapshot": snapshot}
            self.handed |= {"budgets": budgets, "reach": rest[0]}
            self.handed["chosen"] = learnt.response.bids[np.arange(len(choice.column)), choice.column]
            return choice

        monkeypatch.setattr(service, "choose_tonight", listen)

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


def test_the_table_makes_only_the_rows_it_shows(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    run = account.propose()
    many = np.arange(1000) % len(run.changes)
    held = HeldTable(many * 0, run.changes.entity[many], many * 0, np.where(many < 3, 1, 13))
    long = replace(run, changes=run.changes.take(many), held=held)
    made: list[int] = []
    one = reasons.change_of
    monkeypatch.setattr(reasons, "change_of", lambda run, row: made.append(row) or one(run, row))
    console = Console(width=200, record=True, quiet=True)
    print_run(console, run_json(long, SHOWN), "USD")
    assert made == list(range(SHOWN))
    answer = run_json(long, SHOWN)
    assert answer["counts"] == {"changes": 1000, "held": 1000}
    few = int((many < 3).sum())
    assert [(entry["code"], entry["count"]) for entry in answer["held_by_code"]] == [
        ("trust", 1000 - few),
        ("kill_switch", few),
    ]


def test_candidates_span_what_tonights_limits_can_reach(account: Account) -> None:
    account.propose()
    bids = account.handed["response"].bids[account.handed["snapshot"].targets.bid == 1.25]
    assert len(bids) == 30
    within = [row[(row > 0.62) & (row < 1.88)] for row in bids]
    # Thirteen bids that tonight can reach, not the half dozen that an even range three times up and down leaves.
    assert all(row[0] == 0.63 and row[-1] == 1.87 and len(row) == 13 for row in within)
    # Beyond them a few that later nights can.
    assert (bids.min(axis=1) < 0.45).all()
    assert (bids.max(axis=1) > 3.5).all()


def test_jitter_is_taken_off_before_the_next_choice(account: Account) -> None:
    toml = account.folder / "account.toml"
    toml.write_text(toml.read_text() + "[jitter]\nshare = 0.5\n")
    run = account.propose()
    chosen = account.handed["chosen"]
    apply_run(account.ledger, run.id, Writing(account.folder / "bulk", TODAY, lambda *_: None))
    live = {str(name): money for name, money in zip(run.changes.entity, run.changes.new / 1e6, strict=True)}
    ids, before = (getattr(account.handed["snapshot"].targets, name) for name in ("ids", "bid"))
    now = np.array([live.get(name, bid) for name, bid in zip(ids, before, strict=True)])
    followed = np.isin(ids, run.changes.entity[(run.changes.binding == 0) & (run.changes.base != run.changes.new)])
    assert followed.sum() >= 3
    write_reports(account.folder / "fresh", {target(n): f"{now[ids == target(n)][0]:.2f}" for n in range(30)})
    account.propose(TODAY + 1, reports=account.folder / "fresh")
    assert account.handed["snapshot"].targets.bid.tolist() == now.tolist()
    found = account.handed["response"].bids[followed]
    base = chosen[followed]
    assert (np.abs(base - now[followed]) > 0.04).all()
    assert (np.abs(found - base[:, None]).min(axis=1) < 1e-9).all()
    reach = account.handed["reach"]
    rested = (reach.low[followed] > base - 1e-9) | (reach.high[followed] < base + 1e-9)
    assert rested[base != before[followed]].all()
