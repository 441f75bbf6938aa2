"""A fitted model in, the geo tests that could be run next out, with what each would measure; and who cannot be tested.

A few designs per channel: spend stopped or doubled, in a sixth or a third of its geos, for four or eight weeks, each in
the set of geos that past windows measure best.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from measurement.fitted import FittedModel
from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.precision import Precision, best_measured, worth_rehearsing
from measurement.panel import Channel, Level, Panel
from measurement.planned_test import PlannedEffect, PlannedTest, planned_effect
from measurement.posterior import CURVE_DRAWS, thinned
from measurement.preparation import window_length

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

KINDS = (ExperimentKind.GO_DARK, ExperimentKind.HEAVY_UP)
SHARES = (1 / 6, 1 / 3)
WEEKS = (4, 8)
COOLDOWN_WEEKS = 2
LEAST_GEOS = 4
OTHER_WAYS = (
    "switch it on and off in time with pauses between (rmo geo switchback-design), or compare product groups instead "
    "of regions, after a check for spillover between them (rmo geo spillover)"
)


@dataclass(frozen=True)
class FeasibleTest:
    """A test that could be run, by the draws of the response curves.

    Attributes:
        test: what shall change where.
        effect: what the model expects of it.
        standard_error: of the lift it would report, rehearsed on the panel's past, in money.
        iroas: the channel's return in the report's window, `(D,)`.
        geos: names of the treated geos.
    """

    test: PlannedTest
    effect: PlannedEffect
    standard_error: float
    iroas: FloatArray
    geos: tuple[str, ...]


@dataclass(frozen=True)
class NotTestable:
    """A channel that no geo test can tell about: why, and what can be done instead."""

    channel: str
    reason: str
    instead: str


def feasible_tests(
    model: FittedModel, seed: int, progress: Callable[[str], None] = lambda _: None
) -> tuple[tuple[FeasibleTest, ...], tuple[NotTestable, ...]]:
    """Tests that could be run, channel by channel, and the channels without any."""
    panel, draws = model.panel, thinned(model.draws, CURVE_DRAWS)
    rehearsed = _Rehearsals(panel.sales, seed, progress)
    tests: list[FeasibleTest] = []
    without: list[NotTestable] = []
    for index, channel in enumerate(panel.channels):
        eligible = _eligible(panel, index)
        reason = _why_not(panel, channel, eligible)
        found = [] if reason else rehearsed.designs(channel.name, eligible)
        if reason is None and not found:
            reason = NotTestable(
                channel.name,
                f"the panel's {len(panel.dates)} weeks are too few to rehearse a test in its past",
                "come back with more weeks",
            )
        if reason is not None:
            without.append(reason)
        tests += [_expected(model, draws, index, own) for own in found]
    return tuple(tests), tuple(without)


class _Rehearsals:
    """Designs of one panel; channels with the same geos share what was rehearsed."""

    def __init__(self, sales: FloatArray, seed: int, progress: Callable[[str], None]) -> None:
        self._sales, self._seed, self._progress = sales, seed, progress
        self._sets: dict[tuple[tuple[int, ...], int], list[IntArray]] = {}
        self._known: dict[tuple[tuple[int, ...], int, int], Precision | None] = {}

    def designs(self, channel: str, eligible: IntArray) -> list[tuple[PlannedTest, Precision]]:
        sizes = sorted({max(1, round(share * len(eligible))) for share in SHARES})
        found = []
        for size, weeks in product(sizes, WEEKS):
            precision = self._precision(eligible, size, weeks + COOLDOWN_WEEKS)
            if precision is not None:
                tests = [PlannedTest(channel, kind, precision.geos, weeks, COOLDOWN_WEEKS) for kind in KINDS]
                found += [(test, precision) for test in tests]
        return found

    def _precision(self, eligible: IntArray, size: int, periods: int) -> Precision | None:
        rows = tuple(eligible.tolist())
        if (rows, size) not in self._sets:
            self._sets[rows, size] = worth_rehearsing(self._sales, eligible, size, self._seed)
        if (rows, size, periods) not in self._known:
            self._progress(f"rehearsing tests of {size} geos and {periods} weeks on the panel's past")
            self._known[rows, size, periods] = best_measured(self._sales, self._sets[rows, size], periods, self._seed)
        return self._known[rows, size, periods]


def _eligible(panel: Panel, index: int) -> IntArray:
    """Rows of the geos that the channel spent in during the last 52 weeks."""
    rows: IntArray = np.flatnonzero(panel.spend[:, -window_length(len(panel.dates)) :, index].sum(axis=1) > 0)
    return rows


def _why_not(panel: Panel, channel: Channel, eligible: IntArray) -> NotTestable | None:
    if not channel.geo_targetable:
        return NotTestable(channel.name, "it cannot be targeted by geo", OTHER_WAYS)
    if channel.level is Level.NATIONAL:
        instead = f"have it reported by geo; or {OTHER_WAYS}"
        return NotTestable(channel.name, "its spend is known only nationally", instead)
    if len(panel.geos) < LEAST_GEOS:
        return NotTestable(
            channel.name, f"the panel has {len(panel.geos)} geos and a test needs {LEAST_GEOS}", OTHER_WAYS
        )
    if len(eligible) == 0:
        return NotTestable(
            channel.name, "it spent nothing in the last 52 weeks", "start it in some geos and keep it out of others"
        )
    return None


def _expected(
    model: FittedModel, draws: Mapping[str, FloatArray], index: int, design: tuple[PlannedTest, Precision]
) -> FeasibleTest:
    panel, (test, precision) = model.panel, design
    spend = float(panel.spend[:, -window_length(len(panel.dates)) :, index].sum())
    return FeasibleTest(
        test=test,
        effect=planned_effect(panel, draws, test),
        standard_error=precision.standard_error,
        iroas=draws["incremental"][:, index] / spend,
        geos=tuple(panel.geos[row] for row in test.geos),
    )
