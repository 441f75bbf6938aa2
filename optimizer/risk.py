"""A program with risk -> the mixture of breakpoints whose worst draws sell most on average (CVaR), by cutting planes.

The worst mean is the least, over all weightings of the draws that CVaR allows, of the weighted mean. Each cut is one
weighting: the weighted mean of the curves, an upper limit everywhere and exact where its draws are the worst. Cuts are
added where the last solution lies until bound and mixture meet (Kelley 1960; Künzi-Bay and Mayer 2006 for CVaR).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.exact_form import relaxed_form
from optimizer.mixture import LEAST_WEIGHT, TOO_SHORT, Mixture, read_mixture
from optimizer.program import Program
from optimizer.proof import relative_gap
from optimizer.solver import Deadline, SolutionStatus, solve
from optimizer.valuation import Valuation, WorstDraws

FloatArray = NDArray[np.float64]
CUTS_ENOUGH = 1e-7  # relative: a mixture counts as solved when one more cut would lower it by less
MOST_CUTS = 200


def worst_mixture(
    program: Program, risk: WorstDraws, cuts: Sequence[Valuation], good_enough: float, deadline: Deadline
) -> Mixture | None:
    """Solve over mixtures, adding cuts, until their worst mean is exact or the bound falls to `good_enough`.

    Returns:
        The mixture, or `None` where nothing keeps the rules.

    Raises:
        DeadlineExceeded: not solved once in time.
    """
    kept, found = list(cuts) or [risk.mean], None
    while len(kept) < MOST_CUTS:
        form = relaxed_form(program, kept)
        solution = solve(form.formulation, deadline)
        if solution.status is SolutionStatus.INFEASIBLE:
            return None
        if not solution.has_values:
            break
        mixture = read_mixture(program, form, solution, kept)
        if found is None or mixture.bound < found.bound:
            found = mixture
        totals = _totals(program, risk, mixture.weights)
        reached = program.constant + float(risk.weights(totals) @ totals)
        if relative_gap(mixture.bound, reached) <= CUTS_ENOUGH or found.bound <= good_enough:
            break
        at_the_mean_spend = risk.totals(mixture.spend)
        kept = [*kept, *(risk.weighted(risk.weights(each)) for each in (totals, at_the_mean_spend))]
    if found is None:
        raise DeadlineExceeded(TOO_SHORT)
    return found


def _totals(program: Program, risk: WorstDraws, weights: tuple[FloatArray, ...]) -> FloatArray:
    """What a mixture of breakpoints sells by draw, `(D,)`."""
    totals = np.zeros(risk.count)
    for channel, (curve, shares) in enumerate(zip(program.curves, weights, strict=True)):
        for point in np.flatnonzero(shares > LEAST_WEIGHT):
            totals += shares[point] * risk.by_draw(channel, float(curve.breakpoints[point]))
    return totals
