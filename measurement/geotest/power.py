"""Candidate sets in, what a test of them would find out: the analysis rehearsed in windows without treatment.

Half of the windows serve to choose between candidates, the other half to say what the chosen one can do: a figure from
the windows it was chosen on would promise too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from measurement.geotest.bayesian import Prediction
from measurement.geotest.calibrated import DONOR_SETS, Calibration, calibrate, predict_set
from measurement.geotest.clipping import without_spikes
from measurement.geotest.comparison import FloatArray, IntArray, PlaceboWindows

EFFECTS = np.concatenate([np.arange(0, 0.1, 0.001), np.arange(0.1, 1.0001, 0.005)])
"""Effects that are tried, as shares of sales."""


@dataclass(frozen=True)
class Rehearsal:
    """What the analysis said in W windows, as shares of what was sold.

    Attributes:
        half_widths: of the candidates' intervals, `(C, W)`.
        errors: what was found for the candidates, where nothing was, `(C, W)`.
        noise: errors of random sets of that size over their own half-widths, `(W, S)`; beyond 1 is a false positive.
    """

    half_widths: FloatArray
    errors: FloatArray
    noise: FloatArray

    def power(self, candidate: int, windows: IntArray, effect: float | FloatArray) -> FloatArray:
        """Share of the windows and of the noise in which an effect of this size is found, like `effect`."""
        sizes = np.atleast_1d(np.asarray(effect, dtype=np.float64))
        scaled = sizes[:, None, None] / self.half_widths[candidate, windows][None, :, None]
        noise = self.noise[windows].ravel()
        found: FloatArray = (np.abs(scaled + noise[None, None, :]) > 1).mean(axis=(1, 2))
        return found

    def mde(self, candidate: int, windows: IntArray, power: float) -> float | None:
        """The least effect from which on the power is reached, or None where even all of sales is not enough."""
        enough = self.power(candidate, windows, EFFECTS) >= power
        if not enough[-1]:
            return None
        short = np.flatnonzero(~enough)
        return float(EFFECTS[short[-1] + 1]) if len(short) else 0.0

    def size(self, candidate: int, windows: IntArray) -> float:
        """Share of false positives over the random sets and the candidate itself."""
        own = np.abs(self.errors[candidate, windows] / self.half_widths[candidate, windows])
        return float((np.concatenate([np.abs(self.noise[windows]).ravel(), own]) > 1).mean())


def rehearse(
    outcome: FloatArray, sets: Sequence[IntArray], windows: PlaceboWindows, level: float, seed: int
) -> Rehearsal:
    """Analyse every candidate set, and random sets of the same size, in every window.

    Args:
        outcome: `(G, T)`.
        sets: rows of the candidates, all of one size.
        windows: first periods and length.
    """
    generator = np.random.default_rng(seed)
    half_widths, errors = np.zeros((2, len(sets), len(windows.starts)))
    noise = []
    for place, start in enumerate(windows.starts):
        mended = without_spikes(outcome[:, : start + windows.periods], start)
        random_sets = _random_sets(len(outcome), len(sets[0]), generator)
        yardsticks = [predict_set(mended, rows, start) for rows in random_sets]
        found = []
        for number, own in enumerate(yardsticks):
            calibration = calibrate(own, yardsticks[:number] + yardsticks[number + 1 :], start, windows.periods)
            found.append(own.effect / _half_width(own, calibration, level))
        noise.append(found)
        for number, rows in enumerate(sets):
            own = predict_set(mended, rows, start)
            calibration = calibrate(own, yardsticks, start, windows.periods)
            sold = mended[rows].mean(axis=0)
            expected = float(sold[start:].sum() / sold[:start].mean()) - own.effect
            errors[number, place] = own.effect / expected
            half_widths[number, place] = _half_width(own, calibration, level) / expected
    return Rehearsal(half_widths, errors, np.array(noise))


def _half_width(own: Prediction, calibration: Calibration, level: float) -> float:
    quantile = float(stats.t.ppf(0.5 + level / 2, calibration.degrees_of_freedom))
    return max(quantile * own.sd * calibration.stretch, np.finfo(float).tiny)


def _random_sets(geos: int, size: int, generator: np.random.Generator) -> list[IntArray]:
    """As many for every size and panel, so that windows weigh the same."""
    if size == 1:
        return [np.array([row]) for row in generator.permutation(np.resize(np.arange(geos), DONOR_SETS))]
    return [np.sort(generator.choice(geos, size, replace=False)) for _ in range(DONOR_SETS)]
