"""Placement increases of past mornings in; what a ledger would tell of them out."""

from dataclasses import dataclass, field, replace

import numpy as np

from bidding.changes import ChangeKind
from bidding.history import History
from bidding.in_force import in_force
from bidding.money import MICROS, UNKNOWN
from bidding.past_runs import WEEK, Past
from bidding.snapshot import Snapshot


@dataclass
class Places:
    """What was in force on every morning since the first, fractions, `(M, 3)` each; nobody but the bidder moves it."""

    days: list[np.datetime64] = field(default_factory=list)
    increases: list[np.ndarray] = field(default_factory=list)

    def see(self, snapshot: Snapshot) -> None:
        """Keep this morning's."""
        self.days.append(snapshot.today)
        self.increases.append(snapshot.campaigns.modifiers.copy())

    def past(self, snapshot: Snapshot) -> Past:
        """What earlier nights did; of placements alone, for bids have a history of their own."""
        histories = {kind: History.none(len(in_force(snapshot, kind))) for kind in ChangeKind}
        histories[ChangeKind.PLACEMENT] = self._history(snapshot)
        nothing = np.zeros(len(snapshot.campaigns.ids), dtype=np.int64)
        return Past(histories, nothing, {}, np.zeros(len(snapshot.channels)))

    def _history(self, snapshot: Snapshot) -> History:
        values = in_force(snapshot, ChangeKind.PLACEMENT)
        known = np.array([np.rint(100.0 * each).ravel() for each in self.increases]).astype(np.int64) * MICROS
        moved = known[1:] != known[:-1]
        ever = moved.any(axis=0)
        last = len(moved) - 1 - moved[::-1].argmax(axis=0) if len(moved) else np.zeros(len(values), dtype=np.int64)
        never = np.datetime64("NaT", "D")
        rows = np.arange(len(values))
        applied = np.where(ever, known[-1], UNKNOWN)
        week = np.where(ever, known[-WEEK] if len(known) >= WEEK else known[0], UNKNOWN)
        still = np.zeros(len(values), dtype=bool)
        return replace(
            History.none(len(values)),
            applied=applied,
            before=np.where(ever, known[last, rows], UNKNOWN),
            applied_on=np.where(ever, np.array(self.days)[last], never),
            week_start=week,
            base=applied,
            week_base=week,
            rose=still,
            fell=still,
        )
