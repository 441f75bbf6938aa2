"""Files for the other platforms: their columns, the value as text, and what none of them can hold."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidding.account import Account
from bidding.bulk.cells import runs_as_formula
from bidding.bulk.write import write_bulk
from bidding.changes import BidChange, ChangeKind, Expected
from bidding.errors import BidError
from bidding.snapshot import Platform, Snapshot, TargetKind
from measurement.interval import summarise

NOTHING = summarise(np.zeros(2))
ACCOUNT = Account("Acme", "USD", "US", "UTC", ())


def change(platform: Platform, entity: str, kind: ChangeKind, new: str) -> BidChange:
    expected = Expected(NOTHING, NOTHING, NOTHING)
    return BidChange(platform.value, platform.value, entity, kind, "1.00", new, "a reason", "optimum", None, expected)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture
def one(make_snapshot: Callable[..., Snapshot]) -> Callable[[Platform], tuple[Snapshot, str, str]]:
    """A snapshot of one platform, its second target's id and first campaign's id."""

    def make(platform: Platform) -> tuple[Snapshot, str, str]:
        snapshot = make_snapshot(targets=6, days=3, platforms=(platform,))
        return snapshot, snapshot.targets.ids[1], snapshot.campaigns.ids[0]

    return make


def test_google_by_names_with_blank_columns(one, tmp_path: Path) -> None:
    snapshot, target, campaign = one(Platform.GOOGLE)
    changes = (
        change(Platform.GOOGLE, target, ChangeKind.BID, "0.75"),
        change(Platform.GOOGLE, campaign, ChangeKind.CAMPAIGN_BUDGET, "80.00"),
        change(Platform.GOOGLE, campaign, ChangeKind.TARGET, "4.50"),
    )
    (path,) = write_bulk(changes, snapshot, ACCOUNT, tmp_path)
    bid, budget, roas = rows(path)
    assert bid["Campaign"] == "SP - campaign 0"
    assert (bid["Ad group"], bid["Keyword"], bid["Match type"]) == ("ad group 0", "shoes 1", "Phrase")
    assert (bid["Max CPC"], bid["Campaign daily budget"]) == ("0.75", "")
    assert (budget["Campaign daily budget"], budget["Max CPC"]) == ("80.00", "")
    assert roas["Target ROAS"] == "450%"


def test_google_without_the_names_of_ad_groups_is_refused(one, tmp_path: Path) -> None:
    snapshot, target, _ = one(Platform.GOOGLE)
    nameless = replace(snapshot, targets=replace(snapshot.targets, ad_group_names=np.empty(0, dtype=object)))
    with pytest.raises(BidError, match="no report told the name of its ad group"):
        write_bulk((change(Platform.GOOGLE, target, ChangeKind.BID, "0.75"),), nameless, ACCOUNT, tmp_path)


def test_a_name_that_would_run_is_refused_where_it_finds_the_row(one, tmp_path: Path) -> None:
    snapshot, target, _ = one(Platform.GOOGLE)
    names = snapshot.campaigns.names.copy()
    names[0] = "=HYPERLINK(1)"
    bad = replace(snapshot, campaigns=replace(snapshot.campaigns, names=names))
    with pytest.raises(BidError, match="would run as a formula"):
        write_bulk((change(Platform.GOOGLE, target, ChangeKind.BID, "0.75"),), bad, ACCOUNT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_microsoft_by_ids_with_its_format_version(one, tmp_path: Path) -> None:
    snapshot, target, campaign = one(Platform.MICROSOFT)
    changes = (
        change(Platform.MICROSOFT, target, ChangeKind.BID, "0.75"),
        change(Platform.MICROSOFT, campaign, ChangeKind.CAMPAIGN_BUDGET, "80.00"),
    )
    (path,) = write_bulk(changes, snapshot, ACCOUNT, tmp_path)
    version, bid, budget = rows(path)
    assert (version["Type"], version["Name"]) == ("Format Version", "6.0")
    assert (bid["Type"], bid["Id"], bid["Parent Id"], bid["Bid"]) == ("Keyword", target, "50000000000000", "0.75")
    assert (budget["Type"], budget["Id"], budget["Budget"]) == ("Campaign", campaign, "80.00")


def test_walmart_in_two_files_with_its_own_least_bids(one, tmp_path: Path) -> None:
    snapshot, target, campaign = one(Platform.WALMART)
    changes = (
        change(Platform.WALMART, target, ChangeKind.BID, "0.30"),
        change(Platform.WALMART, campaign, ChangeKind.CAMPAIGN_BUDGET, "50.00"),
    )
    bids, budgets = write_bulk(changes, snapshot, ACCOUNT, tmp_path)
    assert (rows(bids)[0]["keywordId"], rows(bids)[0]["bid"]) == (target, "0.30")
    assert rows(budgets)[0]["dailyBudget"] == "50.00"
    low = change(Platform.WALMART, target, ChangeKind.BID, "0.20")
    with pytest.raises(BidError, match=r"below the least bid of 0\.30"):
        write_bulk((low,), snapshot, ACCOUNT, tmp_path / "low")
    automatic = replace(snapshot, targets=replace(snapshot.targets, kind=np.full(6, int(TargetKind.AUTO))))
    assert write_bulk((low,), automatic, ACCOUNT, tmp_path / "auto")


def test_meta_ad_sets(one, tmp_path: Path) -> None:
    snapshot, target, campaign = one(Platform.META)
    changes = (
        change(Platform.META, target, ChangeKind.BID, "12.50"),
        change(Platform.META, campaign, ChangeKind.CAMPAIGN_BUDGET, "80.00"),
    )
    (path,) = write_bulk(changes, snapshot, ACCOUNT, tmp_path)
    bid, budget = rows(path)
    assert (bid["Ad Set ID"], bid["Bid Amount"]) == (target, "12.50")
    assert (budget["Campaign ID"], budget["Campaign Daily Budget"], budget["Ad Set ID"]) == (campaign, "80.00", "")


def test_any_other_retailer_gets_a_table(one, tmp_path: Path) -> None:
    snapshot, target, _ = one(Platform.OTHER)
    (path,) = write_bulk((change(Platform.OTHER, target, ChangeKind.BID, "0.75"),), snapshot, ACCOUNT, tmp_path)
    assert path.name == "other-2026-05-11.csv"
    assert (rows(path)[0]["target_id"], rows(path)[0]["old"], rows(path)[0]["new"]) == (target, "1.00", "0.75")


def test_walmarts_multipliers_in_a_file_of_each_kind(one, tmp_path: Path) -> None:
    snapshot, _, campaign = one(Platform.WALMART)
    changes = (
        change(Platform.WALMART, f"{campaign}:search_in_grid", ChangeKind.PLACEMENT, "35"),
        change(Platform.WALMART, f"{campaign}:app", ChangeKind.PLACEMENT, "0"),
    )
    placement, platform = write_bulk(changes, snapshot, ACCOUNT, tmp_path)
    assert placement.name == "walmart-placement-multipliers-2026-05-11.csv"
    assert rows(placement) == [{"campaignId": campaign, "placementType": "Search Ingrid", "multiplier": "35"}]
    assert rows(platform) == [{"campaignId": campaign, "platformType": "App", "multiplier": "0"}]
    low = change(Platform.WALMART, f"{campaign}:app", ChangeKind.PLACEMENT, "-5")
    with pytest.raises(BidError, match="-5 is no whole percentage from 0 to 900"):
        write_bulk((low,), snapshot, ACCOUNT, tmp_path / "low")


def test_googles_devices_have_a_column_each(one, tmp_path: Path) -> None:
    snapshot, _, campaign = one(Platform.GOOGLE)
    mobile = change(Platform.GOOGLE, f"{campaign}:mobile", ChangeKind.PLACEMENT, "-15")
    off = change(Platform.GOOGLE, f"{campaign}:tablet", ChangeKind.PLACEMENT, "-100")
    (path,) = write_bulk((mobile, off), snapshot, ACCOUNT, tmp_path)
    first, second = rows(path)
    assert (first["Campaign"], first["Mobile Bid Modifier"], first["Max CPC"]) == ("SP - campaign 0", "-15", "")
    assert (second["Tablet Bid Modifier"], second["Mobile Bid Modifier"]) == ("-100", "")
    for value, entity, message in (
        ("-95", f"{campaign}:mobile", "no whole percentage from -90 to 900"),
        ("12.5", f"{campaign}:mobile", "no whole percentage"),
        ("5", f"{campaign}:app", "the placement or device is one of desktop, mobile, tablet"),
    ):
        bad = change(Platform.GOOGLE, entity, ChangeKind.PLACEMENT, value)
        with pytest.raises(BidError, match=message):
            write_bulk((bad,), snapshot, ACCOUNT, tmp_path / "bad")


@pytest.mark.parametrize("platform", [Platform.GOOGLE, Platform.MICROSOFT, Platform.WALMART, Platform.META])
def test_placements_that_a_file_cannot_hold_are_refused(one, tmp_path: Path, platform: Platform) -> None:
    snapshot, _, campaign = one(platform)
    with pytest.raises(BidError):
        write_bulk(
            (change(platform, f"{campaign}:top_of_search", ChangeKind.PLACEMENT, "10"),), snapshot, ACCOUNT, tmp_path
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["=1", "@SUM(1)", "\t=1", "+1|cmd", "-2+cmd|' /C calc'!A0", "＝1", "+(1)"])
def test_what_runs(text: str) -> None:
    assert runs_as_formula(text)


@pytest.mark.parametrize("text", ["shoes", "+red +shoes", "-50", "a=b", "", 'asin="B0"'])
def test_what_does_not_run(text: str) -> None:
    assert not runs_as_formula(text)
