"""What earlier runs did to the values in force: a ledger in, histories in the order of ids and edits out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bidding.changes import ChangeKind
from bidding.days import days_since
from bidding.history import REST_DAYS, History
from bidding.in_force import in_force
from bidding.ledger import EntryKind, Ledger
from bidding.money import UNKNOWN
from bidding.run import KINDS, BidRun
from bidding.run_state import state_of_run
from bidding.snapshot import Snapshot

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
LOOKBACK_DAYS = 35
"""Days of runs that are read again each night; a person's change is respected for seven, so older ones tell nothing."""
WEEK = 7
NEARLY_ALL = 0.9
"""Of a run's items, that must have been written for its expectations to be those of its day."""


@dataclass(frozen=True, eq=False)
class Past:
    """What earlier runs did.

    Attributes:
        histories: of the values of each kind that `in_force` names, in its order.
        edits: days of the last seven on which anything of each campaign was written, `(M,)`.
        promised: by ISO day, what each channel's values of that day were expected to cost; days whose run was written.
        price: of money by channel, as the newest of the last week's written runs had it, `(C,)`; 0 where none did.
    """

    histories: Mapping[ChangeKind, History]
    edits: IntArray
    promised: Mapping[str, Mapping[str, float]]
    price: FloatArray


def past_of(ledger: Ledger, snapshot: Snapshot) -> Past:
    """Every kind's history and the campaigns' edits, each run read once."""
    values = {kind: in_force(snapshot, kind) for kind in ChangeKind}
    found = {kind: _Builder(kind, of.ids, of.value, snapshot.today) for kind, of in values.items()}
    edited = np.zeros((len(snapshot.campaigns.ids), WEEK), dtype=bool)
    promised: dict[str, Mapping[str, float]] = {}
    price = np.zeros(len(snapshot.channels))
    for run, ours in _written_runs(ledger, snapshot.today):
        age = int(days_since(np.array([run.day]), snapshot.today)[0])
        promised.pop(str(run.day), None)
        if not run.reverses and ours.mean() >= NEARLY_ALL:
            promised[str(run.day)] = {name: after for name, (_, after) in run.expected_cost.items()}
            if age < WEEK:
                price = np.array([run.shadow_price.get(name, 0.0) for name in snapshot.channels])
        for kind, builder in found.items():
            rows = builder.add(run, ours)
            if 0 <= age < WEEK:
                edited[values[kind].campaign[rows], age] = True
    seen = _latest_proposed(ledger)
    histories = {kind: builder.history(seen) for kind, builder in found.items()}
    return Past(histories, edited.sum(axis=1).astype(np.int64), promised, price)


class _Builder:
    """Reads runs, oldest first, for the history of one kind of values."""

    def __init__(self, kind: ChangeKind, ids: NDArray[np.object_], live: IntArray, today: np.datetime64) -> None:
        self._kind, self._live, self._today = KINDS.index(kind), live, today
        self._index = pd.Index(ids)
        self._applied, self._before, self._day_start, self._week_start = (
            np.full(len(ids), UNKNOWN, dtype=np.int64) for _ in range(4)
        )
        self._applied_on, self._since = (np.full(len(ids), "NaT", dtype="datetime64[D]") for _ in range(2))
        self._bases = _Bases.none(len(ids))

    def add(self, run: BidRun, ours: NDArray[np.bool_]) -> IntArray:
        """Take up one run; the places of this kind's values that it wrote, out."""
        mine, row = self._located(run.changes.entity, ours & (run.changes.kind == self._kind))
        old = run.changes.old[mine]
        age = int(days_since(np.array([run.day]), self._today)[0])
        stood = np.where(old == self._applied[row], self._bases.now[row], old)
        put_back = bool(run.reverses) & (run.changes.new[mine] == self._before[row])
        base = np.where(put_back, self._bases.replaced[row], run.changes.base[mine])
        self._bases.move(row, stood, base, age)
        self._applied[row], self._before[row], self._applied_on[row] = run.changes.new[mine], old, run.day
        if age <= 0:
            self._day_start[row] = np.where(self._day_start[row] == UNKNOWN, old, self._day_start[row])
        if age < WEEK:
            self._week_start[row] = np.where(self._week_start[row] == UNKNOWN, old, self._week_start[row])
        return row

    def history(self, seen: BidRun | None) -> History:
        """What the runs did; `seen` is the newest that was proposed, which knows what people had changed by then."""
        if seen is not None:
            mine, row = self._located(seen.manual.entity, seen.manual.kind == self._kind)
            same = self._live[row] == seen.manual.value[mine]
            self._since[row[same]] = seen.manual.since[mine[same]]
        return History(
            self._applied,
            self._before,
            self._applied_on,
            self._day_start,
            self._week_start,
            self._since,
            self._bases.now,
            self._bases.week_start,
            self._bases.rose,
            self._bases.fell,
        )

    def _located(self, entity: NDArray[np.object_], wanted: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
        """Rows of a run's table whose value still exists, and where."""
        mine = np.flatnonzero(wanted)
        row = self._index.get_indexer(pd.Index(entity[mine]))
        return mine[row >= 0], row[row >= 0]


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
