"""Amazon's console, for tests: its two reports, its bulksheet, and that bulksheet uploaded again."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import openpyxl

from tests.api.console import TODAY, Console, state_of, terms_of
from tests.bidding.reports.conftest import BULK_HEADER, REPORT_HEADER, csv_text


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
