"""`rmo bids` from an account's exports to bulk files and back, as a person calls it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from api.cli.main import run
from bidding.ledger_file import FileLedger
from measurement.fitted import FittedModel
from measurement.report import Verdict
from measurement.storage import save_model
from tests.bidding.reports.conftest import BULK_HEADER, REPORT_HEADER, SHOES, bulk_rows, csv_text, report_row

TODAY = np.datetime64("2026-05-11", "D")
GROUP = "500000000000000013"
Bids = Callable[..., int]


def target(number: int) -> str:
    return f"6000000000000{number:05d}"


def write_reports(folder: Path, bids: dict[str, str], today: np.datetime64 = TODAY) -> None:
    """A campaign of 30 keywords with 40 days of results that differ from keyword to keyword."""
    folder.mkdir()
    rng = np.random.default_rng(5)
    sheet = [row for row in bulk_rows() if row["Entity"] != "Keyword"]
    keyword = next(row for row in bulk_rows() if row.get("Keyword Id") == SHOES)
    sheet += [keyword | {"Keyword Id": name, "Keyword Text": f"shoe {name}", "Bid": bid} for name, bid in bids.items()]
    (folder / "bulk.csv").write_text(csv_text(BULK_HEADER, sheet))
    rows = []
    for number, name in enumerate(bids):
        for day in np.arange(today - 40, today):
            clicks = int(rng.poisson(6))
            orders = int(rng.binomial(clicks, 0.02 + 0.01 * (number % 8)))
            told = {"clicks": clicks, "cost": round(0.7 * clicks, 2), "purchases14d": orders, "sales14d": 40.0 * orders}
            rows.append(report_row(name, str(day), keywordBid="1.25", impressions=20 * clicks + 20, **told))
    (folder / "targeting.csv").write_text(csv_text(REPORT_HEADER, rows))


@pytest.fixture
def bids_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bids:
    """An account in a folder: `bids_of("propose", ...)` runs the command there on the day of the reports."""
    monkeypatch.chdir(tmp_path)
    write_reports(tmp_path / "reports", {target(n): "1.25" for n in range(30)})
    Path("account.toml").write_text(
        '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/Los_Angeles"\n'
        "[channel.amazon]\nmargin = 0.4\nincremental_share = 0.7\n[limits]\napproval_share = 0.9\nbudget_change = 0.5\n"
    )
    plan = {"weeks": 8, "schedule": [{"week": w, "channel": "amazon", "spend": 700.0} for w in range(1, 9)]}
    Path("plan.json").write_text(json.dumps(plan | {"flighting": {"starts": "2026-04-27"}}))

    def call(command: str, *arguments: str) -> int:
        given = list(arguments)
        if command in ("propose", "rollback"):
            given += ["--account", "account.toml"]
        if command == "propose":
            given += ["--reports", "reports", "--plan", "plan.json"]
        if command in ("propose", "apply", "rollback") and "--today" not in given:
            given += ["--today", str(TODAY)]
        return run(["bids", command, *given])

    return call


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def proposed(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert bids_of("propose", "--json") == 0
    return answer(capsys)


def test_a_night_from_exports_to_bulk_file_and_back(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    made = proposed(bids_of, capsys)
    assert set(made) >= {"run", "changes", "held", "rejected_rows", "totals", "needs_approval", "shadow_price"}
    moved = {change["entity"]: change for change in made["changes"] if change["kind"] == "bid"}
    assert len(moved) > 10
    assert all(0.5 * 1.25 - 0.005 <= float(change["new"]) <= 1.5 * 1.25 + 0.005 for change in moved.values())
    assert proposed(bids_of, capsys)["run"] == made["run"]

    assert bids_of("apply", made["run"], "--out", "bulk", "--json") == 0
    first = answer(capsys)
    assert first["written"] == len(made["changes"])
    rows = list(openpyxl.load_workbook(first["files"][0]).active.values)
    header = [str(name) for name in rows[0]]
    written = {str(row[header.index("Keyword Id")]): str(row[header.index("Bid")]) for row in rows[1:]}
    assert all(float(written[name]) == float(change["new"]) for name, change in moved.items())

    assert bids_of("apply", made["run"], "--out", "bulk", "--json") == 0
    second = answer(capsys)
    assert (second["written"], second["files"]) == (0, [])

    names = sorted(moved)
    live = {target(n): moved[target(n)]["new"] if target(n) in moved else "1.25" for n in range(30)}
    live[names[0]] = "3.33"
    write_reports(Path("fresh"), live)
    assert bids_of("rollback", made["run"], "--reports", "fresh", "--out", "undo", "--json") == 0
    back = answer(capsys)
    assert names[0] in back["left"]
    assert "3.33 is live" in back["left"][names[0]]
    rows = list(openpyxl.load_workbook(back["files"][0]).active.values)
    restored = {str(row[header.index("Keyword Id")]): row[header.index("Bid")] for row in rows[1:]}
    assert {float(restored[name]) for name in names[1:]} == {1.25}


def test_the_table_for_people(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    assert bids_of("propose") == 0
    said = capsys.readouterr()
    assert "Expected per day: cost" in said.out
    assert "rmo bids apply" in said.out
    assert "reading reports" in said.err


def test_a_large_run_needs_approval_and_says_how(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("account.toml").read_text()
    Path("account.toml").write_text(text.replace("approval_share = 0.9", "approval_share = 0.001"))
    made = proposed(bids_of, capsys)
    assert made["needs_approval"] is True
    assert bids_of("apply", made["run"], "--out", "bulk", "--json") == 3
    assert "needs a person's approval" in answer(capsys)["refused_because"]
    assert not Path("bulk").exists()
    assert bids_of("approve", made["run"], "--by", "Ann") == 0
    assert bids_of("approve", made["run"], "--by", "Bob") == 0
    assert "approved by Ann" in capsys.readouterr().out.splitlines()[-1]
    assert bids_of("apply", made["run"], "--out", "bulk") == 0


def test_a_kill_switch_holds_and_the_ledger_tells(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    assert bids_of("kill", "--scope", "channel:amazon", "--by", "Ann", "--why", "prices") == 0
    capsys.readouterr()
    made = proposed(bids_of, capsys)
    assert made["changes"] == []
    assert {entry["code"] for entry in made["held"]} == {"kill_switch"}
    assert bids_of("ledger", "--json") == 0
    told = answer(capsys)
    assert [entry["kind"] for entry in told["entries"]] == ["killed", "proposed"]
    assert told["stopped"][0]["by"] == "Ann"
    assert bids_of("ledger") == 0
    assert bids_of("kill", "--scope", "channel:amazon", "--by", "Ann", "--lift") == 0


def test_a_geo_test_in_a_freeze_file_holds_its_channel(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    Path("freeze.csv").write_text("channel,geo,start,end,test\namazon,ohio,2026-05-01,2026-05-20,spring\n")
    assert bids_of("propose", "--freeze", "freeze.csv", "--json") == 0
    assert {entry["code"] for entry in answer(capsys)["held"]} == {"geo_test"}


def test_a_freeze_file_of_other_channels_holds_nothing_and_says_so(
    bids_of: Bids, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("freeze.csv").write_text("channel,geo,start,end,test\ntv,ohio,2026-05-01,2026-05-20,spring\n")
    assert bids_of("propose", "--freeze", "freeze.csv", "--json") == 0
    made = answer(capsys)
    assert "geo_test" not in {entry["code"] for entry in made["held"]}
    assert any("names tv, not in account.toml" in note for note in made["notes"])


def test_what_is_out_of_stock_by_the_availability_file_is_held(
    bids_of: Bids, capsys: pytest.CaptureFixture[str]
) -> None:
    skus = [row["sku"] for row in bulk_rows() if row.get("sku")]
    lines = [f"2026-05-10,{sku},amazon,false,true" for sku in dict.fromkeys(skus)]
    Path("availability.csv").write_text("\n".join(["date,sku,retailer,in_stock,buy_box", *lines]) + "\n")
    assert bids_of("propose", "--availability", "availability.csv", "--json") == 0
    made = answer(capsys)
    assert {entry["code"] for entry in made["held"]} == {"no_stock"}
    assert not [change for change in made["changes"] if change["kind"] == "bid"]
    assert "no_stock" in {alert["code"] for alert in made["alerts"]}


@pytest.mark.parametrize(
    ("multiplier", "falls", "rises"), [("1", True, True), ("0.5", True, False), ("2", False, True)]
)
def test_an_event_of_the_events_file_moves_bids_one_way(
    multiplier: str, falls: bool, rises: bool, bids_of: Bids, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_money("900.0")
    header, days = "start,end,name,channel,multiplier", "2026-05-10,2026-05-12"
    Path("events.csv").write_text(f"{header}\n{days},Spring sale,amazon,{multiplier}\n")
    assert bids_of("propose", "--events", "events.csv", "--json") == 0
    bids = [change for change in answer(capsys)["changes"] if change["kind"] == "bid"]
    assert any(float(change["new"]) < float(change["old"]) for change in bids) is falls
    assert any(float(change["new"]) > float(change["old"]) for change in bids) is rises


def plan_money(per_week: str) -> None:
    """The reports spend 880 a week."""
    plan = Path("plan.json")
    plan.write_text(plan.read_text().replace("700.0", per_week))


def stored(drawn: FittedModel, verdict: Verdict, folder: Path, weeks_ago: int = 1) -> None:
    """The made-up model with claims of three times its spend, whose panel ends so many weeks before the reports."""
    panel = drawn.panel
    later = TODAY - 6 - 7 * weeks_ago - panel.dates[-1]
    panel = replace(panel, dates=panel.dates + later, attributed_sales=3.0 * panel.spend)
    entries = tuple(replace(entry, verdict=verdict) for entry in drawn.report.channels)
    save_model(replace(drawn, panel=panel, report=replace(drawn.report, channels=entries)), folder)


@pytest.mark.parametrize(
    ("verdict", "weeks_ago", "rises", "says"),
    [
        (Verdict.MEASURED, 1, True, ""),
        (Verdict.WEAK, 1, False, "only weakly known"),
        (Verdict.MEASURED, 40, False, "has expired"),
    ],
)
def test_a_stored_model_tells_what_may_rise(
    verdict: Verdict,
    weeks_ago: int,
    rises: bool,
    says: str,
    drawn: FittedModel,
    bids_of: Bids,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stored(drawn, verdict, Path("model"), weeks_ago)
    plan_money("1400.0")
    account = Path("account.toml")
    account.write_text(account.read_text().replace("incremental_share = 0.7\n", ""))
    assert bids_of("propose", "--factors", "model", "--json") == 0
    bids = [change for change in answer(capsys)["changes"] if change["kind"] == "bid"]
    assert any(float(change["new"]) > float(change["old"]) for change in bids) is rises
    book = FileLedger(Path("ledger"))
    run = book.load_run(str(book.entries()[-1].content["run"]))
    assert says in run.why["trust:0"]
    assert "factors" in run.sources


def test_branded_and_generic_shares_reach_the_bids_of_their_own_keywords(
    drawn: FittedModel, bids_of: Bids, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model has amazon in two parts; branded sales are nearly all claimed and hardly incremental."""
    names = ("amazon_brand", "amazon_generic", *drawn.panel.channel_names[2:])
    channels = tuple(replace(one, name=name) for one, name in zip(drawn.panel.channels, names, strict=True))
    entries = tuple(replace(one, channel=name) for one, name in zip(drawn.report.channels, names, strict=True))
    model = replace(drawn, panel=replace(drawn.panel, channels=channels))
    model = replace(model, report=replace(model.report, channels=entries))
    panel = model.panel
    later = TODAY - 13 - panel.dates[-1]
    claims = panel.spend * np.array([30.0, 2.0, 3.0, 3.0, 3.0])
    entries = tuple(replace(entry, verdict=Verdict.MEASURED) for entry in model.report.channels)
    panel = replace(panel, dates=panel.dates + later, attributed_sales=claims)
    save_model(replace(model, panel=panel, report=replace(model.report, channels=entries)), Path("model"))
    account, plan = Path("account.toml"), Path("plan.json")
    branded = [target(number) for number in range(0, 30, 3)]
    terms = ", ".join(f'"{name}"' for name in branded)
    account.write_text(account.read_text().replace("incremental_share = 0.7\n", f"brand_terms = [{terms}]\n"))
    made = json.loads(plan.read_text())
    rows = [
        row | {"channel": f"amazon_{part}", "spend": 450.0} for row in made["schedule"] for part in ("brand", "generic")
    ]
    plan.write_text(json.dumps(made | {"schedule": rows}))
    assert bids_of("propose", "--factors", "model", "--json") == 0
    bids = {c["entity"]: c for c in answer(capsys)["changes"] if c["kind"] == "bid"}
    fell = {name for name, change in bids.items() if float(change["new"]) < float(change["old"])}
    assert set(branded) <= fell
    assert any(float(change["new"]) > float(change["old"]) for change in bids.values())
    worth = {name: float(change["reason"].split("a click earns ")[1].split()[0]) for name, change in bids.items()}
    generic = [earned for name, earned in worth.items() if name not in branded]
    assert np.mean(generic) > 4 * np.mean([worth[name] for name in branded])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: Path("plan.json").write_text("no"), "is no JSON"),
        (lambda: Path("plan.json").write_text("{}"), "is not an answer of `rmo plan --json`"),
        (lambda: Path("plan.json").write_text(Path("plan.json").read_text().replace("700.0", "0")), "pause it"),
        (
            lambda: Path("plan.json").write_text(Path("plan.json").read_text().replace("2026-04", "2025-01")),
            "plan again",
        ),
        (lambda: Path("reports/targeting.csv").write_text("date,clicks\n2026-05-10,3\n"), "targeting.csv"),
        (lambda: Path("account.toml").unlink(), "account.toml"),
    ],
)
def test_bad_input_is_one_message(
    bids_of: Bids, capsys: pytest.CaptureFixture[str], change: Callable[[], object], says: str
) -> None:
    change()
    assert bids_of("propose", "--json") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert "Traceback" not in said.err
    assert not Path("ledger").exists()


def test_runs_that_do_not_exist_or_were_never_written(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    assert bids_of("apply", "2020", "--out", "bulk") == 2
    assert "there is no run '2020'" in capsys.readouterr().err
    made = proposed(bids_of, capsys)
    assert bids_of("rollback", made["run"], "--reports", "reports", "--out", "undo") == 2
    assert "was never written" in capsys.readouterr().err


def test_a_journal_that_was_changed_is_told(bids_of: Bids, capsys: pytest.CaptureFixture[str]) -> None:
    made = proposed(bids_of, capsys)
    journal = Path("ledger/journal.jsonl")
    journal.write_text(journal.read_text().replace("false", "true"))
    assert bids_of("apply", made["run"], "--out", "bulk") == 2
    assert "line 1: does not match its own hash" in capsys.readouterr().err
