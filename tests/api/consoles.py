"""Consoles of six platforms, for tests: each writes its exports as that platform does and takes bulk files back.

A console's state is what a person would see there: values in force by kind and by the id that a run names. `upload`
finds rows as the platform does (by ids or by names) and refuses what it cannot find, so that a wrong file shows.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import numpy as np
import openpyxl

from tests.bidding.reports.conftest import BULK_HEADER, REPORT_HEADER, csv_text

TODAY = np.datetime64("2026-05-11", "D")
DAYS = 40
Key = tuple[str, str]
"""Kind of a change and the id that a run names."""


@dataclass(frozen=True)
class Term:
    """A keyword, a target or an ad set: ids as the platform has them, its bid, orders per click, clicks a day."""

    id: str
    text: str
    campaign: str
    group: str
    bid: str
    rate: float
    clicks: float


@dataclass
class Console:
    """One platform's console.

    Attributes:
        terms: what is bid for.
        state: values in force.
        smart: campaigns whose bids the platform sets.
    """

    terms: list[Term]
    state: dict[Key, str]
    smart: tuple[str, ...] = ()
    platform: str = ""
    report: str = "keywords.csv"
    names: dict[str, str] = field(default_factory=dict)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        """Write the console's exports of the forty days before a day."""
        raise NotImplementedError

    def upload(self, files: Sequence[Path]) -> None:
        """Take bulk files as the platform does."""
        raise NotImplementedError

    def main(self, folder: Path) -> Path:
        """The report of results by target."""
        return next(folder.glob(self.report))

    def set(self, kind: str, entity: str, value: str) -> None:
        """A value as a bulk file gives it; it must be one that the console has."""
        assert (kind, entity) in self.state, f"{self.platform} has no {kind} of {entity}"
        self.state[kind, entity] = value

    def days(self, today: np.datetime64 = TODAY) -> Iterator[tuple[np.datetime64, Term, int, float, int, float]]:
        """Day, term, clicks, cost, orders, sales: the same for the same console, whatever is in force now."""
        rng = np.random.default_rng(11)
        for term in self.terms:
            for day in np.arange(TODAY - DAYS, TODAY + 7):
                weekday = int((day.astype("datetime64[D]").astype(np.int64) + 3) % 7)
                clicks = int(rng.poisson(term.clicks * (1.2 if weekday >= 5 else 0.92)))
                orders = int(rng.binomial(clicks, term.rate))
                if day < today:
                    yield day, term, clicks, round(0.6 * float(term.bid) * clicks, 2), orders, 40.0 * orders


def same(first: dict[Key, str], second: dict[Key, str]) -> bool:
    """Whether two states hold the same values, however they are written."""
    return first.keys() == second.keys() and all(Decimal(first[key]) == Decimal(second[key]) for key in first)


def terms_of(
    ids: Callable[[int], str], campaigns: Sequence[str], groups: Sequence[str], bid: str, count: int = 24
) -> list[Term]:
    """Terms that differ in what they sell, dealt to campaigns in turn; each campaign has one group."""
    return [
        Term(
            ids(number),
            f"running shoe {number}",
            campaigns[number % len(campaigns)],
            groups[number % len(groups)],
            bid,
            0.02 + 0.01 * (number % 7),
            8.0,
        )
        for number in range(count)
    ]


def state_of(terms: Sequence[Term], key: Callable[[Term], str] = lambda term: term.id) -> dict[Key, str]:
    return {("bid", key(term)): term.bid for term in terms}


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


