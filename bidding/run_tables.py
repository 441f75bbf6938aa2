"""What was asked of values of one kind, and what the guardrails left of it, in; the tables of a run out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.changes import ChangeKind
from bidding.expected import Outlook
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.rules import Guard
from bidding.history import History
from bidding.in_force import InForce
from bidding.run import KINDS, ChangeTable, HeldTable, ManualTable
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Asked:
    """V values of one kind.

    Attributes:
        kind, values: what they are.
        moves, guarded: what was asked, and what the guardrails left.
        history: what our own runs did to them.
        outlook: expected at the new values, `(V,)`.
        base: new values before their jitter, `(V,)`.
        worth: profit per click before its cost, money, NaN where a value is no bid per click, `(V,)`.
    """

    kind: ChangeKind
    values: InForce
    moves: Moves
    guarded: Guarded
    history: History
    outlook: Outlook
    base: IntArray
    worth: FloatArray

    @property
    def changed(self) -> BoolArray:
        """Where something is to be written, `(V,)`."""
        return self.guarded.changed(self.moves)


def changes_of(asked: Asked, snapshot: Snapshot) -> ChangeTable:
    """What is to be written."""
    rows = np.flatnonzero(asked.changed)
    expected = {name: column[rows] for name, column in vars(asked.outlook).items()}
    return ChangeTable(
        kind=_kind(asked, len(rows)),
        entity=asked.values.ids[rows],
        channel=snapshot.campaigns.channel[asked.values.campaign[rows]],
        old=asked.moves.old[rows],
        new=asked.guarded.new[rows],
        wanted=asked.moves.wanted[rows],
        base=asked.base[rows],
        binding=asked.guarded.binding[rows],
        worth=asked.worth[rows],
        **expected,
    )


def held_of(asked: Asked, snapshot: Snapshot) -> HeldTable:
    """What the data would have moved by at least half a step; all else merely stays."""
    moves = asked.moves
    far = np.abs(moves.wanted - moves.old) * 2 > moves.step
    rows = np.flatnonzero((asked.guarded.held != Guard.NONE) & far)
    channel = snapshot.campaigns.channel[asked.values.campaign[rows]]
    return HeldTable(_kind(asked, len(rows)), asked.values.ids[rows], channel, asked.guarded.held[rows])


def manual_of(asked: Asked, today: np.datetime64) -> ManualTable:
    """What a person has changed, and since when that is seen."""
    live = asked.values.value
    rows = np.flatnonzero(asked.history.changed_by_a_person(live))
    since = asked.history.manual_since[rows].astype("datetime64[D]")
    since = np.where(np.isnat(since), today.astype("datetime64[D]"), since).astype("datetime64[D]")
    return ManualTable(_kind(asked, len(rows)), asked.values.ids[rows], live[rows], since)


def rows_to_write(asked: Sequence[Asked], snapshot: Snapshot) -> tuple[BoolArray, BoolArray]:
    """Targets `(N,)` and campaigns `(M,)` that bulk files need: those that change."""
    targets, campaigns = np.zeros(len(snapshot.targets), dtype=bool), np.zeros(len(snapshot.campaigns.ids), dtype=bool)
    for one in asked:
        of = one.values.target[one.changed]
        targets[of[of >= 0]] = True
        campaigns[one.values.campaign[one.changed]] = True
    return targets, campaigns


def _kind(asked: Asked, count: int) -> IntArray:
    return np.full(count, KINDS.index(asked.kind), dtype=np.int64)
