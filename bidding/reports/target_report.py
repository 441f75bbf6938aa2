"""A report that tells of each target and day both the bid and the results in; campaigns, targets and days out.

Every platform but Amazon gives such a report; what differs between them stands in their `TargetReport`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bidding.errors import BidError
from bidding.reports.identifiers import read_id
from bidding.reports.labels import gone, matches, products, running, strategies
from bidding.reports.parsed import Parsed, ParsedCampaigns, ParsedDays, ParsedTargets, chosen
from bidding.reports.rows import Rows
from bidding.reports.schema import Schema
from bidding.reports.sums import summed
from bidding.reports.table import Table
from bidding.snapshot import Days, FloatArray, IntArray, Match, Placement, Strategy, TargetKind, Texts

MICROS = 1e6
ROW_COUNT = re.compile(r"\"?rows\"?\s*[:,;\t]+\s*\"?([\d,]+)", re.IGNORECASE)
AUTOMATIC = frozenset({"auto", "automatic", "targeting_expression_predefined"})


def no_units(_: str) -> Mapping[str, float]:
    """Amounts of any currency stand in units of money."""
    return {}


@dataclass(frozen=True)
class TargetReport:
    """How a platform's report is read.

    Attributes:
        schema: its columns.
        kind: of its targets.
        read_id: of targets, campaigns and ad groups.
        id_within_ad_group: whether a target's id is unique in its ad group only; it then becomes `group~id`.
        is_smart: whether the platform sets bids itself, whatever its strategy is called.
        daily_bid: whether the report's bid is that of the row's day.
        product: where the report names no ad product.
        roas_of_target: whether a target on return is the target's own, not its campaign's.
        units: of a currency, by header as it stands: how many of the column's units are one.
    """

    schema: Schema
    kind: TargetKind = TargetKind.KEYWORD
    read_id: Callable[[str], str] = read_id
    id_within_ad_group: bool = False
    is_smart: bool = False
    daily_bid: bool = False
    product: str = ""
    roas_of_target: bool = False
    units: Callable[[str], Mapping[str, float]] = no_units


def read_target_report(table: Table, places: Mapping[str, int], currency: str, report: TargetReport) -> Parsed:
    """What the report told; rows of one target and day are added up.

    Raises:
        BidError: it is in another currency, or has not as many rows as it says.
    """
    check_row_count(table)
    rows = Rows(table, places, currency)
    rows.check_currency("currency")
    day = rows.days("day")
    if rows.has("end_day"):
        rows.lose_where(rows.days("end_day") != day, "the row adds up several days: export the report by day")
    ids = target_ids(rows, report)
    campaign = rows.ids("campaign", report.read_id)
    stated, twofold = _with_one_target(_stated(rows, currency, report), campaign)
    days = _days(rows, ids, campaign, day, stated, report)
    unknown: set[str] = set()
    targets = _targets(rows, ids, campaign, stated, report)
    campaigns = _campaigns(rows, campaign, stated, report, unknown)
    kept = rows.kept()
    # The last day's row of each has the state that is nearest to now.
    order = np.flatnonzero(kept)[np.argsort(day[kept], kind="stable")[::-1]]
    warnings = [f"{table.file}: bidding strategy {name!r} is not known" for name in sorted(unknown)]
    newest_targets, newest_campaigns = _firsts(ids, order), _firsts(campaign, order)
    alive = ~gone(rows.texts("status"))
    return Parsed(
        report.schema.platform,
        table.file,
        chosen(campaigns, newest_campaigns),
        chosen(targets, newest_targets[alive[newest_targets]]),
        summed(chosen(days, kept)),
        rejected=rows.rejected(),
        warnings=(*table.warnings, *warnings, *(f"{table.file}: {words}" for words in twofold)),
    )


def target_ids(rows: Rows, report: TargetReport) -> Texts:
    """The id of each row's target, unique in the account."""
    ids = rows.ids("target", report.read_id)
    if not report.id_within_ad_group:
        return ids
    groups = rows.ids("ad_group", report.read_id)
    return np.array([f"{group}~{name}" for group, name in zip(groups, ids, strict=True)], dtype=object)


def check_row_count(table: Table) -> None:
    """Refuse a report that says how many rows it has and has not.

    Raises:
        BidError: some are missing.
    """
    here = len(table) + len(table.torn)
    for note in table.notes:
        told = ROW_COUNT.match(note)
        if told and int(told[1].replace(",", "")) != here:
            raise BidError(
                f"{table.file} says that it has {told[1]} rows and has {here}: it is cut short; download it again"
            )


@dataclass(frozen=True, eq=False)
class _Stated:
    """What is set on the platform: bids, daily budgets and targets on the cost of an order, money; targets on return.

    NaN where not told, `(N,)`.
    """

    bid: FloatArray
    budget: FloatArray
    roas: FloatArray
    cpa: FloatArray


