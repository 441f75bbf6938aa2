"""A spend in fractions of a cent -> whole cents that keep every rule and the total, found by a small integer program."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizer.errors import DeadlineExceeded
from optimizer.formulation import Program
from optimizer.restrictions import Restrictions, Row, RowKind
from optimizer.solver import Deadline, Formulation, solve

FloatArray = NDArray[np.float64]
# How far to look around the solution, in cents or steps, and whether a share may be missed by less than one cent
# (a share of exactly a third cannot always be met in whole cents).
ATTEMPTS = ((1, False), (8, False), (8, True), (200, False), (200, True))


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
    unit = np.array([restrictions.step(channel) or 1 for channel in range(len(base))])
    low, high = _move_limits(restrictions, base, unit, window)
    if (low > high).any():
        return None
    rows = [_integer_row(row, base, misses_shares) for row in restrictions.rows]
    matrix = np.array([weights for weights, _, _ in rows], dtype=np.float64).reshape(-1, len(base)) * unit
    formulation = Formulation(
        objective=_worth_of_a_unit(program, base, unit),
        lower=low,
        upper=high,
        is_integer=np.ones(len(base), dtype=bool),
        rows=sparse.csr_matrix(matrix),
        row_lower=np.array([lower for _, lower, _ in rows]),
        row_upper=np.array([upper for _, _, upper in rows]),
    )
    solution = solve(formulation, deadline)
    if not solution.has_values:
        return None
    return tuple(
        amount + round(move) * int(size) for amount, move, size in zip(base, solution.values, unit, strict=True)
    )


def _move_limits(
    restrictions: Restrictions, base: list[int], unit: NDArray[np.int_], window: int
) -> tuple[FloatArray, FloatArray]:
    """Least and largest move per channel, so that its bounds and its minimum viable spend hold."""
    low, high = np.full(len(base), -float(window)), np.full(len(base), float(window))
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


def _worth_of_a_unit(program: Program, base: list[int], unit: NDArray[np.int_]) -> FloatArray:
    pairs = zip(program.curves, base, unit, strict=True)
    ends = [np.interp([cents - size, cents + size], curve.breakpoints, curve.values) for curve, cents, size in pairs]
    return np.array([(after - before) / 2 for before, after in ends])
