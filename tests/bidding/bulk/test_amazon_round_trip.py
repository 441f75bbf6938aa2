"""What is written for Amazon is read back: as cells, and as the platform would take it and export it again."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from bidding.account import Account, AccountChannel
from bidding.bulk.amazon import HEADER
from bidding.bulk.table import BulkFormat
from bidding.bulk.write import write_bulk
from bidding.changes import BidChange, ChangeKind, Expected
from bidding.errors import BidError
from bidding.reports.reading import read_reports
from bidding.snapshot import Platform, Snapshot
from measurement.interval import summarise

TODAY = np.datetime64("2026-05-11", "D")
NOTHING = summarise(np.zeros(2))
ACCOUNT = Account("Acme", "USD", "US", "UTC", (AccountChannel("amazon", Platform.AMAZON),))
CAMPAIGN, PLAIN_CAMPAIGN = "400000000000000017", "400000000000000029"
KEYWORD, CLOSE = "600000000000000011", "700000000000000023"
SHEET = [
    {"Entity": "Campaign", "Campaign Id": CAMPAIGN, "Campaign Name": "=cmd|' /C calc'!A0", "Daily Budget": "50",
     "Portfolio Id": "800000000000000031", "End Date": "20261231", "Bidding Strategy": "Dynamic bids - down only"},
    {"Entity": "Campaign", "Campaign Id": PLAIN_CAMPAIGN, "Campaign Name": "plain", "Daily Budget": "20"},
    {"Entity": "Ad Group", "Campaign Id": CAMPAIGN, "Ad Group Id": "500000000000000013", "Ad Group Default Bid": "0.8"},
    {"Entity": "Keyword", "Campaign Id": CAMPAIGN, "Ad Group Id": "500000000000000013", "Keyword Id": KEYWORD,
     "Keyword Text": "+red +shoes", "Match Type": "broad", "Bid": "1.25"},
    {"Entity": "Product Targeting", "Campaign Id": PLAIN_CAMPAIGN, "Ad Group Id": "500000000000000027", "Bid": "0.4",
     "Product Targeting Id": CLOSE, "Product Targeting Expression": "close-match"},
]  # fmt: skip
KEYS = ("Keyword Id", "Product Targeting Id", "Placement", "Campaign Id")


def change(entity: str, kind: ChangeKind, old: str, new: str) -> BidChange:
    expected = Expected(NOTHING, NOTHING, NOTHING)
    return BidChange("amazon", "amazon", entity, kind, old, new, "a reason", "optimum", None, expected)


CHANGES = (
    change(KEYWORD, ChangeKind.BID, "1.25", "1.10"),
    change(CLOSE, ChangeKind.BID, "0.4", "0.30"),
    change(CAMPAIGN, ChangeKind.CAMPAIGN_BUDGET, "50", "61.50"),
    change(f"{CAMPAIGN}:top_of_search", ChangeKind.PLACEMENT, "0", "35"),
)


def exported(folder: Path, rows: list[dict[str, str]]) -> Snapshot:
    folder.mkdir(exist_ok=True)
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="")
    writer.writeheader()
    writer.writerows({"Product": "Sponsored Products", "State": "enabled", **row} for row in rows)
    (folder / "bulk.csv").write_text(out.getvalue())
    return read_reports(folder, ACCOUNT, TODAY)


def cells(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    header = next(rows)
    return [{name: "" if cell is None else str(cell) for name, cell in zip(header, row, strict=True)} for row in rows]


def taken(rows: list[dict[str, str]], updates: list[dict[str, str]]) -> list[dict[str, str]]:
    """What the platform makes of an upload: blank cells leave what is there, but not the portfolio and the end date."""
    after = [dict(row) for row in rows]
    for update in updates:
        assert update["Operation"] == "Update"
        own = next(key for key in KEYS if update[key])
        same = [row for row in after if row["Entity"] == update["Entity"] and row.get(own) == update[own]]
        if not same:
            same = [{"Entity": update["Entity"]}]
            after += same
        for name, value in update.items():
            clears = update["Entity"] == "Campaign" and name in {"Portfolio Id", "End Date"}
            if name not in {"Operation", "Product"} and (value or clears):
                same[0][name] = value
    return after


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return exported(tmp_path / "reports", SHEET)


@pytest.mark.parametrize("form", list(BulkFormat))
def test_what_is_written_is_what_the_platform_then_has(snapshot, tmp_path: Path, form: BulkFormat) -> None:
    (path,) = write_bulk(CHANGES, snapshot, ACCOUNT, tmp_path / "out", form)
    assert path.name == f"amazon-2026-05-11.{form.value}"
    updates = cells(path)
    assert len(updates) == 4, "changed rows only"
    after = exported(tmp_path / "after", taken(SHEET, updates))
    assert list(after.targets.ids) == list(snapshot.targets.ids)
    assert list(after.targets.bid) == [1.10, 0.30]
    assert list(after.campaigns.daily_budget) == [61.5, 20]
    assert after.campaigns.modifiers[0, 0] == 0.35
    for name in ("ids", "names", "portfolios", "strategy", "enabled"):
        assert list(getattr(after.campaigns, name)) == list(getattr(snapshot.campaigns, name)), name
    assert np.array_equal(after.campaigns.end, snapshot.campaigns.end, equal_nan=True)


def test_cells_are_text_or_exact_numbers_and_never_run(snapshot, tmp_path: Path) -> None:
    (path,) = write_bulk(CHANGES, snapshot, ACCOUNT, tmp_path)
    sheet = openpyxl.load_workbook(path).active
    header = [cell.value for cell in sheet[1]]
    assert header == list(HEADER)
    kinds = {}
    for row in sheet.iter_rows(min_row=2):
        for name, cell in zip(header, row, strict=True):
            if cell.value is not None:
                kinds.setdefault(name, set()).add(cell.data_type)
    assert all(kinds[name] == {"s"} for name in kinds if name.endswith("Id"))
    assert kinds["Bid"] == kinds["Daily Budget"] == {"n"}
    assert kinds["Campaign Name"] == {"s"}, "a name that begins with = is text"
    raw = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>1.10</v>" in raw
    assert "<v>61.50</v>" in raw
    assert "<f>" not in raw


def test_a_csv_file_holds_no_cell_that_runs(snapshot, tmp_path: Path) -> None:
    (path,) = write_bulk(CHANGES, snapshot, ACCOUNT, tmp_path, BulkFormat.CSV)
    assert "cmd|" not in path.read_text()
    assert "+red +shoes" in path.read_text()


def test_nothing_is_written_over_and_no_change_gives_no_file(snapshot, tmp_path: Path) -> None:
    (path,) = write_bulk(CHANGES, snapshot, ACCOUNT, tmp_path)
    before = path.read_bytes()
    with pytest.raises(BidError, match="exists already"):
        write_bulk(CHANGES[:1], snapshot, ACCOUNT, tmp_path)
    assert path.read_bytes() == before
    assert write_bulk((), snapshot, ACCOUNT, tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (change("123", ChangeKind.BID, "1", "2"), "is not in today's reports"),
        (change(KEYWORD, ChangeKind.BID, "1.25", "1.234"), "no multiple of 0.01"),
        (change(KEYWORD, ChangeKind.BID, "1.25", "0.01"), "below the least bid of 0.02"),
        (change(KEYWORD, ChangeKind.BID, "1.25", "1000.01"), "above the largest bid"),
        (change(KEYWORD, ChangeKind.BID, "1.25", "NaN"), "no finite number"),
        (change(KEYWORD, ChangeKind.BID, "1.25", "=1"), "no decimal number"),
        (change(CAMPAIGN, ChangeKind.CAMPAIGN_BUDGET, "50", "0.5"), "limits of daily budgets"),
        (change(f"{CAMPAIGN}:top_of_search", ChangeKind.PLACEMENT, "0", "901"), "no whole percentage from 0 to 900"),
        (change(f"{CAMPAIGN}:home", ChangeKind.PLACEMENT, "0", "10"), "the placement is one of"),
        (change(CAMPAIGN, ChangeKind.TARGET, "4", "5"), "have no target to set"),
        (CHANGES[1], "is changed twice"),
    ],
)
def test_what_must_not_be_written_is_refused_whole(snapshot, tmp_path: Path, bad: BidChange, message: str) -> None:
    with pytest.raises(BidError, match=message):
        write_bulk((CHANGES[1], bad), snapshot, ACCOUNT, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_header_is_the_platforms() -> None:
    published = Path(__file__).resolve().parents[4] / "shared" / "data" / "bidding" / "sp_bulksheet2_header.csv"
    if not published.exists():
        pytest.skip("the published header is not beside the project")
    assert ",".join(HEADER) == published.read_text().strip()
