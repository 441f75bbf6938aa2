"""Two cells and their common controls in, how far their effects differ out, by one inference for the difference.

The default inference runs on the difference of the two cells' gaps to the same controls: what the controls do to both
cancels, or stays as far as the cells follow them unequally, so nothing is taken as independent that is not.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from measurement.geotest.bayesian import Prediction, gap_of, predict
from measurement.geotest.calibrated import DONOR_SETS, calibrate, independent_sets
from measurement.geotest.clipping import clipped
from measurement.geotest.comparison import Comparison, FloatArray, IntArray
from measurement.geotest.estimators import t_p_value
from measurement.geotest.finding import Range

Weights = tuple[float, float]


@dataclass(frozen=True)
class ContrastFinding:
    """A difference of two effects, and the t distribution of its error."""

    estimate: float
    error: float
    degrees_of_freedom: float

    @property
    def p_value(self) -> float:
        """Of no difference, two-sided."""
        return t_p_value(self.estimate, self.error, self.degrees_of_freedom)

    def interval(self, level: float, *others: float) -> Range:
        """The interval at `level`; `others` are half widths, at that level, of independent errors besides."""
        own = float(stats.t.ppf(0.5 + level / 2, self.degrees_of_freedom)) * self.error
        half = float(np.sqrt(own**2 + sum(other**2 for other in others)))
        return Range(self.estimate, self.estimate - half, self.estimate + half)

    def widened(self, level: float, *others: float) -> "ContrastFinding":
        """The same with an error that holds `others` too, so that p-value and interval still come from one t."""
        whole = self.interval(level, *others)
        return replace(
            self, error=(whole.high - whole.estimate) / float(stats.t.ppf(0.5 + level / 2, self.degrees_of_freedom))
        )


@dataclass(frozen=True)
class Contrast:
    """Two groups of the treated geos of a comparison, as rows of `comparison.treated`."""

    comparison: Comparison
    first: IntArray
    second: IntArray
    seed: int

    def of_percent_lift(self) -> ContrastFinding:
        """First cell's percent lift minus the second's, as a fraction.

        A percent lift is e / (o - e), with effect e and observed o relative to the geos' level before the window; the
        difference is taken at each cell's own estimate and moved, to first order, to what the joint fit says.
        """
        mended, _ = clipped(self.comparison)
        effects, slopes, shares = [], [], []
        for rows in (self.first, self.second):
            own = mended.treated[rows].mean(axis=0)
            effect = predict(gap_of(own, mended.donors, mended.periods_before)).effect
            observed = float(own[mended.periods_before :].sum() / own[: mended.periods_before].mean())
            effects.append(effect)
            shares.append(effect / (observed - effect))
            slopes.append(observed / (observed - effect) ** 2)
        joint = self._joint(mended, (slopes[0], slopes[1]))
        apart = slopes[0] * effects[0] - slopes[1] * effects[1]
        return replace(joint, estimate=shares[0] - shares[1] + joint.estimate - apart)

    def of_lift(self, per_lift: Weights) -> ContrastFinding:
        """`per_lift[0]` times the first cell's lift minus `per_lift[1]` times the second's, lifts as totals."""
        mended, _ = clipped(self.comparison)
        units = [
            float(mended.treated[rows][:, : mended.periods_before].mean()) * len(rows)
            for rows in (self.first, self.second)
        ]
        return self._joint(mended, (per_lift[0] * units[0], per_lift[1] * units[1]))

    def _joint(self, mended: Comparison, weights: Weights) -> ContrastFinding:
        before, scale = mended.periods_before, float(np.hypot(*weights))
        unit = (weights[0] / scale, weights[1] / scale)
        own = _prediction(mended.treated[self.first], mended.treated[self.second], mended.donors, before, unit)
        sets = self.donor_sets()
        others = [
            _prediction(
                mended.donors[one], mended.donors[two], np.delete(mended.donors, np.append(one, two), 0), before, unit
            )
            for one, two in sets
        ]
        apart = independent_sets(len(mended.donors), sum(len(rows) for rows in sets[0]))
        calibration = calibrate(own, others, before, mended.periods, apart)
        return ContrastFinding(own.effect * scale, own.sd * calibration.stretch * scale, calibration.degrees_of_freedom)

    def donor_sets(self) -> list[tuple[IntArray, IntArray]]:
        """Two sets of donors apart, of the cells' sizes as far as a third of the donors allows."""
        donors = len(self.comparison.donors)
        room = max(1, donors // 6)
        sizes = min(len(self.first), room), min(len(self.second), room)
        generator = np.random.default_rng(self.seed)
        drawn = [generator.permutation(donors)[: sum(sizes)] for _ in range(DONOR_SETS)]
        return [(rows[: sizes[0]], rows[sizes[0] :]) for rows in drawn]


def _prediction(
    first: FloatArray, second: FloatArray, donors: FloatArray, periods_before: int, weights: Weights
) -> Prediction:
    """The weighted difference of two groups' gaps to the same donors, predicted in the window."""
    one = gap_of(first.mean(axis=0), donors, periods_before)
    two = gap_of(second.mean(axis=0), donors, periods_before)
    return predict(replace(one, values=weights[0] * one.values - weights[1] * two.values))
