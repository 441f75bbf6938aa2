"""Walmart, Google, Microsoft, Meta and mapped tables become the same `Snapshot` as Amazon's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidding.account import Account, AccountChannel
from bidding.errors import BidError
from bidding.landscape import learn_response
from bidding.reports.reading import read_reports
from bidding.snapshot import Match, Platform, Snapshot, Strategy, TargetKind
from bidding.snapshot_file import read_snapshot, write_snapshot

TODAY = np.datetime64("2026-05-11", "D")


def account(platform: Platform, **keys: object) -> Account:
    return Account("Acme", "USD", "US", "UTC", (AccountChannel(platform.value, platform, **keys),))


def read(tmp_path: Path, platform: Platform, text: str, name: str = "report.csv") -> Snapshot:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_reports(tmp_path, account(platform), TODAY)


WALMART = (
    "date,keywordId,searchedKeyword,biddedKeyword,matchType,campaignId,campaignName,adGroupId,bid,numAdsShown,"
    "numAdsClicks,adSpend,attributedOrders14days,attributedSales14days,advertisedSkuSales14days,attributedSales3days\n"
    "2026-05-09,101,red socks,socks,broad,11,Socks,21,0.55,100,5,2.50,1,20.00,15.00,9.00\n"
    "2026-05-09,101,blue socks,socks,broad,11,Socks,21,0.55,50,2,1.00,0,0.00,0.00,0.00\n"
    "2026-05-10,101,red socks,socks,broad,11,Socks,21,0.60,80,4,2.20,0,0.00,0.00,0.00\n"
    "2026-05-10,102,,automatic,auto,12,Auto,22,0.30,70,3,0.90,0,0.00,0.00,0.00\n"
)


def test_walmart_adds_up_searched_keywords(tmp_path: Path) -> None:
    snapshot = read(tmp_path, Platform.WALMART, WALMART)
    assert list(snapshot.targets.ids) == ["101", "102"]
    assert list(snapshot.targets.bid) == [0.60, 0.30], "the bid of the last day"
    assert list(snapshot.targets.kind) == [TargetKind.KEYWORD, TargetKind.AUTO]
    first = snapshot.performance.day == np.datetime64("2026-05-09")
    assert (snapshot.performance.clicks[first], snapshot.performance.cost[first]) == (7, 3.5)
    assert (snapshot.performance.sales[first], snapshot.performance.halo_sales[first]) == (20, 5)
    assert list(snapshot.campaigns.names) == ["Socks", "Auto"]
    assert list(snapshot.campaigns.product) == ["SP", "SP"]


def test_walmarts_window_is_the_accounts(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text(WALMART)
    with pytest.raises(BidError, match="missing: attributedSales30days, attributedOrders30days"):
        read_reports(tmp_path, account(Platform.WALMART, attribution_days=30), TODAY)


GOOGLE = (
    "Search keyword report\n"
    '"April 1, 2026 - May 10, 2026"\n'
    "Day,Campaign ID,Campaign,Ad group ID,Ad group,Keyword ID,Search keyword,Match type,Max. CPC,Impr.,Clicks,Cost,"
    "Conversions,Conv. value,Currency code,Campaign state,Bid strategy type,Search lost IS (budget)\n"
    '2026-05-10,1,Shop,11,Shoes,77,shoes,Exact match,0.75,"1,200",30,15.50,1.50,90.10,USD,Enabled,Manual CPC,12.5%\n'
    "2026-05-10,1,Shop,12,Boots,77,shoes,Phrase match, --,10,1,0.70,0.00,0.00,USD,Enabled,Manual CPC,0.50%\n"
    "2026-05-10,2,Smart,13,All,78,hats,Broad match, --,10,1,0.70,0.00,0.00,USD,Enabled,Target ROAS,< 10%\n"
    'Total: Account, , , , , , , , ,"1,220",32,16.90,1.50,90.10,USD, , , \n'
)


def test_google_by_ad_group_and_criterion(tmp_path: Path) -> None:
    snapshot = read(tmp_path, Platform.GOOGLE, GOOGLE)
    assert list(snapshot.targets.ids) == ["11~77", "12~77", "13~78"]
    assert list(snapshot.targets.match) == [Match.EXACT, Match.PHRASE, Match.BROAD]
    assert snapshot.targets.bid[0] == 0.75
    assert np.isnan(snapshot.targets.bid[1])
    assert list(snapshot.campaigns.strategy) == [Strategy.FIXED, Strategy.SMART]
    assert list(snapshot.performance.clicks) == [30, 1, 1]
    assert list(snapshot.performance.out_of_budget) == [0.125, 0.005, 0.1]
    assert list(snapshot.targets.ad_group_names) == ["Shoes", "Boots", "All"]
    assert snapshot.rejected == ()


def test_googles_interface_in_millionths_says_the_same(tmp_path: Path) -> None:
    header = (
        "segments.date,campaign.id,campaign.name,ad_group.id,ad_group.name,ad_group_criterion.criterion_id,"
        "ad_group_criterion.keyword.text,ad_group_criterion.keyword.match_type,"
        "ad_group_criterion.effective_cpc_bid_micros,metrics.impressions,metrics.clicks,metrics.cost_micros,"
        "metrics.conversions,metrics.conversions_value,campaign_budget.amount_micros\n"
    )
    row = "2026-05-10,1,Shop,11,Shoes,77,shoes,EXACT,750000,1200,30,15500000,1.5,90.1,20000000\n"
    snapshot = read(tmp_path, Platform.GOOGLE, header + row)
    assert (snapshot.targets.bid[0], snapshot.performance.cost[0]) == (0.75, 15.5)
    assert snapshot.campaigns.daily_budget[0] == 20
    with pytest.raises(BidError, match="missing: Cost"):
        read(tmp_path, Platform.GOOGLE, (header + row).replace("metrics.cost_micros", "metrics.other"))


SIMULATIONS = (
    '[{"adGroupCriterionSimulation": {"criterionId": "77", "adGroupId": "11", "startDate": "2026-05-01", "endDate":'
    ' "2026-05-07", "cpcBidPointList": {"points": [{"cpcBidMicros": "500000", "clicks": "70", "costMicros": "21000000",'
    ' "impressions": "700", "biddableConversions": 7}, {"cpcBidMicros": "1000000", "clicks": "140", "costMicros":'
    ' "84000000", "impressions": "900"}]}}}, {"adGroupCriterionSimulation": {"criterionId": "99", "adGroupId": "11",'
    ' "startDate": "2026-05-01", "endDate": "2026-05-07", "cpcBidPointList": {"points": [{"cpcBidMicros": "1"}]}}}]'
)


def test_googles_bid_simulations_are_kept_per_day(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "simulations.json").write_text(SIMULATIONS)
    snapshot = read(folder, Platform.GOOGLE, GOOGLE)
    told = snapshot.simulations
    assert told is not None
    assert list(told.target) == [0, 0]
    assert list(told.bid) == [0.5, 1.0]
    assert list(told.clicks) == [10, 20]
    assert list(told.cost) == [3, 12]
    assert told.conversions[0] == 1
    assert np.isnan(told.conversions[1])
    assert any("simulations of 1 targets" in warning for warning in snapshot.warnings)
    again = read_snapshot(write_snapshot(snapshot, tmp_path / "s")).simulations
    assert again is not None
    assert list(again.clicks) == [10, 20]
    assert again.end[0] == np.datetime64("2026-05-07")


def test_googles_bid_simulations_are_what_the_response_says(tmp_path: Path) -> None:
    (tmp_path / "simulations.json").write_text(SIMULATIONS)
    snapshot = read(tmp_path, Platform.GOOGLE, GOOGLE)
    bids = np.tile([0.5, np.sqrt(0.5), 1.0], (len(snapshot.targets), 1))
    response = learn_response(snapshot, account(Platform.GOOGLE), bids)
    assert response.clicks[0] == pytest.approx([10, 15, 20])
    assert response.cost[0] == pytest.approx([3, 7.5, 12])


MICROSOFT = (
    '"Report Name: keywords"\n"Report Time: 5/1/2026,5/10/2026"\n"Rows: 3"\n\n'
    '"TimePeriod","CampaignId","CampaignName","AdGroupId","AdGroupName","KeywordId","Keyword","BidMatchType",'
    '"CurrentMaxCpc","Impressions","Clicks","Spend","Conversions","Revenue","CurrencyCode"\n'
    '"5/10/2026","1","Shop","11","Shoes","701","shoes","Exact","0.75","1,200","30","15.50","1","90.10","USD"\n'
    '"5/10/2026","1","Shop","11","Shoes","701","shoes","Exact","0.75","100","3","1.50","1","10.00","USD"\n'
    '"4/30/2026","1","Shop","11","Shoes","702","boots","Broad","0.55","10","0","0.00","0","0.00","USD"\n'
    '"©2026 Microsoft Corporation. All rights reserved. "\n'
)


def test_microsoft_with_its_preamble_and_footer(tmp_path: Path) -> None:
    snapshot = read(tmp_path, Platform.MICROSOFT, MICROSOFT)
    assert dict(zip(snapshot.targets.ids, snapshot.targets.bid, strict=True)) == {"701": 0.75, "702": 0.55}
    by_id = dict(zip(snapshot.targets.ids[snapshot.performance.target], snapshot.performance.clicks, strict=True))
    assert by_id == {"701": 33, "702": 0}
    assert snapshot.rejected == ()


def test_a_report_with_fewer_rows_than_it_says_is_cut_short(tmp_path: Path) -> None:
    lines = MICROSOFT.splitlines(keepends=True)
    with pytest.raises(BidError, match="says that it has 3 rows and has 2"):
        read(tmp_path, Platform.MICROSOFT, "".join([*lines[:-2], lines[-1]]))


META = (
    "Reporting starts,Reporting ends,Campaign ID,Campaign name,Ad set ID,Ad set name,Amount spent (USD),Impressions,"
    "Link clicks,Purchases,Purchases conversion value,Bid amount,Ad set delivery\n"
    "2026-05-10,2026-05-10,120210000000000001,Prospecting,120210000000000011,Women,55.20,9000,120,4,260.00,12.50,active\n"
    "2026-05-10,2026-05-10,120210000000000001,Prospecting,120210000000000012,Men,20.00,3000,40,,,,inactive\n"
    "2026-05-01,2026-05-10,120210000000000001,Prospecting,120210000000000013,All,20.00,3000,40,1,10,,active\n"
)


def test_meta_ad_sets(tmp_path: Path) -> None:
    snapshot = read(tmp_path, Platform.META, META)
    assert list(snapshot.targets.kind) == [TargetKind.AD_SET] * 2
    assert snapshot.targets.bid[0] == 12.5
    assert np.isnan(snapshot.targets.bid[1])
    assert list(snapshot.targets.enabled) == [True, False]
    assert list(snapshot.campaigns.strategy) == [Strategy.SMART]
    assert list(snapshot.performance.sales) == [260, 0]
    assert [row.row for row in snapshot.rejected] == [4]
    assert "adds up several days" in snapshot.rejected[0].reason
    with pytest.raises(BidError, match="is in EUR, the account in USD"):
        read(tmp_path, Platform.META, META.replace("(USD)", "(EUR)"))


META_INTERFACE = (
    "date_start,date_stop,campaign_id,campaign_name,adset_id,adset_name,spend,impressions,inline_link_clicks,purchases,"
    "purchase_value,bid_amount,bid_constraints.roas_average_floor,bid_strategy,campaign_daily_budget\n"
    "2026-05-10,2026-05-10,1,Prospecting,11,Women,55.20,9000,120,4,260.00,1250,,COST_CAP,4000\n"
    "2026-05-10,2026-05-10,2,Value,12,Men,20.00,3000,40,1,50.00,,25000,LOWEST_COST_WITH_MIN_ROAS,5000\n"
    "2026-05-10,2026-05-10,3,Volume,13,All,20.00,3000,40,1,50.00,,,LOWEST_COST_WITHOUT_CAP,\n"
)


def test_metas_interface_counts_in_cents_and_ten_thousandths(tmp_path: Path) -> None:
    snapshot = read(tmp_path, Platform.META, META_INTERFACE)
    np.testing.assert_array_equal(snapshot.targets.bid, [12.5, np.nan, np.nan])
    np.testing.assert_array_equal(snapshot.targets.target_roas, [np.nan, 2.5, np.nan])
    np.testing.assert_array_equal(snapshot.campaigns.daily_budget, [40.0, 50.0, np.nan])
    np.testing.assert_array_equal(snapshot.performance.cost, [55.2, 20.0, 20.0])
    assert set(snapshot.campaigns.strategy) == {Strategy.SMART}
    (tmp_path / "report.csv").write_text(META_INTERFACE)
    yen = replace(account(Platform.META), currency="JPY", marketplace="JP")
    assert read_reports(tmp_path, yen, TODAY).targets.bid[0] == 1250, "a yen has no hundredths"


MICROSOFT_BULK = (
    "Type,Status,Id,Parent Id,Campaign,Budget Id,Budget,Budget Type,Bid Strategy Type,Bid Strategy TargetRoas,Name\n"
    "Format Version,,,,,,,,,,6.0\n"
    "Campaign,Active,1,9,Shop,,55.50,DailyBudgetStandard,TargetRoas,3.5,\n"
    "Campaign,Paused,2,9,Other,,20,DailyBudgetStandard,ManualCpc,,\n"
    "Keyword,Active,701,11,Shop,,,,,,\n"
)


def test_microsofts_bulk_file_tells_budgets_and_targets_of_campaigns(tmp_path: Path) -> None:
    (tmp_path / "bulk.csv").write_text(MICROSOFT_BULK)
    campaigns = read(tmp_path, Platform.MICROSOFT, MICROSOFT).campaigns
    assert list(campaigns.ids) == ["1"], "a campaign without keywords is none to bid for"
    assert (campaigns.daily_budget[0], campaigns.target_roas[0]) == (55.5, 3.5)
    assert campaigns.strategy[0] == Strategy.SMART
    (tmp_path / "bulk.csv").write_text(MICROSOFT_BULK.replace("Shop,,55.50", "Shop,77,55.50"))
    assert np.isnan(read(tmp_path, Platform.MICROSOFT, MICROSOFT).campaigns.daily_budget[0]), "a shared budget"


MAP = """files = "insta*.csv"
[columns]
date = "Day"
target_id = "Keyword UUID"
target = "Keyword"
campaign_id = "Campaign UUID"
campaign = "Campaign"
bid = "CPC bid"
clicks = "Clicks"
cost = "Ad spend"
orders = "Orders 14d"
sales = "Sales 14d"
"""
INSTACART = (
    "Day;Keyword UUID;Keyword;Campaign UUID;Campaign;CPC bid;Clicks;Ad spend;Orders 14d;Sales 14d\n"
    "2026-05-09;a1-b2;oat milk;c-1;Milk;1,20;10;9,50;1;4,99\n"
    "2026-05-10;a1-b2;oat milk;c-1;Milk;1,30;12;11,00;0;0\n"
    "2026-05-10;1.2E+05;oat drink;c-1;Milk;1,30;12;11,00;0;0\n"
)


def test_a_map_names_the_columns_of_any_table(tmp_path: Path) -> None:
    (tmp_path / "retailer.map.toml").write_text(MAP)
    snapshot = read(tmp_path, Platform.OTHER, INSTACART, "instacart-may.csv")
    assert list(snapshot.targets.ids) == ["a1-b2"]
    assert list(snapshot.performance.bid) == [1.2, 1.3], "a generic table's bid is that of its day"
    assert list(snapshot.performance.sales) == [4.99, 0]
    assert [row.row for row in snapshot.rejected] == [4]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('date = "Day"', 'dates = "Day"', 'unknown column "dates". Did you mean "date"'),
        ("files", "file", 'unknown key "file". Did you mean "files"'),
        ("[columns]", "platform = 'instacart'\n[columns]", 'unknown platform "instacart"'),
        ('"Sales 14d"', '"Sales"', "missing: Sales"),
        ("[columns]", "[column]", 'unknown key "column"'),
    ],
)
def test_maps_that_do_not_fit_are_said(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "retailer.map.toml").write_text(MAP.replace(old, new, 1))
    with pytest.raises(BidError, match=message):
        read(tmp_path, Platform.OTHER, INSTACART, "instacart-may.csv")


def test_platforms_lie_side_by_side_and_a_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "walmart.csv").write_text(WALMART)
    (tmp_path / "google.csv").write_text(GOOGLE)
    both = replace(
        account(Platform.WALMART),
        channels=tuple(AccountChannel(one.value, one) for one in (Platform.WALMART, Platform.GOOGLE, Platform.META)),
    )
    snapshot = read_reports(tmp_path, both, TODAY)
    assert list(snapshot.channel_of_targets()) == [0, 0, 1, 1, 1]
    assert any("no report of meta" in warning for warning in snapshot.warnings)
    only = read_reports(tmp_path, account(Platform.WALMART), TODAY)
    assert any("google.csv: account.toml has no channel" in warning for warning in only.warnings)
