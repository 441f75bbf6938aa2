"""A night in; its guarded multipliers and targets on return out, and what the multipliers leave bids to do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.changes import ChangeKind
from bidding.guardrails.apply_rules import guard
from bidding.guardrails.flags import Found
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.moves_of_levers import as_increases, moves_of_placements, moves_of_targets
from bidding.in_force import InForce, in_force
from bidding.money import MICROS
from bidding.night import Night

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Steered:
    """What is set beside bids and budgets.

    Attributes:
        placements, targets: the values in force, what was asked and what the guardrails left of it.
        increases: multipliers after the run, fractions, `(M, W)`.
        widest: the larger of those in force and after the run, `(M, W)`: either may stand beside a new bid.
        lift: what new multipliers make of a campaign's bids on average over its clicks, against those in force, `(M,)`.
    """

    placements: tuple[InForce, Moves, Guarded]
    targets: tuple[InForce, Moves, Guarded]
    increases: FloatArray
    widest: FloatArray
    lift: FloatArray


def steer(night: Night, found: Found) -> Steered:
    """Increases and targets on return come before bids, which follow the increases that the guardrails leave."""
    placed, aimed = (in_force(night.snapshot, kind) for kind in (ChangeKind.PLACEMENT, ChangeKind.TARGET))
    moves = moves_of_placements(night, found, placed)
    as_told = as_increases(moves, guard(moves))
    targets = moves_of_targets(night, found, aimed)
    now = night.snapshot.campaigns.modifiers
    increases = now.copy()
    moved = as_told[1].changed(as_told[0])
    increases[placed.campaign[moved], placed.column[moved]] = as_told[1].new[moved] / MICROS / 100.0
    return Steered(
        placements=(placed, *as_told),
        targets=(aimed, targets, guard(targets)),
        increases=increases,
        widest=np.maximum(now, increases),
        lift=_lift(night, now, increases),
    )


def _lift(night: Night, now: FloatArray, increases: FloatArray) -> FloatArray:
    if night.steering is None or night.steering.modifiers is None:
        return np.ones(len(now))
    average = night.steering.modifiers.average
    return average(increases) / average(now)
