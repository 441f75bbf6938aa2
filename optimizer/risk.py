"""A program with risk -> the spend whose worst draws sell most on average (CVaR), by cutting planes.

The worst mean is the least, over all weightings of the draws that CVaR allows, of the weighted mean. Each cut is one
weighting: the weighted mean of the curves, an upper limit everywhere and exact where its draws are the worst. Cuts are
added where the last solution lies until bound and plan meet (Kelley 1960; Künzi-Bay and Mayer 2006 for CVaR). Where
draws are S-shaped, a mixture of spends may promise more than any spend sells: then ranges of spend are split, the most
promising first (`optimizer.branching`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.exact_form import relaxed_form
from optimizer.optimum import TOO_SHORT, lagrangian_bound, relative_gap
from optimizer.program import Program
from optimizer.solver import Deadline, Solution, SolutionStatus, solve
from optimizer.valuation import Valuation, WorstDraws

FloatArray = NDArray[np.float64]
CUTS_ENOUGH = 1e-7  # relative: a mixture counts as solved when one more cut would lower it by less
MOST_CUTS = 200
LEAST_WEIGHT = 1e-9


@dataclass(frozen=True)
class Mixture:
    """The best mixture of the breakpoints that a program allows.

    Attributes:
        spend: its mean spend in cents, `(C,)`.
        weights: of the breakpoints, one array per channel.
        bound: no plan within these breakpoints reaches more.
        row_prices: duals, one per row and value row, which prove the bound.
        cuts: those that hold it down.
    """

    spend: FloatArray
    weights: tuple[FloatArray, ...]
    bound: float
    row_prices: FloatArray
    cuts: tuple[Valuation, ...]


def best_mixture(program: Program, cuts: Sequence[Valuation], good_enough: float, deadline: Deadline) -> Mixture | None:
    """Solve over mixtures, adding cuts, until their worst mean is exact or the bound falls to `good_enough`.

    Returns:
        The mixture, or `None` where nothing keeps the rules.

    Raises:
        DeadlineExceeded: not solved once in time.
    """
    risk = _risk(program)
    kept, found = list(cuts), None
    while len(kept) < MOST_CUTS:
        form = relaxed_form(program, kept)
        solution = solve(form.formulation, deadline)
        if solution.status is SolutionStatus.INFEASIBLE:
            return None
        if not solution.has_values:
            break
        mixture = _read(program, solution, form.spend(solution.values), kept)
        if found is None or mixture.bound < found.bound:
            found = mixture
        totals = mixed_totals(program, mixture.weights)
        reached = program.constant + float(risk.weights(totals) @ totals)
        if relative_gap(mixture.bound, reached) <= CUTS_ENOUGH or found.bound <= good_enough:
            break
        kept = [*kept, risk.weighted(risk.weights(totals)), _cut_at(risk, mixture.spend)]
    if found is None:
        raise DeadlineExceeded(TOO_SHORT)
    return found


def _read(program: Program, solution: Solution, spend: FloatArray, cuts: list[Valuation]) -> Mixture:
    """The bound holds whatever the solver's tolerances: the cuts are mixed by their duals, and the rows priced."""
    rows = len(program.rows) + len(program.value_rows)
    prices = solution.row_prices[:rows]
    weights = np.maximum(-solution.row_prices[rows : rows + len(cuts)], 0.0)
    total = float(weights.sum())
    bound = lagrangian_bound(program.valued_by(_mix(cuts, weights / total)), prices) if total > 0 else np.inf
    sizes = [len(curve.breakpoints) for curve in program.curves]
    shares = np.split(solution.values[: sum(sizes)], np.cumsum(sizes)[:-1])
    active = tuple(cut for cut, weight in zip(cuts, weights, strict=True) if weight > LEAST_WEIGHT)
    return Mixture(spend, tuple(shares), bound, prices, active)


def mixed_totals(program: Program, weights: tuple[FloatArray, ...]) -> FloatArray:
    """What a mixture of breakpoints sells by draw, `(D,)`."""
    risk = _risk(program)
    totals = np.zeros(risk.count)
    for channel, (curve, shares) in enumerate(zip(program.curves, weights, strict=True)):
        for point in np.flatnonzero(shares > LEAST_WEIGHT):
            totals += shares[point] * risk.by_draw(channel, float(curve.breakpoints[point]))
    return totals


def without_steps(program: Program) -> Program:
    """Steps too fine to be listed one by one are left to rounding."""
    return replace(program, steps=tuple(0 for _ in program.steps))


def _risk(program: Program) -> WorstDraws:
    assert program.risk is not None
    return program.risk


def _cut_at(risk: WorstDraws, spend: FloatArray) -> Valuation:
    return risk.weighted(risk.weights(risk.totals(spend)))


def _mix(cuts: list[Valuation], weights: FloatArray) -> Valuation:
    used = [(cut, weight) for cut, weight in zip(cuts, weights, strict=True) if weight > 0]
    heights = tuple(
        np.sum([weight * cut.heights[channel] for cut, weight in used], axis=0)
        for channel in range(len(cuts[0].heights))
    )
    return Valuation(cuts[0].grids, heights)
