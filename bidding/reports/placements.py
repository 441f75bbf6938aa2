"""Placement reports of many pulls in; what each placement of each campaign brought of late, out."""

from collections.abc import Sequence

import numpy as np

from bidding.account import Account
from bidding.reports.parsed import Pull, chosen, joined
from bidding.reports.state import State
from bidding.snapshot import FloatArray, Placement, PlacementResults, Platform

LATE_DAYS = 60
"""Days whose results are added up: what a placement is worth moves slowly, and one month of it is sparse."""
COLUMNS = ("clicks", "cost", "orders", "sales")


def placement_results(
    pulls: Sequence[Pull], state: State, account: Account, today: np.datetime64
) -> PlacementResults | None:
    """Sums by campaign and placement, None where no report tells; of each day the latest pull counts.

    Orders that are still to come are missing at all placements alike, so that their ratios stand.
    """
    mine = sorted((pull for pull in pulls if pull.parsed.placements is not None), key=lambda pull: pull.pulled)
    told = [pull.parsed.placements for pull in mine if pull.parsed.placements is not None]
    if not told:
        return None
    rows = joined(told)
    is_amazon = np.array([channel.platform is Platform.AMAZON for channel in account.channels], dtype=bool)
    amazon = is_amazon[state.campaigns.channel]
    places = {str(state.campaigns.names[row]): int(row) for row in np.flatnonzero(amazon)}
    places |= {str(state.campaigns.ids[row]): int(row) for row in np.flatnonzero(amazon)}
    campaign = np.array([places.get(name, -1) for name in rows.campaigns], dtype=np.int64)
    fresh = (campaign >= 0) & (rows.day < today) & (rows.day >= today - np.timedelta64(LATE_DAYS, "D"))
    rows, campaign = chosen(rows, fresh), campaign[fresh]
    cell = campaign * len(Placement) + rows.placement
    key = cell * (1 << 32) + rows.day.astype(np.int64)
    # Pulls stand oldest first: the last row of a day is its latest.
    _, last = np.unique(key[::-1], return_index=True)
    kept = len(key) - 1 - last

    def total(values: FloatArray) -> FloatArray:
        size = len(state.campaigns.ids) * len(Placement)
        sums = np.bincount(cell[kept], weights=values[kept], minlength=size).astype(np.float64)
        return sums.reshape(-1, len(Placement))

    return PlacementResults(**{name: total(getattr(rows, name)) for name in COLUMNS})