class Amazon(Console):
    """Bulksheet, targeting and placement reports v3; a click on a product page sells a third of one at the top."""

    WORTH: ClassVar = {
        "Top of Search on-Amazon": 1.6,
        "Other on-Amazon": 1.0,
        "Detail Page on-Amazon": 0.5,
        "Off Amazon": 0.2,
    }
    PLACES: ClassVar = {
        "Placement Top": "top_of_search",
        "Placement Rest Of Search": "rest_of_search",
        "Placement Product Page": "product_pages",
    }

    def __init__(self) -> None:
        campaigns = ["400000000000000017", "400000000000000029"]
        terms = terms_of(
            lambda n: f"6000000000000{n:05d}", campaigns, ["500000000000000013", "500000000000000027"], "1.25"
        )
        state = state_of(terms) | {("campaign_budget", name): "60" for name in campaigns}
        state |= {("placement", f"{name}:{place}"): "0" for name in campaigns for place in self.PLACES.values()}
        state["placement", f"{campaigns[0]}:top_of_search"] = "20"
        names = {name: f"SP - shoes {number}" for number, name in enumerate(campaigns)}
        super().__init__(terms, state, platform="amazon", report="targeting.csv", names=names)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "bulk.csv").write_text(csv_text(BULK_HEADER, list(self._bulk())))
        rows = [
            {
                "date": str(day), "campaignId": term.campaign, "campaignName": self.names[term.campaign],
                "adGroupId": term.group, "keywordId": term.id, "keywordType": "EXACT", "targeting": term.text,
                "matchType": "EXACT", "keywordBid": self.state["bid", term.id], "impressions": str(20 * clicks + 20),
                "clicks": str(clicks), "cost": f"{cost:.2f}", "purchases7d": str(orders), "sales7d": f"{sales:.2f}",
                "purchases14d": str(orders), "sales14d": f"{sales:.2f}", "attributedSalesSameSku14d": f"{sales:.2f}",
                "campaignBudgetCurrencyCode": "USD",
            }
            for day, term, clicks, cost, orders, sales in self.days(today)
        ]  # fmt: skip
        (folder / "targeting.csv").write_text(csv_text(REPORT_HEADER, rows))
        (folder / "placements.json.gz").write_bytes(gzip.compress(json.dumps(list(self._placements(today))).encode()))

    def _bulk(self) -> Iterator[dict[str, str]]:
        made = {"Product": "Sponsored Products", "State": "enabled"}
        for name, title in self.names.items():
            group = next(term.group for term in self.terms if term.campaign == name)
            yield made | {
                "Entity": "Campaign", "Campaign Id": name, "Campaign Name": title, "Portfolio Id": "800000000000000031",
                "Daily Budget": self.state["campaign_budget", name], "Bidding Strategy": "Dynamic bids - down only",
                "Targeting Type": "MANUAL", "Start Date": "20250101", "End Date": "20261231",
            }  # fmt: skip
            for label, place in self.PLACES.items():
                increase = self.state["placement", f"{name}:{place}"]
                if increase != "0":
                    row = {"Entity": "Bidding Adjustment", "Campaign Id": name, "Placement": label}
                    yield made | row | {"Percentage": increase}
            yield made | {
                "Entity": "Ad Group", "Campaign Id": name, "Ad Group Id": group, "Ad Group Name": f"Group {group}",
                "Ad Group Default Bid": "0.80",
            }  # fmt: skip
        for term in self.terms:
            yield made | {
                "Entity": "Keyword", "Campaign Id": term.campaign, "Ad Group Id": term.group, "Keyword Id": term.id,
                "Keyword Text": term.text, "Match Type": "exact", "Bid": self.state["bid", term.id],
            }  # fmt: skip

    def _placements(self, today: np.datetime64) -> Iterator[dict[str, object]]:
        """Each campaign's day dealt to placements; sales go where clicks are worth more."""
        totals: dict[tuple[str, str], list[float]] = {}
        for day, term, clicks, cost, orders, sales in self.days(today):
            one = totals.setdefault((term.campaign, str(day)), [0.0] * 4)
            for place, amount in enumerate((clicks, cost, orders, sales)):
                one[place] += amount
        share = dict(zip(self.WORTH, (0.3, 0.4, 0.25, 0.05), strict=True))
        whole = sum(share[place] * self.WORTH[place] for place in self.WORTH)
        for (campaign, day), (clicks, cost, orders, sales) in totals.items():
            for place, worth in self.WORTH.items():
                sold = share[place] * worth / whole
                yield {
                    "date": day, "campaignId": int(campaign), "campaignName": self.names[campaign],
                    "placementClassification": place, "clicks": round(share[place] * clicks),
                    "impressions": round(40 * share[place] * clicks), "cost": round(share[place] * cost, 2),
                    "purchases14d": round(sold * orders, 2), "sales14d": round(sold * sales, 2),
                    "purchases7d": 0, "sales7d": 0.0, "campaignBudgetCurrencyCode": "USD",
                }  # fmt: skip

    def upload(self, files: Sequence[Path]) -> None:
        for file in files:
            rows = list(openpyxl.load_workbook(file).active.values)
            header = [str(name) for name in rows[0]]
            for cells in rows[1:]:
                row = {name: "" if cell is None else str(cell) for name, cell in zip(header, cells, strict=True)}
                assert row["Operation"] == "Update"
                if row["Entity"] == "Keyword":
                    self.set("bid", row["Keyword Id"], row["Bid"])
                elif row["Entity"] == "Campaign":
                    assert (row["Portfolio Id"], row["End Date"]) == ("800000000000000031", "20261231"), "both cleared"
                    self.set("campaign_budget", row["Campaign Id"], row["Daily Budget"])
                else:
                    assert row["Entity"] == "Bidding Adjustment"
                    place = self.PLACES[row["Placement"]]
                    self.set("placement", f"{row['Campaign Id']}:{place}", row["Percentage"])