def _stated(rows: Rows, currency: str, report: TargetReport) -> _Stated:
    units = report.units(currency)

    def amount(field: str) -> FloatArray:
        """In units of money, in the units that the header stands for or, in another column, in millionths."""
        if rows.has(f"{field}_micros"):
            return rows.numbers(f"{field}_micros", np.nan) / MICROS
        return rows.numbers(field, np.nan) / units.get(rows.header(field), 1.0)

    roas = rows.returns("target_roas", units.get(rows.header("target_roas"), 1.0))
    cpa = amount("target_cpa")
    return _Stated(amount("bid"), amount("budget"), roas, np.where(cpa > 0, cpa, np.nan))


def _with_one_target(stated: _Stated, campaign: Texts) -> tuple[_Stated, tuple[str, ...]]:
    """The same without targets of campaigns that state two: a platform bids for one of them, and which is not told."""
    both = np.isfinite(stated.roas) & np.isfinite(stated.cpa)
    if not both.any():
        return stated, ()
    names = ", ".join(dict.fromkeys(campaign[both].tolist()))
    words = f"campaigns {names} state a target ROAS and a target CPA: neither is set; export the campaigns' own columns"
    roas, cpa = (np.where(both, np.nan, values) for values in (stated.roas, stated.cpa))
    return replace(stated, roas=roas, cpa=cpa), (words,)


def _days(rows: Rows, ids: Texts, campaign: Texts, day: Days, stated: _Stated, report: TargetReport) -> ParsedDays:
    clicks, sales = rows.numbers("clicks"), rows.numbers("sales")
    halo = rows.numbers("halo_sales", np.nan)
    if not rows.has("halo_sales") and rows.has("same_sku_sales"):
        halo = np.maximum(sales - rows.numbers("same_sku_sales"), 0.0)
    return ParsedDays(
        targets=ids,
        campaigns=campaign,
        day=day,
        impressions=rows.numbers("impressions"),
        clicks=clicks,
        cost=rows.cost("cost_micros", clicks) / MICROS if rows.has("cost_micros") else rows.cost("cost", clicks),
        orders=rows.numbers("orders"),
        sales=sales,
        new_to_brand_sales=rows.numbers("new_to_brand_sales", np.nan),
        halo_sales=halo,
        bid=stated.bid,
        out_of_budget=rows.shares("out_of_budget"),
        rows=rows.table.rows,
        daily_bid=np.full(len(rows.table), report.daily_bid),
    )


def _targets(rows: Rows, ids: Texts, campaign: Texts, stated: _Stated, report: TargetReport) -> ParsedTargets:
    match = rows.texts("match")
    automatic = np.array([text.casefold() in AUTOMATIC for text in match], dtype=bool)
    runs = (
        running(rows.texts("status")) & running(rows.texts("ad_group_status")) & running(rows.texts("campaign_status"))
    )
    groups = rows.ids("ad_group", report.read_id) if rows.has("ad_group") else rows.texts("ad_group_name")
    return ParsedTargets(
        ids=ids,
        texts=rows.texts("text"),
        campaigns=campaign,
        ad_groups=groups,
        ad_group_names=rows.texts("ad_group_name"),
        kind=np.where(automatic, TargetKind.AUTO, report.kind).astype(np.int64),
        match=np.where(report.kind == TargetKind.KEYWORD, matches(match), Match.NONE).astype(np.int64),
        bid=stated.bid,
        enabled=runs,
        sku=rows.texts("sku"),
        target_roas=stated.roas if report.roas_of_target else np.full(len(ids), np.nan),
    )


def _campaigns(
    rows: Rows, campaign: Texts, stated: _Stated, report: TargetReport, unknown: set[str]
) -> ParsedCampaigns:
    count = len(campaign)
    strategy = strategies(rows.texts("strategy"), unknown)
    if report.is_smart:
        strategy[:] = Strategy.SMART
        unknown.clear()
    product = np.array([products(cell) or report.product for cell in rows.raw("product")], dtype=object)
    return ParsedCampaigns(
        ids=campaign,
        names=rows.texts("campaign_name"),
        portfolios=np.full(count, "", dtype=object),
        product=product,
        strategy=strategy,
        daily_budget=stated.budget,
        modifiers=np.zeros((count, len(Placement))),
        enabled=running(rows.texts("campaign_status")),
        end=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
        target_roas=np.full(count, np.nan) if report.roas_of_target else stated.roas,
        target_cpa=stated.cpa,
        adjustable=np.zeros((count, len(Placement)), dtype=bool),
    )


def _firsts(names: Texts, order: IntArray) -> IntArray:
    """The first row of each name in this order, rows rising."""
    seen: dict[str, int] = {}
    for place in order.tolist():
        seen.setdefault(names[place], place)
    return np.array(sorted(seen.values()), dtype=np.int64)
