"""Meta's ad-set insights by day: its columns by interface and by Ads Manager. Meta itself bids."""

from bidding.reports.schema import Field, Schema
from bidding.reports.target_report import TargetReport
from bidding.snapshot import Platform, TargetKind

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
            Field("budget", ("campaign_daily_budget", "Campaign daily budget")),
            Field("currency", ("account_currency", "Currency")),
            Field("status", ("adset_status", "Ad set delivery", "effective_status")),
            Field("campaign_status", ("campaign_status", "Campaign delivery")),
            Field("strategy", ("bid_strategy", "Bid strategy", "Ad set bid strategy", "Campaign bid strategy")),
        ),
        ("adset_id", "Ad set ID", "adset_name", "Ad set name"),
    ),
    kind=TargetKind.AD_SET,
    is_smart=True,
)
