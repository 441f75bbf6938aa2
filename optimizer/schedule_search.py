"""What each week may hold -> the best schedule found per channel, on a coarse response.

Patterns of bursts are screened, then gradient steps start from the best few. What counts is the gain over even weeks,
the smaller one of two: spend stops after the plan, or goes on evenly. By the first alone the last weeks would take all
they can, because nothing seems to follow them; by the second, S-shaped channels would join them to what follows.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from measurement.coarse_response import CoarseResponse, coarsen
from measurement.weekly_response import WeeklyResponse

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BURST_WEEKS = (1, 2, 3, 4, 6, 8, 13)
ON_SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PHASES = (0.0, 0.5, 1.0)
SCREENING = (12, 1)  # draws and groups of geos
CLIMBING = (24, 2)
STARTS = 3
STEPS = 15
SOFTNESS = 0.002  # relative to sales: gains closer than this are weighed together


@dataclass(frozen=True)
class Limits:
    """What each week of each channel may hold, in money: `(C, W)` each, and the totals they add up to, `(C,)`."""

    low: FloatArray
    high: FloatArray
    totals: FloatArray


@dataclass(frozen=True)
class Found:
    """Schedules `(C, W)`, in money, and what each gains over even weeks, relative to these and roughly, `(C,)`."""

    spend: FloatArray
    gain: FloatArray


def limits_of(response: WeeklyResponse, totals: FloatArray, least_share: float) -> Limits:
    """Least and largest spend of each week; a week that is not open holds what is spent there already.

    An open week holds at least `least_share` of the mean open week, and at most the largest week that the channel ever
    spent, or the even week where that is more.
    """
    even = response.even(totals)
    low = np.where(response.open_weeks, least_share * even, response.spent)
    high = np.where(response.open_weeks, np.maximum(response.largest_week[:, None], even), response.spent)
    return Limits(low, high, even.sum(axis=1))


def project(spend: FloatArray, limits: Limits) -> FloatArray:
    """The nearest schedule `(..., C, W)` that keeps limits and totals: all weeks shifted alike, then clipped.

    What the shift adds up to is linear between the shifts at which a week meets one of its limits, so it is read off.
    """
    leaves_low, meets_high = limits.low - spend, limits.high - spend
    shifts = np.concatenate([leaves_low, meets_high], axis=-1)
    order = np.argsort(shifts, axis=-1)
    shifts = np.take_along_axis(shifts, order, axis=-1)
    moving = np.cumsum(np.where(order < spend.shape[-1], 1.0, -1.0), axis=-1)
    added = np.zeros_like(shifts)
    np.cumsum(moving[..., :-1] * np.diff(shifts, axis=-1), axis=-1, out=added[..., 1:])
    wanted = limits.totals - limits.low.sum(axis=-1)
    place = np.maximum((added < wanted[..., None]).sum(axis=-1, keepdims=True) - 1, 0)
    start, reached, weeks = (np.take_along_axis(one, place, axis=-1) for one in (shifts, added, moving))
    shift = start + (wanted[..., None] - reached) / np.maximum(weeks, 1.0)
    nearest: FloatArray = np.clip(spend + shift, limits.low, limits.high)
    return nearest


def search(response: WeeklyResponse, limits: Limits) -> Found:
    """The best schedules found; even weeks are among those tried."""
    even = response.even(limits.totals)
    patterns = project(_patterns(response.open_weeks, limits), limits)
    starts = _best_of_each_kind(patterns, _Objective.of(response, even, SCREENING))
    objective = _Objective.of(response, even, CLIMBING)
    climbed, gain = _climb(objective, starts, limits)
    climbed, gain = np.concatenate([even[None], climbed]), np.concatenate([np.zeros((1, len(even))), gain])
    best, channels = gain.argmax(axis=0), np.arange(len(even))
    return Found(climbed[best, channels], gain[best, channels])


@dataclass(frozen=True)
class _Objective:
    """Gain over even weeks, relative to what these sell, with nothing and with even spend after the plan.

    Attributes:
        coarse: response of the plan and of the weeks that its last one reaches into.
        afters: spend in these, none and even, `(2, C, L)`.
        base: sales of even weeks in both cases, `(2, C)`.
        size: sales of even weeks where nothing follows, `(C,)`.
    """

    coarse: CoarseResponse
    afters: FloatArray
    base: FloatArray
    size: FloatArray

    @classmethod
    def of(cls, response: WeeklyResponse, even: FloatArray, detail: tuple[int, int]) -> "_Objective":
        going_on = response.continued(response.mean_open_week(even))
        coarse, after = coarsen(going_on, *detail), going_on.spent[:, response.weeks :]
        afters = np.stack([0 * after, after])
        base = coarse.mean_sales(np.concatenate([np.stack([even, even]), afters], axis=2))
        return cls(coarse, afters, base, np.maximum(np.abs(base[0]), 1e-9))

    def gain(self, spend: FloatArray) -> FloatArray:
        """The smaller gain of schedules `(M, C, W)`, `(M, C)`."""
        sold = self.coarse.mean_sales(self._followed(spend)).reshape(2, *spend.shape[:2])
        smaller: FloatArray = np.minimum(*(sold - self.base[:, None])) / self.size
        return smaller

    def gain_and_slopes(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The smaller gain of schedules `(M, C, W)`, softened, and what a unit more in each week adds to it."""
        sold, slope = self.coarse.sales_and_slopes(self._followed(spend))
        gains = (sold.reshape(2, *spend.shape[:2]) - self.base[:, None]) / self.size
        slopes = slope.reshape(2, *spend.shape[:2], -1)[..., : spend.shape[2]] / self.size[:, None]
        soft = -SOFTNESS * np.logaddexp(-gains[0] / SOFTNESS, -gains[1] / SOFTNESS)
        first = np.exp((soft - gains[0]) / SOFTNESS)[..., None]
        return soft, first * slopes[0] + (1 - first) * slopes[1]

    def _followed(self, spend: FloatArray) -> FloatArray:
        """Schedules `(M, C, W)` with nothing after them, then with even weeks after them, `(2 M, C, W + L)`."""
        return np.concatenate(
            [
                np.concatenate([spend, np.broadcast_to(after, (len(spend), *after.shape))], axis=2)
                for after in self.afters
            ]
        )


