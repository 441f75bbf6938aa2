"""A panel and a finished test in, its result out: check, estimate, infer, divide by spend, judge.

Everything that could be chosen by looking at the result is fixed in the settings before.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from measurement.geotest.arrangement import Arrangement, arrange
from measurement.geotest.cells import cells_verdict, differences
from measurement.geotest.comparison import Comparison
from measurement.geotest.estimators import find, resolve, trimmed
from measurement.geotest.finding import Finding, Placebos, Range
from measurement.geotest.placebos import placebo_record
from measurement.geotest.result import CellResult, Effect, GeoTestResult, PreFit, Series
from measurement.geotest.specification import AnalysisSettings, Estimator, GeoTest
from measurement.geotest.spend import Iroas, iroas, spend_change
from measurement.geotest.verdict import verdict
from measurement.reading import ReadPanel

FEW_WINDOWS = 3
THREADS = 2
"""That share the cells of a test; linear algebra lets go of the interpreter."""


def analyze_geo_test(read: ReadPanel, test: GeoTest, settings: AnalysisSettings) -> GeoTestResult:
    """Analyse a finished test.

    Args:
        read: the panel, read for a geo test.
        test: geos, window, outcome and spend.
        settings: estimator, level, break-even and seed, fixed before the result was seen.

    Several cells are analysed together and each by itself against the common controls, by the estimator of the whole,
    and every two are compared.

    Raises:
        GeoTestError: the test does not fit the panel, or the estimator does not fit the test.
    """
    # Matrices are small: BLAS in several threads would spend most of its time on their handing over.
    with threadpool_limits(limits=1, user_api="blas"):
        return _analyze_cells(read, test, settings) if test.cells else _analyze(read, test, settings)


def _analyze_cells(read: ReadPanel, test: GeoTest, settings: AnalysisSettings) -> GeoTestResult:
    """All cells together, each against the common controls, and every two of them compared."""
    arranged = arrange(read, test)
    fixed = replace(settings, estimator=resolve(settings.estimator, arranged.test_window, settings.level))
    with ThreadPoolExecutor(THREADS) as threads:
        tests = (test, *(test.only(cell) for cell in test.cells))
        whole, *alone = threads.map(lambda one: _analyze(read, one, fixed), tests)
    cells = tuple(
        CellResult(cell.name, replace(result, left_out=whole.left_out))
        for cell, result in zip(test.cells, alone, strict=True)
    )
    found = differences(arranged, cells, settings)
    return replace(whole, cells=cells, differences=found, cells_verdict=cells_verdict(cells, found))


def _analyze(read: ReadPanel, test: GeoTest, settings: AnalysisSettings) -> GeoTestResult:
    """All treated geos against the controls."""
    arranged = arrange(read, test)
    window = arranged.test_window
    estimator = resolve(settings.estimator, window, settings.level)
    finding = find(estimator, window, settings.level, settings.seed)
    judge = _Judge(estimator, settings.level, arranged)
    effect = judge.effect(window, finding)
    longer, longer_finding, with_cooldown = arranged.with_cooldown, finding, None
    if longer is not None:
        longer_finding = find(estimator, longer, settings.level, settings.seed)
        with_cooldown = judge.effect(longer, longer_finding)
    placebos = placebo_record(estimator, window, settings.seed)
    return GeoTestResult(
        estimator=estimator,
        inference=finding.inference,
        outcome=arranged.outcome,
        currency=read.panel.currency if arranged.in_money else "",
        treated=arranged.treated,
        window=test.window,
        level=settings.level,
        effect=effect,
        with_cooldown=with_cooldown,
        pre_fit=_pre_fit(window, finding),
        placebos=placebos,
        placebo_periods=window.placebo_windows().periods,
        weights=_named(window, finding),
        left_out=arranged.left_out,
        warnings=(*read.warnings, *arranged.warnings, *finding.notes, *_record_notes(placebos, settings.level)),
        verdict=verdict(effect, arranged.outcome, settings),
        series=_series(arranged, longer or window, longer_finding),
    )


@dataclass(frozen=True)
class _Judge:
    """Turns what an estimator found in a window into lift, return and their reasons."""

    estimator: Estimator
    level: float
    arranged: Arrangement

    def effect(self, comparison: Comparison, finding: Finding) -> Effect:
        observed = float(comparison.treated[:, comparison.periods_before :].sum())
        change = spend_change(comparison, self.level)
        returned = self._iroas(comparison, finding, change)
        return Effect(
            lift=finding.lift,
            percent_lift=_relative(finding.lift, observed),
            att=finding.lift.times(1 / comparison.cells),
            p_value=finding.p_value,
            spend_change=change,
            iroas=returned.value,
            iroas_refused_because=returned.refused_because,
        )

    def _iroas(self, comparison: Comparison, finding: Finding, change: Range | None) -> Iroas:
        if change is not None and not self.arranged.in_money:
            return Iroas(
                None,
                f"{self.arranged.outcome} is not in money, so its lift cannot be held against spend: name its "
                "value_per_unit in a map",
            )
        returned = iroas(finding.lift, change)
        if self.estimator is Estimator.TRIMMED_MATCH and returned.value is not None:
            # Its ratio is the return already, from the same pairs.
            return Iroas(trimmed(comparison, self.level)[0].ratio, None)
        return returned


def _relative(lift: Range, observed: float) -> Range:
    return Range(*(_share(value, observed) for value in (lift.estimate, lift.low, lift.high)))


def _share(lift: float, observed: float) -> float:
    """Lift as a share of what would have been sold; infinite where the lift is all that was sold."""
    without = observed - lift
    if np.isinf(lift):
        return -1.0 if lift < 0 else np.inf
    return lift / without if without > 0 else np.inf


def _pre_fit(comparison: Comparison, finding: Finding) -> PreFit:
    before = slice(0, comparison.periods_before)
    gap = (comparison.average - finding.counterfactual)[before]
    plain = comparison.donors.mean(axis=0)[before]
    unweighted = comparison.average[before] - plain
    reference = float(np.sqrt(((unweighted - unweighted.mean()) ** 2).sum()))
    l2 = float(np.sqrt((gap**2).sum()))
    return PreFit(l2, l2 / reference if reference > 0 else np.nan, comparison.periods_before)


def _named(comparison: Comparison, finding: Finding) -> dict[str, float]:
    if finding.weights is None:
        return {}
    return dict(zip(comparison.donor_names, finding.weights.tolist(), strict=True))


def _record_notes(placebos: Placebos, level: float) -> tuple[str, ...]:
    rate = placebos.false_positive_rate(level)
    if rate is None:
        return ("the panel has no room for placebo windows before the test, so nothing vouches for the interval",)
    if placebos.windows >= FEW_WINDOWS and rate > 2 * (1 - level):
        return (
            f"on this panel the method finds an effect in {rate:.0%} of placebos where {1 - level:.0%} are meant: read "
            "the interval as too narrow",
        )
    return ()


def _series(arranged: Arrangement, comparison: Comparison, finding: Finding) -> Series:
    geos = len(comparison.treated)
    return Series(arranged.dates, comparison.average * geos, finding.counterfactual * geos)
