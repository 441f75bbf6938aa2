"""Reports by placement and device of many pulls in; what each of each campaign brought of late, out."""

from collections.abc import Sequence

import numpy as np

from bidding.account import Account
from bidding.reports.parsed import Pull, chosen, joined
from bidding.reports.state import State
from bidding.snapshot import FloatArray, PlacementResults, Platform

LATE_DAYS = 60
"""Days whose results are added up: what a placement is worth moves slowly, and one month of it is sparse."""
COLUMNS = ("clicks", "cost", "orders", "sales")


def placement_results(
    pulls: Sequence[Pull], state: State, account: Account, today: np.datetime64
) -> PlacementResults | None:
    """Sums by campaign and column of its modifiers, None where no report tells; of each day the latest pull counts.

    Orders that are still to come are missing at all placements and devices alike, so that their ratios stand.
    """
    mine = sorted((pull for pull in pulls if pull.parsed.placements is not None), key=lambda pull: pull.pulled)
    told = [pull.parsed.placements for pull in mine if pull.parsed.placements is not None]
    if not told:
        return None
    rows = joined(told)
    places = {platform: _campaigns_of(state, account, platform) for platform in {pull.parsed.platform for pull in mine}}
    platforms = [pull.parsed.platform for pull, part in zip(mine, told, strict=True) for _ in part.campaigns]
    found = [places[platform].get(name, -1) for platform, name in zip(platforms, rows.campaigns, strict=True)]
    campaign = np.array(found, dtype=np.int64)
    fresh = (campaign >= 0) & (rows.day < today) & (rows.day >= today - np.timedelta64(LATE_DAYS, "D"))
    rows, campaign = chosen(rows, fresh), campaign[fresh]
    width = state.campaigns.modifiers.shape[1]
    cell = campaign * width + rows.placement
    key = cell * (1 << 32) + rows.day.astype(np.int64)
    # Pulls stand oldest first: the last row of a day is its latest.
    _, last = np.unique(key[::-1], return_index=True)
    kept = len(key) - 1 - last

    def total(values: FloatArray) -> FloatArray:
        size = len(state.campaigns.ids) * width
        sums = np.bincount(cell[kept], weights=values[kept], minlength=size).astype(np.float64)
        return sums.reshape(-1, width)

    return PlacementResults(**{name: total(getattr(rows, name)) for name in COLUMNS})


def _campaigns_of(state: State, account: Account, platform: Platform) -> dict[str, int]:
    """Rows of a platform's campaigns by id and by name."""
    is_here = np.array([channel.platform is platform for channel in account.channels], dtype=bool)
    rows = np.flatnonzero(is_here[state.campaigns.channel]).tolist()
    by_name = {str(state.campaigns.names[row]): row for row in rows}
    return by_name | {str(state.campaigns.ids[row]): row for row in rows}
