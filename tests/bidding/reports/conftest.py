"""A small Amazon account as its console exports it, written by code: bulksheet, targeting and search term reports."""

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from bidding.account import Account, AccountChannel
from bidding.snapshot import Platform

TODAY = np.datetime64("2026-05-11", "D")
BULK_COLUMNS = """Product,Entity,Operation,Campaign Id,Ad Group Id,Portfolio Id,Ad Id,Keyword Id,Product Targeting Id,
Campaign Name,Ad Group Name,Start Date,End Date,Targeting Type,State,Daily Budget,sku,asin,Ad Group Default Bid,Bid,
Keyword Text,Match Type,Bidding Strategy,Placement,Percentage,Product Targeting Expression"""
BULK_HEADER = BULK_COLUMNS.replace("\n", "").split(",")
CAMPAIGN, AUTO_CAMPAIGN = "400000000000000017", "400000000000000029"
GROUP, AUTO_GROUP = "500000000000000013", "500000000000000027"
SHOES, BOOTS, CLOSE = "600000000000000011", "600000000000000019", "700000000000000023"
REPORT_COLUMNS = """date,campaignId,campaignName,adGroupId,keywordId,keywordType,targeting,matchType,keywordBid,
impressions,clicks,cost,purchases7d,sales7d,purchases14d,sales14d,attributedSalesSameSku14d,campaignBudgetCurrencyCode"""
REPORT_HEADER = REPORT_COLUMNS.replace("\n", "").split(",")


def bulk_rows() -> list[dict[str, str]]:
    made = {"Product": "Sponsored Products", "State": "enabled"}
    campaign = {"Campaign Id": CAMPAIGN}
    auto = {"Campaign Id": AUTO_CAMPAIGN}
    group = {**campaign, "Ad Group Id": GROUP}
    auto_group = {**auto, "Ad Group Id": AUTO_GROUP}
    rows = [
        {
            "Entity": "Campaign", **campaign, "Campaign Name": "SP - shoes", "Portfolio Id": "800000000000000031",
            "Daily Budget": "50", "Bidding Strategy": "Dynamic bids - down only", "Targeting Type": "MANUAL",
            "End Date": "20261231", "Start Date": "20250101",
        },
        {"Entity": "Bidding Adjustment", **campaign, "Placement": "Placement Top", "Percentage": "50"},
        {"Entity": "Ad Group", **group, "Ad Group Name": "Shoes", "Ad Group Default Bid": "0.80"},
        {"Entity": "Product Ad", **group, "sku": "SKU-1", "Ad Id": "900000000000000037"},
        {"Entity": "Keyword", **group, "Keyword Id": SHOES, "Keyword Text": "acme shoes", "Match Type": "exact",
         "Bid": "1.25"},
        {"Entity": "Keyword", **group, "Keyword Id": BOOTS, "Keyword Text": "boots", "Match Type": "broad"},
        {
            "Entity": "Campaign", **auto, "Campaign Name": "SP - auto", "Daily Budget": "20.5",
            "Bidding Strategy": "Fixed bid", "Targeting Type": "AUTO",
        },
        {"Entity": "Ad Group", **auto_group, "Ad Group Name": "All", "Ad Group Default Bid": "0.5"},
        {"Entity": "Product Targeting", **auto_group, "Product Targeting Id": CLOSE, "Bid": "0.4", "State": "paused",
         "Product Targeting Expression": "close-match"},
    ]  # fmt: skip
    return [{**made, **row} for row in rows]


def report_row(target: str, day: str, **changed: object) -> dict[str, str]:
    auto = target == CLOSE
    row = {
        "date": day, "campaignId": AUTO_CAMPAIGN if auto else CAMPAIGN,
        "campaignName": "SP - auto" if auto else "SP - shoes",
        "adGroupId": AUTO_GROUP if auto else GROUP, "keywordId": target,
        "keywordType": "TARGETING_EXPRESSION" if auto else "EXACT",
        "targeting": {SHOES: "acme shoes", BOOTS: "boots", CLOSE: "close-match"}.get(target, "gone"),
        "matchType": {SHOES: "EXACT", BOOTS: "BROAD"}.get(target, ""), "keywordBid": "1.25", "impressions": "1000",
        "clicks": "10", "cost": "7.5", "purchases7d": "1", "sales7d": "30.0", "purchases14d": "2", "sales14d": "60.0",
        "attributedSalesSameSku14d": "45.0", "campaignBudgetCurrencyCode": "USD",
    }  # fmt: skip
    return {**row, **{name: str(value) for name, value in changed.items()}}


def csv_text(header: Sequence[str], rows: Sequence[dict[str, str]], separator: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, delimiter=separator, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_book(path: Path, sheets: dict[str, tuple[Sequence[str], Sequence[dict[str, object]]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, (header, rows) in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append(list(header))
        for row in rows:
            sheet.append([row.get(name) for name in header])
    book.save(path)


def write_json_gz(path: Path, rows: Sequence[dict[str, str]]) -> None:
    numbers = ("Id", "Bid", "impressions", "clicks", "cost", "purchases", "sales", "attributed")

    def cell(name: str, value: str) -> str:
        bare = value and any(name.startswith(part) or name.endswith(part) for part in numbers)
        return f"{json.dumps(name)}: {value if bare else json.dumps(value)}"

    text = "[" + ",".join("{" + ",".join(cell(*item) for item in row.items()) + "}" for row in rows) + "]"
    path.write_bytes(gzip.compress(text.encode()))


@pytest.fixture
def account() -> Account:
    channel = AccountChannel("amazon", Platform.AMAZON, brand_terms=("acme",))
    return Account("Acme", "USD", "US", "America/Los_Angeles", (channel,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a bulksheet and yesterday's targeting report, both as CSV."""
    made = tmp_path / "reports"
    made.mkdir()
    (made / "bulk.csv").write_text(csv_text(BULK_HEADER, bulk_rows()))
    rows = [report_row(target, "2026-05-10") for target in (SHOES, BOOTS)]
    (made / "targeting.csv").write_text(csv_text(REPORT_HEADER, rows))
    return made


@pytest.fixture
def write_report(folder: Path) -> Callable[..., Path]:
    """Writes a targeting report of these rows into the folder: `write_report(name, rows)`."""

    def write(name: str, rows: Sequence[dict[str, str]], separator: str = ",") -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(csv_text(REPORT_HEADER, rows, separator))
        return path

    return write


@pytest.fixture
def made() -> object:
    """This module: its constants and writers, for tests in other files."""
    return sys.modules[__name__]
