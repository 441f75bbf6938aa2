"""Amazon's bulksheet 2.0 (XLSX or CSV) in; campaigns, placement increases, targets and the bids in force out."""

from collections.abc import Mapping

import numpy as np

from bidding.errors import BidError
from bidding.reports.labels import gone, matches, products, running, strategies
from bidding.reports.parsed import Parsed, ParsedCampaigns, ParsedTargets, chosen
from bidding.reports.rows import Rows
from bidding.reports.schema import Field, Schema
from bidding.reports.table import Table
from bidding.snapshot import BoolArray, IntArray, Match, Placement, Platform, TargetKind, Texts

BULKSHEET = Schema(
    "Amazon's bulksheet 2.0",
    Platform.AMAZON,
    (
        Field("entity", ("Entity",), required=True),
        Field("operation", ("Operation",)),
        Field("product", ("Product",)),
        Field("campaign", ("Campaign Id",), required=True),
        Field("ad_group", ("Ad Group Id",)),
        Field("portfolio", ("Portfolio Id",), required=True),
        Field("keyword", ("Keyword Id",), required=True),
        Field("targeting", ("Product Targeting Id", "Targeting Id")),
        Field("campaign_name", ("Campaign Name",)),
        Field("ad_group_name", ("Ad Group Name",)),
        Field("end", ("End Date",), required=True),
        Field("state", ("State",), required=True),
        Field("budget", ("Daily Budget", "Budget")),
        Field("sku", ("SKU",)),
        Field("asin", ("ASIN",)),
        Field("default_bid", ("Ad Group Default Bid",)),
        Field("bid", ("Bid",), required=True),
        Field("text", ("Keyword Text",)),
        Field("match", ("Match Type",)),
        Field("strategy", ("Bidding Strategy",)),
        Field("placement", ("Placement",)),
        Field("percentage", ("Percentage",)),
        Field("expression", ("Product Targeting Expression", "Targeting Expression")),
    ),
    telling=("Entity",),
)
"""Portfolio and end date are required because an update of a campaign that leaves them blank clears both."""
PLACEMENTS = {
    "placement top": Placement.TOP_OF_SEARCH,
    "placementtop": Placement.TOP_OF_SEARCH,
    "placement rest of search": Placement.REST_OF_SEARCH,
    "placementrestofsearch": Placement.REST_OF_SEARCH,
    "placement product page": Placement.PRODUCT_PAGES,
    "placementproductpage": Placement.PRODUCT_PAGES,
}
AUTOMATIC = frozenset({"close-match", "loose-match", "substitutes", "complements"})
LARGEST_INCREASE = 9.0


def read_bulksheet(table: Table, places: Mapping[str, int], currency: str, today: np.datetime64) -> Parsed:
    """What the sheet holds. A target without a bid of its own has its ad group's default; archived ones are left out.

    Raises:
        BidError: the sheet is one to upload, not one that was downloaded.
    """
    rows = Rows(table, places, currency)
    if any(cell.strip() for cell in rows.raw("operation")):
        raise BidError(f"{table.file} is a bulksheet to upload, with operations in it: download a fresh one")
    entity = np.array([cell.casefold().removesuffix("s") for cell in rows.raw("entity")], dtype=object)
    others = np.array([products(cell) not in {"SP", ""} for cell in rows.raw("product")], dtype=bool)
    # What bulk files cannot change is not read either: a bid that is proposed must be one that can be written.
    entity[others] = "of another product"
    unknown: set[str] = set()
    campaigns = _campaigns(rows, entity, unknown)
    unread = _unread_placements(rows, entity)
    targets = _targets(rows, entity, campaigns, today)
    warnings = [
        *table.warnings,
        *(
            f"{table.file}: bidding strategy {name!r} is not known and is taken as up and down"
            for name in sorted(unknown)
        ),
    ]
    if unread:
        told = ", ".join(sorted(unread))
        warnings.append(
            f"{table.file}: increases of {told} are not read: the dearest click may cost more than is thought"
        )
    if others.any():
        warnings.append(f"{table.file}: {int(others.sum())} rows are not of Sponsored Products and were left out")
    return Parsed(
        Platform.AMAZON, table.file, campaigns, targets, is_state=True, rejected=rows.rejected(), warnings=(*warnings,)
    )


def _campaigns(rows: Rows, entity: Texts, unknown: set[str]) -> ParsedCampaigns:
    mine = entity == "campaign"
    rows.ids("campaign", where=np.isin(entity, ("campaign", "ad group", "keyword", "product targeting", "product ad")))
    ids = rows.ids("campaign", where=mine)
    _lose_repeated(rows, ids, mine)
    budget = rows.numbers("budget", empty=np.nan)
    product = [products(cell) or "SP" for cell in rows.raw("product")]
    strategy = np.zeros(len(entity), dtype=np.int64)
    strategy[mine] = strategies(rows.texts("strategy")[mine], unknown)
    modifiers = _modifiers(rows, entity, ids)
    everything = ParsedCampaigns(
        ids=ids,
        names=rows.texts("campaign_name"),
        portfolios=rows.ids("portfolio", where=mine & (rows.texts("portfolio") != "")),
        product=np.array(product, dtype=object),
        strategy=strategy,
        daily_budget=budget,
        modifiers=np.array([modifiers.get(name, (0.0, 0.0, 0.0)) for name in ids]).reshape(-1, len(Placement)),
        enabled=running(rows.texts("state")),
        end=rows.days("end", where=mine & (rows.texts("end") != "")),
        target_roas=np.full(len(entity), np.nan),
        target_cpa=np.full(len(entity), np.nan),
        adjustable=np.zeros((len(entity), len(Placement)), dtype=bool),
    )
    return chosen(everything, mine & rows.kept() & ~gone(rows.texts("state")))


