"""Microsoft Advertising's keyword performance report: its columns by interface and by console."""

from bidding.reports.schema import Field, Schema
from bidding.reports.target_report import TargetReport
from bidding.snapshot import Platform

KEYWORD_REPORT = TargetReport(
    Schema(
        "Microsoft's keyword performance report",
        Platform.MICROSOFT,
        (
            Field("day", ("TimePeriod", "Time period", "Gregorian date", "Day"), required=True),
            Field("target", ("KeywordId", "Keyword ID"), required=True),
            Field("text", ("Keyword",), required=True),
            Field("match", ("BidMatchType", "Bid match type", "Match type")),
            Field("campaign", ("CampaignId", "Campaign ID"), required=True),
            Field("campaign_name", ("CampaignName", "Campaign name"), required=True),
            Field("ad_group", ("AdGroupId", "Ad group ID"), required=True),
            Field("ad_group_name", ("AdGroupName", "Ad group", "Ad group name")),
            Field("bid", ("CurrentMaxCpc", "Current maximum CPC", "Max. CPC", "Current max CPC"), required=True),
            Field("impressions", ("Impressions",), required=True),
            Field("clicks", ("Clicks",), required=True),
            Field("cost", ("Spend",), required=True),
            Field("orders", ("Conversions", "ConversionsQualified"), required=True),
            Field("sales", ("Revenue",), required=True),
            Field("currency", ("CurrencyCode", "Currency code")),
            Field("status", ("KeywordStatus", "Keyword status")),
            Field("ad_group_status", ("AdGroupStatus", "Ad group status")),
            Field("campaign_status", ("CampaignStatus", "Campaign status")),
            Field("strategy", ("BidStrategyType", "Bid strategy type")),
            Field("target_roas", ("TargetRoas", "Bid Strategy TargetRoas", "Target ROAS")),
            Field("budget", ("DailyBudget", "Daily budget", "Budget")),
        ),
        ("CurrentMaxCpc", "Current maximum CPC", "BidMatchType", "TimePeriod", "Bid match type"),
    ),
)
