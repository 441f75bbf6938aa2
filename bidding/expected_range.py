"""What yesterday should have looked like: a daily series in, out the range that it leaves once in a thousand days.

Logs are regressed on the day of the week and a straight line over eight weeks; the range is that of a new day
(Student's t prediction interval), with the Poisson chance of counts added. Extreme days of the past are pulled to the
edge of a robust range first, or one outlier would hide the next.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL = 1e-3
"""Probability that an ordinary day lies outside."""
FEWEST_DAYS = 21
_WEEK = 7
_MAD = 1.4826
_OUTLYING = 4.0


@dataclass(frozen=True)
class ExpectedRange:
    """Both ends, in the series' own units."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value is an ordinary one."""
        return self.low <= value <= self.high


def expected_range(past: FloatArray, weekday: IntArray, today: int, counts: FloatArray) -> ExpectedRange | None:
    """The range of the day after `past`, or None where too little is known.

    Args:
        past: positive values by day, oldest first, `(T,)`; NaN and zero days are left out.
        weekday: 0 to 6 of each, `(T,)`.
        today: weekday of the day that is judged.
        counts: number of events behind each value, `(T,)`: what gives it its own chance; inf for none.
    """
    use = np.isfinite(past) & (past > 0)
    if use.sum() < FEWEST_DAYS:
        return None
    values, days = np.log(past[use]), weekday[use]
    age = (np.arange(len(past)) - len(past))[use] / len(past)
    several = len(np.unique(days)) == _WEEK and np.bincount(days, minlength=_WEEK).min() >= 2
    columns = [np.ones_like(age), age]
    new = [1.0, 0.0]
    if several:
        columns += [(days == day) - (days == 0).astype(np.float64) for day in range(1, _WEEK)]
        new += [float(today == day) - float(today == 0) for day in range(1, _WEEK)]
    design, at = np.column_stack(columns), np.array(new)
    values = _without_outliers(design, values)
    gram = np.linalg.inv(design.T @ design)
    fit = gram @ design.T @ values
    free = len(values) - design.shape[1]
    residual = float(((values - design @ fit) ** 2).sum() / free)
    chance = float(np.mean(1 / np.maximum(counts[use], 1.0)))
    width = stats.t.ppf(1 - LEVEL / 2, free) * np.sqrt(max(residual, chance) * (1 + at @ gram @ at))
    centre = float(at @ fit)
    return ExpectedRange(float(np.exp(centre - width)), float(np.exp(centre + width)))


def _without_outliers(design: FloatArray, values: FloatArray) -> FloatArray:
    """Values further than four robust standard deviations from the fit are pulled to that distance, twice."""
    for _ in range(2):
        fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
        away = values - fitted
        spread = _MAD * float(np.median(np.abs(away - np.median(away)))) * np.sqrt(len(values) / (len(values) - 8))
        if spread <= 0:
            break
        values = fitted + np.clip(away, -_OUTLYING * spread, _OUTLYING * spread)
    return values