class Walmart(Console):
    """Keyword snapshot with searched keywords, and the interface's list of campaigns."""

    def __init__(self) -> None:
        campaigns, groups = ["711", "712"], ["811", "812"]
        terms = terms_of(lambda n: f"9{n:05d}", campaigns, groups, "0.80")
        state = state_of(terms) | {("campaign_budget", name): "90.00" for name in campaigns}
        names = {name: f"Shoes {name}" for name in campaigns}
        super().__init__(terms, state, platform="walmart", names=names)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        lines = [
            "date,keywordId,searchedKeyword,biddedKeyword,matchType,campaignId,campaignName,adGroupId,bid,numAdsShown,"
            "numAdsClicks,adSpend,attributedOrders14days,attributedSales14days,advertisedSkuSales14days"
        ]
        for day, term, clicks, cost, orders, sales in self.days(today):
            told = f"{term.campaign},{self.names[term.campaign]},{term.group},{self.state['bid', term.id]}"
            first = clicks // 2
            parts = ((first, round(cost * first / max(clicks, 1), 2), orders, sales), (clicks - first, None, 0, 0.0))
            for word, (some, paid, bought, sold) in zip(("red", "blue"), parts, strict=True):
                spent = round(cost - parts[0][1], 2) if paid is None else paid
                lines.append(
                    f"{day},{term.id},{word} {term.text},{term.text},broad,{told},{30 * some + 11},{some},{spent:.2f},"
                    f"{bought},{sold:.2f},{sold:.2f}"
                )
        (folder / "keywords.csv").write_text("\n".join(lines) + "\n")
        campaigns = [
            {
                "campaignId": int(name), "name": title, "campaignType": "sponsoredProducts", "targetingType": "manual",
                "status": "live", "budgetType": "daily", "dailyBudget": float(self.state["campaign_budget", name]),
            }
            for name, title in self.names.items()
        ]  # fmt: skip
        (folder / "campaigns.json").write_text(json.dumps(campaigns))

    def upload(self, files: Sequence[Path]) -> None:
        for file in files:
            for row in rows_of(file):
                if "bid" in row:
                    term = next(term for term in self.terms if term.id == row["keywordId"])
                    assert (row["campaignId"], row["adGroupId"]) == (term.campaign, term.group)
                    assert Decimal(row["bid"]) >= Decimal("0.30")
                    self.set("bid", row["keywordId"], row["bid"])
                else:
                    assert Decimal(row["dailyBudget"]) >= 50
                    self.set("campaign_budget", row["campaignId"], row["dailyBudget"])


