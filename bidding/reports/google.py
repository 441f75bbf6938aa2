"""Google Ads' keyword report and its bid simulations: columns by console and by interface; simulation points out.

Money is in millionths in the interface's rows. A keyword's id is unique in its ad group only, so that a target is
`<ad group>~<criterion>`, as Google's own resource names have it.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from bidding.reports.numbers import NoNumber, read_number
from bidding.reports.parsed import Parsed, ParsedSimulations
from bidding.reports.rows import Rows, text_array
from bidding.reports.schema import Field, Schema
from bidding.reports.table import Table
from bidding.reports.target_report import MICROS, TargetReport, target_ids
from bidding.snapshot import Platform

AD_GROUP = Field("ad_group", ("Ad group ID", "ad_group.id"), required=True)
KEYWORD_REPORT = TargetReport(
    Schema(
        "Google's keyword report",
        Platform.GOOGLE,
        (
            Field("day", ("Day", "segments.date"), required=True),
            Field("target", ("Keyword ID", "Criterion ID", "ad_group_criterion.criterion_id"), required=True),
            AD_GROUP,
            Field("campaign", ("Campaign ID", "campaign.id"), required=True),
            Field("text", ("Search keyword", "Keyword", "ad_group_criterion.keyword.text"), required=True),
            Field(
                "match",
                ("Match type", "Search keyword match type", "ad_group_criterion.keyword.match_type"),
            ),
            Field("campaign_name", ("Campaign", "campaign.name"), required=True),
            Field("ad_group_name", ("Ad group", "ad_group.name"), required=True),
            Field("impressions", ("Impr.", "Impressions", "metrics.impressions"), required=True),
            Field("clicks", ("Clicks", "metrics.clicks"), required=True),
            Field("cost", ("Cost",)),
            Field("cost_micros", ("metrics.cost_micros",)),
            Field("orders", ("Conversions", "metrics.conversions"), required=True),
            Field("sales", ("Conv. value", "Conversion value", "metrics.conversions_value"), required=True),
            Field("bid", ("Max. CPC", "Keyword max CPC", "Default max. CPC")),
            Field(
                "bid_micros",
                ("ad_group_criterion.effective_cpc_bid_micros", "ad_group_criterion.cpc_bid_micros"),
            ),
            Field("budget", ("Budget", "Campaign daily budget")),
            Field("budget_micros", ("campaign_budget.amount_micros",)),
            Field("currency", ("Currency code", "customer.currency_code")),
            Field("status", ("Keyword state", "Search keyword status", "ad_group_criterion.status")),
            Field("ad_group_status", ("Ad group state", "ad_group.status")),
            Field("campaign_status", ("Campaign state", "campaign.status")),
            Field("strategy", ("Bid strategy type", "Campaign bid strategy type", "campaign.bidding_strategy_type")),
            Field(
                "target_roas",
                (
                    "Target ROAS",
                    "Campaign target ROAS",
                    "campaign.target_roas.target_roas",
                    "campaign.maximize_conversion_value.target_roas",
                ),
            ),
            Field("target_cpa", ("Target CPA", "Campaign target CPA")),
            Field(
                "target_cpa_micros",
                ("campaign.target_cpa.target_cpa_micros", "campaign.maximize_conversions.target_cpa_micros"),
            ),
            Field("out_of_budget", ("Search lost IS (budget)",)),
        ),
        ("Max. CPC", "Impr.", "segments.date", "Search keyword"),
        one_of=("cost", "cost_micros"),
    ),
    id_within_ad_group=True,
)
PREFIX = "ad_group_criterion_simulation"
SIMULATIONS = TargetReport(
    Schema(
        "Google's bid simulations",
        Platform.GOOGLE,
        (
            Field("target", ("Criterion ID", f"{PREFIX}.criterion_id"), required=True),
            Field("ad_group", ("Ad group ID", f"{PREFIX}.ad_group_id"), required=True),
            Field("start", ("Start date", f"{PREFIX}.start_date"), required=True),
            Field("end", ("End date", f"{PREFIX}.end_date"), required=True),
            Field("points", (f"{PREFIX}.cpc_bid_point_list.points", "points"), required=True),
        ),
        ("points", f"{PREFIX}.cpc_bid_point_list.points"),
    ),
    id_within_ad_group=True,
)
POINT = {
    "bid": ("cpcBidMicros", "cpc_bid_micros"),
    "impressions": ("impressions",),
    "clicks": ("clicks",),
    "cost": ("costMicros", "cost_micros"),
    "conversions": ("biddableConversions", "biddable_conversions"),
}
IN_MICROS = frozenset({"bid", "cost"})


def read_simulations(table: Table, places: Mapping[str, int], currency: str) -> Parsed:
    """The points of every simulation, per day of the period that was simulated."""
    rows = Rows(table, places, currency)
    ids, start, end = target_ids(rows, SIMULATIONS), rows.days("start"), rows.days("end")
    targets, ends = [], []
    values: dict[str, list[float]] = {name: [] for name in POINT}
    for place in np.flatnonzero(rows.kept()):
        days = int((end[place] - start[place]).astype(int)) + 1
        if days < 1:
            rows.lose(int(place), "end date lies before start date")
            continue
        try:
            points = [_point(entry, days) for entry in json.loads(rows.raw("points")[place])]
        except (ValueError, TypeError, AttributeError) as error:
            rows.lose(int(place), f"points: {error}")
            continue
        for point in points:
            targets.append(ids[place])
            ends.append(end[place])
            for name, value in point.items():
                values[name].append(value)
    arrays = {name: np.array(entries, dtype=np.float64) for name, entries in values.items()}
    told = ParsedSimulations(targets=text_array(targets), end=np.array(ends, dtype="datetime64[D]"), **arrays)
    return Parsed(Platform.GOOGLE, table.file, simulations=told, rejected=rows.rejected(), warnings=table.warnings)


def _point(entry: dict[str, Any], days: int) -> dict[str, float]:
    found = {}
    for name, keys in POINT.items():
        text = next((str(entry[key]) for key in keys if key in entry), "")
        number = read_number(text)
        if number is None and name in {"bid", "clicks", "cost"}:
            # The interface leaves out what is zero, but a point without a bid says nothing.
            if name == "bid":
                raise NoNumber("a point has no bid")
            number = read_number("0")
        value = float("nan") if number is None else float(number)
        scaled = value / MICROS if name in IN_MICROS else value
        found[name] = scaled if name == "bid" else scaled / days
    return found
