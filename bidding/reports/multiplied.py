"""Reports by placement or device, and lists of multipliers, of Walmart and Google in; results and what is in force out.

Columns by console and by interface; Walmart's of its interface's snapshots by `placement` and `platform` (unverified as
files).
"""

from collections.abc import Mapping

import numpy as np

from bidding.multipliers import OFF, scheme_of
from bidding.platforms.limits import limits_of
from bidding.reports.parsed import Parsed, ParsedMultipliers, ParsedPlacements, chosen
from bidding.reports.rows import Rows
from bidding.reports.schema import Field, Schema
from bidding.reports.table import Table
from bidding.reports.target_report import MICROS
from bidding.reports.walmart import results_within
from bidding.snapshot import BoolArray, FloatArray, IntArray, Platform, Texts

UNKNOWN_NAME, NO_MULTIPLIER = -2, -1
NEAR = 1e-9
NAMES: Mapping[Platform, Mapping[str, str]] = {
    Platform.WALMART: {
        **dict.fromkeys(("buybox", "itembuybox"), "buy_box"),
        **dict.fromkeys(("searchingrid", "ingrid"), "search_in_grid"),
        **dict.fromkeys(("homepage", "home"), "home_page"),
        "stockup": "stock_up",
        "desktop": "desktop",
        **dict.fromkeys(("mobile", "mobileweb"), "mobile"),
        "app": "app",
        **dict.fromkeys(("others", "other", "itemcarousel", "searchcarousel", "carousel", "browse", "category"), ""),
    },
    Platform.GOOGLE: {
        **dict.fromkeys(("computers", "desktop"), "desktop"),
        **dict.fromkeys(("mobilephones", "mobile", "mobiledeviceswithfullbrowsers"), "mobile"),
        **dict.fromkeys(("tablets", "tablet", "tabletswithfullbrowsers"), "tablet"),
        **dict.fromkeys(("tvscreens", "connectedtv", "devicesstreamingvideocontenttotvscreens", "other"), ""),
    },
}
"""What reports call placements and devices, letters and digits only; "" for those that have no multiplier to set."""
PLACEMENT = Field("placement", ("placement", "placementType", "Placement"))
DEVICE = Field("device", ("platform", "platformType", "Platform"))
CAMPAIGN = Field("campaign", ("campaignId", "Campaign ID"), required=True)
WALMART_MULTIPLIERS = Schema(
    "Walmart's list of multipliers",
    Platform.WALMART,
    (CAMPAIGN, PLACEMENT, DEVICE, Field("multiplier", ("multiplier", "Bid Multiplier"), required=True)),
    ("multiplier", "Bid Multiplier"),
    one_of=("placement", "device"),
)
GOOGLE_DEVICE = ("Device", "segments.device", "campaign_criterion.device.type")
GOOGLE_DEVICES = Schema(
    "Google's campaign report by device",
    Platform.GOOGLE,
    (
        Field("day", ("Day", "segments.date"), required=True),
        Field("campaign", ("Campaign ID", "campaign.id"), required=True),
        Field("device", GOOGLE_DEVICE, required=True),
        Field("clicks", ("Clicks", "metrics.clicks"), required=True),
        Field("cost", ("Cost",)),
        Field("cost_micros", ("metrics.cost_micros",)),
        Field("orders", ("Conversions", "metrics.conversions"), required=True),
        Field("sales", ("Conv. value", "Conversion value", "metrics.conversions_value"), required=True),
        Field("adjustment", ("Bid adj.", "Device bid adj.", "Bid adjustment")),
        Field("currency", ("Currency code", "customer.currency_code")),
    ),
    GOOGLE_DEVICE,
    one_of=("cost", "cost_micros"),
)
GOOGLE_MODIFIERS = Schema(
    "Google's list of device criteria",
    Platform.GOOGLE,
    (
        Field("campaign", ("campaign.id", "Campaign ID"), required=True),
        Field("device", GOOGLE_DEVICE, required=True),
        Field("factor", ("campaign_criterion.bid_modifier",), required=True),
    ),
    ("campaign_criterion.bid_modifier",),
)


def walmart_results(window: int) -> Schema:
    """The report by placement or by platform with sales within `window` days of the click."""
    fields = (
        Field("day", ("date", "Date"), required=True),
        CAMPAIGN,
        PLACEMENT,
        DEVICE,
        *results_within(window),
        Field("currency", ("currency", "Currency")),
    )
    name = "Walmart's report by placement or platform"
    return Schema(name, Platform.WALMART, fields, ("numAdsClicks", "adSpend"), one_of=("placement", "device"))


