"""Bid simulations of many pulls in; those of targets that exist, by their rows, out; the newest of each target."""

from collections.abc import Sequence

import numpy as np

from bidding.reports.parsed import Pull, chosen, joined
from bidding.reports.state import State
from bidding.snapshot import BidSimulations


def located_simulations(pulls: Sequence[Pull], state: State) -> tuple[BidSimulations | None, tuple[str, ...]]:
    """The simulations, None where there are none, and a warning where some are of targets that do not exist."""
    mine = [(pull.parsed.platform, pull.parsed.simulations) for pull in pulls if pull.parsed.simulations is not None]
    if not mine:
        return None, ()
    told = joined([part for _, part in mine])
    found = [state.places.get((platform, False), {}).get(name, -1) for platform, part in mine for name in part.targets]
    target = np.array(found, dtype=np.int64)
    unknown = len(set(told.targets[target < 0]))
    newest = np.full(len(state.targets), np.datetime64("0000-01-01", "D"))
    np.maximum.at(newest, target[target >= 0], told.end[target >= 0])
    kept = (target >= 0) & (told.end == newest[target])
    points = chosen(told, kept)
    values = {name: value for name, value in vars(points).items() if name != "targets"}
    warnings = (f"bid simulations of {unknown} targets that are in no report of bids were left out",) if unknown else ()
    return BidSimulations(target=target[kept], **values), warnings
