"""Conformal inference with blocks: a comparison and a rule for weights in, p-values and an interval out.

Chernozhukov, Wüthrich and Zhu (2021): the weights are refitted on all periods under each effect that is asked about,
and the window's summed residual is compared with every block of its length, wrapped around. The effect is constant over
the window. Fitting once and permuting the gap, as is often done, finds effects in every second A/A test.
"""

from collections.abc import Callable
from enum import Enum

import numpy as np

from measurement.geotest.comparison import Comparison, FloatArray
from measurement.geotest.finding import TIE, Range
from measurement.geotest.synthetic_control import WeightRule


class BlockStatistic(Enum):
    """What is compared between blocks of residuals: their absolute sum, or the sum of their absolute values."""

    ABSOLUTE_SUM = "absolute_sum"
    SUM_OF_ABSOLUTES = "sum_of_absolutes"


REACH, GRID = 12.0, 36
"""The interval is looked for that many standard errors on both sides of the estimate, on that many steps a side; if it
reaches further, at doubled distances."""
DOUBLINGS, HALVINGS = 6, 12


def conformal_p_value(
    comparison: Comparison,
    rule: WeightRule,
    effect_per_cell: float = 0.0,
    statistic: BlockStatistic = BlockStatistic.ABSOLUTE_SUM,
) -> float:
    """p-value of a constant effect per treated geo and period."""
    return _p_value_of(comparison, rule, statistic)(effect_per_cell)


def conformal_range(
    comparison: Comparison,
    rule: WeightRule,
    estimate: float,
    alpha: float,
    statistic: BlockStatistic = BlockStatistic.ABSOLUTE_SUM,
) -> tuple[Range, float]:
    """Interval of the effect per treated geo and period, and the p-value of none.

    The interval is the hull of all effects with a p-value above `alpha`. The p-value reported is the largest of no
    effect and of those further from the estimate, so that the two agree even where p-values do not fall steadily.
    """
    return inverted(_p_value_of(comparison, rule, statistic), estimate, alpha, rough_error(comparison, rule))


def inverted(p_value: Callable[[float], float], estimate: float, alpha: float, error: float) -> tuple[Range, float]:
    """Interval and p-value as of `conformal_range`, from p-values of any effect; `error` is a scale to search by."""
    step = REACH / GRID * error
    found = {0.0: p_value(0.0), estimate: p_value(estimate)}
    for side in (-1.0, 1.0):
        for number in range(1, GRID + 1):
            effect = estimate + side * number * step
            found[effect] = p_value(effect)
    low, high = (_end(found, p_value, estimate, alpha, side) for side in (-1.0, 1.0))
    beyond = [p for effect, p in found.items() if (effect <= 0 if estimate > 0 else effect >= 0)]
    return Range(estimate, low, high), max(beyond)


def _end(
    found: dict[float, float], p_value: Callable[[float], float], estimate: float, alpha: float, side: float
) -> float:
    """The outermost effect with a p-value above alpha on one side; every effect tried is added to `found`."""
    distances = {side * (effect - estimate): p for effect, p in found.items() if side * (effect - estimate) >= 0}
    accepted = max((distance for distance, p in distances.items() if p > alpha + TIE), default=0.0)
    rejected = min((distance for distance in distances if distance > accepted), default=np.inf)
    for _ in range(DOUBLINGS if np.isinf(rejected) else 0):
        further = 2 * accepted
        p = found[estimate + side * further] = p_value(estimate + side * further)
        if p <= alpha + TIE:
            rejected = further
            break
        accepted = further
    if np.isinf(rejected):
        return side * np.inf
    for _ in range(HALVINGS):
        middle = (accepted + rejected) / 2
        p = found[estimate + side * middle] = p_value(estimate + side * middle)
        accepted, rejected = (middle, rejected) if p > alpha + TIE else (accepted, middle)
    return estimate + side * accepted


def _p_value_of(comparison: Comparison, rule: WeightRule, statistic: BlockStatistic) -> Callable[[float], float]:
    """p-value as a function of a constant effect."""
    residuals = residuals_of(comparison, rule)
    return lambda effect: block_p_value(residuals(effect), comparison.periods, statistic)


def residuals_of(comparison: Comparison, rule: WeightRule) -> Callable[[float], FloatArray]:
    """Residuals `(T,)` as a function of a constant effect, with weights refitted on all periods under it."""
    donors = comparison.donors - comparison.donors.mean(axis=1, keepdims=True)
    in_window = np.arange(donors.shape[1]) >= comparison.periods_before
    average = comparison.average

    def residuals(effect: float) -> FloatArray:
        target = average - effect * in_window
        target = target - target.mean()
        left: FloatArray = target - rule(donors, target) @ donors
        return left

    return residuals


def block_p_value(
    residuals: FloatArray, periods: int, statistic: BlockStatistic = BlockStatistic.ABSOLUTE_SUM
) -> float:
    """Share of the wrapped-around blocks whose statistic is at least that of the last `periods` residuals."""
    values = residuals if statistic is BlockStatistic.ABSOLUTE_SUM else np.abs(residuals)
    around = np.concatenate([values, values[: periods - 1]])
    sums = np.abs(np.convolve(around, np.ones(periods), mode="valid"))
    last = sums[len(residuals) - periods]
    return float((sums >= last - 1e-9 * max(last, 1.0)).mean())


def rough_error(comparison: Comparison, rule: WeightRule) -> float:
    """A scale for the search: the gap's spread before the window over the root of the window's length."""
    before = slice(0, comparison.periods_before)
    donors = comparison.donors[:, before] - comparison.donors[:, before].mean(axis=1, keepdims=True)
    target = comparison.average[before] - comparison.average[before].mean()
    gap = target - rule(donors, target) @ donors
    floor = 1e-9 * abs(float(comparison.average[before].mean()))
    return max(float(gap.std()), floor) / float(np.sqrt(comparison.periods))