class Google(Console):
    """The console's keyword report with preamble and total, a smart campaign with its target, and bid simulations."""

    def __init__(self) -> None:
        campaigns, groups = ["11", "12", "13"], ["21", "22", "23"]
        terms = terms_of(lambda n: f"{300 + n // 3}", campaigns, groups, "0.90")
        state = {("bid", f"{term.group}~{term.id}"): term.bid for term in terms if term.campaign != "13"}
        state |= {("campaign_budget", name): "60.00" for name in campaigns} | {("target", "13"): "4.00"}
        names = {name: f"Shop {name}" for name in campaigns}
        super().__init__(terms, state, ("13",), "google", names=names)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        lines = [
            "Search keyword report",
            f'"{TODAY - DAYS} - {today - 1}"',
            "Day,Campaign ID,Campaign,Ad group ID,Ad group,Keyword ID,Search keyword,Match type,Max. CPC,Impr.,Clicks,"
            "Cost,Conversions,Conv. value,Currency code,Campaign state,Bid strategy type,Target ROAS,"
            "Search lost IS (budget),Budget",
        ]
        for day, term, clicks, cost, orders, sales in self.days(today):
            smart = term.campaign in self.smart
            roas = f"{100 * float(self.state['target', term.campaign]):g}%" if smart else " --"
            bid = " --" if smart else self.state["bid", f"{term.group}~{term.id}"]
            budget, strategy = self.state["campaign_budget", term.campaign], "Target ROAS" if smart else "Manual CPC"
            group, results = f"{term.group},Group {term.group}", f"{clicks},{cost:.2f},{orders}.00"
            lines.append(
                f"{day},{term.campaign},{self.names[term.campaign]},{group},{term.id},{term.text},Exact match,{bid},"
                f'"{1000 + 20 * clicks:,}",{results},"{sales:,.2f}",USD,Enabled,{strategy},{roas},< 10%,{budget}'
            )
        lines.append("Total: Account, , , , , , , , ,,,,,,USD, , , , , ")
        (folder / "keywords.csv").write_text("\n".join(lines) + "\n")
        term = self.terms[0]
        points = [
            {"cpcBidMicros": str(round(bid * 1e6)), "clicks": str(round(56 * bid**0.5)), "impressions": "900",
             "costMicros": str(round(56 * bid**0.5 * 0.6 * bid * 1e6)), "biddableConversions": 2}
            for bid in (0.5, 0.9, 1.5)
        ]  # fmt: skip
        simulation = {
            "criterionId": term.id, "adGroupId": term.group, "startDate": str(today - 7), "endDate": str(today - 1),
            "cpcBidPointList": {"points": points},
        }  # fmt: skip
        (folder / "simulations.json").write_text(json.dumps([{"adGroupCriterionSimulation": simulation}]))

    def upload(self, files: Sequence[Path]) -> None:
        by_name = {title: name for name, title in self.names.items()}
        for file in files:
            for row in rows_of(file):
                campaign = by_name[row["Campaign"]]
                if row["Target ROAS"]:
                    assert row["Target ROAS"].endswith("%"), "the Editor takes a percentage"
                    self.set("target", campaign, str(Decimal(row["Target ROAS"][:-1]) / 100))
                if row["Campaign daily budget"]:
                    self.set("campaign_budget", campaign, row["Campaign daily budget"])
                if row["Max CPC"]:
                    (term,) = (term for term in self.terms if (term.campaign, term.text) == (campaign, row["Keyword"]))
                    assert (row["Ad group"], row["Match type"]) == (f"Group {term.group}", "Exact")
                    self.set("bid", f"{term.group}~{term.id}", row["Max CPC"])


