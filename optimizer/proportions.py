"""A budget in, whole cents in given proportions out: above all in today's, which every plan is held against."""

import numpy as np
from numpy.typing import NDArray

from optimizer.problem import PlanProblem

FloatArray = NDArray[np.float64]


def todays_split(problem: PlanProblem) -> FloatArray:
    """The whole budget in today's proportions, `(C,)`, in money; evenly where nothing is spent today.

    Of a quarter that has begun, only what is left of the budget can still be split so.
    """
    current, already = problem.curves.current_spend, problem.curves.already_spent
    weights = current if current.sum() > 0 else np.ones(len(current))
    spent = np.zeros(len(current)) if already is None else np.rint(already * 100)
    rest = max(0, problem.budget_cents - int(spent.sum()))
    return (spent + np.array(split_in_proportion(rest, weights), dtype=np.float64)) / 100


def split_in_proportion(cents: int, weights: FloatArray) -> tuple[int, ...]:
    """`cents` in whole amounts as `weights` (sum above 0) have it, exact in sum, by largest remainder."""
    exact = cents * weights / weights.sum()
    amounts = np.floor(exact).astype(int)
    left = cents - int(amounts.sum())
    for index in np.argsort(amounts - exact, kind="stable")[:left]:
        amounts[index] += 1
    return tuple(int(amount) for amount in amounts)
