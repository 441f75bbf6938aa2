"""A panel and a test that is about to run in, the locked test out: everything the analysis may not choose later.

A lock fixes geos, window, outcome, spend, estimator, level, seed and break-even, and a mark of every geo and day of the
data that the design was made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.metadata import version

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.arrangement import (
    complete_pairs,
    controls_of,
    outcome_of,
    refuse_no_sales,
    refuse_short,
    refuse_too_few,
    refuse_unknown_geos,
    rows_of,
    spend_channel,
)
from measurement.geotest.comparison import Comparison
from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.estimators import resolve
from measurement.geotest.locked_data import LockedData, mark
from measurement.geotest.specification import AnalysisSettings, Blocks, GeoPair, GeoTest, Window
from measurement.panel import Frequency, Panel
from measurement.panel_map import nearest
from measurement.reading import ReadPanel

LIBRARIES = ("retail-media-optimizer", "numpy", "scipy")
USUAL_DAYS = 56
"""What was usual is told from so many days before the test."""


@dataclass(frozen=True)
class PlannedSpend:
    """What a treated geo shall spend in the week that begins on `start`, and what it usually does or None."""

    geo: str
    start: date
    usual: float | None
    planned: float


@dataclass(frozen=True)
class Proposal:
    """A test that shall be locked.

    Attributes:
        name: of the test.
        test: geos, window, outcome and spend; `pairs` and `cells` as they will be analysed.
        settings: how it will be analysed; `auto` is resolved when the test is locked.
        control: the controls, or () for all geos that are neither treated nor excluded.
        kind: what happens in the treated geos, or None where it is not said.
        spend_plan: what the treated geos shall spend; () lets a holdout or go-dark plan nothing.
        assignment: how the treated geos were chosen: rule, seed and blocks, as the design tells them.
        after_the_fact: whether the panel may hold days of the test already.
    """

    name: str
    test: GeoTest
    settings: AnalysisSettings
    control: tuple[str, ...] = ()
    kind: ExperimentKind | None = None
    spend_plan: tuple[PlannedSpend, ...] = ()
    assignment: "Assignment | None" = None
    after_the_fact: bool = False


@dataclass(frozen=True)
class Assignment:
    """How geos came to be treated: `rule` and `blocks` within which a coin of `seed` fell; no seed where selected."""

    rule: str = "selected"
    seed: int | None = None
    blocks: Blocks = ()


@dataclass(frozen=True)
class GeoLock:
    """A locked test; attributes as in `Proposal`, with everything resolved.

    Attributes:
        control: all control geos.
        data: marks of the data up to the lock.
        locked_at: when.
        after_the_fact: whether the panel held days of the test when it was locked.
        versions: of this program and of the libraries that decide figures.
    """

    name: str
    test: GeoTest
    control: tuple[str, ...]
    settings: AnalysisSettings
    kind: ExperimentKind | None
    spend_plan: tuple[PlannedSpend, ...]
    assignment: Assignment
    data: LockedData
    locked_at: datetime
    after_the_fact: bool
    versions: Mapping[str, str]

    @property
    def geos(self) -> tuple[str, ...]:
        """Treated and control geos."""
        return (*self.test.treated, *self.control)

    @property
    def last_day(self) -> date:
        """Last day of the test or, where there is one, of its cooldown."""
        return self.test.window.cooldown_end or self.test.window.end


def register(read: ReadPanel, proposal: Proposal, at: datetime) -> GeoLock:
    """Check a test against the panel that it was designed on, resolve what is left open, and lock it.

    Raises:
        GeoTestError: geos, window, outcome, spend or estimator do not fit the panel, or the panel holds days of the
            test already and `after_the_fact` is not said.
    """
    panel, test = read.panel, proposal.test
    refuse_unknown_geos(read, test)
    _refuse_unknown_controls(panel, proposal)
    before = _periods_before(panel, test.window)
    seen = before < len(panel.dates)
    if seen and not proposal.after_the_fact:
        raise GeoTestError(
            f"the panel runs to {panel.dates[-1]} and holds days of the test, which starts on {test.window.start}: its "
            "result could have been seen; lock with a panel that ends before the test, or say --after-the-fact, which "
            "the lock and every report will state"
        )
    step = step_days(panel)
    refuse_short(before, -(-((test.window.end - test.window.start).days + 1) // step), panel.frequency)
    outcome, values, _ = outcome_of(panel, test.outcome)
    _refuse_untargetable(panel, test.spend)
    pairs, _ = complete_pairs(panel, test)
    treated = tuple(pair.treated for pair in pairs) if pairs else test.treated
    control = _controls(panel, proposal, replace(test, pairs=pairs, treated=treated), values[:, :before])
    refuse_no_sales((*treated, *control), values[rows_of(panel, (*treated, *control)), :before])
    refuse_too_few(treated, control)
    shape = _shape(values, (rows_of(panel, treated), rows_of(panel, control)), before, _pairs(pairs, control))
    settings = replace(
        proposal.settings, estimator=resolve(proposal.settings.estimator, shape, proposal.settings.level)
    )
    return GeoLock(
        name=proposal.name,
        test=replace(test, treated=treated, pairs=pairs, outcome=outcome if test.outcome else None),
        control=control,
        settings=settings,
        kind=proposal.kind,
        spend_plan=proposal.spend_plan or _nothing_planned(panel, proposal, treated, before),
        assignment=proposal.assignment or Assignment(),
        data=mark(panel, (*treated, *control), test.outcome, test.spend),
        locked_at=at,
        after_the_fact=seen,
        versions={name: version(name) for name in LIBRARIES},
    )


def step_days(panel: Panel) -> int:
    """Days in a period."""
    return 7 if panel.frequency is Frequency.WEEKLY else 1


def _refuse_unknown_controls(panel: Panel, proposal: Proposal) -> None:
    for name in proposal.control:
        if name not in panel.geos:
            raise GeoTestError(f"control geo {name!r} is not in the panel: {nearest(name, panel.geos)}")
        if name in proposal.test.treated or name in proposal.test.excluded:
            raise GeoTestError(f"geo {name!r} is a control and treated or excluded too: it can be one of them")
    known = set(proposal.test.treated)
    for planned in proposal.spend_plan:
        if planned.geo not in known:
            raise GeoTestError(f"the spend plan names geo {planned.geo!r}, which is not treated: correct the plan")


def _periods_before(panel: Panel, window: Window) -> int:
    """Periods of the panel before the window, which must start where a period does."""
    first, start, step = panel.dates[0], np.datetime64(window.start), step_days(panel)
    if start <= first:
        raise GeoTestError(f"--start {window.start} lies before the panel's first days: give a later start")
    off = int((start - first).astype(int)) % step
    if off:
        near = start - np.timedelta64(off, "D")
        raise GeoTestError(
            f"--start {window.start} falls inside the week of {near}: start the window on the first day of a week, as "
            "the panel has it"
        )
    return int(np.searchsorted(panel.dates, start))


def _refuse_untargetable(panel: Panel, spend: str | None) -> None:
    if spend is None:
        return
    channel = panel.channels[spend_channel(panel, spend)]
    if not channel.geo_targetable:
        raise GeoTestError(
            f"{spend} cannot be targeted by geo, so a test by geo of it cannot be run: compare product groups, or "
            "switch it on and off in time"
        )


def _controls(panel: Panel, proposal: Proposal, test: GeoTest, before: np.ndarray) -> tuple[str, ...]:
    if proposal.control and not test.pairs:
        return proposal.control
    return controls_of(panel, test, test.pairs, before)[0]


def _pairs(pairs: tuple[GeoPair, ...], control: tuple[str, ...]) -> np.ndarray:
    return np.array([(i, control.index(pair.control)) for i, pair in enumerate(pairs)], dtype=np.int64).reshape(-1, 2)


def _shape(values: np.ndarray, rows: tuple[list[int], list[int]], before: int, pairs: np.ndarray) -> Comparison:
    """What an estimator is resolved by: who is treated and who is not, with nothing of the window."""
    return Comparison(values[rows[0], :before], values[rows[1], :before], before, (), pairs)


def _nothing_planned(
    panel: Panel, proposal: Proposal, treated: tuple[str, ...], before: int
) -> tuple[PlannedSpend, ...]:
    """A holdout's or go-dark's plan: nothing in every treated geo and week, against the mean of the weeks before."""
    spend, window = proposal.test.spend, proposal.test.window
    if spend is None or proposal.kind not in (ExperimentKind.HOLDOUT, ExperimentKind.GO_DARK):
        return ()
    step = step_days(panel)
    recent = slice(max(0, before - USUAL_DAYS // step), before)
    usual = panel.spend[:, recent, spend_channel(panel, spend)].mean(axis=1) * 7 / step
    weeks = [window.start + timedelta(days=day) for day in range(0, (window.end - window.start).days + 1, 7)]
    return tuple(
        PlannedSpend(geo, week, float(usual[row]), 0.0)
        for geo, row in zip(treated, rows_of(panel, treated), strict=True)
        for week in weeks
    )