class Microsoft(Console):
    """The keyword performance report with preamble and footer, and the bulk file of campaigns."""

    def __init__(self) -> None:
        campaigns, groups = ["61", "62", "63"], ["71", "72", "73"]
        terms = terms_of(lambda n: f"{500 + n}", campaigns, groups, "0.70")
        state = state_of([term for term in terms if term.campaign != "63"])
        state |= {("campaign_budget", name): "50.00" for name in campaigns} | {("target", "63"): "3.50"}
        names = {name: f"Search {name}" for name in campaigns}
        super().__init__(terms, state, ("63",), "microsoft", names=names)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        rows = []
        for day, term, clicks, cost, orders, sales in self.days(today):
            year, month, number = str(day).split("-")
            bid = self.state.get(("bid", term.id), "")
            cells = (
                f"{int(month)}/{int(number)}/{year}", term.campaign, self.names[term.campaign], term.group,
                f"Group {term.group}", term.id, term.text, "Exact", bid, f"{20 * clicks + 5:,}", clicks, f"{cost:.2f}",
                orders, f"{sales:,.2f}", "USD",
            )  # fmt: skip
            rows.append(",".join(f'"{cell}"' for cell in cells))
        header = (
            "TimePeriod,CampaignId,CampaignName,AdGroupId,AdGroupName,KeywordId,Keyword,BidMatchType,CurrentMaxCpc,"
            "Impressions,Clicks,Spend,Conversions,Revenue,CurrencyCode"
        )
        head = ['"Report Name: keywords"', f'"Report Time: {TODAY - DAYS},{today - 1}"', f'"Rows: {len(rows)}"', ""]
        names = ",".join(f'"{name}"' for name in header.split(","))
        foot = '"©2026 Microsoft Corporation. All rights reserved. "'
        (folder / "keywords.csv").write_text("\n".join([*head, names, *rows, foot]) + "\n", encoding="utf-8-sig")
        lines = ["Type,Status,Id,Parent Id,Campaign,Budget Id,Budget,Budget Type,Bid Strategy Type,"
                 "Bid Strategy TargetRoas,Name", "Format Version,,,,,,,,,,6.0"]  # fmt: skip
        for name, title in self.names.items():
            kind = "TargetRoas" if name in self.smart else "ManualCpc"
            budget, roas = self.state["campaign_budget", name], self.state.get(("target", name), "")
            lines.append(f"Campaign,Active,{name},4711,{title},,{budget},DailyBudgetStandard,{kind},{roas},")
            lines.append(f"Ad Group,Active,9{name},{name},{title},,,,,,")
        (folder / "campaigns-bulk.csv").write_text("\n".join(lines) + "\n")

    def upload(self, files: Sequence[Path]) -> None:
        for file in files:
            version, *rows = rows_of(file)
            assert (version["Type"], version["Name"]) == ("Format Version", "6.0")
            for row in rows:
                if row["Type"] == "Keyword":
                    (term,) = (term for term in self.terms if term.id == row["Id"])
                    assert row["Parent Id"] == term.group
                    self.set("bid", row["Id"], row["Bid"])
                else:
                    assert row["Type"] == "Campaign"
                    if row["Budget"]:
                        self.set("campaign_budget", row["Id"], row["Budget"])
                    if row["Bid Strategy TargetRoas"]:
                        self.set("target", row["Id"], row["Bid Strategy TargetRoas"])


