"""Other ways to split a budget over known curves: SciPy's SLSQP, a greedy hill-climb, exact dynamic programming."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.planner_worlds import HillWorld

FloatArray = NDArray[np.float64]
GREEDY_STEPS = 500
STARTS = 20


def slsqp(world: HillWorld, low: FloatArray, high: FloatArray, start: FloatArray) -> FloatArray:
    """SLSQP on the formula with its gradient, budget and bounds in shares of the budget; the start where it fails."""
    budget, scale = world.budget, float(world.top.sum())
    answer = minimize(
        lambda share: -float(world.sales(share[:, None] * budget).sum()) / scale,
        start / budget,
        jac=lambda share: -world.slopes(share * budget) * budget / scale,
        method="SLSQP",
        bounds=list(zip(low / budget, high / budget, strict=True)),
        constraints=[{"type": "eq", "fun": lambda share: share.sum() - 1.0, "jac": np.ones_like}],
        options={"ftol": 1e-10, "maxiter": 500},
    )
    spend = np.clip(answer.x * budget, low, high)
    return spend if spend.sum() <= budget * (1 + 1e-6) else start


def slsqp_from_many(world: HillWorld, low: FloatArray, high: FloatArray, seed: int) -> FloatArray:
    """The best of 20 random starts within the bounds."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(STARTS):
        weights = rng.dirichlet(np.ones(len(low)))
        found.append(slsqp(world, low, high, fill(low, high, weights, world.budget)))
    return max(found, key=lambda spend: float(world.sales(spend[:, None]).sum()))


def fill(low: FloatArray, high: FloatArray, weights: FloatArray, budget: float) -> FloatArray:
    """A spend within bounds that uses the budget: what is left is given in proportion to weights and room."""
    spend = low.copy()
    for _ in range(50):
        left = budget - spend.sum()
        share = weights * (high - spend > 1e-9)
        if left <= 1e-9 * budget or share.sum() <= 0:
            break
        spend = np.minimum(spend + left * share / share.sum(), high)
    return spend


def greedy(world: HillWorld, low: FloatArray, high: FloatArray) -> FloatArray:
    """From the lower limits, each step of a five-hundredth of the budget where it sells most."""
    step = world.budget / GREEDY_STEPS
    spend = low.copy()
    while world.budget - spend.sum() > 1e-6 * world.budget:
        size = np.minimum(np.minimum(step, world.budget - spend.sum()), high - spend)
        gain = world.sales((spend + size)[:, None])[:, 0] - world.sales(spend[:, None])[:, 0]
        best = int(np.argmax(np.where(size > 1e-9, gain / np.maximum(size, 1e-9), -np.inf)))
        if size[best] <= 1e-9:
            break
        spend[best] += size[best]
    return spend


def dynamic_programme(values: list[FloatArray], firsts: list[int], units: int) -> float:
    """The best sum when channel c takes `firsts[c] + i` units for `values[c][i]`, and all take at most `units`."""
    best = np.full(units + 1, -np.inf)
    best[0] = 0.0
    for value, first in zip(values, firsts, strict=True):
        following = np.full(units + 1, -np.inf)
        for index, worth in enumerate(value):
            taken = first + index
            if taken > units:
                break
            np.maximum(following[taken:], best[: units + 1 - taken] + worth, out=following[taken:])
        best = following
    return float(best.max())
