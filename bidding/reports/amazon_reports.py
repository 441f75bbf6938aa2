"""Amazon's reports v3 and their console downloads, by target or search term and day, in; daily results out.

Sales and orders are those of the account's attribution window; a report without that window is refused.
"""

from collections.abc import Mapping

import numpy as np

from bidding.errors import BidError
from bidding.reports.parsed import Parsed, ParsedDays, ParsedPlacements, chosen
from bidding.reports.rows import Rows
from bidding.reports.schema import Field, Schema
from bidding.reports.sums import summed
from bidding.reports.table import Table
from bidding.snapshot import Placement, Platform, Texts

WINDOWS = (1, 7, 14, 30)
COMMON = (
    Field("day", ("date", "Date", "Start Date", "startDate"), required=True),
    Field("end_day", ("endDate", "End Date")),
    Field("target", ("keywordId", "Keyword ID", "targetId", "targetingId")),
    Field("text", ("targeting", "Targeting", "keyword", "keywordText", "targetingText")),
    Field("match", ("matchType", "Match Type", "keywordType")),
    Field("campaign", ("campaignId", "Campaign ID")),
    Field("campaign_name", ("campaignName", "Campaign Name")),
    Field("ad_group_name", ("adGroupName", "Ad Group Name")),
    Field("currency", ("campaignBudgetCurrencyCode", "Currency", "Campaign Budget Currency Code")),
    Field("impressions", ("impressions", "Impressions")),
    Field("clicks", ("clicks", "Clicks"), required=True),
    Field("cost", ("cost", "Spend", "Cost", "Total cost"), required=True),
    Field("bid", ("keywordBid", "Keyword Bid", "Bid")),
    Field("new_to_brand_sales", ("newToBrandSales", "newToBrandSalesClicks")),
)
SEARCH_TERM = Field("term", ("searchTerm", "Customer Search Term", "Search Term", "query"), required=True)
PLACEMENT = Field("placement", ("placementClassification", "Placement"), required=True)

OFF_AMAZON = -1
PLACEMENTS = {
    "top of search on-amazon": Placement.TOP_OF_SEARCH,
    "top of search (first page)": Placement.TOP_OF_SEARCH,
    "other on-amazon": Placement.REST_OF_SEARCH,
    "rest of search": Placement.REST_OF_SEARCH,
    "detail page on-amazon": Placement.PRODUCT_PAGES,
    "product pages": Placement.PRODUCT_PAGES,
    "off amazon": OFF_AMAZON,
    "off-amazon": OFF_AMAZON,
}
"""As the interface and the console name them; what runs off Amazon has no increase to set."""


def targeting_report(window: int) -> Schema:
    """The report by target and day with sales within `window` days of the click."""
    return Schema("Amazon's targeting report", Platform.AMAZON, (*COMMON, *_sales(window)), ("keywordId", "Targeting"))


def search_term_report(window: int) -> Schema:
    """The report by search term, which names only terms with clicks."""
    fields = (*COMMON, *_sales(window), SEARCH_TERM)
    return Schema("Amazon's search term report", Platform.AMAZON, fields, SEARCH_TERM.headers)


def placement_report(window: int) -> Schema:
    """The report by campaign and placement."""
    fields = (*COMMON, *_sales(window), PLACEMENT)
    return Schema("Amazon's placement report", Platform.AMAZON, fields, PLACEMENT.headers)


def _sales(window: int) -> tuple[Field, ...]:
    return (
        Field("orders", (f"purchases{window}d", f"{window} Day Total Orders (#)", "purchases"), required=True),
        Field("sales", (f"sales{window}d", f"{window} Day Total Sales", "sales"), required=True),
        Field("same_sku_sales", (f"attributedSalesSameSku{window}d", f"{window} Day Advertised SKU Sales")),
        Field("halo_sales", (f"salesOtherSku{window}d", f"{window} Day Other SKU Sales")),
    )


