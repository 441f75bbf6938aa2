"""What the test changed in spend, and what a unit of it returned: a comparison and a lift in, iROAS or a reason out."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from measurement.geotest.bayesian import gap_of, predict
from measurement.geotest.calibrated import BLOCK_DEGREES
from measurement.geotest.comparison import Comparison
from measurement.geotest.finding import Range

LEAST_DEGREES = 3.0
ROUNDING = 1e-9
"""A change below this share of what would have been spent is none: floating-point numbers add up to no better."""


@dataclass(frozen=True)
class Iroas:
    """Return on the changed spend, or the reason why none is given; one of the two is None."""

    value: Range | None
    refused_because: str | None


def spend_change(comparison: Comparison, level: float) -> Range | None:
    """Spend in the treated geos against what would have been spent, total over the window; None without spend.

    What would have been spent is predicted from the treated geos' past and the control geos' spend. It is zero where
    the treated geos never spent before.
    """
    if comparison.treated_spend is None or comparison.donor_spend is None:
        return None
    geos, before = len(comparison.treated), slice(0, comparison.periods_before)
    own = comparison.treated_spend.mean(axis=0)
    spent = float(own[comparison.periods_before :].sum()) * geos
    usual = float(own[before].mean())
    if usual == 0:
        return Range(spent, spent, spent)
    served = comparison.donor_spend[:, before].mean(axis=1) > 0
    prediction = predict(gap_of(own, comparison.donor_spend[served], comparison.periods_before))
    degrees = max(LEAST_DEGREES, BLOCK_DEGREES * (comparison.periods_before // comparison.periods))
    stretch = np.sqrt(max(1.0, prediction.block_ratio))
    half = float(stats.t.ppf(0.5 + level / 2, degrees) * prediction.sd * stretch)
    change = Range(prediction.effect, prediction.effect - half, prediction.effect + half)
    return without_rounding(change, float(comparison.periods)).times(usual * geos)


def without_rounding(change: Range, spent: float) -> Range:
    """The change, or none at all where it is only what adding up `spent` in floating point leaves over."""
    if max(abs(change.low), abs(change.high)) < ROUNDING * spent:
        return Range(0.0, 0.0, 0.0)
    return change


def iroas(lift: Range, change: Range | None) -> Iroas:
    """Lift per unit of spend change, its interval by Fieller's method (1954), errors of the two independent.

    It leaves zero out exactly where the lift's interval does.
    """
    if change is None:
        return Iroas(None, "no spend column was given: name the tested channel with --spend")
    if change == Range(0.0, 0.0, 0.0):
        return Iroas(None, "spend did not change in the test: name the tested channel with --spend")
    if change.touches(0.0):
        return Iroas(
            None,
            f"the spend change may be zero: {change.estimate:,.0f}, between {change.low:,.0f} and {change.high:,.0f}; "
            "a lift divided by it says nothing",
        )
    sign = float(np.sign(change.estimate))
    sales, spend = lift.times(sign), change.times(sign)
    low = _fieller(sales.estimate, sales.estimate - sales.low, spend)
    high = -_fieller(-sales.estimate, sales.high - sales.estimate, spend)
    return Iroas(Range(sales.estimate / spend.estimate, low, high), None)


def _fieller(sales: float, half_width: float, spend: Range) -> float:
    """Lower end r of sales / spend, spend > 0: sales - r spend = root of half_width^2 + r^2 spend_half_width^2."""
    if not np.isfinite(half_width):
        return -np.inf
    ratio = sales / spend.estimate
    # Below a positive ratio the spend may be larger than estimated; below a negative one, smaller.
    reach = spend.high - spend.estimate if sales - half_width > 0 else spend.estimate - spend.low
    a = spend.estimate**2 - reach**2
    b = sales * spend.estimate
    c = sales**2 - half_width**2
    root = (b - np.sqrt(max(b * b - a * c, 0.0))) / a
    return float(min(root, ratio))
