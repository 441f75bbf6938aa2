"""Walmart's and Google's results by placement and device and their multipliers in force, read and put together."""

from pathlib import Path

import numpy as np
import pytest

from bidding.account import Account, AccountChannel
from bidding.changes import ChangeKind
from bidding.errors import BidError
from bidding.in_force import in_force
from bidding.multipliers import scheme_of
from bidding.reports.reading import read_reports
from bidding.snapshot import Platform, Snapshot, Strategy
from bidding.snapshot_file import read_snapshot, write_snapshot

TODAY = np.datetime64("2026-05-11", "D")
KEYWORDS = (
    "date,keywordId,biddedKeyword,matchType,campaignId,adGroupId,campaignType,bid,numAdsShown,numAdsClicks,adSpend,"
    "attributedOrders14days,attributedSales14days\n"
    "2026-05-10,901,shoes,exact,711,811,sponsoredProducts,0.80,400,10,5.00,1,40.00\n"
    "2026-05-10,902,red shoes,auto,712,812,sponsoredProducts,0.80,400,10,5.00,1,40.00\n"
    "2026-05-10,903,boots,exact,713,813,sponsoredBrands,1.80,400,10,5.00,1,40.00\n"
)
RESULTS = "date,campaignId,{},numAdsClicks,adSpend,attributedOrders14days,attributedSales14days"
GOOGLE_KEYWORDS = (
    "Day,Campaign ID,Campaign,Ad group ID,Ad group,Keyword ID,Search keyword,Match type,Max. CPC,Impr.,Clicks,Cost,"
    "Conversions,Conv. value,Bid strategy type\n"
    "2026-05-10,11,Shop 11,21,Group,301,shoes,Exact match,0.90,1000,20,9.00,2.00,80.00,Manual CPC\n"
    "2026-05-10,12,Shop 12,22,Group,302,boots,Exact match,0.90,1000,20,9.00,2.00,80.00,Manual CPC\n"
)
DEVICES = "Day,Campaign ID,Device,Clicks,Cost,Conversions,Conv. value,Bid adj."


def account(*platforms: Platform) -> Account:
    channels = tuple(AccountChannel(platform.value, platform) for platform in platforms)
    return Account("Acme", "USD", "US", "UTC", channels)


def read(folder: Path, platform: Platform, **files: str) -> Snapshot:
    folder.mkdir(exist_ok=True)
    keywords = KEYWORDS if platform is Platform.WALMART else GOOGLE_KEYWORDS
    (folder / "keywords.csv").write_text(keywords)
    for name, text in files.items():
        ending = "json" if text.startswith("[") else "csv"
        (folder / f"{name}.{ending}").write_text(text)
    return read_reports(folder, account(platform), TODAY)


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def test_walmarts_two_lists_tell_what_is_in_force_and_what_may_be_set(tmp_path: Path) -> None:
    snapshot = read(
        tmp_path / "reports",
        Platform.WALMART,
        placements='[{"campaignId": 711, "placementType": "Buy-Box", "multiplier": 50.0},'
        ' {"campaignId": 712, "placementType": "Stock Up", "multiplier": 25}]',
        platforms="campaignId,platformType,multiplier\n711,App,15\n",
    )
    rows = {name: row for row, name in enumerate(snapshot.campaigns.ids.tolist())}
    names = scheme_of(Platform.WALMART).names
    told = dict(zip(names, snapshot.campaigns.modifiers[rows["711"]].tolist(), strict=True))
    assert (told["buy_box"], told["app"], sum(told.values())) == (0.5, 0.15, 0.65)
    values = in_force(snapshot, ChangeKind.PLACEMENT)
    of_manual = [name for name in values.ids if name.startswith("711:")]
    assert of_manual == [f"711:{name}" for name in ("buy_box", "search_in_grid", "desktop", "mobile", "app")]
    assert [name for name in values.ids if name.startswith("712:")] == [f"712:{name}" for name in names]
    assert not [name for name in values.ids if name.startswith("713:")], "sponsored brands have none to set"
    assert dict(zip(values.ids, values.value.tolist(), strict=True))["712:stock_up"] == 25_000_000
    again = read_snapshot(write_snapshot(snapshot, tmp_path / "kept")).campaigns
    np.testing.assert_array_equal(again.adjustable, snapshot.campaigns.adjustable)


def test_without_a_list_nothing_is_set(tmp_path: Path) -> None:
    results = lines(RESULTS.format("placement"), "2026-05-10,711,Buy-Box,4,2.00,1,40.00")
    snapshot = read(tmp_path / "reports", Platform.WALMART, placements=results)
    assert not len(in_force(snapshot, ChangeKind.PLACEMENT))


def test_walmarts_results_are_added_up_by_placement_and_by_platform(tmp_path: Path) -> None:
    snapshot = read(
        tmp_path / "reports",
        Platform.WALMART,
        listed='[{"campaignId": 711, "platformType": "Desktop", "multiplier": 0}]',
        placements=lines(
            RESULTS.format("placement"),
            "2026-05-10,711,Buy-Box,4,2.00,1,40.00",
            "2026-05-10,711,Buy-Box,3,1.50,1,40.00",
            "2026-05-09,711,Search Ingrid,5,2.50,0,0.00",
            "2026-05-09,711,Item Carousel,9,9.50,9,90.00",
        ),
        platforms=lines(RESULTS.format("platform"), "2026-05-10,711,app,6,3.00,2,80.00"),
    )
    assert snapshot.placements is not None
    row = snapshot.campaigns.ids.tolist().index("711")
    assert snapshot.placements.clicks[row].tolist() == [7, 5, 0, 0, 0, 0, 6]
    assert snapshot.placements.sales[row].tolist() == [80, 0, 0, 0, 0, 0, 80]
    assert snapshot.placements.orders[row].tolist() == [2, 0, 0, 0, 0, 0, 2]
    assert not snapshot.rejected


