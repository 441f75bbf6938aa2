"""A panel of units in, whether a unit's sales moved with other units' spend before any test out.

Weekly sales are regressed on unit and week effects, every unit's own spend, and the other units' spend: of declared
substitutes together, or of every pair with intervals for as many looks. Below zero is cannibalisation, above it halo.
Errors are clustered by blocks of weeks over all units (jackknife form, CR3: Bell and McCaffrey 2002). What a unit's
spend does to all others alike lies in the week effects: no comparison of units can see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from measurement.errors import GeoTestError
from measurement.geotest.finding import Range

FloatArray = NDArray[np.float64]

NEGLIGIBLE = 0.05
"""Spillover below this share of a unit's sales is small enough to go on; our judgement."""
BLOCK_WEEKS = 4
LEAST_BLOCKS = 6
LEAST_OWN_VARIATION = 1e-3
"""Share of an exposure's variance that must be its own, apart from weeks, units and own spend."""
MOST_SEEN = 20
"""Clear effects that are taken out one after the other before the rest are judged."""
ALL = "declared substitutes"


class SpilloverStatus(Enum):
    """What can be said of spillover."""

    NONE_SEEN = "none_seen"
    SEEN = "seen"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class CrossEffect:
    """What the usual spend of `source` does to the sales of `unit`, as a share of them, against no spend."""

    unit: str
    source: str
    effect: Range
    p_value: float


@dataclass(frozen=True)
class PastSpillover:
    """All cross effects that could be estimated, intervals for all of them at once.

    Attributes:
        status: seen where an interval leaves zero out; none seen where all lie within `NEGLIGIBLE`.
        within: the farthest end of an interval, as a share of sales; None without effects.
        effects: clearest first.
        level: of all intervals together.
    """

    status: SpilloverStatus
    within: float | None
    effects: tuple[CrossEffect, ...]
    level: float

    @property
    def seen(self) -> tuple[CrossEffect, ...]:
        """Effects whose interval leaves zero out."""
        return tuple(one for one in self.effects if not one.effect.touches(0.0))


@dataclass(frozen=True, eq=False)
class UnitWeeks:
    """Weekly sales and spend of G units, `(G, T)` each; sales above 0."""

    units: tuple[str, ...]
    sold: FloatArray
    spend: FloatArray


def past_spillover(weeks: UnitWeeks, neighbours: Mapping[str, frozenset[str]] | None, level: float) -> PastSpillover:
    """Estimate cross effects, of declared substitutes pooled or of every pair of units.

    Raises:
        GeoTestError: fewer than three units, too few weeks, or sales that stop.
    """
    _refuse_unfit(weeks)
    usual = weeks.spend.mean(axis=1, keepdims=True)
    spend = np.divide(weeks.spend, usual, out=np.zeros_like(weeks.spend), where=usual > 0)
    sources = _pooled(weeks, neighbours) if neighbours else _pairwise(weeks.units, spend)
    base, outcome = _own_slopes(spend), _two_way(np.log(weeks.sold))
    exposures = {names: _two_way(exposure) for names, exposure in sources}
    seen: list[CrossEffect] = []
    while True:
        found = _cross_effects(outcome, exposures, base, level)
        if len(seen) == MOST_SEEN or not found or found[0].effect.touches(0.0):
            return _judged((*seen, *found), level)
        # A clear effect on one unit lies in the weeks' means too, where it would pass for small ones on all others.
        seen.append(found[0])
        clear = _apart(exposures.pop((found[0].unit, found[0].source)), base).ravel()
        base = np.column_stack([base, clear / np.linalg.norm(clear)])


def _cross_effects(
    outcome: FloatArray, exposures: Mapping[tuple[str, str], FloatArray], base: FloatArray, level: float
) -> list[CrossEffect]:
    """Each by itself beside `base`, clearest first."""
    rest = _apart(outcome, base)
    fits = {names: fit for names, exposure in exposures.items() if (fit := _fit(rest, exposure, base)) is not None}
    found = [_cross_effect(names, fit, level, len(fits)) for names, fit in fits.items()]
    return sorted(found, key=lambda one: one.p_value)


