"""Changes of Amazon Sponsored Products in, the rows of a bulksheet 2.0 out: changed rows only, each an Update.

A blank Portfolio Id takes a campaign out of its portfolio and a blank End Date clears it, so that both are always
written; a blank State, name or other column leaves what is there.
"""

from collections.abc import Sequence

import numpy as np

from bidding.bulk.entities import Located, plain
from bidding.bulk.table import BulkFormat, BulkTable
from bidding.changes import ChangeKind
from bidding.errors import BidError
from bidding.snapshot import Match, Placement, Snapshot, Strategy, TargetKind

HEADER = (
    "Product",
    "Entity",
    "Operation",
    "Campaign Id",
    "Ad Group Id",
    "Portfolio Id",
    "Ad Id",
    "Keyword Id",
    "Product Targeting Id",
    "Campaign Name",
    "Ad Group Name",
    "Start Date",
    "End Date",
    "Targeting Type",
    "State",
    "Daily Budget",
    "sku",
    "asin",
    "Ad Group Default Bid",
    "Bid",
    "Keyword Text",
    "Match Type",
    "Bidding Strategy",
    "Placement",
    "Percentage",
    "Product Targeting Expression",
)
NAMES = frozenset({"Campaign Name", "Ad Group Name", "Keyword Text", "Product Targeting Expression"})
SHEET = "Sponsored Products Campaigns"
STRATEGIES = {
    Strategy.DOWN_ONLY: "Dynamic bids - down only",
    Strategy.UP_AND_DOWN: "Dynamic bids - up and down",
    Strategy.FIXED: "Fixed bid",
}
PLACEMENTS = {
    Placement.TOP_OF_SEARCH: "Placement Top",
    Placement.REST_OF_SEARCH: "Placement Rest Of Search",
    Placement.PRODUCT_PAGES: "Placement Product Page",
}


def amazon_table(places: Sequence[Located], snapshot: Snapshot, form: BulkFormat) -> BulkTable:
    """The bulksheet.

    Raises:
        BidError: a change that a bulksheet of Sponsored Products cannot hold.
    """
    rows = [_row(place, snapshot) for place in places]
    return BulkTable(f"amazon-{snapshot.today}", SHEET, HEADER, rows, NAMES, form)


def _row(place: Located, snapshot: Snapshot) -> dict[str, str]:
    campaigns = snapshot.campaigns
    product = campaigns.product[place.campaign]
    if product != "SP":
        raise BidError(
            f"{place.change.entity} is of {product}: bulksheets are written for Sponsored Products only; "
            "leave its campaigns out of account.toml"
        )
    common = {
        "Product": "Sponsored Products",
        "Operation": "Update",
        "Campaign Id": str(campaigns.ids[place.campaign]),
    }
    kind = place.change.kind
    if kind is ChangeKind.BID:
        return {**common, **_target(place, snapshot)}
    if kind is ChangeKind.CAMPAIGN_BUDGET:
        return {**common, **_campaign(place, snapshot), "Daily Budget": plain(place.change)}
    if kind is ChangeKind.PLACEMENT and place.column is not None:
        return {
            **common,
            "Entity": "Bidding Adjustment",
            "Bidding Strategy": STRATEGIES.get(Strategy(campaigns.strategy[place.campaign]), ""),
            "Placement": PLACEMENTS[Placement(place.column)],
            "Percentage": plain(place.change),
        }
    raise BidError(f"{place.change.entity}: Sponsored Products have no {kind.value} to set")


def _target(place: Located, snapshot: Snapshot) -> dict[str, str]:
    targets, row = snapshot.targets, place.target
    keyword = targets.kind[row] == TargetKind.KEYWORD
    found = {
        "Entity": "Keyword" if keyword else "Product Targeting",
        "Ad Group Id": str(targets.ad_group_ids[targets.ad_group[row]]),
        "Keyword Id" if keyword else "Product Targeting Id": str(targets.ids[row]),
        "Keyword Text" if keyword else "Product Targeting Expression": str(targets.texts[row]),
        "Bid": plain(place.change),
    }
    match = Match(targets.match[row])
    return found if match is Match.NONE else {**found, "Match Type": match.name.casefold()}


def _campaign(place: Located, snapshot: Snapshot) -> dict[str, str]:
    campaigns, row = snapshot.campaigns, place.campaign
    end = campaigns.end[row]
    return {
        "Entity": "Campaign",
        "Portfolio Id": str(campaigns.portfolios[row]),
        "Campaign Name": str(campaigns.names[row]),
        "End Date": "" if np.isnat(end) else str(end).replace("-", ""),
        "Bidding Strategy": STRATEGIES.get(Strategy(campaigns.strategy[row]), ""),
    }
