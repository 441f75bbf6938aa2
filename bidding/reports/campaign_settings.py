"""Lists of campaigns beside a platform's report of keywords: daily budgets and targets on return that the report lacks.

Microsoft's bulk file has them in its campaign rows, Walmart's interface in its list of campaigns.
"""

from collections.abc import Mapping

import numpy as np

from bidding.reports.labels import products, running, strategies
from bidding.reports.parsed import Parsed, ParsedCampaigns, chosen
from bidding.reports.rows import Rows, text_array
from bidding.reports.schema import Field, Schema
from bidding.reports.table import Table
from bidding.snapshot import Placement, Platform

NOT_TOLD = -1
"""Stands for a strategy that a list does not tell."""
MICROSOFT_BULK = Schema(
    "Microsoft's bulk file",
    Platform.MICROSOFT,
    (
        Field("type", ("Type",), required=True),
        Field("campaign", ("Id",), required=True),
        Field("campaign_name", ("Campaign",), required=True),
        Field("parent", ("Parent Id",), required=True),
        Field("budget", ("Budget",), required=True),
        Field("shared", ("Budget Id",)),
        Field("strategy", ("Bid Strategy Type",)),
        Field("target_roas", ("Bid Strategy TargetRoas",)),
        Field("status", ("Status",)),
    ),
    ("Parent Id",),
)
WALMART_CAMPAIGNS = Schema(
    "Walmart's list of campaigns",
    Platform.WALMART,
    (
        Field("campaign", ("campaignId", "Campaign ID"), required=True),
        Field("campaign_name", ("name", "Campaign Name"), required=True),
        Field("budget", ("dailyBudget", "Daily Budget"), required=True),
        Field("kind", ("targetingType", "Targeting Type"), required=True),
        Field("strategy", ("biddingStrategy.strategy", "biddingStrategy", "Bidding Strategy")),
        Field("product", ("campaignType", "Campaign Type")),
        Field("status", ("status", "Status")),
    ),
    ("targetingType",),
)


def read_settings(table: Table, places: Mapping[str, int], currency: str, schema: Schema) -> Parsed:
    """Campaigns with what is set of them; other rows of the file are passed over. A shared budget is not its own."""
    rows = Rows(table, places, currency)
    kinds = [cell.strip().casefold() for cell in rows.raw("type")]
    mine = np.array([kind in ("", "campaign") for kind in kinds], dtype=bool)
    ids = rows.ids("campaign", where=mine)
    budget = rows.numbers("budget", np.nan)
    shared = np.array([bool(cell.strip()) for cell in rows.raw("shared")], dtype=bool)
    told = np.full(len(ids), NOT_TOLD, dtype=np.int64)
    unknown: set[str] = set()
    if rows.has("strategy"):
        told[mine] = strategies(rows.texts("strategy")[mine], unknown)
    everything = ParsedCampaigns(
        ids=ids,
        names=rows.texts("campaign_name"),
        portfolios=np.full(len(ids), "", dtype=object),
        product=text_array([products(cell) for cell in rows.raw("product")]),
        strategy=told,
        daily_budget=np.where(shared, np.nan, budget),
        modifiers=np.zeros((len(ids), len(Placement))),
        enabled=running(rows.texts("status")),
        end=np.full(len(ids), np.datetime64("NaT"), dtype="datetime64[D]"),
        target_roas=rows.returns("target_roas"),
        target_cpa=np.full(len(ids), np.nan),
        adjustable=np.zeros((len(ids), len(Placement)), dtype=bool),
    )
    warnings = [f"{table.file}: bidding strategy {name!r} is not known" for name in sorted(unknown)]
    return Parsed(
        schema.platform,
        table.file,
        campaigns=chosen(everything, mine & rows.kept()),
        rejected=rows.rejected(),
        warnings=(*table.warnings, *warnings),
    )
