"""Whether a person must look before anything is written, and that one did: totals in, reasons or an approval out."""

import numpy as np
from numpy.typing import NDArray

from bidding.errors import BidError
from bidding.expected import Outlook
from bidding.ledger import EntryKind, Ledger
from bidding.money import money_of
from bidding.night import Night
from bidding.run import BidRun, ChangeTable
from bidding.run_state import RunState, state_of_run
from bidding.run_tables import Asked
from bidding.snapshot import Strategy

FloatArray = NDArray[np.float64]


def why_a_person_must_approve(
    night: Night, outlooks: tuple[Outlook, Outlook], budgets: Asked, changes: ChangeTable
) -> tuple[str, ...]:
    """By channel: cost that moves either way, budgets that move either way, and how many changes there are.

    Moves in opposite directions do not cancel: a run that halves one half and doubles the other is a large one. Of a
    budget that leaves bids room only rises count: its fall, as on a month's last days, cannot spend more.
    """
    snapshot, reasons = night.snapshot, []
    before, after = outlooks
    running, of_target = snapshot.targets.enabled, snapshot.channel_of_targets()
    old, new = money_of(budgets.moves.old), money_of(budgets.guarded.new)
    steers = snapshot.campaigns.strategy == Strategy.SMART
    new = np.where(steers, new, np.maximum(new, old))
    for place, name in enumerate(snapshot.channels):
        limits, mine = night.channel(place).limits, running & (of_target == place)
        moved = _share(before.cost[mine], after.cost[mine])
        if moved > limits.approval_share:
            reasons.append(
                f"{name}: {100 * moved:.0f} % of the daily cost moves, more than {100 * limits.approval_share:.0f} %"
            )
        here = snapshot.campaigns.channel == place
        moved = _share(old[here], new[here])
        if moved > limits.approval_share:
            reasons.append(
                f"{name}: {100 * moved:.0f} % of daily budgets move, more than {100 * limits.approval_share:.0f} %"
            )
        count = int((changes.channel == place).sum())
        if count > limits.approval_changes:
            reasons.append(f"{name}: {count:,} changes, more than {limits.approval_changes:,}")
    return tuple(reasons)


def approve(run: BidRun, ledger: Ledger, by: str) -> RunState:
    """Note that a person approves; a run that somebody has approved already stays theirs.

    Raises:
        BidError: no name was given.
    """
    if not by.strip():
        raise BidError("an approval needs a person's name: --by NAME")
    with ledger.locked():
        state = state_of_run(ledger.entries(), run.id, len(run.changes))
        if not state.approved_by:
            ledger.append(EntryKind.APPROVED, {"run": run.id, "by": by.strip()})
            state = state_of_run(ledger.entries(), run.id, len(run.changes))
    return state


def _share(before: FloatArray, after: FloatArray) -> float:
    """What moves as a share of what there was; all of it where there was nothing."""
    moved, total = float(np.nansum(np.abs(after - before))), float(np.nansum(before))
    if moved == 0:
        return 0.0
    return moved / total if total > 0 else np.inf
