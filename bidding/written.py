"""The part of a snapshot that writing a run needs: changed targets, their campaigns, and no results."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.run import take
from bidding.snapshot import Performance, Restatement, Snapshot

BoolArray = NDArray[np.bool_]


def part_to_write(snapshot: Snapshot, targets: BoolArray, campaigns: BoolArray) -> Snapshot:
    """Rows renumbered; campaigns are those that change and those of targets that change.

    Args:
        snapshot: the whole.
        targets, campaigns: what changes, `(N,)` and `(M,)`.
    """
    needed = campaigns.copy()
    needed[snapshot.targets.campaign[targets]] = True
    rows = np.flatnonzero(targets)
    whole = snapshot.targets
    # Names and ids of ad groups have rows of their own: they cannot be taken with the targets.
    kept = take(replace(whole, ad_group_ids=whole.ids, ad_group_names=whole.ids), rows)
    groups, group = np.unique(kept.ad_group, return_inverse=True)
    number = np.cumsum(needed) - 1
    return replace(
        snapshot,
        campaigns=take(snapshot.campaigns, np.flatnonzero(needed)),
        targets=replace(
            kept,
            campaign=number[kept.campaign].astype(np.int64),
            ad_group=group.astype(np.int64),
            ad_group_ids=whole.ad_group_ids[groups],
            ad_group_names=whole.ad_group_names[groups] if len(whole.ad_group_names) else whole.ad_group_names,
        ),
        performance=no_results(),
        restatement=no_restatement(),
        rejected=(),
        warnings=(),
        simulations=None,
        placements=None,
    )


def no_results() -> Performance:
    """A table of results without a row."""
    whole = {"target", "age"}
    columns: dict[str, Any] = {
        name: np.zeros(0, dtype=np.int64 if name in whole else np.float64) for name in Performance.__annotations__
    }
    return Performance(**columns | {"day": np.zeros(0, dtype="datetime64[D]")})


def no_restatement() -> Restatement:
    """A table of vintages without a row."""
    whole = {"channel", "age"}
    columns: dict[str, Any] = {
        name: np.zeros(0, dtype=np.int64 if name in whole else np.float64) for name in Restatement.__annotations__
    }
    return Restatement(**columns | {"day": np.zeros(0, dtype="datetime64[D]")})
