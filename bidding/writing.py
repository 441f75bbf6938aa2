"""A sealed run written through a port, item by item: what is about to be written is in the ledger before it is written.

Stopped anywhere and started again, the end state is the same: items in doubt are sent again, and a port never writes
one twice. A second call finds everything settled and writes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.bulk.port import BidItem, BidPort, ItemOutcome, ItemResult
from bidding.circumstances import Kill, KillScope
from bidding.in_force import TARGET_CPA
from bidding.ledger import EntryKind, Ledger
from bidding.multipliers import EVERY_NAME, part_id
from bidding.reasons import value_text
from bidding.run import KINDS, BidRun
from bidding.run_state import RunState, is_failure, ranges_of, state_of_run

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BATCH = 1000
LATEST_DAYS = 1
"""Bids of a day may be written on that day and the next; later they rest on data that are too old."""
SHOWN = 20


def silent(_: int, __: int) -> None:
    """Tells nobody how far it is."""


@dataclass(frozen=True)
class WriteSettings:
    """How to write: today, items per call of the port (None: all at once), whom to tell how far it is."""

    today: np.datetime64
    batch: int | None = BATCH
    progress: Callable[[int, int], None] = silent


@dataclass(frozen=True)
class Written:
    """What came of it: counts of items.

    Attributes:
        run: id.
        written: now.
        settled_before: in earlier calls.
        stopped: kept back by a kill switch.
        failed: item's entity → sentence, what was not written and why; all calls together.
        refused_because: why nothing was even tried, or None.
    """

    run: str
    written: int = 0
    settled_before: int = 0
    stopped: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    refused_because: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


def write_run_through(run: BidRun, ledger: Ledger, port: BidPort, settings: WriteSettings) -> Written:
    """Write what is not settled yet.

    Raises:
        BidError: the ledger was altered, somebody else is writing, or the port cannot write at all.
    """
    with ledger.locked():
        state = state_of_run(ledger.entries(), run.id, len(run.changes))
        why_not = None if run.reverses else _why_not(run, ledger, state, settings.today)
        if why_not:
            return Written(run.id, refused_because=why_not)
        todo = np.flatnonzero(~state.settled)
        written = stopped = 0
        size = settings.batch or max(len(todo), 1)
        for start in range(0, len(todo), size):
            batch = todo[start : start + size]
            free = batch if run.reverses else batch[~killed_items(run, ledger.kills())[batch]]
            stopped += len(batch) - len(free)
            if len(free):
                written += _write(run, free, state.in_doubt, ledger, port)
            settings.progress(start + len(batch), len(todo))
        after = state_of_run(ledger.entries(), run.id, len(run.changes))
    failed = {str(run.changes.entity[item]): words for item, words in sorted(after.failed.items())}
    return Written(run.id, written, int(state.settled.sum()), stopped, failed)


def killed_items(run: BidRun, kills: Sequence[Kill]) -> BoolArray:
    """Items that a kill switch stops, `(K,)`."""
    stopped = np.zeros(len(run.changes), dtype=bool)
    for kill in kills:
        if kill.scope in (KillScope.GLOBAL, KillScope.ACCOUNT):
            stopped[:] = True
        elif kill.scope is KillScope.CHANNEL:
            stopped |= np.array(run.channels, dtype=object)[run.changes.channel] == kill.name
        else:
            stopped |= np.isin(run.changes.entity.astype(str), _of_campaign(run, kill.name))
    return stopped


def item_of(run: BidRun, item: int) -> BidItem:
    """One item as the port takes it."""
    table, kind = run.changes, KINDS[int(run.changes.kind[item])]
    return BidItem(
        key=f"{run.id}:{item}",
        platform=run.written.platforms[int(table.channel[item])].value,
        entity=str(table.entity[item]),
        kind=kind,
        expected=value_text(run, kind, int(table.old[item])),
        value=value_text(run, kind, int(table.new[item])),
    )


def _write(run: BidRun, items: IntArray, in_doubt: BoolArray, ledger: Ledger, port: BidPort) -> int:
    ledger.append(EntryKind.APPLYING, {"run": run.id, "items": ranges_of(items)})
    results = port.apply([item_of(run, int(item)) for item in items])
    by_item = {int(result.key.rsplit(":", 1)[1]): result for result in results}
    again = [item for item in map(int, items) if item not in by_item or by_item[item].outcome is ItemOutcome.RETRY]
    others = [item for item, result in by_item.items() if not _is_ours(result, bool(in_doubt[item]))]
    failed = {
        str(item): result.message or result.outcome.value
        for item, result in by_item.items()
        if is_failure(result.outcome)
    }
    failed |= {str(item): "the platform gave no answer" for item in again if item not in by_item}
    content = {"items": ranges_of(items), "not_written": sorted({*others, *again}), "again": again, "failed": failed}
    ledger.append(EntryKind.APPLIED, {"run": run.id} | content)
    return len(items) - len({*others, *again})


def _is_ours(result: ItemResult, was_in_doubt: bool) -> bool:
    """A value that stands there already is ours only where we may have written it before something stopped us."""
    return result.outcome is ItemOutcome.APPLIED or (result.outcome is ItemOutcome.UNCHANGED and was_in_doubt)


def _why_not(run: BidRun, ledger: Ledger, state: RunState, today: np.datetime64) -> str | None:
    if run.needs_approval and not state.approved_by:
        return (
            f"run {run.id} needs a person's approval ({'; '.join(run.approval)}): rmo bids approve {run.id} --by NAME"
        )
    if state.settled.all() and len(state.settled):
        return None
    late = int((today - run.day) // np.timedelta64(1, "D"))
    if late > LATEST_DAYS:
        return f"run {run.id} was made for {run.day}, {late} days ago: its data are too old. Propose again"
    other = _written_since(run, ledger)
    if other:
        return f"run {other} was written after {run.id} was proposed: its bids would be overwritten. Propose again"
    return None


def _written_since(run: BidRun, ledger: Ledger) -> str | None:
    """Another run of which something was written after this one was proposed."""
    mine = False
    for entry in ledger.entries():
        if entry.kind is EntryKind.PROPOSED and entry.content["run"] == run.id:
            mine = True
        elif mine and entry.kind is EntryKind.APPLYING and entry.content["run"] != run.id:
            return str(entry.content["run"])
    return None


def _of_campaign(run: BidRun, campaign: str) -> list[str]:
    """Everything of a campaign that a run may change: itself, its targets, its multipliers and target on cost."""
    targets, campaigns = run.written.targets, run.written.campaigns
    mine = (campaigns.ids == campaign)[targets.campaign]
    parts = [part_id(campaign, name) for name in (*EVERY_NAME, TARGET_CPA)]
    return [campaign, *parts, *(str(name) for name in targets.ids[mine])]
