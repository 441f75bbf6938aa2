"""Two cells judged by another estimator than the default in, the interval of their difference by the same one out.

The estimate is the difference of what the estimator says of each cell; its inference runs once on both cells together,
so that errors which the shared controls bring to both are counted once. Spend changes are taken as known.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from measurement.geotest.comparison import Comparison, FloatArray, IntArray
from measurement.geotest.conformal import block_p_value, inverted, residuals_of, rough_error
from measurement.geotest.contrast import Contrast, Weights
from measurement.geotest.estimators import ridge_rule, sdid_effect, t_p_value
from measurement.geotest.finding import Range
from measurement.geotest.result import Effect
from measurement.geotest.specification import Estimator
from measurement.geotest.synthetic_control import plain_weights
from measurement.geotest.tbr import time_based_regression


@dataclass(frozen=True)
class JointJudge:
    """What `estimator` says of the difference of a contrast's two groups; none of the default and of randomisation."""

    contrast: Contrast
    estimator: Estimator
    level: float

    @property
    def inference(self) -> str:
        """Where interval and p-value come from, in words."""
        return {
            Estimator.SDID: "placebo variance of the difference over pairs of sets of control geos",
            Estimator.TBR: "time-based regression of the difference, errors taken as independent over time",
        }.get(
            self.estimator, "conformal test with blocks of the difference, both cells refitted under every difference"
        )

    def percent_lift(self, one: Effect, two: Effect) -> tuple[Range, float]:
        """Difference of the percent lifts, linear in the effects around each cell's own estimate; and its p-value."""
        slopes = [_slope(effect) for effect in (one, two)]
        return self._of(one, two, (slopes[0], slopes[1]), one.percent_lift.estimate - two.percent_lift.estimate)

    def lift(self, one: Effect, two: Effect, per_lift: Weights) -> tuple[Range, float]:
        """`per_lift[0]` times the first cell's lift minus `per_lift[1]` times the second's; and its p-value."""
        estimate = per_lift[0] * one.lift.estimate - per_lift[1] * two.lift.estimate
        return self._of(one, two, per_lift, estimate)

    def _of(self, one: Effect, two: Effect, per_lift: Weights, estimate: float) -> tuple[Range, float]:
        first, second = self._comparison(self.contrast.first), self._comparison(self.contrast.second)
        # In units of the mean per treated geo and period.
        weights = per_lift[0] * first.cells, per_lift[1] * second.cells
        if self.estimator in (Estimator.SCM, Estimator.ASCM):
            return self._conformal((first, second), (one.att.estimate, two.att.estimate), weights, estimate)
        error, degrees = (
            self._sdid_error(first, second, weights)
            if self.estimator is Estimator.SDID
            else self._tbr_error(first, second, per_lift)
        )
        half = float(stats.t.ppf(0.5 + self.level / 2, degrees)) * error
        return Range(estimate, estimate - half, estimate + half), t_p_value(estimate, error, degrees)

    def _comparison(self, rows: IntArray) -> Comparison:
        whole = self.contrast.comparison
        return Comparison(whole.treated[rows], whole.donors, whole.periods_before, whole.donor_names, whole.pairs[:0])

    def _conformal(
        self, cells: tuple[Comparison, Comparison], effects: tuple[float, float], weights: Weights, estimate: float
    ) -> tuple[Range, float]:
        rules = [plain_weights if self.estimator is Estimator.SCM else ridge_rule(cell) for cell in cells]
        residuals = [residuals_of(cell, rule) for cell, rule in zip(cells, rules, strict=True)]
        errors = [rough_error(cell, rule) for cell, rule in zip(cells, rules, strict=True)]

        def p_value(difference: float) -> float:
            # Half of what is asked beyond the estimate is laid on each cell.
            moved = (difference - estimate) / 2
            first = residuals[0](effects[0] + moved / weights[0])
            second = residuals[1](effects[1] - moved / weights[1])
            return block_p_value(weights[0] * first - weights[1] * second, cells[0].periods)

        scale = float(np.hypot(weights[0] * errors[0], weights[1] * errors[1]))
        return inverted(p_value, estimate, 1 - self.level, scale)

    def _sdid_error(self, first: Comparison, second: Comparison, weights: Weights) -> tuple[float, float]:
        levels = [float(cell.average[: cell.periods_before].mean()) for cell in (first, second)]
        effect = _placebo_effect(self.contrast.comparison)
        spread = [
            weights[0] * levels[0] * effect(one, two) - weights[1] * levels[1] * effect(two, one)
            for one, two in self.contrast.donor_sets()
        ]
        return float(np.sqrt(np.mean(np.square(spread)))), len(spread) - 1

    def _tbr_error(self, first: Comparison, second: Comparison, per_lift: Weights) -> tuple[float, float]:
        series = per_lift[0] * first.treated.sum(axis=0) - per_lift[1] * second.treated.sum(axis=0)
        found = time_based_regression(series, first.donors.sum(axis=0), first.periods_before)
        return found.standard_error, found.degrees_of_freedom


def _slope(effect: Effect) -> float:
    """How fast a percent lift L / (O - L) grows with the lift L: O / (O - L)^2."""
    share = effect.percent_lift.estimate
    without = effect.lift.estimate / share if share else np.nan
    return (1 + share) / without if np.isfinite(without) else 0.0


def _placebo_effect(comparison: Comparison) -> Callable[[IntArray, IntArray], float]:
    """Effect of one set of donors against those that are in neither set, as a share of its level."""

    def effect(own: IntArray, other: IntArray) -> float:
        rest: FloatArray = np.delete(comparison.donors, np.append(own, other), axis=0)
        names = tuple(str(row) for row in range(len(rest)))
        none = comparison.pairs[:0]
        return sdid_effect(Comparison(comparison.donors[own], rest, comparison.periods_before, names, none))

    return effect