class Meta(Console):
    """Ad sets by day as Ads Manager exports them: cost caps, least returns, and a campaign that has a budget alone."""

    def __init__(self) -> None:
        campaigns = [f"1202100000000000{n}" for n in (11, 12, 13)]
        terms = terms_of(lambda n: f"12021000000000{100 + n}", campaigns, ["", "", ""], "0.90", count=12)
        capped, floored, _ = campaigns
        state = {("bid", term.id): "14.00" for term in terms if term.campaign == capped}
        state |= {("target", term.id): "2.50" for term in terms if term.campaign == floored}
        state |= {("campaign_budget", name): "40.00" for name in campaigns}
        names = {name: f"Prospecting {name[-2:]}" for name in campaigns}
        super().__init__(terms, state, tuple(campaigns), "meta", "ad-sets.csv", names)
        self.strategies = dict(zip(campaigns, ("Cost cap", "Minimum ROAS", "Highest volume"), strict=True))

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        lines = [
            "Reporting starts,Reporting ends,Campaign ID,Campaign name,Ad set ID,Ad set name,Amount spent (USD),"
            "Impressions,Link clicks,Purchases,Purchases conversion value,Bid amount,Minimum ROAS,Bid strategy,"
            "Campaign daily budget,Ad set delivery"
        ]
        for day, term, clicks, cost, orders, sales in self.days(today):
            cap, floor = self.state.get(("bid", term.id), ""), self.state.get(("target", term.id), "")
            lines.append(
                f"{day},{day},{term.campaign},{self.names[term.campaign]},{term.id},{term.text},{cost:.2f},"
                f"{100 * clicks},{clicks},{orders},{sales:.2f},{cap},{floor},{self.strategies[term.campaign]},"
                f"{self.state['campaign_budget', term.campaign]},active"
            )
        (folder / "ad-sets.csv").write_text("\n".join(lines) + "\n")

    def upload(self, files: Sequence[Path]) -> None:
        for file in files:
            for row in rows_of(file):
                if row["Bid Amount"]:
                    self.set("bid", row["Ad Set ID"], row["Bid Amount"])
                if row["ROAS Average Floor"]:
                    self.set("target", row["Ad Set ID"], row["ROAS Average Floor"])
                if row["Campaign Daily Budget"]:
                    assert not row["Ad Set ID"]
                    self.set("campaign_budget", row["Campaign ID"], row["Campaign Daily Budget"])


class Other(Console):
    """A retailer's own table, in semicolons and decimal commas, with a map."""

    MAP = (
        'files = "instacart*.csv"\n[columns]\ndate = "Day"\ntarget_id = "Keyword UUID"\ntarget = "Keyword"\n'
        'campaign_id = "Campaign UUID"\ncampaign = "Campaign"\nbid = "CPC bid"\nclicks = "Clicks"\ncost = "Ad spend"\n'
        'orders = "Orders 14d"\nsales = "Sales 14d"\ndaily_budget = "Daily budget"\n'
    )

    def __init__(self) -> None:
        campaigns = ["c-1", "c-2"]
        terms = terms_of(lambda n: f"kw-{n:03d}-a{n}", campaigns, ["", ""], "0.85")
        state = state_of(terms) | {("campaign_budget", name): "70.00" for name in campaigns}
        names = {name: f"Milk {name}" for name in campaigns}
        super().__init__(terms, state, platform="other", report="instacart*.csv", names=names)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "retailer.map.toml").write_text(self.MAP)
        lines = [
            "Day;Keyword UUID;Keyword;Campaign UUID;Campaign;CPC bid;Clicks;Ad spend;Orders 14d;Sales 14d;Daily budget"
        ]
        for day, term, clicks, cost, orders, sales in self.days(today):
            amounts = (self.state["bid", term.id], clicks, f"{cost:.2f}", orders, f"{sales:.2f}")
            told = ";".join(str(amount).replace(".", ",") for amount in amounts)
            budget = self.state["campaign_budget", term.campaign].replace(".", ",")
            lines.append(f"{day};{term.id};{term.text};{term.campaign};{self.names[term.campaign]};{told};{budget}")
        (folder / "instacart-may.csv").write_text("\n".join(lines) + "\n")

    def upload(self, files: Sequence[Path]) -> None:
        for file in files:
            for row in rows_of(file):
                entity = row["target_id"] or row["campaign_id"]
                assert Decimal(self.state[row["kind"], entity]) == Decimal(row["old"])
                self.set(row["kind"], entity, row["new"])


CONSOLES: dict[str, Callable[[], Console]] = {
    "amazon": Amazon,
    "walmart": Walmart,
    "google": Google,
    "microsoft": Microsoft,
    "meta": Meta,
    "other": Other,
}
