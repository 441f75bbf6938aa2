"""A night in, its sealed run out: what the data ask for → guardrails → what that brings → who must approve."""

import numpy as np
from numpy.typing import NDArray

from bidding.alarms import alarms
from bidding.approval import why_a_person_must_approve
from bidding.changes import ChangeKind, Totals
from bidding.days import totals
from bidding.expected import Outlook, expect
from bidding.expected_run import expect_run, of_budgets, of_placements, of_targets
from bidding.guardrails.apply_rules import guard
from bidding.guardrails.flags import Found, find
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.moves_of_night import chosen_bids, moves_of_bids, moves_of_budgets
from bidding.guardrails.steered import Steered, steer
from bidding.guardrails.words import words_of
from bidding.history import History
from bidding.in_force import in_force
from bidding.levers import smart_targets
from bidding.money import micros_of, money_of
from bidding.night import Night
from bidding.pacing import weekday_factor
from bidding.run import BidRun, join
from bidding.run_tables import Asked, changes_of, held_of, manual_of, rows_to_write
from bidding.sealing import seal
from bidding.written import part_to_write

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def propose(night: Night) -> BidRun:
    """The night's run: nothing is written anywhere.

    Raises:
        BidError: the parts of the night do not belong together.
    """
    snapshot, found = night.snapshot, find(night)
    asked = _asked(night, found)
    bids, _, budgets, _ = asked
    before, after = expect(night.response, night.values, money_of(bids.moves.old)), bids.outlook
    changes = join(*(changes_of(one, snapshot) for one in asked))
    return seal(
        BidRun(
            day=snapshot.today,
            account=night.account,
            channels=snapshot.channels,
            changes=changes,
            held=join(*(held_of(one, snapshot) for one in asked)),
            manual=join(*(manual_of(one, snapshot.today) for one in asked)),
            written=part_to_write(snapshot, *rows_to_write(asked, snapshot)),
            rejected=snapshot.rejected,
            alerts=alarms(night, found),
            notes=(*snapshot.warnings, *night.notes, *_notes(night, bids.moves)),
            totals=_totals(before, after, snapshot.targets.enabled),
            approval=why_a_person_must_approve(night, (before, after), budgets, changes),
            shadow_price=_prices(night),
            why=words_of(night, found),
            sources=dict(sorted(night.sources.items())),
            expected_cost=_expected_cost(night, before, after),
        )
    )


def _asked(night: Night, found: Found) -> tuple[Asked, Asked, Asked, Asked]:
    """Bids, placement increases, daily budgets and targets on return: asked, guarded and expected."""
    steered = steer(night, found)
    bids, budgets = moves_of_bids(night, found, steered), moves_of_budgets(night, found)
    new_bids, new_budgets = guard(bids), guard(budgets)
    after = expect_run(night, (bids, new_bids), steered)
    worth = np.where(smart_targets(night.snapshot), np.nan, night.values.profit)
    steering = night.steering

    def lever(kind: ChangeKind, history: History | None, outlook: Outlook) -> Asked:
        values, moves, guarded = steered.placements if kind is ChangeKind.PLACEMENT else steered.targets
        known = History.none(len(values)) if history is None else history
        return Asked(kind, values, moves, guarded, known, outlook, guarded.new, np.full(len(values), np.nan))

    return (
        Asked(
            ChangeKind.BID,
            in_force(night.snapshot, ChangeKind.BID),
            bids,
            new_bids,
            night.history,
            after.targets,
            _bases(night, bids, new_bids, steered),
            worth,
        ),
        lever(
            ChangeKind.PLACEMENT,
            None if steering is None else steering.placement_history,
            of_placements(night, after, steered),
        ),
        Asked(
            ChangeKind.CAMPAIGN_BUDGET,
            in_force(night.snapshot, ChangeKind.CAMPAIGN_BUDGET),
            budgets,
            new_budgets,
            night.budget_history,
            of_budgets(after, new_budgets.new),
            new_budgets.new,
            np.full(len(budgets), np.nan),
        ),
        lever(
            ChangeKind.TARGET,
            None if steering is None else steering.target_history,
            of_targets(after, steered.targets[0]),
        ),
    )


def _bases(night: Night, moves: Moves, guarded: Guarded, steered: Steered) -> IntArray:
    """New bids before their jitter, `(N,)`: the chosen ones where nothing but the step came between."""
    if night.jitter is None:
        return guarded.new
    follows = (np.abs(guarded.new - moves.wanted) <= moves.step) & ~smart_targets(night.snapshot)
    return np.where(follows, micros_of(chosen_bids(night, steered)), guarded.new)


def _expected_cost(night: Night, before: Outlook, after: Outlook) -> dict[str, tuple[float, float]]:
    """By channel, money of this very day: a usual day's times what its weekday spends."""
    snapshot, channel = night.snapshot, night.snapshot.channel_of_targets()
    both = [
        totals(channel, np.nan_to_num(outlook.cost) * snapshot.targets.enabled, len(snapshot.channels))
        for outlook in (before, after)
    ]
    found = {}
    for place, name in enumerate(snapshot.channels):
        by = weekday_factor(snapshot, place)
        found[name] = (float(both[0][place] * by), float(both[1][place] * by))
    return found


def _totals(before: Outlook, after: Outlook, running: NDArray[np.bool_]) -> Totals:
    def total(column: FloatArray) -> float:
        return float(np.nansum(column[running]))

    return Totals(total(before.cost), total(after.cost), total(before.sales), total(after.sales))


def _prices(night: Night) -> dict[str, float]:
    """Of the choice of bids; of the smart campaigns' levers where the bids leave money over or there are none."""
    price = night.choice.shadow_price
    if night.steering is not None:
        price = np.where(price > 0, price, night.steering.levers.price)
    return {name: float(each) for name, each in zip(night.snapshot.channels, price, strict=True)}


def _notes(night: Night, bids: Moves) -> tuple[str, ...]:
    waiting = int(night.history.never_taken_over(bids.old).sum())
    if not waiting:
        return ()
    return (f"{waiting:,} bids of an earlier run were never taken over: was its file uploaded?",)
