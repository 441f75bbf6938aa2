"""A run that was written and what is live now in; out, a run that puts back exactly what was there, and what it leaves.

Only values that are still this run's are touched: live is what it wrote, and no later run of ours wrote the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bidding.bulk.port import BidPort
from bidding.changes import ChangeKind, Totals
from bidding.errors import BidError
from bidding.guardrails.rules import Guard
from bidding.in_force import in_force
from bidding.ledger import EntryKind, Ledger
from bidding.money import UNKNOWN, micros_from_text
from bidding.reasons import value_text
from bidding.run import KINDS, BidRun, take
from bidding.run_state import state_of_run
from bidding.sealing import seal
from bidding.snapshot import Snapshot

Key = tuple[ChangeKind, str]
Live = Mapping[Key, int]
"""Values in force, millionths, by kind and the platform's id."""


@dataclass(frozen=True, eq=False)
class Reversal:
    """A run that puts back (None where there is nothing to), and entity → why something stays as it is."""

    run: BidRun | None
    left: Mapping[str, str]


def reverse(run: BidRun, ledger: Ledger, live: Live, today: np.datetime64) -> Reversal:
    """What is still this run's, put back.

    Raises:
        BidError: nothing of the run was ever written.
    """
    state = state_of_run(ledger.entries(), run.id, len(run.changes))
    written = np.flatnonzero(state.ours | state.in_doubt)
    if not len(written):
        raise BidError(f"run {run.id} was never written: there is nothing to put back")
    later = _written_later(run, ledger)
    left: dict[str, str] = {}
    back = []
    for item in written:
        why = _why_it_stays(run, int(item), live, later)
        if why is None:
            back.append(int(item))
        else:
            left[str(run.changes.entity[item])] = why
    return Reversal(_reversed(run, np.array(back, dtype=np.int64), today) if back else None, left)


def unfinished_reversals(run: BidRun, ledger: Ledger) -> list[str]:
    """Runs that put this one back and were stopped in the middle."""
    entries = ledger.entries()
    names = [
        (str(e.content["run"]), int(e.content["changes"]))
        for e in entries
        if e.kind is EntryKind.PROPOSED and e.content.get("reverses") == run.id
    ]
    return [name for name, count in names if not state_of_run(entries, name, count).settled.all()]


def live_in(snapshot: Snapshot) -> dict[Key, int]:
    """Values in force of every kind, as the reports have them."""
    found: dict[Key, int] = {}
    for kind in ChangeKind:
        values = in_force(snapshot, kind)
        found |= {(kind, name): value for name, value in zip(values.ids.tolist(), values.value.tolist(), strict=True)}
    return found


def live_through(port: BidPort, run: BidRun) -> dict[Key, int]:
    """Values in force of everything that a run changes, as the platform has them."""
    keys = [(KINDS[int(kind)], str(entity)) for kind, entity in zip(run.changes.kind, run.changes.entity, strict=True)]
    texts = port.live([(entity, kind) for kind, entity in keys])
    return {key: micros_from_text(text) for key, text in zip(keys, texts, strict=True) if text is not None}


def _why_it_stays(run: BidRun, item: int, live: Live, later: Mapping[Key, str]) -> str | None:
    table = run.changes
    key = (KINDS[int(table.kind[item])], str(table.entity[item]))
    if key in later:
        return f"run {later[key]} has written it since"
    if live.get(key, UNKNOWN) == UNKNOWN:
        return "it no longer exists"
    if live[key] == table.new[item]:
        return None
    if live[key] == table.old[item]:
        return "it stands already where it was"
    stands, ours = value_text(run, key[0], live[key]), value_text(run, key[0], int(table.new[item]))
    return f"it is not ours any more: {stands} is live, the run wrote {ours}"


def _written_later(run: BidRun, ledger: Ledger) -> dict[Key, str]:
    """Everything that later runs wrote, with the run."""
    entries = ledger.entries()
    mine = max(e.seq for e in entries if e.content.get("run") == run.id and e.kind is EntryKind.APPLYING)
    names = dict.fromkeys(
        str(e.content["run"])
        for e in entries
        if e.kind is EntryKind.APPLYING and e.seq > mine and e.content["run"] != run.id
    )
    found: dict[Key, str] = {}
    for name in names:
        other = ledger.load_run(name)
        ours = np.flatnonzero(state_of_run(entries, name, len(other.changes)).ours)
        table = other.changes
        found |= {(KINDS[int(table.kind[row])], str(table.entity[row])): name for row in ours}
    return found


def _reversed(run: BidRun, items: NDArray[np.int64], today: np.datetime64) -> BidRun:
    some = run.changes.take(items)
    unknown = np.full(len(items), np.nan)
    expected = ("worth", "clicks", "clicks_sd", "cost", "cost_sd", "sales", "sales_sd")
    changes = replace(
        some,
        old=some.new,
        new=some.old,
        wanted=some.old,
        base=some.old,
        binding=np.full(len(items), int(Guard.NONE), dtype=np.int64),
        **dict.fromkeys(expected, unknown),
    )
    nothing = np.zeros(0, dtype=np.int64)
    return seal(
        replace(
            run,
            day=today,
            changes=changes,
            held=take(run.held, nothing),
            manual=take(run.manual, nothing),
            rejected=(),
            alerts=(),
            notes=(),
            totals=Totals(0.0, 0.0, 0.0, 0.0),
            approval=(),
            why={},
            reverses=run.id,
        )
    )
