"""Walmart Connect's keyword snapshot: its columns for an attribution window. Searched keywords are added up."""

from bidding.reports.schema import Field, Schema
from bidding.reports.target_report import TargetReport
from bidding.snapshot import Platform


def results_within(window: int) -> tuple[Field, ...]:
    """Clicks, cost and what was sold within `window` days of the click, as every report of Walmart's names them."""
    return (
        Field("clicks", ("numAdsClicks", "Clicks"), required=True),
        Field("cost", ("adSpend", "Ad Spend"), required=True),
        Field(
            "sales",
            (f"attributedSales{window}days", f"totalAttributedSales{window}days", "Total Attributed Sales"),
            required=True,
        ),
        Field("orders", (f"attributedOrders{window}days", f"unitsSold{window}days", "Conversions"), required=True),
    )


def keyword_snapshot(window: int) -> TargetReport:
    """The report with sales within `window` days of the click; names as its interface and its console have them."""
    fields = (
        Field("day", ("date", "Date"), required=True),
        Field("target", ("keywordId", "Keyword ID"), required=True),
        Field("text", ("biddedKeyword", "biddedKeywords", "Bidded Keyword"), required=True),
        Field("term", ("searchedKeyword", "Searched Keyword")),
        Field("match", ("matchType", "Match Type")),
        Field("campaign", ("campaignId", "Campaign ID"), required=True),
        Field("campaign_name", ("campaignName", "Campaign Name")),
        Field("ad_group", ("adGroupId", "Ad Group ID"), required=True),
        Field("ad_group_name", ("adGroupName", "Ad Group Name", "adGroup")),
        Field("product", ("campaignType", "Campaign Type")),
        Field("bid", ("bid", "Bid"), required=True),
        Field("impressions", ("numAdsShown", "Impressions"), required=True),
        *results_within(window),
        Field("same_sku_sales", (f"advertisedSkuSales{window}days", f"directAttributedSales{window}days")),
        Field("halo_sales", (f"brandClickRevenue{window}days",)),
        Field("new_to_brand_sales", (f"ntbRevenue{window}days", f"newToBrandRevenue{window}days")),
        Field("status", ("keywordState", "Keyword State", "status")),
        Field("campaign_status", ("campaignState", "Campaign State")),
        Field("budget", ("dailyBudget", "Daily Budget")),
        Field("currency", ("currency", "Currency")),
    )
    schema = Schema("Walmart's keyword snapshot", Platform.WALMART, fields, ("numAdsShown", "biddedKeyword", "adSpend"))
    return TargetReport(schema, product="SP")
