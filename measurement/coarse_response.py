"""A `WeeklyResponse` brought down to few draws and groups of geos: fast enough to search schedules by.

What it finds is rough: whoever searches must score the outcome on the response itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.future import carried_in, shape_of
from measurement.preparation import LAGS
from measurement.transforms import SMALLEST_DOSE
from measurement.weekly_response import WeeklyResponse

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

LARGEST_EXPONENT = 60.0
NEAR = 150_000
"""Numbers of an array that stay near the processor while several of them are worked on."""


@dataclass(frozen=True)
class CoarseResponse:
    """Mean sales by schedule. C channels, D draws, G groups of geos, L lags, T weeks with the tail after the plan.

    Attributes:
        weights: adstock, `(C, D, L)`.
        per_spend: dose per head that a unit of money in a week brings, `(C, 1, G, 1)`.
        carried: dose from before the plan, `(C, D, G, T)`.
        heads: sales of a fully saturated week over the number of draws, `(C, D, G, 1)`.
        log_half, slope: of the Hill curve, `(C, D, 1, 1)`.
        before: what carry-in alone sells, `(C,)`.
    """

    weights: SingleArray
    per_spend: SingleArray
    carried: SingleArray
    heads: SingleArray
    log_half: SingleArray
    slope: SingleArray
    before: FloatArray

    def mean_sales(self, spend: FloatArray) -> FloatArray:
        """Incremental sales of schedules `(M, C, W)`, `(M, C)`."""
        return np.concatenate([self._sold(self._saturated(self._dose(part))) for part in self._parts(spend)])

    def sales_and_slopes(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Incremental sales of schedules `(M, C, W)`, `(M, C)`, and what a unit more in each week adds, `(M, C, W)`."""
        sales, slopes = zip(*(self._with_slopes(part) for part in self._parts(spend)), strict=True)
        return np.concatenate(sales), np.concatenate(slopes)

    def _parts(self, spend: FloatArray) -> Iterator[FloatArray]:
        """As many schedules at a time as arrays of them stay near the processor."""
        step = max(1, NEAR // self.carried.size)
        yield from (spend[start : start + step] for start in range(0, len(spend), step))

    def _with_slopes(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        dose = self._dose(spend)
        saturated = self._saturated(dose)
        rise = self.slope * saturated * (1 - saturated) / np.maximum(dose, SMALLEST_DOSE)
        worth = (rise * (self.heads * self.per_spend)).sum(axis=3)
        by_lag = np.matmul(np.swapaxes(self.weights, 1, 2), worth)
        weeks = spend.shape[2]
        slopes = by_lag[:, :, 0, :weeks].astype(np.float64)
        for lag in range(1, LAGS):
            slopes += by_lag[:, :, lag, lag : lag + weeks]
        return self._sold(saturated), slopes

    def _dose(self, spend: FloatArray) -> SingleArray:
        """Of schedules `(M, C, W)`, `(M, C, D, G, T)`."""
        padded = np.zeros((*spend.shape[:2], spend.shape[2] + 2 * (LAGS - 1)), dtype=np.float32)
        padded[:, :, LAGS - 1 : LAGS - 1 + spend.shape[2]] = spend
        lagged = np.lib.stride_tricks.sliding_window_view(padded, LAGS, axis=2)[..., ::-1]
        adstocked = np.matmul(self.weights, np.swapaxes(lagged, 2, 3))
        dose: SingleArray = self.carried + self.per_spend * adstocked[:, :, :, None, :]
        return dose

    def _saturated(self, dose: SingleArray) -> SingleArray:
        exponent = self.slope * (self.log_half - np.log(np.maximum(dose, np.float32(SMALLEST_DOSE))))
        saturated: SingleArray = 1.0 / (1.0 + np.exp(np.minimum(exponent, np.float32(LARGEST_EXPONENT))))
        saturated[dose < SMALLEST_DOSE] = 0.0
        return saturated

    def _sold(self, saturated: SingleArray) -> FloatArray:
        sold: FloatArray = (saturated * self.heads).sum(axis=(2, 3, 4), dtype=np.float64)
        return sold - self.before


def coarsen(response: WeeklyResponse, most_draws: int, most_groups: int) -> CoarseResponse:
    """At most so many draws, evenly spaced, and groups of geos that are alike in dose and equal in population."""
    horizon = response.horizon
    count = len(response.draws["drift"])
    chosen = np.linspace(0, count - 1, min(most_draws, count)).round().astype(int)
    draws = {name: values[chosen] for name, values in response.draws.items()}
    parts = []
    for channel in range(len(horizon.dose_per_spend)):
        shape = shape_of(horizon, draws, channel)
        groups = _groups(horizon.dose_per_spend[channel], horizon.population, most_groups)
        mean = groups * horizon.population / np.maximum(groups @ horizon.population, 1e-300)[:, None]
        carried = carried_in(mean @ horizon.recent[channel], shape.weights)
        tail = np.zeros((*carried.shape[:2], response.weeks))
        parts.append(
            {
                "weights": shape.weights,
                "per_spend": (mean @ horizon.dose_per_spend[channel])[None, :, None],
                "carried": np.concatenate([carried, tail], axis=2),
                "heads": (shape.heads @ groups.T)[:, :, None] / len(chosen),
                "log_half": shape.log_half[:, None, None],
                "slope": shape.slope[:, None, None],
            }
        )
    stacked = {name: np.stack([part[name] for part in parts]).astype(np.float32) for name in parts[0]}
    alone = CoarseResponse(**stacked, before=np.zeros(len(parts)))
    nothing = np.zeros((1, len(parts), response.weeks))
    return CoarseResponse(**stacked, before=alone.mean_sales(nothing)[0])


def _groups(dose_per_spend: FloatArray, population: FloatArray, most: int) -> FloatArray:
    """Which group each geo is in, as 0 and 1, `(groups, G)`; a group may stay empty."""
    count = min(most, len(population))
    order = np.argsort(dose_per_spend, kind="stable")
    middle = np.cumsum(population[order]) - population[order] / 2
    place = np.empty(len(population), dtype=int)
    place[order] = np.minimum((middle / population.sum() * count).astype(int), count - 1)
    groups: FloatArray = (place == np.arange(count)[:, None]).astype(np.float64)
    return groups
