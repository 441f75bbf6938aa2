"""A spend in fractions of a cent -> whole cents that keep every rule and the total, by a small integer program."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.errors import DeadlineExceeded
from optimizer.formulation import Program
from optimizer.restrictions import Restrictions, Row, RowKind
from optimizer.solver import Deadline, Formulation, solve

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
# How far to look around the solution, in cents or steps, and whether a share may be missed by less than one cent
# (a share of exactly a third cannot always be met in whole cents).
ATTEMPTS = ((1, False), (8, False), (8, True), (50, False), (50, True))


def round_to_cents(
    restrictions: Restrictions, program: Program, spend: FloatArray, deadline: Deadline
) -> tuple[int, ...]:
    """Whole cents per channel near `spend` (cents, `(C,)`), the most valuable that keep all restrictions.

    Raises:
        DeadlineExceeded: none was found in time.
    """
    base = _nearest_base(restrictions, spend)
    for window, misses_shares in ATTEMPTS:
        rounded = _attempt(restrictions, program, base, window, misses_shares, deadline)
        if rounded is not None:
            return rounded
    without_floor = restrictions.only(
        {row.label for row in restrictions.rows if not _is_floor(row)} | _jumps(restrictions)
    )
    rounded = _attempt(without_floor, program, base, ATTEMPTS[-1][0], True, deadline)
    if rounded is None:
        raise DeadlineExceeded("No plan in whole cents that keeps the rules was found in the time given.")
    return rounded


def split_evenly(cents: int, parts: int) -> tuple[int, ...]:
    """`cents` in `parts` whole amounts that differ by at most one and sum to it exactly."""
    return tuple(cents * (part + 1) // parts - cents * part // parts for part in range(parts))


def split_in_proportion(cents: int, weights: FloatArray) -> tuple[int, ...]:
    """`cents` in whole amounts as `weights` (sum above 0) have it, exact in sum, by largest remainder."""
    exact = cents * weights / weights.sum()
    amounts = np.floor(exact).astype(int)
    left = cents - int(amounts.sum())
    for index in np.argsort(amounts - exact, kind="stable")[:left]:
        amounts[index] += 1
    return tuple(int(amount) for amount in amounts)


def _is_floor(row: Row) -> bool:
    return row.kind is RowKind.BUDGET and row.upper is None


def _jumps(restrictions: Restrictions) -> set[str]:
    return {jump.label for jump in restrictions.jumps}


def _nearest_base(restrictions: Restrictions, spend: FloatArray) -> list[int]:
    base = []
    for channel, cents in enumerate(spend):
        step = restrictions.step(channel)
        base.append(round(cents / step) * step if step else round(cents))
    return base


def _attempt(
    restrictions: Restrictions, program: Program, base: list[int], window: int, misses_shares: bool, deadline: Deadline
) -> tuple[int, ...] | None:
    """Integer moves within the window around `base`, in cents or steps, by exact integer rows."""
    unit = np.array([restrictions.step(channel) or 1 for channel in range(len(base))], dtype=np.int64)
    low, high = _move_limits(restrictions, base, unit, window)
    if (low > high).any():
        return None
    amounts = [
        cents + np.arange(least, most + 1) * size
        for cents, least, most, size in zip(base, low, high, unit, strict=True)
    ]
    solution = solve(_choice_of_amounts(restrictions, program, base, amounts, misses_shares), deadline)
    if not solution.has_values:
        return None
    firsts = np.cumsum([0, *(len(options) for options in amounts)])
    chosen = [int(np.argmax(solution.values[a:b])) for a, b in pairwise(firsts)]
    return tuple(int(options[index]) for options, index in zip(amounts, chosen, strict=True))


def _choice_of_amounts(
    restrictions: Restrictions, program: Program, base: list[int], amounts: list[IntArray], misses_shares: bool
) -> Formulation:
    """One binary per channel and amount, each with its exact value; rows count whole cents from `base`."""
    owner = np.repeat(np.arange(len(base)), [len(options) for options in amounts])
    moves = np.concatenate([options - cents for options, cents in zip(amounts, base, strict=True)])
    rows = [_integer_row(row, base, misses_shares) for row in restrictions.rows]
    weights = np.array([row_weights for row_weights, _, _ in rows], dtype=np.float64).reshape(-1, len(base))
    one_each = (owner == np.arange(len(base))[:, None]).astype(np.float64)
    return Formulation(
        objective=_gains(program, base, amounts),
        lower=np.zeros(len(moves)),
        upper=np.ones(len(moves)),
        is_integer=np.ones(len(moves), dtype=bool),
        rows=sparse.csr_matrix(np.vstack([weights[:, owner] * moves, one_each])),
        row_lower=np.concatenate([[lower for _, lower, _ in rows], np.ones(len(base))]),
        row_upper=np.concatenate([[upper for _, _, upper in rows], np.ones(len(base))]),
    )


def _move_limits(restrictions: Restrictions, base: list[int], unit: IntArray, window: int) -> tuple[IntArray, IntArray]:
    """Least and largest move per channel in its units, so that its bounds and its minimum viable spend hold."""
    low, high = np.full(len(base), -window, dtype=np.int64), np.full(len(base), window, dtype=np.int64)
    for channel, cents in enumerate(base):
        least, most = restrictions.bounds(channel)
        viable = restrictions.minimum_viable(channel)
        if viable and 2 * cents < viable:
            most = min(most, 0)
        else:
            least = max(least, viable)
        low[channel] = max(low[channel], -((cents - least) // unit[channel]))
        high[channel] = min(high[channel], (most - cents) // unit[channel])
    return low, high


def _integer_row(row: Row, base: list[int], misses_shares: bool) -> tuple[list[int], float, float]:
    """Whole coefficients of a row and what its limits leave for moves from `base`."""
    whole, part = row.share.denominator, row.share.numerator
    weights = [whole * (channel in row.members) - part for channel in range(len(base))]
    here = sum(weight * amount for weight, amount in zip(weights, base, strict=True))
    slack = whole - 1 if misses_shares else 0
    lower = -np.inf if row.lower is None else float(row.lower * whole - here - slack)
    upper = np.inf if row.upper is None else float(row.upper * whole - here + slack)
    return weights, lower, upper


def _gains(program: Program, base: list[int], amounts: list[IntArray]) -> FloatArray:
    """What each amount is worth more than the base."""
    gains = []
    for curve, cents, options in zip(program.curves, base, amounts, strict=True):
        gains.append(
            np.interp(options, curve.breakpoints, curve.values) - np.interp(cents, curve.breakpoints, curve.values)
        )
    return np.concatenate(gains)
