"""A plan's spend -> what each rule costs at the margin: the duals of all rows around it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.exact_form import relaxed_form
from optimizer.problem import PlanProblem
from optimizer.program import limits_of, without_own_rules
from optimizer.restrictions import Restrictions
from optimizer.solver import Deadline, solve

FloatArray = NDArray[np.float64]


def marginal_prices(
    problem: PlanProblem, restrictions: Restrictions, spend: FloatArray, deadline: Deadline
) -> dict[str, float]:
    """Objective in money per unit by which each rule's limit moves up, by label; only nonzero ones.

    Every row is priced, channels' own included, with each channel kept in its concave run and steps relaxed; with risk,
    by the draws that are worst at the spend. Limits on spend are in cents, targets in money.
    """
    program = without_own_rules(problem, restrictions).at_worst(spend)
    curves = tuple(
        curve.only_run(curve.run_at(float(cents))) for curve, cents in zip(program.curves, spend, strict=True)
    )
    program = replace(program, curves=curves)
    solution = solve(relaxed_form(program).formulation, deadline)
    if not solution.has_values:
        return {}
    rows = program.rows
    lower, upper = limits_of(rows)
    priced = zip(rows, solution.row_prices, np.isfinite(lower), np.isfinite(upper), strict=False)
    prices = {row.label: float(price) for row, price, low, high in priced if (high if price > 0 else low)}
    targets = zip(program.value_rows, solution.row_prices[len(rows) :], strict=False)
    prices |= {row.label: float(price) for row, price in targets if price < 0}
    return prices
