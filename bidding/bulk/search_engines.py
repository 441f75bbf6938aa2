"""Changes of Google Ads in, an Editor CSV out; changes of Microsoft Advertising in, a bulk file out.

Google's Editor finds rows by names, leaves blank columns as they are and takes a target ROAS as a percentage, the bid
adjustment of a device as percent without its sign; Microsoft finds rows by ids and takes a target ROAS as a ratio
(unverified).
"""

from collections.abc import Sequence

from bidding.bulk.entities import NO_TARGET, Located, decimal_of, plain
from bidding.bulk.table import BulkTable
from bidding.changes import ChangeKind
from bidding.errors import BidError
from bidding.in_force import is_cost_per_order
from bidding.snapshot import Match, Snapshot

GOOGLE_DEVICES = ("Desktop Bid Modifier", "Mobile Bid Modifier", "Tablet Bid Modifier")
"""In the order of the columns of `Campaigns.modifiers`."""
GOOGLE = (
    "Campaign",
    "Ad group",
    "Keyword",
    "Match type",
    "Max CPC",
    "Campaign daily budget",
    "Target ROAS",
    "Target CPA",
    *GOOGLE_DEVICES,
)
MICROSOFT = (
    "Type",
    "Status",
    "Id",
    "Parent Id",
    "Campaign",
    "Ad Group",
    "Keyword",
    "Match Type",
    "Bid",
    "Budget",
    "Bid Strategy TargetRoas",
    "Name",
)
FORMAT_VERSION = {"Type": "Format Version", "Name": "6.0"}


def google_table(places: Sequence[Located], snapshot: Snapshot) -> BulkTable:
    """The Editor's CSV.

    Raises:
        BidError: a change that the Editor cannot take, or an ad group whose name no report told.
    """
    return BulkTable(f"google-{snapshot.today}", "", GOOGLE, [_google(place, snapshot) for place in places])


def microsoft_table(places: Sequence[Located], snapshot: Snapshot) -> BulkTable:
    """The bulk file, of format version 6.0.

    Raises:
        BidError: a change that the bulk file cannot take.
    """
    rows = [FORMAT_VERSION, *(_microsoft(place, snapshot) for place in places)]
    names = frozenset({"Campaign", "Ad Group", "Keyword"})
    return BulkTable(f"microsoft-{snapshot.today}", "", MICROSOFT, rows, names)


def _google(place: Located, snapshot: Snapshot) -> dict[str, str]:
    campaign = {"Campaign": str(snapshot.campaigns.names[place.campaign])}
    kind = place.change.kind
    if kind is ChangeKind.CAMPAIGN_BUDGET:
        return {**campaign, "Campaign daily budget": plain(place.change)}
    if kind is ChangeKind.TARGET and is_cost_per_order(place.change.entity):
        return {**campaign, "Target CPA": plain(place.change)}
    if kind is ChangeKind.TARGET and place.target == NO_TARGET:
        return {**campaign, "Target ROAS": f"{format(100 * decimal_of(place.change), 'f').rstrip('0').rstrip('.')}%"}
    if kind is ChangeKind.PLACEMENT and place.column is not None:
        return {**campaign, GOOGLE_DEVICES[place.column]: plain(place.change)}
    if kind is not ChangeKind.BID:
        raise _cannot(place, "Google's Editor")
    targets, row = snapshot.targets, place.target
    names = targets.ad_group_names
    if not len(names) or not names[targets.ad_group[row]]:
        raise BidError(
            f"{place.change.entity}: no report told the name of its ad group, by which Google's Editor finds it"
        )
    return {
        **campaign,
        "Ad group": str(names[targets.ad_group[row]]),
        "Keyword": str(targets.texts[row]),
        "Match type": _match(int(targets.match[row])),
        "Max CPC": plain(place.change),
    }


def _microsoft(place: Located, snapshot: Snapshot) -> dict[str, str]:
    campaign = {"Campaign": str(snapshot.campaigns.names[place.campaign])}
    kind = place.change.kind
    if kind is ChangeKind.BID:
        targets, row = snapshot.targets, place.target
        return {
            **campaign,
            "Type": "Keyword",
            "Id": str(targets.ids[row]),
            "Parent Id": str(targets.ad_group_ids[targets.ad_group[row]]),
            "Keyword": str(targets.texts[row]),
            "Match Type": _match(int(targets.match[row])),
            "Bid": plain(place.change),
        }
    columns = {ChangeKind.CAMPAIGN_BUDGET: "Budget", ChangeKind.TARGET: "Bid Strategy TargetRoas"}
    if kind not in columns or place.target != NO_TARGET:
        raise _cannot(place, "Microsoft's bulk file")
    identifier = str(snapshot.campaigns.ids[place.campaign])
    return {**campaign, "Type": "Campaign", "Id": identifier, columns[kind]: plain(place.change)}


def _match(match: int) -> str:
    return "" if match == Match.NONE else Match(match).name.capitalize()


def _cannot(place: Located, file: str) -> BidError:
    return BidError(f"{place.change.entity}: {file} has no column for a change of {place.change.kind.value}")