def _best_of_each_kind(patterns: FloatArray, objective: _Objective) -> FloatArray:
    """The best patterns of unlike numbers of weeks in use, so that climbs start apart, `(STARTS, C, W)`.

    The first pattern is even weeks.
    """
    gain = objective.gain(patterns)
    weeks_in_use = (patterns > 1.001 * patterns[0]).sum(axis=2)
    starts = np.repeat(patterns[:1], STARTS, axis=0)
    for channel in range(gain.shape[1]):
        taken: list[int] = []
        for rank in np.argsort(-gain[:, channel], kind="stable"):
            kind = int(weeks_in_use[rank, channel])
            if kind not in taken and len(taken) < STARTS:
                starts[len(taken), channel] = patterns[rank, channel]
                taken.append(kind)
    return starts


def _climb(objective: _Objective, spend: FloatArray, limits: Limits) -> tuple[FloatArray, FloatArray]:
    """Projected gradient steps from schedules `(M, C, W)`; each channel of each has a step of its own.

    Steps grow on success and shrink on failure.
    """
    gain, slopes = objective.gain_and_slopes(spend)
    step = np.broadcast_to(0.3 * limits.high.max(axis=1), gain.shape)
    for _ in range(STEPS):
        size = np.maximum(np.ptp(slopes, axis=2), 1e-12)
        tried = project(spend + (step / size)[..., None] * slopes, limits)
        tried_gain, tried_slopes = objective.gain_and_slopes(tried)
        won = tried_gain > gain
        spend, slopes = np.where(won[..., None], tried, spend), np.where(won[..., None], tried_slopes, slopes)
        gain, step = np.where(won, tried_gain, gain), np.where(won, 1.5 * step, 0.4 * step)
    return spend, gain


def _patterns(open_weeks: BoolArray, limits: Limits) -> FloatArray:
    """Schedules that give what is above the least to bursts of weeks, `(M, C, W)`; the first is even."""
    by_mask = {mask.tobytes(): _bursts(tuple(mask.tolist())) for mask in open_weeks}
    most = max(len(rows) for rows in by_mask.values())
    filled = {
        key: np.concatenate([rows, np.repeat(rows[:1], most - len(rows), axis=0)]) for key, rows in by_mask.items()
    }
    on = np.stack([filled[mask.tobytes()] for mask in open_weeks], axis=1)
    rest = limits.totals - limits.low.sum(axis=1)
    laid: FloatArray = limits.low + on * (rest[:, None] / np.maximum(on.sum(axis=2, keepdims=True), 1))
    return laid


@lru_cache(maxsize=64)
def _bursts(open_weeks: tuple[bool, ...]) -> FloatArray:
    """Which weeks are on, `(M, W)`: bursts of several lengths, spaced evenly and set early, mid or late."""
    mask = np.array(open_weeks, dtype=np.float64)
    places = np.flatnonzero(mask)
    rows = {mask.tobytes(): mask}
    for share in ON_SHARES:
        for length in BURST_WEEKS:
            count = max(1, round(max(1.0, share * len(places)) / length))
            spacing = len(places) / count
            for phase in PHASES:
                starts = (np.arange(count) * spacing + phase * max(spacing - length, 0.0)).astype(int)
                held = np.unique(np.minimum(starts[:, None] + np.arange(length), len(places) - 1))
                row = np.zeros(len(mask))
                row[places[held]] = 1.0
                rows.setdefault(row.tobytes(), row)
    return np.stack(list(rows.values()))
