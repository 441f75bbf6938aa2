"""`rmo bids` on every platform as a person runs it: exports → propose → approve → apply → upload → rollback."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import api.services.change_bids as service
from tests.api.bid_account import ACCOUNT, PLAN, BidAccount, answer, files_of
from tests.api.console import TODAY, Console, same
from tests.api.consoles import CONSOLES

KINDS = {
    "amazon": {"bid", "placement", "campaign_budget"},
    "walmart": {"bid", "placement", "campaign_budget"},
    "google": {"bid", "placement", "campaign_budget", "target"},
    "microsoft": {"bid", "campaign_budget", "target"},
    "meta": {"bid", "campaign_budget", "target"},
    "other": {"bid", "campaign_budget"},
}
"""Kinds of changes that each platform's files can hold and its exports make possible."""
DAY = np.timedelta64(1, "D")


@pytest.fixture(params=CONSOLES)
def console(request: pytest.FixtureRequest) -> Console:
    return CONSOLES[request.param]()


@pytest.fixture
def bids(tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> BidAccount:
    monkeypatch.chdir(tmp_path)
    return BidAccount(console)


def test_from_exports_to_bulk_files_and_back(
    console: Console, bids: BidAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(console.state)
    assert bids("propose", "--json") == 0, capsys.readouterr().err
    made = answer(capsys)
    changes = {(change["kind"], change["entity"]): change for change in made["changes"]}
    assert {kind for kind, _ in changes} == KINDS[console.platform]
    assert {kind for kind, count in made["changes_by_kind"].items() if count} == KINDS[console.platform]
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
    assert bids("rollback", made["run"], "--out", "undo", "--json", reports=Path("fresh")) == 0
    back = answer(capsys)
    assert (back["restored"], back["left"]) == (len(changes), {})
    console.upload(files_of(back))
    assert same(console.state, before)


def test_an_apply_that_is_stopped_goes_on_and_writes_the_same_file(
    bids: BidAccount, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bids("propose", "--json") == 0
    run = answer(capsys)["run"]
    assert bids("approve", run, "--by", "Ann") == 0
    write = service.write_bulk

    def stopped(*given: object) -> tuple[Path, ...]:
        write(*given)
        raise SystemExit("the machine went down")

    with monkeypatch.context() as patched:
        patched.setattr(service, "write_bulk", stopped)
        with pytest.raises(SystemExit):
            bids("apply", run, "--out", "bulk")
    assert not list(Path("bulk").iterdir())
    capsys.readouterr()
    assert bids("apply", run, "--out", "bulk", "--json") == 0
    before = dict(bids.console.state)
    done = answer(capsys)
    bids.console.upload(files_of(done))
    assert not same(bids.console.state, before)
    assert bids("apply", run, "--out", "bulk", "--json") == 0
    assert answer(capsys)["written"] == 0


def test_what_a_person_changes_is_left_alone_by_rollback_and_by_the_next_night(
    bids: BidAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    made, console = bids.night(capsys), bids.console
    theirs = {}
    for kind in KINDS[console.platform]:
        change = next(change for change in made["changes"] if change["kind"] == kind)
        theirs[kind, change["entity"]] = str(Decimal(change["new"]) + (3 if kind == "placement" else Decimal("0.37")))
    console.state |= theirs
    later = TODAY + DAY
    console.export(Path("later"), later)
    assert bids("propose", "--json", reports=Path("later"), today=later) == 0
    found = answer(capsys)
    changed = {(change["kind"], change["entity"]) for change in found["changes"]}
    assert not changed & set(theirs)
    assert {entry["code"] for entry in found["held"]} >= {"manual_change"}
    assert bids("rollback", made["run"], "--out", "undo", "--json", reports=Path("later"), today=later) == 0
    back = answer(capsys)
    assert set(back["left"]) == {entity for _, entity in theirs}
    assert all("is not ours any more" in why for why in back["left"].values())


@pytest.mark.parametrize("console", [CONSOLES["meta"](), CONSOLES["google"]()], ids=["meta", "google"])
def test_smart_campaigns_are_edited_on_two_days_of_a_week_at_most(
    console: Console, bids: BidAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    smart = {"campaign_budget", "target"} | ({"bid"} if console.platform == "meta" else set())
    days: dict[str, int] = {}
    held = 0
    for night in range(6):
        made = bids.night(capsys, TODAY + night * DAY)
        campaigns = {_campaign(console, change["entity"]) for change in made["changes"] if change["kind"] in smart}
        for campaign in campaigns & set(console.smart):
            days[campaign] = days.get(campaign, 0) + 1
        held += "edits" in {entry["code"] for entry in made["held"]}
    assert max(days.values()) == 2
    assert held > 0


def _campaign(console: Console, entity: str) -> str:
    return next((term.campaign for term in console.terms if term.id == entity), entity.partition(":")[0])


def test_six_platforms_in_one_account_are_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exports lie in sub-folders; every platform gets its own bulk files, and all is put back from one rollback."""
    monkeypatch.chdir(tmp_path)
    consoles = {name: make() for name, make in CONSOLES.items()}
    alone = {name: BidAccount(console) for name, console in consoles.items()}
    account, plans = ACCOUNT.read_text().partition("[channel.")[0], []
    for name, one in alone.items():
        one.plan(1.05)
        plans += json.loads(PLAN.read_text())["schedule"]
        account += f"[channel.{name}]\nmargin = 0.4\nincremental_share = 0.7\n"
        account += "attribution_days = 7\n" if name == "meta" else ""
    ACCOUNT.write_text(account)
    PLAN.write_text(json.dumps(json.loads(PLAN.read_text()) | {"schedule": plans}))

    def exported(folder: str) -> Path:
        for name, console in consoles.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            console.export(tmp_path / folder / name)
        return Path(folder)

    before = {name: dict(console.state) for name, console in consoles.items()}
    bids = alone["amazon"]
    made = _proposed(bids, exported("everything"), capsys)
    for name in consoles:
        assert {change["kind"] for change in made["changes"] if change["platform"] == name} == KINDS[name]
    assert bids("approve", made["run"], "--by", "Ann") == 0
    capsys.readouterr()
    assert bids("apply", made["run"], "--out", "bulk", "--json") == 0
    _upload(consoles, files_of(answer(capsys)))
    after = {(c["platform"], c["kind"], c["entity"]): c["new"] for c in made["changes"]}
    for name, console in consoles.items():
        own = {(kind, entity): new for (platform, kind, entity), new in after.items() if platform == name}
        assert same(console.state, before[name] | own)
    assert bids("rollback", made["run"], "--out", "undo", "--json", reports=exported("fresh")) == 0
    back = answer(capsys)
    assert (back["restored"], back["left"]) == (len(made["changes"]), {})
    _upload(consoles, files_of(back))
    assert all(same(console.state, before[name]) for name, console in consoles.items())


def _proposed(bids: BidAccount, reports: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert bids("propose", "--json", reports=reports) == 0, capsys.readouterr().err
    return answer(capsys)


def _upload(consoles: dict[str, Console], files: list[Path]) -> None:
    for name, console in consoles.items():
        own = [file for file in files if f"-{name}-" in file.name]
        assert own
        console.upload(own)