def read_results(table: Table, places: Mapping[str, int], currency: str, schema: Schema) -> Parsed:
    """Results by campaign, placement or device and day, and Google's bid adjustments where the report has them.

    Raises:
        BidError: the report is in another currency.
    """
    rows = Rows(table, places, currency)
    rows.check_currency("currency")
    campaigns, day, clicks = rows.ids("campaign"), rows.days("day"), rows.numbers("clicks")
    micros = rows.has("cost_micros")
    cost = rows.cost("cost_micros", clicks) / MICROS if micros else rows.cost("cost", clicks)
    orders, sales = rows.numbers("orders"), rows.numbers("sales")
    told = {field: _columns(rows, field, schema.platform) for field in ("placement", "device") if rows.has(field)}
    adjusted = rows.multipliers("adjustment")
    _check(rows, adjusted, "adjustment", schema.platform)
    kept = rows.kept()
    parts = [
        _summed(ParsedPlacements(campaigns, column, day, clicks, cost, orders, sales), kept & (column > NO_MULTIPLIER))
        for column in told.values()
    ]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    return Parsed(
        schema.platform,
        table.file,
        placements=ParsedPlacements(**joined),
        multipliers=_newest(campaigns, told["device"], day, adjusted, kept) if rows.has("adjustment") else None,
        rejected=rows.rejected(),
        warnings=table.warnings,
    )


def read_multipliers(table: Table, places: Mapping[str, int], currency: str, schema: Schema) -> Parsed:
    """Multipliers in force; where a list has placements, or devices, what it does not name stands at nothing."""
    rows = Rows(table, places, currency)
    campaigns = rows.ids("campaign")
    factor = rows.has("factor")
    field = "factor" if factor else "multiplier"
    value = rows.numbers("factor", 1.0) - 1.0 if factor else rows.multipliers("multiplier")
    _check(rows, value, field, schema.platform)
    # A file may list both kinds, each row naming one of them.
    named = {kind: rows.texts(kind) != "" for kind in ("placement", "device") if rows.has(kind)}
    nothing = ~np.logical_or.reduce(list(named.values()))
    rows.lose_where(nothing, "the row names neither a placement nor a device: download the list again")
    told = {kind: _columns(rows, kind, schema.platform, where) for kind, where in named.items()}
    kept, scheme = rows.kept(), scheme_of(schema.platform)
    split = len(scheme.placements)
    listed = {"placement": range(split), "device": range(split, len(scheme.names))}
    mine = {kind: kept & named[kind] & (column > NO_MULTIPLIER) for kind, column in told.items()}
    multipliers = ParsedMultipliers(
        np.concatenate([campaigns[rows_of] for rows_of in mine.values()]),
        np.concatenate([told[kind][rows_of] for kind, rows_of in mine.items()]),
        np.concatenate([value[rows_of] for rows_of in mine.values()]),
        tuple(column for kind in told if named[kind].any() for column in listed[kind]),
    )
    return Parsed(
        schema.platform, table.file, multipliers=multipliers, rejected=rows.rejected(), warnings=table.warnings
    )


def _columns(rows: Rows, field: str, platform: Platform, where: BoolArray | None = None) -> IntArray:
    """The column of each row's placement or device, `(N,)`; rows whose name is not known are lost."""
    names, known = NAMES[platform], scheme_of(platform).names
    columns = {name: known.index(own) if own else NO_MULTIPLIER for name, own in names.items()}
    cells = ["".join(each for each in cell.casefold() if each.isalnum()) for cell in rows.raw(field)]
    found = np.array([columns.get(cell, UNKNOWN_NAME) for cell in cells], dtype=np.int64)
    lost = found == UNKNOWN_NAME
    rows.lose_where(lost if where is None else lost & where, f"{rows.header(field)}: this {field} is not known")
    return found


def _check(rows: Rows, value: FloatArray, field: str, platform: Platform) -> None:
    """Rows whose multiplier the platform cannot have are lost."""
    limits = limits_of(platform, "US")
    least, largest = float(limits.least_modifier), float(limits.largest_modifier)
    fits = ((value >= least - NEAR) & (value <= largest + NEAR)) | ((least < 0) & (value == OFF))
    words = f"{least:+.0%} to {largest:+.0%}{' or -100% for off' if least < 0 else ''}"
    rows.lose_where(~fits, f"{rows.header(field)}: the platform's multipliers go from {words}")


def _summed(told: ParsedPlacements, kept: BoolArray) -> ParsedPlacements:
    """One row per campaign, column and day: reports part them by ad group, item or network too."""
    rows = chosen(told, kept)
    keys = zip(rows.campaigns.tolist(), rows.placement.tolist(), rows.day.astype(np.int64).tolist(), strict=True)
    numbers: dict[tuple[str, int, int], int] = {}
    group = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    _, first = np.unique(group, return_index=True)
    one = chosen(rows, first.astype(np.int64))

    def total(amounts: FloatArray) -> FloatArray:
        return np.bincount(group, weights=amounts, minlength=len(first)).astype(np.float64)

    sums = {name: total(getattr(rows, name)) for name in ("clicks", "cost", "orders", "sales")}
    return ParsedPlacements(one.campaigns, one.placement, one.day, **sums)


def _newest(
    campaigns: Texts, column: IntArray, day: "np.ndarray", value: FloatArray, kept: BoolArray
) -> ParsedMultipliers:
    """Each campaign's and device's adjustment on its last day."""
    mine = np.flatnonzero(kept & (column > NO_MULTIPLIER))
    latest = {(campaigns[row], int(column[row])): row for row in mine[np.argsort(day[mine], kind="stable")].tolist()}
    rows = np.array(sorted(latest.values()), dtype=np.int64)
    return ParsedMultipliers(campaigns[rows], column[rows], value[rows])
