"""Changes of Walmart, Meta and any other retailer in, their CSV files out.

The column names of Walmart's are those of its interface, Meta's those of its import (both unverified as files); other
retailers get the columns of the generic table, to be mapped to what they take.
"""

from collections.abc import Sequence

from bidding.bulk.entities import NO_TARGET, Located, plain
from bidding.bulk.table import BulkTable
from bidding.changes import ChangeKind
from bidding.errors import BidError
from bidding.snapshot import Match, Snapshot

WALMART_TARGETS = ("campaignId", "adGroupId", "keywordId", "keywordText", "matchType", "bid")
WALMART_CAMPAIGNS = ("campaignId", "name", "dailyBudget")
WALMART_PLACEMENTS = ("Buy-Box", "Search Ingrid", "Home Page", "Stock Up")
WALMART_DEVICES = ("Desktop", "Mobile", "App")
"""In the order of the columns of `Campaigns.modifiers`."""
META = (
    "Campaign ID",
    "Campaign Name",
    "Campaign Daily Budget",
    "Ad Set ID",
    "Ad Set Name",
    "Bid Amount",
    "ROAS Average Floor",
)
OTHER = ("kind", "campaign_id", "campaign", "ad_group_id", "target_id", "target", "match", "old", "new")


def walmart_tables(places: Sequence[Located], snapshot: Snapshot) -> tuple[BulkTable, ...]:
    """One file each of bids, daily budgets, placement and platform multipliers; those that have rows.

    Raises:
        BidError: a change that none of them holds.
    """
    bids, budgets = [], []
    multipliers: dict[str, list[dict[str, str]]] = {"placementType": [], "platformType": []}
    for place in places:
        campaign = {"campaignId": str(snapshot.campaigns.ids[place.campaign])}
        if place.change.kind is ChangeKind.BID:
            bids.append({**campaign, **_walmart_target(place, snapshot), "bid": plain(place.change)})
        elif place.change.kind is ChangeKind.CAMPAIGN_BUDGET:
            name = str(snapshot.campaigns.names[place.campaign])
            budgets.append({**campaign, "name": name, "dailyBudget": plain(place.change)})
        elif place.change.kind is ChangeKind.PLACEMENT and place.column is not None:
            key, name = _walmart_multiplier(place.column)
            multipliers[key].append({**campaign, key: name, "multiplier": plain(place.change)})
        else:
            raise _cannot(place, "Walmart's files have")
    made = (
        BulkTable(f"walmart-bids-{snapshot.today}", "", WALMART_TARGETS, bids, frozenset({"keywordText"})),
        BulkTable(f"walmart-budgets-{snapshot.today}", "", WALMART_CAMPAIGNS, budgets, frozenset({"name"})),
        *(
            BulkTable(f"walmart-{key[:-4]}-multipliers-{snapshot.today}", "", ("campaignId", key, "multiplier"), rows)
            for key, rows in multipliers.items()
        ),
    )
    return tuple(table for table in made if table.rows)


def _walmart_multiplier(column: int) -> tuple[str, str]:
    """The column that names a placement or platform, and its name there."""
    if column < len(WALMART_PLACEMENTS):
        return "placementType", WALMART_PLACEMENTS[column]
    return "platformType", WALMART_DEVICES[column - len(WALMART_PLACEMENTS)]


def meta_table(places: Sequence[Located], snapshot: Snapshot) -> BulkTable:
    """Meta's import of ad sets.

    Raises:
        BidError: a change that it cannot hold.
    """
    rows = [_meta(place, snapshot) for place in places]
    return BulkTable(f"meta-{snapshot.today}", "", META, rows, frozenset({"Campaign Name", "Ad Set Name"}))


def other_table(places: Sequence[Located], snapshot: Snapshot, platform: str) -> BulkTable:
    """One row per change in the columns of the generic table."""
    rows = [_other(place, snapshot) for place in places]
    return BulkTable(f"{platform}-{snapshot.today}", "", OTHER, rows, frozenset({"campaign", "target"}))


def _walmart_target(place: Located, snapshot: Snapshot) -> dict[str, str]:
    targets, row = snapshot.targets, place.target
    match = Match(targets.match[row])
    return {
        "adGroupId": str(targets.ad_group_ids[targets.ad_group[row]]),
        "keywordId": str(targets.ids[row]),
        "keywordText": str(targets.texts[row]),
        "matchType": "" if match is Match.NONE else match.name.casefold(),
    }


def _meta(place: Located, snapshot: Snapshot) -> dict[str, str]:
    campaign = {
        "Campaign ID": str(snapshot.campaigns.ids[place.campaign]),
        "Campaign Name": str(snapshot.campaigns.names[place.campaign]),
    }
    kind = place.change.kind
    if kind is ChangeKind.CAMPAIGN_BUDGET:
        return {**campaign, "Campaign Daily Budget": plain(place.change)}
    columns = {ChangeKind.BID: "Bid Amount", ChangeKind.TARGET: "ROAS Average Floor"}
    if kind not in columns or place.target == NO_TARGET:
        raise _cannot(place, "Meta's import has")
    targets, row = snapshot.targets, place.target
    ad_set = {"Ad Set ID": str(targets.ids[row]), "Ad Set Name": str(targets.texts[row])}
    return {**campaign, **ad_set, columns[kind]: plain(place.change)}


def _other(place: Located, snapshot: Snapshot) -> dict[str, str]:
    found = {
        "kind": place.change.kind.value,
        "campaign_id": str(snapshot.campaigns.ids[place.campaign]),
        "campaign": str(snapshot.campaigns.names[place.campaign]),
        "old": place.change.old,
        "new": plain(place.change),
    }
    if place.target == NO_TARGET:
        return found
    targets, row = snapshot.targets, place.target
    return {
        **found,
        "ad_group_id": str(targets.ad_group_ids[targets.ad_group[row]]),
        "target_id": str(targets.ids[row]),
        "target": str(targets.texts[row]),
        "match": Match(targets.match[row]).name.casefold(),
    }


def _cannot(place: Located, what: str) -> BidError:
    return BidError(f"{place.change.entity}: {what} no column for a change of {place.change.kind.value}")