def _modifiers(rows: Rows, entity: Texts, ids: Texts) -> dict[str, tuple[float, ...]]:
    """Placement increases as fractions by campaign; percent in the sheet, with or without its sign."""
    percentage = rows.numbers("percentage") / 100
    mine = (entity == "bidding adjustment") & rows.kept()
    too_large = mine & (percentage > LARGEST_INCREASE)
    rows.lose_where(too_large, f"Percentage: more than {LARGEST_INCREASE:.0%} is no increase that Amazon knows")
    found: dict[str, list[float]] = {}
    for place in np.flatnonzero(mine & ~too_large):
        placement = PLACEMENTS.get(rows.raw("placement")[place].casefold())
        if placement is not None:
            found.setdefault(ids[place], [0.0] * len(Placement))[placement] = float(percentage[place])
    return {name: tuple(values) for name, values in found.items()}


def _unread_placements(rows: Rows, entity: Texts) -> set[str]:
    """Placements that have an increase and no column of ours."""
    increased = (entity == "bidding adjustment") & (rows.numbers("percentage") > 0)
    told = {rows.raw("placement")[place] for place in np.flatnonzero(increased)}
    return {name for name in told if name.casefold() not in PLACEMENTS}


def _targets(rows: Rows, entity: Texts, campaigns: ParsedCampaigns, today: np.datetime64) -> ParsedTargets:
    keyword, product = entity == "keyword", entity == "product targeting"
    mine = keyword | product
    ids = np.where(keyword, rows.ids("keyword", where=keyword), rows.ids("targeting", where=product))
    _lose_repeated(rows, ids, mine)
    groups = rows.ids("ad_group", where=(mine | (entity == "ad group")) & (rows.texts("ad_group") != ""))
    campaign = rows.ids("campaign", where=mine)
    default, state, skus = _ad_groups(rows, entity, groups)
    bid = rows.numbers("bid", empty=np.nan)
    bid = np.where(np.isnan(bid), [default.get(group, np.nan) for group in groups], bid)
    expression = rows.texts("expression")
    alive = set(campaigns.ids)
    orphan = mine & ~np.array([name in alive for name in campaign], dtype=bool) & rows.kept()
    rows.lose_where(orphan, "Campaign Id: the sheet has no such campaign that is not archived")
    own_state = rows.texts("state")
    everything = ParsedTargets(
        ids=ids,
        texts=np.where(keyword, rows.texts("text"), expression),
        campaigns=campaign,
        ad_groups=groups,
        ad_group_names=_ad_group_names(rows, entity, groups),
        kind=_kinds(keyword, expression),
        match=np.where(keyword, matches(rows.texts("match")), Match.NONE),
        bid=bid,
        enabled=running(own_state)
        & np.array([state.get(group, True) for group in groups], dtype=bool)
        & _running_campaigns(campaigns, campaign, today),
        sku=np.array([skus.get(group, "") for group in groups], dtype=object),
        target_roas=np.full(len(entity), np.nan),
    )
    return chosen(everything, mine & rows.kept() & ~gone(own_state))


def _ad_groups(rows: Rows, entity: Texts, groups: Texts) -> tuple[dict[str, float], dict[str, bool], dict[str, str]]:
    """By ad group: default bid, whether it runs, and its product where it advertises exactly one."""
    default_bid = rows.numbers("default_bid", empty=np.nan)
    state = running(rows.texts("state"))
    mine = np.flatnonzero((entity == "ad group") & rows.kept())
    default = {groups[place]: float(default_bid[place]) for place in mine}
    runs = {groups[place]: bool(state[place]) for place in mine}
    product = np.where(rows.texts("sku") != "", rows.texts("sku"), rows.texts("asin"))
    advertised: dict[str, set[str]] = {}
    ad_group_of_ads = rows.texts("ad_group")
    for place in np.flatnonzero((entity == "product ad") & state):
        advertised.setdefault(ad_group_of_ads[place], set()).add(product[place])
    return default, runs, {group: next(iter(names)) for group, names in advertised.items() if len(names) == 1}


def _ad_group_names(rows: Rows, entity: Texts, groups: Texts) -> Texts:
    names = rows.texts("ad_group_name")
    known = {groups[place]: names[place] for place in np.flatnonzero(entity == "ad group")}
    return np.array([known.get(group) or names[place] for place, group in enumerate(groups)], dtype=object)


def _kinds(keyword: BoolArray, expression: Texts) -> IntArray:
    automatic = np.array([text.casefold() in AUTOMATIC for text in expression], dtype=bool)
    return np.where(keyword, TargetKind.KEYWORD, np.where(automatic, TargetKind.AUTO, TargetKind.PRODUCT))


def _running_campaigns(campaigns: ParsedCampaigns, ids: Texts, today: np.datetime64) -> BoolArray:
    runs = campaigns.enabled & ~(campaigns.end < today)
    known = dict(zip(campaigns.ids, runs.tolist(), strict=True))
    return np.array([known.get(name, False) for name in ids], dtype=bool)


def _lose_repeated(rows: Rows, ids: Texts, mine: BoolArray) -> None:
    seen: dict[str, int] = {}
    for place in np.flatnonzero(mine & rows.kept()):
        first = seen.setdefault(ids[place], int(place))
        if first != place:
            rows.lose(int(place), f"{ids[place]} stands in row {rows.table.rows[first]} already")
