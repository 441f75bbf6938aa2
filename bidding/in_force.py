"""A snapshot in; every value that a run can change, by kind: the platform's ids and the values in force, out.

Values are whole millionths: of money for bids and budgets, of a percent for multipliers by placement and device, of
sales per unit of cost for targets on return, of money per order for targets on cost.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bidding.changes import ChangeKind
from bidding.money import micros_of
from bidding.multipliers import open_columns, part_id, scheme_of
from bidding.snapshot import Snapshot, Strategy, TargetKind

IntArray = NDArray[np.int64]
Texts = NDArray[np.object_]

NO_TARGET = -1
TARGET_CPA = "target_cpa"


@dataclass(frozen=True, eq=False)
class InForce:
    """V values of one kind.

    Attributes:
        ids: what the platform finds each by, `(V,)`; a placement or device as `<campaign>:<name>`.
        value: millionths, `UNKNOWN` where none is told, `(V,)`.
        campaign: row in `Campaigns`, `(V,)`.
        target: row in `Targets`, `NO_TARGET` for what belongs to the campaign, `(V,)`.
        column: of `Campaigns.modifiers`, `(V,)`; empty for all but multipliers.
    """

    ids: Texts
    value: IntArray
    campaign: IntArray
    target: IntArray
    column: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ids)


def in_force(snapshot: Snapshot, kind: ChangeKind) -> InForce:
    """All values of a kind: bids of targets, multipliers, campaigns' daily budgets, targets on return."""
    campaigns, targets = snapshot.campaigns, snapshot.targets
    every = np.arange(len(campaigns.ids))
    if kind is ChangeKind.BID:
        return InForce(targets.ids, micros_of(targets.bid), targets.campaign, np.arange(len(targets)))
    if kind is ChangeKind.CAMPAIGN_BUDGET:
        return InForce(campaigns.ids, micros_of(campaigns.daily_budget), every, np.full(len(every), NO_TARGET))
    if kind is ChangeKind.PLACEMENT:
        return _placements(snapshot)
    return _targets(snapshot)


def _placements(snapshot: Snapshot) -> InForce:
    rows, columns = open_columns(snapshot).nonzero()
    names = [scheme_of(platform).names for platform in snapshot.platforms]
    channel = snapshot.campaigns.channel
    ids = [
        part_id(str(snapshot.campaigns.ids[row]), names[channel[row]][column])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    value = micros_of(np.round(100.0 * snapshot.campaigns.modifiers[rows, columns], 6))
    return InForce(_texts(ids), value, rows, np.full(len(ids), NO_TARGET), columns)


def _targets(snapshot: Snapshot) -> InForce:
    """Of smart-bidding campaigns, of ad sets, which have targets of their own, and of campaigns told what an order may
    cost."""
    campaigns, targets = snapshot.campaigns, snapshot.targets
    smart = np.flatnonzero(campaigns.strategy == Strategy.SMART)
    sets = np.flatnonzero(targets.kind == TargetKind.AD_SET)
    costs = smart[np.isfinite(campaigns.target_cpa[smart])]
    names = _texts([part_id(str(name), TARGET_CPA) for name in campaigns.ids[costs]])
    none = np.full(len(smart), NO_TARGET)
    return InForce(
        np.concatenate([campaigns.ids[smart], targets.ids[sets], names]),
        micros_of(
            np.concatenate([campaigns.target_roas[smart], targets.target_roas[sets], campaigns.target_cpa[costs]])
        ),
        np.concatenate([smart, targets.campaign[sets], costs]).astype(np.int64),
        np.concatenate([none, sets, none[: len(costs)]]).astype(np.int64),
    )


def is_cost_per_order(entity: str) -> bool:
    """Whether a target is what an order may cost, money, and not sales per unit of cost."""
    return entity.endswith(f":{TARGET_CPA}")


def _texts(values: list[str]) -> Texts:
    made: Texts = np.empty(len(values), dtype=object)
    made[:] = values
    return made