def _refuse_unfit(weeks: UnitWeeks) -> None:
    if len(weeks.units) < 3:
        raise GeoTestError(f"the panel has {len(weeks.units)} units: spillover is looked for among three or more")
    if weeks.sold.shape[1] < LEAST_BLOCKS * BLOCK_WEEKS:
        raise GeoTestError(
            f"the panel has {weeks.sold.shape[1]} weeks before the test: {LEAST_BLOCKS * BLOCK_WEEKS} are needed to "
            "look for spillover; add earlier rows"
        )
    for unit, sold in zip(weeks.units, weeks.sold, strict=True):
        if not (sold > 0).all():
            raise GeoTestError(f"unit {unit!r} has a week without sales: leave it out of the file")


def _pooled(weeks: UnitWeeks, neighbours: Mapping[str, frozenset[str]]) -> list[tuple[tuple[str, str], FloatArray]]:
    exposure = np.zeros_like(weeks.spend)
    for row, unit in enumerate(weeks.units):
        of_neighbours = weeks.spend[[weeks.units.index(name) for name in neighbours.get(unit, ())]].sum(axis=0)
        if of_neighbours.any():
            exposure[row] = of_neighbours / of_neighbours.mean()
    return [(("units", ALL), exposure)]


def _pairwise(units: tuple[str, ...], spend: FloatArray) -> list[tuple[tuple[str, str], FloatArray]]:
    made = []
    for row, unit in enumerate(units):
        for other, source in enumerate(units):
            if other != row:
                exposure = np.zeros_like(spend)
                exposure[row] = spend[other]
                made.append(((unit, source), exposure))
    return made


def _two_way(values: FloatArray) -> FloatArray:
    """Without unit and week means."""
    centred: FloatArray = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    return centred


def _own_slopes(spend: FloatArray) -> FloatArray:
    """An orthonormal basis of every unit's own spend, apart from units and weeks, `(G T, R)`."""
    columns = []
    for row in range(len(spend)):
        own = np.zeros_like(spend)
        own[row] = spend[row]
        columns.append(_two_way(own).ravel())
    basis, sizes, _ = np.linalg.svd(np.column_stack(columns), full_matrices=False)
    kept: FloatArray = basis[:, sizes > 1e-9 * max(float(sizes[0]), 1e-9)]
    return kept


def _apart(values: FloatArray, base: FloatArray) -> FloatArray:
    flat = values.ravel()
    rest: FloatArray = (flat - base @ (base.T @ flat)).reshape(values.shape)
    return rest


def _fit(outcome: FloatArray, exposure: FloatArray, base: FloatArray) -> tuple[float, float, float] | None:
    """Slope, standard error and degrees of freedom; None where the exposure has no variation of its own."""
    own = _apart(exposure, base)
    information, total = float((own**2).sum()), float((exposure**2).sum())
    if total == 0 or information < LEAST_OWN_VARIATION * total:
        return None
    slope = float((own * outcome).sum()) / information
    rest = outcome - slope * own
    edges = np.arange(0, outcome.shape[1] - BLOCK_WEEKS + 1, BLOCK_WEEKS)
    scores = np.add.reduceat((own * rest).sum(axis=0), edges)
    shares = np.add.reduceat((own**2).sum(axis=0), edges) / information
    blocks = len(edges)
    left_out = scores / np.maximum(1 - shares, 0.05) / information
    # Blocks that hold much of the information count for fewer degrees: the effective number of clusters.
    degrees = max(1.0, 1 / float((shares**2).sum()) - 1)
    return slope, float(np.sqrt((blocks - 1) / blocks * (left_out**2).sum())), degrees


def _cross_effect(names: tuple[str, str], fit: tuple[float, float, float], level: float, looks: int) -> CrossEffect:
    slope, error, degrees = fit
    reach = float(stats.t.ppf(1 - (1 - level) / (2 * looks), degrees)) * error
    p_value = min(1.0, looks * float(2 * stats.t.sf(abs(slope) / max(error, 1e-300), degrees)))
    ends = (float(np.expm1(min(end, 50.0))) for end in (slope, slope - reach, slope + reach))
    return CrossEffect(*names, Range(*ends), p_value)


def _judged(effects: tuple[CrossEffect, ...], level: float) -> PastSpillover:
    within = max((max(abs(one.effect.low), abs(one.effect.high)) for one in effects), default=None)
    if any(not one.effect.touches(0.0) for one in effects):
        status = SpilloverStatus.SEEN
    elif within is not None and within <= NEGLIGIBLE:
        status = SpilloverStatus.NONE_SEEN
    else:
        status = SpilloverStatus.CANNOT_TELL
    return PastSpillover(status, within, effects, level)
