"""Pulls are kept for good: idempotent, the latest of a day wins, and the growth of a day is told from all of them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bidding import vintages
from bidding.account import Account, AccountChannel
from bidding.errors import BidError
from bidding.reports.reading import read_reports
from bidding.snapshot import Platform, Snapshot

DAYS = [np.datetime64("2026-05-09", "D"), np.datetime64("2026-05-10", "D"), np.datetime64("2026-05-11", "D")]
HEADER = "date,keywordId,campaignId,keywordBid,impressions,clicks,cost,purchases14d,sales14d\n"
BULK = (
    "Product,Entity,Operation,Portfolio Id,End Date,Campaign Id,Ad Group Id,Keyword Id,Campaign Name,State,Bid,"
    "Keyword Text,Match Type\n"
    "Sponsored Products,Campaign,,,,400000000000000017,,,SP,enabled,,,\n"
    "Sponsored Products,Keyword,,,,400000000000000017,500000000000000013,600000000000000011,,enabled,{bid},"
    "shoes,exact\n"
)
ACCOUNT = Account("Acme", "USD", "US", "UTC", (AccountChannel("amazon", Platform.AMAZON),))


def pull(folder: Path, today: np.datetime64, orders: dict[str, int], bid: str) -> Snapshot:
    """What the console gives on a day: every earlier day with its orders so far, and the bid then in force."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "bulk.csv").write_text(BULK.format(bid=bid))
    rows = [
        f"{day},600000000000000011,400000000000000017,{bid},100,10,5.5,{count},{count * 20}\n"
        for day, count in orders.items()
    ]
    (folder / "report.csv").write_text(HEADER + "".join(rows))
    return read_reports(folder, ACCOUNT, today, folder.parent / "archive")


@pytest.fixture
def third(tmp_path: Path) -> Snapshot:
    folder = tmp_path / "reports"
    pull(folder, DAYS[0], {"2026-05-08": 1}, "1.00")
    pull(folder, DAYS[1], {"2026-05-08": 2, "2026-05-09": 0}, "1.10")
    return pull(folder, DAYS[2], {"2026-05-08": 4, "2026-05-09": 1, "2026-05-10": 0}, "1.20")


def test_the_latest_vintage_wins(third: Snapshot) -> None:
    assert list(third.performance.orders) == [4, 1, 0]
    assert list(third.performance.age) == [3, 2, 1]


def test_each_day_keeps_the_bid_that_its_first_pull_told(third: Snapshot) -> None:
    assert list(third.performance.bid) == [1.00, 1.10, 1.20]


def test_a_days_growth_is_told_from_all_vintages(third: Snapshot) -> None:
    grown = third.restatement
    first_day = grown.day == np.datetime64("2026-05-08")
    assert list(grown.age[first_day]) == [1, 2, 3]
    assert list(grown.orders[first_day]) == [1, 2, 4]
    assert list(grown.sales[first_day]) == [20, 40, 80]
    assert list(grown.clicks[first_day]) == [10, 10, 10]


def test_reading_again_changes_nothing(third: Snapshot, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    before = {path.name: path.read_bytes() for path in archive.iterdir()}
    again = read_reports(tmp_path / "reports", ACCOUNT, DAYS[2], archive)
    assert {path.name: path.read_bytes() for path in archive.iterdir()} == before
    assert len(before) == 3
    assert list(again.performance.orders) == list(third.performance.orders)
    assert list(again.restatement.orders) == list(third.restatement.orders)


def test_yesterdays_report_given_again_keeps_its_day_and_is_told(third: Snapshot, tmp_path: Path) -> None:
    again = read_reports(tmp_path / "reports", ACCOUNT, DAYS[2] + np.timedelta64(1, "D"), tmp_path / "archive")
    assert any("report.csv was read on 2026-05-11 already" in warning for warning in again.warnings)
    assert list(again.performance.age) == [3, 2, 1]


def test_a_folder_named_by_a_date_is_the_day_of_the_pull(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    pull(folder, DAYS[2], {"2026-05-10": 0}, "1.20")
    (folder / "2026-05-09").mkdir()
    row = "2026-05-08,600000000000000011,400000000000000017,1.00,100,10,5.5,1,20\n"
    (folder / "2026-05-09" / "report.csv").write_text(HEADER + row)
    snapshot = read_reports(folder, ACCOUNT, DAYS[2])
    assert list(snapshot.performance.age) == [1, 1]
    (folder / "2026-05-19").mkdir()
    (folder / "2026-05-19" / "report.csv").write_text(HEADER + row.replace("20", "21"))
    with pytest.raises(BidError, match="pulled on 2026-05-19, after 2026-05-11"):
        read_reports(folder, ACCOUNT, DAYS[2])


def test_a_damaged_vintage_is_named(third: Snapshot, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    path = next(archive.iterdir())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BidError, match="this vintage cannot be read"):
        vintages.stored(archive)


def test_the_archive_may_lie_among_the_reports(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    pull(folder, DAYS[2], {"2026-05-10": 0}, "1.20")
    for _ in range(2):
        snapshot = read_reports(folder, ACCOUNT, DAYS[2], folder / "archive")
    assert len(snapshot.performance) == 1
