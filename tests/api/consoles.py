"""Consoles of six platforms, for tests: each writes its exports as that platform does and takes bulk files back."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import numpy as np

from tests.api.amazon_console import Amazon
from tests.api.console import DAYS, TODAY, Console, rows_of, state_of, terms_of


def dealt(
    console: Console,
    parts: Mapping[str, tuple[str, float, float]],
    today: np.datetime64,
    told: Callable[[str, str], str] | None = None,
) -> Iterator[str]:
    """Lines of day, campaign, part, clicks, cost, orders, sales: a campaign's day in shares of clicks and sales."""
    found: dict[tuple[str, str], list[float]] = {}
    for day, term, clicks, cost, orders, sales in console.days(today):
        sums = found.setdefault((str(day), term.campaign), [0.0] * 4)
        found[str(day), term.campaign] = [a + b for a, b in zip(sums, (clicks, cost, orders, sales), strict=True)]
    for (day, campaign), (clicks, cost, orders, sales) in found.items():
        for own, (label, clicked, sold) in parts.items():
            more = "" if told is None else f",{told(campaign, own)}"
            yield (
                f"{day},{campaign},{label},{round(clicked * clicks)},{clicked * cost:.2f},{sold * orders:.2f},"
                f"{sold * sales:.2f}{more}"
            )


class Walmart(Console):
    """Keyword snapshot with searched keywords, the interface's lists of campaigns and multipliers, results by both."""

    PLACES: ClassVar[dict[str, tuple[str, float, float]]] = {
        "buy_box": ("Buy-Box", 0.5, 0.3),
        "search_in_grid": ("Search Ingrid", 0.5, 0.7),
    }
    DEVICES: ClassVar[dict[str, tuple[str, float, float]]] = {
        "desktop": ("Desktop", 0.3, 0.45),
        "mobile": ("Mobile", 0.3, 0.2),
        "app": ("App", 0.4, 0.35),
    }
    """By our names: the platform's, share of clicks, share of sales."""

    def __init__(self) -> None:
        campaigns, groups = ["711", "712"], ["811", "812"]
        terms = terms_of(lambda n: f"9{n:05d}", campaigns, groups, "0.80")
        state = state_of(terms) | {("campaign_budget", name): "90.00" for name in campaigns}
        state |= {("placement", f"{name}:{own}"): "0" for name in campaigns for own in (*self.PLACES, *self.DEVICES)}
        state["placement", "711:buy_box"] = "20"
        names = {name: f"Shoes {name}" for name in campaigns}
        super().__init__(terms, state, platform="walmart", names=names)

    def _multipliers(self, folder: Path, today: np.datetime64) -> None:
        """Snapshots by placement and by platform, and what the interface lists."""
        for key, kind, parts in (
            ("placement", "placementType", self.PLACES),
            ("platform", "platformType", self.DEVICES),
        ):
            header = f"date,campaignId,{key},numAdsClicks,adSpend,attributedOrders14days,attributedSales14days"
            lines = [header, *dealt(self, parts, today)]
            (folder / f"{key}.csv").write_text("\n".join(lines) + "\n")
            listed = [
                {"campaignId": int(name), kind: label, "multiplier": float(self.state["placement", f"{name}:{own}"])}
                for name in self.names
                for own, (label, *_) in parts.items()
            ]
            (folder / f"{key}-multipliers.json").write_text(json.dumps(listed))

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
        self._multipliers(folder, today)

    def upload(self, files: Sequence[Path]) -> None:
        own = {label: name for parts in (self.PLACES, self.DEVICES) for name, (label, *_) in parts.items()}
        for file in files:
            for row in rows_of(file):
                if "multiplier" in row:
                    label = row["placementType"] if "placementType" in row else row["platformType"]
                    assert Decimal(row["multiplier"]) >= 0
                    self.set("placement", f"{row['campaignId']}:{own[label]}", row["multiplier"])
                elif "bid" in row:
                    term = next(term for term in self.terms if term.id == row["keywordId"])
                    assert (row["campaignId"], row["adGroupId"]) == (term.campaign, term.group)
                    assert Decimal(row["bid"]) >= Decimal("0.30")
                    self.set("bid", row["keywordId"], row["bid"])
                else:
                    assert Decimal(row["dailyBudget"]) >= 50
                    self.set("campaign_budget", row["campaignId"], row["dailyBudget"])