def read_days(table: Table, places: Mapping[str, int], currency: str) -> Parsed:
    """Daily results by target: by its id, or by its names where the console gives no ids. Search terms are added up.

    Raises:
        BidError: the report is in another currency, has neither ids nor names, or has totals of several days.
    """
    rows = Rows(table, places, currency)
    rows.check_currency("currency")
    by_name = not rows.has("target")
    if by_name and not all(rows.has(field) for field in ("campaign_name", "ad_group_name", "text")):
        raise BidError(
            f"{table.file}: there is neither keywordId nor campaign name, ad group name and targeting: "
            "export it with them"
        )
    day = rows.days("day")
    if rows.has("end_day"):
        several = rows.days("end_day") != day
        rows.lose_where(several, "the row adds up several days: export the report by day")
    clicks, sales = rows.numbers("clicks"), rows.numbers("sales")
    halo = (
        rows.numbers("halo_sales", np.nan) if rows.has("halo_sales") else sales - rows.numbers("same_sku_sales", np.nan)
    )
    everything = ParsedDays(
        targets=name_keys(rows) if by_name else rows.ids("target"),
        campaigns=rows.ids("campaign") if rows.has("campaign") else rows.texts("campaign_name"),
        day=day,
        impressions=rows.numbers("impressions"),
        clicks=clicks,
        cost=rows.cost("cost", clicks),
        orders=rows.numbers("orders"),
        sales=sales,
        new_to_brand_sales=rows.numbers("new_to_brand_sales", np.nan),
        halo_sales=np.maximum(halo, 0.0),
        bid=rows.numbers("bid", np.nan),
        out_of_budget=np.zeros(len(table)),
        rows=table.rows,
        daily_bid=np.zeros(len(table), dtype=bool),
    )
    kept = chosen(everything, rows.kept())
    if rows.has("term"):
        kept = summed(kept)
    return Parsed(
        Platform.AMAZON,
        table.file,
        days=kept,
        by_name=by_name,
        fills_gaps=rows.has("term"),
        rejected=rows.rejected(),
        warnings=table.warnings,
    )


def read_placements(table: Table, places: Mapping[str, int], currency: str) -> Parsed:
    """Results by campaign and placement; totals of several days serve as well, at their first day.

    Raises:
        BidError: the report is in another currency, or names no campaign.
    """
    rows = Rows(table, places, currency)
    rows.check_currency("currency")
    if not (rows.has("campaign") or rows.has("campaign_name")):
        raise BidError(f"{table.file}: there is neither campaignId nor campaign name: export it with one of them")
    labels = [cell.strip().casefold().replace("on amazon", "on-amazon") for cell in rows.raw("placement")]
    placement = np.array([PLACEMENTS.get(label, -2) for label in labels], dtype=np.int64)
    clicks = rows.numbers("clicks")
    everything = ParsedPlacements(
        campaigns=rows.ids("campaign") if rows.has("campaign") else rows.texts("campaign_name"),
        placement=placement,
        day=rows.days("day"),
        clicks=clicks,
        cost=rows.cost("cost", clicks),
        orders=rows.numbers("orders"),
        sales=rows.numbers("sales"),
    )
    rows.lose_where(placement < OFF_AMAZON, f"{rows.header('placement')}: this placement is not known")
    kept = chosen(everything, rows.kept() & (placement > OFF_AMAZON))
    return Parsed(Platform.AMAZON, table.file, placements=kept, rejected=rows.rejected(), warnings=table.warnings)


def name_keys(rows: Rows) -> Texts:
    """A key of campaign, ad group, text and match type for each row, by which a target is found without its id."""
    match = [cell.strip().casefold() for cell in rows.raw("match")]
    parts = zip(rows.raw("campaign_name"), rows.raw("ad_group_name"), rows.raw("text"), match, strict=True)
    return np.array([name_key(*part) for part in parts], dtype=object)


def name_key(campaign: str, ad_group: str, text: str, match: str) -> str:
    """The key of one target; the match type only where it is that of a keyword."""
    kind = match if match in {"exact", "phrase", "broad"} else ""
    return "\x1f".join((campaign.strip(), ad_group.strip(), text.strip(), kind))
