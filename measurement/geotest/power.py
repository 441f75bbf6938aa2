"""Candidate sets in, what a test of them would find out: the analysis rehearsed in windows without treatment.

Some windows serve to choose between candidates, others to say what the chosen one can do: a figure from the windows it
was chosen on would promise too much.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from measurement.geotest.bayesian import Prediction, gap_of, predict
from measurement.geotest.calibrated import DONOR_SETS, Calibration, calibrate, independent_sets, predict_set
from measurement.geotest.clipping import without_spikes
from measurement.geotest.comparison import FloatArray, IntArray, PlaceboWindows
from measurement.geotest.market import Market

EFFECTS = np.concatenate([np.arange(0, 0.1, 0.001), np.arange(0.1, 1.0001, 0.005)])
"""Effects that are tried, as shares of sales."""
LEAST_PLACEMENTS = 200
"""Placebos before a size is told."""
CURVE = np.linspace(0, 2, 17)
"""Effects of a power curve, over the larger of the MDE and the effect asked for."""
THREADS = 2


@dataclass(frozen=True)
class Rehearsal:
    """What the analysis said of C candidates with K cells in W windows, as shares of what was sold.

    Attributes:
        half_widths: of the intervals, `(C, K, W)`.
        errors: what was found where nothing was, `(C, K, W)`.
        noise: errors of random sets of that size over their own half-widths, `(W, S)`; beyond 1 is a false positive.
        noise_of_difference: of disjoint pairs of random sets: the difference of their errors over the root of the sum
            of their squared half-widths, `(W, D)`.
        sign: of the effect looked for.
    """

    half_widths: FloatArray
    errors: FloatArray
    noise: FloatArray
    noise_of_difference: FloatArray
    sign: float = 1.0

    def power(self, candidate: int, effect: float | FloatArray, cell: int = 0) -> FloatArray:
        """Share of the windows and of the noise in which an effect of this size is found, like `effect`."""
        return _power(self.sign * np.atleast_1d(effect), self.half_widths[candidate, cell], self.noise)

    def mde(self, candidate: int, power: float) -> float | None:
        """The least effect from which on the power is reached in every cell; None where all of sales is not enough."""
        return largest(self.cell_mdes(candidate, power))

    def cell_mdes(self, candidate: int, power: float) -> tuple[float | None, ...]:
        """The same for each cell."""
        cells = range(self.half_widths.shape[1])
        return tuple(_least(self.power(candidate, EFFECTS, cell) >= power) for cell in cells)

    def mde_of_difference(self, candidate: int, power: float) -> float | None:
        """The least difference between any two cells' effects that is found; None where there is none, or one cell.

        The interval of a difference has the root of the sum of the squared half-widths.
        """
        cells = self.half_widths.shape[1]
        pairs = [(one, other) for one in range(cells) for other in range(one + 1, cells)]
        if not pairs:
            return None
        widths = self.half_widths[candidate]
        joint = [np.hypot(widths[one], widths[other]) for one, other in pairs]
        return largest(tuple(_least(_power(EFFECTS, width, self.noise_of_difference) >= power) for width in joint))

    def size(self, candidate: int) -> float:
        """Share of false positives over the random sets and the candidate itself."""
        return float((np.abs(self.placebos(candidate)) > 1).mean())

    def placebos(self, candidate: int) -> FloatArray:
        """What each found over the half-width of its interval: random sets, and the candidate itself at the end."""
        own = (self.errors[candidate] / self.half_widths[candidate]).ravel()
        return np.concatenate([self.noise.ravel(), own])


def largest(values: tuple[float | None, ...]) -> float | None:
    """The largest, or None where one of them is."""
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _power(effects: FloatArray, half_widths: FloatArray, noise: FloatArray) -> FloatArray:
    scaled = effects[:, None, None] / half_widths[None, :, None]
    found: FloatArray = (np.abs(scaled + noise.ravel()[None, None, :]) > 1).mean(axis=(1, 2))
    return found


def _least(enough: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> float | None:
    if not enough[-1]:
        return None
    short = np.flatnonzero(~enough)
    return float(EFFECTS[short[-1] + 1]) if len(short) else 0.0


@dataclass(frozen=True)
class RehearsalSettings:
    """Level of the intervals, sign of the effect, seed of random sets, and how many of them in each window."""

    level: float
    sign: float = 1.0
    seed: int = 0
    sets_per_window: int = DONOR_SETS


def sets_for(placements: int, windows: int) -> int:
    """Random sets in each window for so many placements in all; an even number, and no fewer than an analysis takes."""
    wanted = max(DONOR_SETS, -(-placements // max(1, windows)))
    return wanted + wanted % 2


def rehearse(
    market: Market, sets: Sequence[tuple[IntArray, ...]], windows: PlaceboWindows, settings: RehearsalSettings
) -> Rehearsal:
    """Analyse every candidate's cells against its controls, and random sets of the same size, in every window.

    Args:
        market: geos that take part.
        sets: cells of the candidates, as rows; the first of them are of one size.
        windows: first periods and length.
        settings: level, sign, seed and random sets.
    """

    def of_window(start: int) -> tuple[FloatArray, ...]:
        return _window(market, sets, start, (windows.periods, settings))

    # The work is matrix algebra, which lets go of the interpreter; on matrices this small, BLAS shares nothing well.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        half_widths, errors, noise, differences = zip(*pool.map(of_window, windows.starts), strict=True)
    return Rehearsal(
        half_widths=np.stack(half_widths, axis=2),
        errors=np.stack(errors, axis=2),
        noise=np.stack(noise),
        noise_of_difference=np.stack(differences),
        sign=settings.sign,
    )


def _window(
    market: Market, sets: Sequence[tuple[IntArray, ...]], start: int, asked: tuple[int, RehearsalSettings]
) -> tuple[FloatArray, ...]:
    """Half-widths and errors of the candidates `(C, K)`, noise `(S,)` and noise of differences `(S / 2,)`."""
    periods, settings = asked
    generator = np.random.default_rng([settings.seed, start, periods])
    mended = without_spikes(market.outcome[:, : start + periods], start)
    random_sets = _random_sets(len(mended), len(sets[0][0]), settings.sets_per_window, generator)
    yardsticks = [predict_set(mended, rows, start) for rows in random_sets]
    count, others = len(yardsticks), min(DONOR_SETS, len(yardsticks) - 1)
    window = (start, periods, independent_sets(len(mended), len(random_sets[0])))
    judged = [
        _judged(own, [yardsticks[(place + 1 + step) % count] for step in range(others)], window, settings.level)
        for place, own in enumerate(yardsticks)
    ]
    errors, halves = np.array(judged).T
    relative = _relative(mended, random_sets, yardsticks, start)
    first, second = slice(0, None, 2), slice(1, None, 2)
    apart = errors[first] / relative[first] - errors[second] / relative[second]
    joint = np.hypot(halves[first] / relative[first], halves[second] / relative[second])
    own_halves, own_errors = np.zeros((2, len(sets), len(sets[0])))
    for number, cells in enumerate(sets):
        controls = mended[market.controls(cells)]
        for cell, rows in enumerate(cells):
            own = predict(gap_of(mended[rows].mean(axis=0), controls, start))
            error, half = _judged(own, yardsticks[:DONOR_SETS], window, settings.level)
            expected = _relative(mended, [rows], [own], start)[0]
            own_errors[number, cell], own_halves[number, cell] = error / expected, half / expected
    return own_halves, own_errors, errors / halves, apart / joint


def _judged(
    own: Prediction, others: Sequence[Prediction], window: tuple[int, int, float], level: float
) -> tuple[float, float]:
    """What was found and the half-width of its interval, in units of mean sales before the window."""
    calibration = calibrate(own, others, *window)
    return own.effect, _half_width(own, calibration, level)


def _relative(outcome: FloatArray, sets: Sequence[IntArray], found: Sequence[Prediction], start: int) -> FloatArray:
    """What the sets would have sold in the window, in units of their mean sales before it, `(S,)`."""
    sold = np.stack([outcome[rows].mean(axis=0) for rows in sets])
    observed = sold[:, start:].sum(axis=1) / sold[:, :start].mean(axis=1)
    expected: FloatArray = observed - np.array([own.effect for own in found])
    return expected


def _half_width(own: Prediction, calibration: Calibration, level: float) -> float:
    quantile = float(stats.t.ppf(0.5 + level / 2, calibration.degrees_of_freedom))
    return max(quantile * own.sd * calibration.stretch, np.finfo(float).tiny)


def _random_sets(geos: int, size: int, count: int, generator: np.random.Generator) -> list[IntArray]:
    """Sets of geos, each disjoint from its neighbour in the list; as many for every size and panel.

    Half of the geos bound their size.
    """
    if size == 1:
        return [np.array([row]) for row in generator.permutation(np.resize(np.arange(geos), count))]
    size = min(size, geos // 2)
    drawn = (generator.permutation(geos)[: 2 * size] for _ in range(-(-count // 2)))
    return [np.sort(half) for both in drawn for half in (both[:size], both[size:])][:count]
