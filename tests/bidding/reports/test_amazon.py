"""An Amazon account from its console's files to a `Snapshot`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidding.account import Account, AccountChannel
from bidding.errors import BidError
from bidding.reports.reading import read_reports
from bidding.snapshot import Match, Placement, Platform, Snapshot, Strategy, TargetKind

TODAY = np.datetime64("2026-05-11", "D")


def same(left: Snapshot, right: Snapshot) -> bool:
    parts = ("campaigns", "targets", "performance")
    pairs = [(getattr(left, part), getattr(right, part)) for part in parts]
    return all(
        np.array_equal(value, getattr(other, name), equal_nan=value.dtype.kind in "fM")
        for one, other in pairs
        for name, value in vars(one).items()
    )


def test_bulksheet_and_report_become_a_snapshot(folder, account, made) -> None:
    snapshot = read_reports(folder, account, TODAY)
    campaigns, targets, performance = snapshot.campaigns, snapshot.targets, snapshot.performance
    assert list(campaigns.ids) == [made.CAMPAIGN, made.AUTO_CAMPAIGN]
    assert list(campaigns.daily_budget) == [50.0, 20.5]
    assert list(campaigns.strategy) == [Strategy.DOWN_ONLY, Strategy.FIXED]
    assert campaigns.modifiers[0, Placement.TOP_OF_SEARCH] == 0.5
    assert campaigns.portfolios[0] == "800000000000000031"
    assert campaigns.end[0] == np.datetime64("2026-12-31")
    assert np.isnat(campaigns.end[1])
    assert list(targets.ids) == [made.SHOES, made.BOOTS, made.CLOSE]
    assert list(targets.bid) == [1.25, 0.80, 0.4], "boots have their ad group's default"
    assert list(targets.match) == [Match.EXACT, Match.BROAD, Match.NONE]
    assert list(targets.kind) == [TargetKind.KEYWORD, TargetKind.KEYWORD, TargetKind.AUTO]
    assert list(targets.branded) == [True, False, False]
    assert list(targets.enabled) == [True, True, False]
    assert list(targets.sku) == ["SKU-1", "SKU-1", ""]
    assert list(performance.clicks) == [10, 10]
    assert list(performance.sales) == [60, 60]
    assert list(performance.halo_sales) == [15, 15]
    assert list(performance.age) == [1, 1]
    assert list(performance.bid) == [1.25, 1.25]
    assert snapshot.rejected == ()
    assert set(snapshot.source_hashes) == {"bulk.csv", "targeting.csv"}


def test_csv_xlsx_and_json_say_the_same(folder, account, made, tmp_path: Path) -> None:
    expected = read_reports(folder, account, TODAY)
    other = tmp_path / "other"
    other.mkdir()
    days = [made.report_row(target, "2026-05-10") for target in (made.SHOES, made.BOOTS)]
    sheets = {
        "Portfolios": (["Portfolio Id", "Portfolio Name"], [{"Portfolio Id": "8", "Portfolio Name": "all"}]),
        "Sponsored Products Campaigns": (made.BULK_HEADER, made.bulk_rows()),
    }
    made.write_book(other / "bulk.xlsx", sheets)
    made.write_json_gz(other / "targeting.json.gz", days)
    assert same(read_reports(other, account, TODAY), expected)
    typed = [
        {name: float(value) if name in {"cost", "sales14d", "keywordBid"} else value for name, value in row.items()}
        for row in days
    ]
    (other / "targeting.json.gz").unlink()
    made.write_book(other / "targeting.xlsx", {"Sheet1": (made.REPORT_HEADER, typed)})
    assert same(read_reports(other, account, TODAY), expected)


def test_the_accounts_window_decides_which_sales_count(folder, account) -> None:
    sellers = replace(account, channels=(replace(account.channels[0], attribution_days=7),))
    assert list(read_reports(folder, sellers, TODAY).performance.sales) == [30, 30]
    other = replace(account, channels=(replace(account.channels[0], attribution_days=30),))
    with pytest.raises(BidError, match=r"targeting.csv.*missing: purchases30d, sales30d"):
        read_reports(folder, other, TODAY)


def test_a_console_download_without_ids_is_matched_by_names(folder, account, made) -> None:
    header = (
        "Date,Currency,Campaign Name,Ad Group Name,Targeting,Match Type,Impressions,Clicks,Spend,14 Day Total Sales,"
        "14 Day Total Orders (#)"
    )
    rows = (
        '"May 10, 2026",USD,SP - shoes,Shoes,acme shoes,EXACT,"1,000",12,$9.00,"$1,060.50",3\n'
        '"May 10, 2026",USD,SP - auto,All,close-match,-,500,3,$1.20,$0.00,0\n'
        '"May 10, 2026",USD,SP - shoes,Shoes,sandals,EXACT,5,0,$0.00,$0.00,0\n'
    )
    (folder / "targeting.csv").write_text(f"{header}\n{rows}")
    snapshot = read_reports(folder, account, TODAY)
    assert list(snapshot.targets.ids[snapshot.performance.target]) == [made.SHOES, made.CLOSE]
    assert list(snapshot.performance.sales) == [1060.5, 0.0]
    assert [(row.row, row.file) for row in snapshot.rejected] == [(4, "targeting.csv")]
    assert "SP - shoes / Shoes / sandals" in snapshot.rejected[0].reason


def test_search_terms_fill_only_days_that_the_targeting_report_lacks(folder, account, made) -> None:
    rows = [
        {**made.report_row(made.SHOES, day, clicks=clicks), "searchTerm": term}
        for day in ("2026-05-09", "2026-05-10")
        for term, clicks in (("shoes", 3), ("red shoes", 4))
    ]
    (folder / "terms.csv").write_text(made.csv_text([*made.REPORT_HEADER, "searchTerm"], rows))
    performance = read_reports(folder, account, TODAY).performance
    by_day = dict(zip(performance.day.astype(str), performance.clicks, strict=True))
    assert by_day == {"2026-05-09": 7, "2026-05-10": 10}


def test_channels_split_the_campaigns_by_name(folder, account) -> None:
    channels = (
        AccountChannel("auto", Platform.AMAZON, campaigns=("*auto*",)),
        AccountChannel("manual", Platform.AMAZON, campaigns=("SP - s*",)),
    )
    split: Account = replace(account, channels=channels)
    snapshot = read_reports(folder, split, TODAY)
    assert list(snapshot.campaigns.channel[np.argsort(snapshot.campaigns.ids)]) == [1, 0]
    only = replace(account, channels=channels[:1])
    left = read_reports(folder, only, TODAY)
    assert len(left.targets) == 1
    assert len(left.performance) == 0
    assert left.rejected == (), "rows of campaigns that no channel claims are no fault of the report"
    assert any("belong to no channel" in warning for warning in left.warnings)
    both = replace(account, channels=(channels[0], replace(channels[1], campaigns=("*",))))
    with pytest.raises(BidError, match="belongs to channels auto and manual"):
        read_reports(folder, both, TODAY)
