"""A night in, its sealed run out: what the data ask for → guardrails → what that brings → who must approve."""

import numpy as np
from numpy.typing import NDArray

from bidding.alarms import alarms
from bidding.approval import why_a_person_must_approve
from bidding.changes import ChangeKind, Totals
from bidding.expected import Outlook, expect
from bidding.guardrails.apply_rules import guard
from bidding.guardrails.flags import find
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.moves_of_night import moves_of_bids, moves_of_budgets
from bidding.guardrails.rules import Guard
from bidding.guardrails.words import words_of
from bidding.history import History
from bidding.intervals import learn_chance, with_chance
from bidding.money import micros_of, money_of
from bidding.night import Night
from bidding.run import KINDS, BidRun, ChangeTable, HeldTable, ManualTable, join
from bidding.sealing import seal
from bidding.written import part_to_write

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BID, BUDGET = KINDS.index(ChangeKind.BID), KINDS.index(ChangeKind.CAMPAIGN_BUDGET)


def propose(night: Night) -> BidRun:
    """The night's run: nothing is written anywhere.

    Raises:
        BidError: the parts of the night do not belong together.
    """
    snapshot, found = night.snapshot, find(night)
    bids, budgets = moves_of_bids(night, found), moves_of_budgets(night, found)
    new_bids, new_budgets = guard(bids), guard(budgets)
    before = expect(night.response, night.values, money_of(bids.old))
    after = expect(night.response, night.values, money_of(new_bids.new))
    after = with_chance(after, night.values, learn_chance(snapshot), snapshot.channel_of_targets())
    changes = join(_bid_changes(night, bids, new_bids, after), _budget_changes(night, budgets, new_budgets))
    running = snapshot.targets.enabled
    totals = _totals(before, after, running)
    return seal(
        BidRun(
            day=snapshot.today,
            account=night.account,
            channels=snapshot.channels,
            changes=changes,
            held=join(
                _held(BID, snapshot.targets.ids, snapshot.channel_of_targets(), bids, new_bids),
                _held(BUDGET, snapshot.campaigns.ids, snapshot.campaigns.channel, budgets, new_budgets),
            ),
            manual=join(
                _manual(BID, snapshot.targets.ids, bids, night.history, snapshot.today),
                _manual(BUDGET, snapshot.campaigns.ids, budgets, night.budget_history, snapshot.today),
            ),
            written=part_to_write(snapshot, new_bids.changed(bids), new_budgets.changed(budgets)),
            rejected=snapshot.rejected,
            alerts=alarms(night, found),
            notes=(*snapshot.warnings, *night.notes, *_notes(night, bids)),
            totals=totals,
            approval=why_a_person_must_approve(night, (before, after), (bids, new_bids), (budgets, new_budgets)),
            shadow_price=_prices(night),
            why=words_of(night, found),
            sources=dict(sorted(night.sources.items())),
        )
    )


def _bid_changes(night: Night, moves: Moves, guarded: Guarded, after: Outlook) -> ChangeTable:
    rows = np.flatnonzero(guarded.changed(moves))
    return ChangeTable(
        kind=np.full(len(rows), BID, dtype=np.int64),
        entity=night.snapshot.targets.ids[rows],
        channel=night.snapshot.channel_of_targets()[rows],
        old=moves.old[rows],
        new=guarded.new[rows],
        wanted=moves.wanted[rows],
        base=_bases(night, moves, guarded)[rows],
        binding=guarded.binding[rows],
        worth=night.values.profit[rows],
        clicks=after.clicks[rows],
        clicks_sd=after.clicks_sd[rows],
        cost=after.cost[rows],
        cost_sd=after.cost_sd[rows],
        sales=after.sales[rows],
        sales_sd=after.sales_sd[rows],
    )


def _budget_changes(night: Night, moves: Moves, guarded: Guarded) -> ChangeTable:
    """A budget's own effect is not told apart from that of its bids: its expectations stay unknown."""
    rows = np.flatnonzero(guarded.changed(moves))
    unknown = np.full(len(rows), np.nan)
    return ChangeTable(
        np.full(len(rows), BUDGET, dtype=np.int64),
        night.snapshot.campaigns.ids[rows],
        night.snapshot.campaigns.channel[rows],
        moves.old[rows],
        guarded.new[rows],
        moves.wanted[rows],
        guarded.new[rows],
        guarded.binding[rows],
        *(unknown,) * 7,
    )


def _bases(night: Night, moves: Moves, guarded: Guarded) -> IntArray:
    """New bids before their jitter, `(N,)`: the chosen ones where nothing but the step came between."""
    if night.jitter is None:
        return guarded.new
    chosen = micros_of(night.response.bids[np.arange(len(moves)), night.choice.column])
    return np.where(np.abs(guarded.new - moves.wanted) <= moves.step, chosen, guarded.new)


def _held(kind: int, ids: NDArray[np.object_], channel: IntArray, moves: Moves, guarded: Guarded) -> HeldTable:
    """What the data would have moved by at least half a step; all else merely stays."""
    asked = np.abs(moves.wanted - moves.old) * 2 > moves.step
    rows = np.flatnonzero((guarded.held != Guard.NONE) & asked)
    return HeldTable(np.full(len(rows), kind, dtype=np.int64), ids[rows], channel[rows], guarded.held[rows])


def _manual(kind: int, ids: NDArray[np.object_], moves: Moves, history: History, today: np.datetime64) -> ManualTable:
    rows = np.flatnonzero(history.changed_by_a_person(moves.old))
    since = history.manual_since[rows].astype("datetime64[D]")
    since = np.where(np.isnat(since), today.astype("datetime64[D]"), since).astype("datetime64[D]")
    return ManualTable(np.full(len(rows), kind, dtype=np.int64), ids[rows], moves.old[rows], since)


def _totals(before: Outlook, after: Outlook, running: NDArray[np.bool_]) -> Totals:
    def total(column: FloatArray) -> float:
        return float(np.nansum(column[running]))

    return Totals(total(before.cost), total(after.cost), total(before.sales), total(after.sales))


def _prices(night: Night) -> dict[str, float]:
    return {name: float(price) for name, price in zip(night.snapshot.channels, night.choice.shadow_price, strict=True)}


def _notes(night: Night, bids: Moves) -> tuple[str, ...]:
    waiting = int(night.history.never_taken_over(bids.old).sum())
    if not waiting:
        return ()
    return (f"{waiting:,} bids of an earlier run were never taken over: was its file uploaded?",)
