"""A spend in fractions of a cent -> whole cents that keep every rule and the total, by a small integer program."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.errors import DeadlineExceeded
from optimizer.program import Program
from optimizer.restrictions import Restrictions, Row, RowKind
from optimizer.solver import Deadline, Formulation, solve

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEAST_MONEY = 0.005  # a plan may miss what it is to bring by less than half a cent


@dataclass(frozen=True)
class Attempt:
    """How far to look around the solution, and whether a share may be missed by less than one cent.

    (A share of exactly a third cannot always be met in whole cents.)
    """

    cents: int
    steps: int
    misses_shares: bool


@dataclass(frozen=True)
class _IntegerRow:
    """A rule on spend: lower <= weights @ moves <= upper, exact; `None` means no limit."""

    weights: tuple[int, ...]
    lower: int | None
    upper: int | None

    def holds(self, moves: list[int]) -> bool:
        here = sum(weight * move for weight, move in zip(self.weights, moves, strict=True))
        return (self.lower is None or here >= self.lower) and (self.upper is None or here <= self.upper)


ATTEMPTS = (
    Attempt(1, 0, False),
    Attempt(8, 0, False),
    Attempt(8, 0, True),
    Attempt(50, 1, False),
    Attempt(50, 1, True),
)


def round_to_cents(
    restrictions: Restrictions, program: Program, spend: FloatArray, deadline: Deadline
) -> tuple[int, ...]:
    """Whole cents per channel near `spend` (cents, `(C,)`), the most valuable that keep all restrictions.

    Raises:
        DeadlineExceeded: none was found in time.
    """
    program = program.at_worst(spend)
    base = _nearest_base(restrictions, spend)
    for attempt in ATTEMPTS:
        rounded = _attempt(restrictions, program, base, attempt, deadline)
        if rounded is not None:
            return rounded
    floors = {row.label for row in restrictions.rows if _is_floor(row)}
    without_floor = restrictions.only(set(restrictions.labels) - floors)
    rounded = _attempt(without_floor, program, base, ATTEMPTS[-1], deadline)
    if rounded is None:
        raise DeadlineExceeded("No plan in whole cents that keeps the rules was found in the time given.")
    return rounded


def split_evenly(cents: int, parts: int) -> tuple[int, ...]:
    """`cents` in `parts` whole amounts that differ by at most one and sum to it exactly."""
    return tuple(cents * (part + 1) // parts - cents * part // parts for part in range(parts))


def _is_floor(row: Row) -> bool:
    return row.kind is RowKind.BUDGET and row.upper is None


def _nearest_base(restrictions: Restrictions, spend: FloatArray) -> list[int]:
    base = []
    for channel, cents in enumerate(spend):
        step = restrictions.step(channel)
        base.append(round(cents / step) * step if step else round(cents))
    return base


def _attempt(
    restrictions: Restrictions, program: Program, base: list[int], attempt: Attempt, deadline: Deadline
) -> tuple[int, ...] | None:
    """The most valuable choice among the amounts near `base`, checked once more in whole numbers."""
    amounts = [_amounts_near(restrictions, channel, cents, attempt) for channel, cents in enumerate(base)]
    if not all(len(options) for options in amounts):
        return None
    rows = [_integer_row(row, base, attempt.misses_shares) for row in restrictions.rows]
    solution = solve(_choice_of_amounts(program, base, amounts, rows), deadline)
    if not solution.has_values:
        return None
    firsts = np.cumsum([0, *(len(options) for options in amounts)])
    picks = [int(np.argmax(solution.values[a:b])) for a, b in pairwise(firsts)]
    chosen = tuple(int(options[index]) for options, index in zip(amounts, picks, strict=True))
    moves = [after - before for after, before in zip(chosen, base, strict=True)]
    brings = np.array(chosen, dtype=np.float64)
    kept = all(row.holds(moves) for row in rows) and all(row.is_kept(brings, LEAST_MONEY) for row in program.value_rows)
    return chosen if kept else None


def _amounts_near(restrictions: Restrictions, channel: int, cents: int, attempt: Attempt) -> IntArray:
    """Amounts within reach that the channel's bounds, step and minimum viable spend allow."""
    step = restrictions.step(channel)
    unit, reach = (step, attempt.steps) if step else (1, attempt.cents)
    least, most = restrictions.bounds(channel)
    viable = restrictions.minimum_viable(channel)
    amounts = cents + unit * np.arange(-reach, reach + 1, dtype=np.int64)
    allowed: IntArray = amounts[(amounts >= least) & (amounts <= most) & ((amounts >= viable) | (amounts == 0))]
    return allowed


def _choice_of_amounts(
    program: Program, base: list[int], amounts: list[IntArray], rows: list[_IntegerRow]
) -> Formulation:
    """One binary per channel and amount, each with its exact value; rows count whole cents from `base`."""
    owner = np.repeat(np.arange(len(base)), [len(options) for options in amounts])
    moves = np.concatenate([options - cents for options, cents in zip(amounts, base, strict=True)])
    weights = np.array([row.weights for row in rows], dtype=np.float64).reshape(-1, len(base))
    values = [_gains(row.valuation.at, base, amounts) for row in program.value_rows]
    here = np.array(base, dtype=np.float64)
    short = [row.least - row.valuation.total(here) for row in program.value_rows]
    count = len(moves)
    one_each = (owner == np.arange(len(base))[:, None]).astype(np.float64)
    return Formulation(
        objective=_gains(program.curve_at, base, amounts),
        lower=np.zeros(count),
        upper=np.ones(count),
        is_integer=np.ones(count, dtype=bool),
        rows=sparse.csr_matrix(np.vstack([weights[:, owner] * moves, *values, one_each])),
        row_lower=np.array(
            [*(-np.inf if row.lower is None else float(row.lower) for row in rows), *short, *np.ones(len(base))]
        ),
        row_upper=np.array(
            [
                *(np.inf if row.upper is None else float(row.upper) for row in rows),
                *(np.inf for _ in short),
                *np.ones(len(base)),
            ]
        ),
    )


def _integer_row(row: Row, base: list[int], misses_shares: bool) -> _IntegerRow:
    """A row in whole numbers, and what its limits leave for moves from `base`."""
    whole, part = row.share.denominator, row.share.numerator
    weights = tuple(whole * (channel in row.members) - part for channel in range(len(base)))
    here = sum(weight * amount for weight, amount in zip(weights, base, strict=True))
    slack = whole - 1 if misses_shares else 0
    lower = None if row.lower is None else row.lower * whole - here - slack
    upper = None if row.upper is None else row.upper * whole - here + slack
    return _IntegerRow(weights, lower, upper)


def _gains(worth: Callable[[int, FloatArray], FloatArray], base: list[int], amounts: list[IntArray]) -> FloatArray:
    """What each amount is worth more than the base."""
    gains = []
    for channel, (cents, options) in enumerate(zip(base, amounts, strict=True)):
        here = worth(channel, np.array([cents], dtype=np.float64))
        gains.append(worth(channel, options.astype(np.float64)) - here)
    return np.concatenate(gains)
