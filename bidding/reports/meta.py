"""Meta's ad-set insights by day: its columns by interface and by Ads Manager. Meta itself bids."""

from collections.abc import Mapping

from bidding.reports.schema import Field, Schema
from bidding.reports.target_report import TargetReport
from bidding.snapshot import Platform, TargetKind

WHOLE_UNITS = frozenset({"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"})
"""Currencies whose bids and budgets Meta's interface states in whole units; those of all others in hundredths."""
BUDGETS = ("campaign_daily_budget", "campaign.daily_budget")
IN_HUNDREDTHS = ("bid_amount", *BUDGETS)
FLOORS = ("roas_average_floor", "bid_constraints.roas_average_floor")
ROAS_UNIT = 10_000.0


def units(currency: str) -> Mapping[str, float]:
    """By header of the interface, how many of the column's units are one; the console's headers are not among them."""
    hundredths = 1.0 if currency in WHOLE_UNITS else 100.0
    return dict.fromkeys(IN_HUNDREDTHS, hundredths) | dict.fromkeys(FLOORS, ROAS_UNIT)


AD_SET_REPORT = TargetReport(
    Schema(
        "Meta's ad set report",
        Platform.META,
        (
            Field("day", ("date_start", "Day", "Reporting starts"), required=True),
            Field("end_day", ("date_stop", "Reporting ends")),
            Field("target", ("adset_id", "Ad set ID"), required=True),
            Field("text", ("adset_name", "Ad set name"), required=True),
            Field("campaign", ("campaign_id", "Campaign ID"), required=True),
            Field("campaign_name", ("campaign_name", "Campaign name"), required=True),
            Field("impressions", ("impressions",), required=True),
            Field("clicks", ("inline_link_clicks", "Link clicks", "clicks", "Clicks (all)"), required=True),
            Field("cost", ("spend", "Amount spent"), required=True),
            Field("orders", ("purchases", "Purchases", "Website purchases", "Results"), required=True),
            Field(
                "sales",
                ("purchase_value", "Purchases conversion value", "Website purchases conversion value"),
                required=True,
            ),
            Field("bid", ("bid_amount", "Bid amount", "Bid", "Bid cap")),
            Field("budget", (*BUDGETS, "Campaign daily budget")),
            Field("target_roas", (*FLOORS, "Minimum ROAS", "ROAS control")),
            Field("currency", ("account_currency", "Currency")),
            Field("status", ("adset_status", "Ad set delivery", "effective_status")),
            Field("campaign_status", ("campaign_status", "Campaign delivery")),
            Field("strategy", ("bid_strategy", "Bid strategy", "Ad set bid strategy", "Campaign bid strategy")),
        ),
        ("adset_id", "Ad set ID", "adset_name", "Ad set name"),
    ),
    kind=TargetKind.AD_SET,
    is_smart=True,
    roas_of_target=True,
    units=units,
)