class Google(Console):
    """The console's keyword report with preamble and total, smart campaigns with a target ROAS and a target CPA,
    results by device with their bid adjustments, and bid simulations."""

    DEVICES: ClassVar[dict[str, tuple[str, float, float]]] = {
        "desktop": ("Computers", 0.4, 0.55), "mobile": ("Mobile phones", 0.55, 0.4), "tablet": ("Tablets", 0.05, 0.05)
    }  # fmt: skip
    """By our names: the console's, share of clicks, share of sales."""

    def __init__(self) -> None:
        campaigns, groups = ["11", "12", "13", "14"], ["21", "22", "23", "24"]
        terms = terms_of(lambda n: f"{300 + n // 4}", campaigns, groups, "0.90")
        state = {("bid", f"{term.group}~{term.id}"): term.bid for term in terms if term.campaign < "13"}
        state |= {("campaign_budget", name): "60.00" for name in campaigns}
        state |= {("target", "13"): "4.00", ("target", "14:target_cpa"): "9.00"}
        state |= {("placement", f"{name}:{own}"): "0" for name in campaigns for own in self.DEVICES}
        state["placement", "11:mobile"] = "-10"
        names = {name: f"Shop {name}" for name in campaigns}
        super().__init__(terms, state, ("13", "14"), "google", names=names)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        folder.mkdir(exist_ok=True)
        lines = [
            "Search keyword report",
            f'"{TODAY - DAYS} - {today - 1}"',
            "Day,Campaign ID,Campaign,Ad group ID,Ad group,Keyword ID,Search keyword,Match type,Max. CPC,Impr.,Clicks,"
            "Cost,Conversions,Conv. value,Currency code,Campaign state,Bid strategy type,Target ROAS,Target CPA,"
            "Search lost IS (budget),Budget",
        ]
        for day, term, clicks, cost, orders, sales in self.days(today):
            smart = term.campaign in self.smart
            target = self.state.get(("target", term.campaign))
            roas = f"{100 * float(target):g}%" if target else " --"
            order = self.state.get(("target", f"{term.campaign}:target_cpa"), " --")
            bid = " --" if smart else self.state["bid", f"{term.group}~{term.id}"]
            budget, strategy = (
                self.state["campaign_budget", term.campaign],
                "Manual CPC" if not smart else "Target ROAS" if target else "Target CPA",
            )
            group, results = f"{term.group},Group {term.group}", f"{clicks},{cost:.2f},{orders}.00"
            lines.append(
                f"{day},{term.campaign},{self.names[term.campaign]},{group},{term.id},{term.text},Exact match,{bid},"
                f'"{1000 + 20 * clicks:,}",{results},"{sales:,.2f}",USD,Enabled,{strategy},{roas},{order},'
                f"< 10%,{budget}"
            )
        lines.append("Total: Account, , , , , , , , ,,,,,,USD, , , , , , ")
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
        header = "Day,Campaign ID,Device,Clicks,Cost,Conversions,Conv. value,Bid adj."
        (folder / "devices.csv").write_text(
            "\n".join([header, *dealt(self, self.DEVICES, today, self._adjustment)]) + "\n"
        )

    def _adjustment(self, campaign: str, device: str) -> str:
        value = int(self.state["placement", f"{campaign}:{device}"])
        return f"{value:+d}%" if value else " --"

    def upload(self, files: Sequence[Path]) -> None:
        by_name = {title: name for name, title in self.names.items()}
        for file in files:
            for row in rows_of(file):
                campaign = by_name[row["Campaign"]]
                for device in self.DEVICES:
                    if row[f"{device.capitalize()} Bid Modifier"]:
                        self.set("placement", f"{campaign}:{device}", row[f"{device.capitalize()} Bid Modifier"])
                if row["Target ROAS"]:
                    assert row["Target ROAS"].endswith("%"), "the Editor takes a percentage"
                    self.set("target", campaign, str(Decimal(row["Target ROAS"][:-1]) / 100))
                if row["Target CPA"]:
                    self.set("target", f"{campaign}:target_cpa", row["Target CPA"])
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
