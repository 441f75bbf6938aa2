"""Everything that a night's bids are made from, already read and learnt. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account, AccountChannel
from bidding.circumstances import Circumstances
from bidding.errors import BidError
from bidding.history import History
from bidding.levers import SmartLevers
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import DailyBudget
from bidding.placements import Modifiers
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PlatformBounds:
    """What the platforms allow, by campaign, money in millionths; all `(M,)`."""

    min_bid: IntArray
    max_bid: IntArray
    bid_step: IntArray
    min_budget: IntArray
    max_budget: IntArray
    budget_step: IntArray


@dataclass(frozen=True, eq=False)
class Budgets:
    """What may be spent today, by channel, money, `(C,)`; and campaigns' daily budgets that follow, `(M,)`, or None.

    A channel without a budget is NaN. A campaign whose budget is not to be touched is NaN. `paced` is where each
    channel stands in its plan.
    """

    channels: FloatArray
    campaigns: FloatArray | None = None
    paced: tuple[DailyBudget, ...] = ()


@dataclass(frozen=True, eq=False)
class Steering:
    """What the data ask of everything beside bids and budgets.

    Attributes:
        increases: multipliers, fractions, `(M, W)`; those in force where none is asked.
        modifiers: what they were chosen from, or None where no report tells of placements or devices.
        levers: what targets on return and cost caps should be.
        edits: days of the last seven on which something of each campaign was changed, `(M,)`.
        placement_history, target_history: of the values that `in_force` names, in its order.
    """

    increases: FloatArray
    modifiers: Modifiers | None
    levers: SmartLevers
    edits: IntArray
    placement_history: History
    target_history: History


@dataclass(frozen=True, eq=False)
class Night:
    """What `propose` is told.

    Attributes:
        snapshot, account: the account as read.
        values, response, choice: learnt and chosen, rows as in `snapshot.targets`.
        bounds: the platforms' limits.
        budgets: of the day.
        circumstances: stock, events, tests, kill switches.
        history: of the targets' bids.
        budget_history: of the campaigns' budgets.
        jitter: factor on the chosen bid, `(N,)`, or None.
        steering: placements and levers of smart-bidding campaigns, or None where they stay.
        notes: what a person should know, in sentences.
        sources: SHA-256 of everything that was read, by name.
    """

    snapshot: Snapshot
    account: Account
    values: ClickValues
    response: BidResponse
    choice: BidChoice
    bounds: PlatformBounds
    budgets: Budgets
    circumstances: Circumstances
    history: History
    budget_history: History
    jitter: FloatArray | None = None
    steering: Steering | None = None
    notes: tuple[str, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.snapshot.targets)
        shapes = {
            "click values": len(self.values.conversion_rate),
            "response": len(self.response.bids),
            "choice": len(self.choice.column),
            "history": len(self.history.applied),
        }
        for name, rows in shapes.items():
            if rows != count:
                raise BidError(f"{name} has {rows:,} rows and the account {count:,} targets: make both of one snapshot")

    def channel(self, place: int) -> AccountChannel:
        """The account's settings of a channel of the snapshot."""
        name = self.snapshot.channels[place]
        for channel in self.account.channels:
            if channel.name == name:
                return channel
        raise BidError(f"channel {name!r} is in the reports and not in account.toml: add [[channel]] name = {name!r}")

    def by_channel(self, places: IntArray, of: Mapping[int, float]) -> FloatArray:
        """A setting of each channel, spread over rows."""
        table = np.array([of[place] for place in range(len(self.snapshot.channels))], dtype=np.float64)
        found: FloatArray = table[places]
        return found
