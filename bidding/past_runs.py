"""What earlier runs did to the values in force: a ledger in, a `History` in the order of ids out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bidding.changes import ChangeKind
from bidding.days import days_since
from bidding.history import REST_DAYS, History
from bidding.ledger import EntryKind, Ledger
from bidding.money import UNKNOWN
from bidding.run import KINDS, BidRun
from bidding.run_state import state_of_run

IntArray = NDArray[np.int64]
LOOKBACK_DAYS = 35
"""Days of runs that are read again each night; a person's change is respected for seven, so older ones tell nothing."""
WEEK = 7


def history_of(
    ledger: Ledger, kind: ChangeKind, ids: NDArray[np.object_], live: IntArray, today: np.datetime64
) -> History:
    """The history of values of one kind.

    Args:
        ledger: of the account.
        kind: bids or budgets.
        ids, live: the platform's ids and the values in force, millionths, `(N,)`.
        today: the day for which bids are set.
    """
    index, place = pd.Index(ids), KINDS.index(kind)
    applied, before, day_start, week_start = (np.full(len(ids), UNKNOWN, dtype=np.int64) for _ in range(4))
    applied_on, since = (np.full(len(ids), "NaT", dtype="datetime64[D]") for _ in range(2))
    bases = _Bases.none(len(ids))
    for run, ours in _written_runs(ledger, today):
        mine = np.flatnonzero(ours & (run.changes.kind == place))
        row = index.get_indexer(pd.Index(run.changes.entity[mine]))
        mine, row = mine[row >= 0], row[row >= 0]
        old = run.changes.old[mine]
        age = int(days_since(np.array([run.day]), today)[0])
        stood = np.where(old == applied[row], bases.now[row], old)
        put_back = bool(run.reverses) & (run.changes.new[mine] == before[row])
        bases.move(row, stood, np.where(put_back, bases.replaced[row], run.changes.base[mine]), age)
        applied[row], before[row], applied_on[row] = run.changes.new[mine], old, run.day
        if age <= 0:
            day_start[row] = np.where(day_start[row] == UNKNOWN, old, day_start[row])
        if age < WEEK:
            week_start[row] = np.where(week_start[row] == UNKNOWN, old, week_start[row])
    seen = _latest_proposed(ledger)
    if seen is not None:
        mine = np.flatnonzero(seen.manual.kind == place)
        row = index.get_indexer(pd.Index(seen.manual.entity[mine]))
        mine, row = mine[row >= 0], row[row >= 0]
        same = live[row] == seen.manual.value[mine]
        since[row[same]] = seen.manual.since[mine[same]]
    steady = (bases.now, bases.week_start, bases.rose, bases.fell)
    return History(applied, before, applied_on, day_start, week_start, since, *steady)


@dataclass(frozen=True, eq=False)
class _Bases:
    """Values without their jitter while runs are read, oldest first; all arrays `(N,)`, changed in place."""

    now: IntArray
    replaced: IntArray
    week_start: IntArray
    rose: NDArray[np.bool_]
    fell: NDArray[np.bool_]

    @classmethod
    def none(cls, count: int) -> "_Bases":
        now, replaced, week_start = (np.full(count, UNKNOWN, dtype=np.int64) for _ in range(3))
        return cls(now, replaced, week_start, np.zeros(count, dtype=bool), np.zeros(count, dtype=bool))

    def move(self, row: IntArray, stood: IntArray, base: IntArray, age: int) -> None:
        """A run of `age` days ago replaced bases `stood` by `base`."""
        if age < WEEK:
            self.week_start[row] = np.where(self.week_start[row] == UNKNOWN, stood, self.week_start[row])
        if age <= REST_DAYS:
            self.rose[row] |= base > stood
            self.fell[row] |= base < stood
        self.replaced[row], self.now[row] = stood, base


def _written_runs(ledger: Ledger, today: np.datetime64) -> Iterator[tuple[BidRun, NDArray[np.bool_]]]:
    """Runs of the last weeks of which something was written, in the order of writing, with the items that are ours."""
    entries = ledger.entries()
    days = {str(e.content["run"]): str(e.content["day"]) for e in entries if e.kind is EntryKind.PROPOSED}
    order = dict.fromkeys(str(e.content["run"]) for e in entries if e.kind is EntryKind.APPLYING)
    for name in order:
        if np.datetime64(days[name]) > today - np.timedelta64(LOOKBACK_DAYS, "D"):
            run = ledger.load_run(name)
            yield run, state_of_run(entries, name, len(run.changes)).ours


def _latest_proposed(ledger: Ledger) -> BidRun | None:
    """The newest run that was proposed, rollbacks left out: it knows since when people's changes have been seen."""
    entries = ledger.entries()
    names = [str(e.content["run"]) for e in entries if e.kind is EntryKind.PROPOSED and not e.content.get("reverses")]
    return ledger.load_run(names[-1]) if names else None