def test_googles_devices_tell_results_and_adjustments(tmp_path: Path) -> None:
    snapshot = read(
        tmp_path / "reports",
        Platform.GOOGLE,
        devices=lines(
            DEVICES,
            "2026-05-09,11,Mobile phones,10,5.00,1.00,40.00,+30%",
            "2026-05-10,11,Mobile phones,10,5.00,1.50,60.00,-15%",
            "2026-05-10,11,Computers,8,4.00,1.00,40.00, --",
            "2026-05-10,11,Tablets,1,0.50,0.00,0.00,-100%",
            "2026-05-10,11,TV screens,1,0.50,0.00,0.00, --",
            "2026-05-10,12,Computers,8,4.00,1.00,40.00,+12.5%",
        ),
    )
    assert snapshot.placements is not None
    assert snapshot.campaigns.modifiers.tolist() == [[0.0, -0.15, -1.0], [0.125, 0.0, 0.0]]
    assert snapshot.placements.clicks.tolist() == [[8, 20, 1], [8, 0, 0]]
    assert snapshot.placements.orders[0].tolist() == [1, 2.5, 0]
    # A half percent could not be put back exactly; devices of campaign 12 that no row tells are not known.
    assert in_force(snapshot, ChangeKind.PLACEMENT).ids.tolist() == ["11:desktop", "11:mobile", "11:tablet"]
    assert not snapshot.rejected


def test_googles_list_of_criteria_states_factors(tmp_path: Path) -> None:
    listed = (
        '[{"campaign": {"id": "11"}, "campaignCriterion": {"device": {"type": "MOBILE"}, "bidModifier": 1.2}},'
        ' {"campaign": {"id": "12"}, "campaignCriterion": {"device": {"type": "TABLET"}, "bidModifier": 0}}]'
    )
    snapshot = read(tmp_path / "reports", Platform.GOOGLE, criteria=listed)
    np.testing.assert_allclose(snapshot.campaigns.modifiers, [[0, 0.2, 0], [0, 0, -1.0]])
    assert len(in_force(snapshot, ChangeKind.PLACEMENT)) == 6
    assert in_force(snapshot, ChangeKind.PLACEMENT).value[1] == 20_000_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("campaignId,placementType,multiplier\n711,Moon,10\n", "placementType: this placement is not known"),
        ("campaignId,platformType,multiplier\n711,Toaster,10\n", "platformType: this device is not known"),
        ("campaignId,placementType,multiplier\n711,Buy-Box,-5\n", "multipliers go from +0% to +900%"),
        ("campaignId,placementType,multiplier\n711,Buy-Box,901\n", "multipliers go from +0% to +900%"),
        ("campaignId,placementType,multiplier\n711,Buy-Box,much\n", "'much' is not a number"),
        ("campaignId,placementType,platformType,multiplier\n711,,,5\n", "names neither a placement nor a device"),
    ],
)
def test_a_multiplier_that_cannot_be_costs_its_row(tmp_path: Path, text: str, reason: str) -> None:
    (lost,) = read(tmp_path / "reports", Platform.WALMART, listed=text).rejected
    assert (lost.file, lost.row) == ("listed.csv", 2)
    assert reason in lost.reason


@pytest.mark.parametrize(("told", "fits"), [("-95%", False), ("-100%", True), ("-90%", True), ("+901%", False)])
def test_googles_adjustments_leave_a_gap_before_off(tmp_path: Path, told: str, fits: bool) -> None:
    row = f"2026-05-10,11,Tablets,1,0.50,0.00,0.00,{told}"
    snapshot = read(tmp_path / "reports", Platform.GOOGLE, devices=lines(DEVICES, row))
    assert (not snapshot.rejected) == fits
    if not fits:
        assert "from -90% to +900% or -100% for off" in snapshot.rejected[0].reason


def test_a_report_without_its_results_is_refused_by_name(tmp_path: Path) -> None:
    text = "date,campaignId,placement,numAdsClicks,adSpend\n2026-05-10,711,Buy-Box,4,2.00\n"
    with pytest.raises(BidError, match=r"placements.csv: looks like .*missing"):
        read(tmp_path / "reports", Platform.WALMART, placements=text)
    foreign = lines(DEVICES + ",Currency code", "2026-05-10,11,Tablets,1,0.50,0.00,0.00, --,EUR")
    with pytest.raises(BidError, match=r"devices.csv is in EUR, the account in USD"):
        read(tmp_path / "google", Platform.GOOGLE, devices=foreign)


def test_walmarts_list_of_campaigns_tells_who_bids(tmp_path: Path) -> None:
    listed = (
        '[{"campaignId": 711, "name": "A", "dailyBudget": 90, "targetingType": "manual",'
        ' "biddingStrategy": {"strategy": "FIXED"}}, {"campaignId": 712, "name": "B", "dailyBudget": 90,'
        ' "targetingType": "auto", "biddingStrategy": {"strategy": "TROAS"}}]'
    )
    strategy = read(tmp_path / "reports", Platform.WALMART, campaigns=listed).campaigns.strategy
    assert strategy.tolist() == [Strategy.FIXED, Strategy.SMART, Strategy.FIXED]
