"""A panel and a finished switchback in, its result out: check, estimate, divide by spend, judge."""

from dataclasses import replace

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.comparison import LEAST_BEFORE
from measurement.geotest.finding import Placebos, Range
from measurement.geotest.result import Effect
from measurement.geotest.specification import AnalysisSettings
from measurement.geotest.spend import Iroas, iroas, without_rounding
from measurement.geotest.switchback_estimate import Estimate, Weights, coins, estimate, weigh, weigh_plainly
from measurement.geotest.switchback_power import past_windows
from measurement.geotest.switchback_question import pairs_needed, smallest_p_value
from measurement.geotest.switchback_result import SwitchbackResult
from measurement.geotest.switchback_schedule import BlockGrid, Schedule, periods_of
from measurement.geotest.switchback_series import NationalSeries, national_series
from measurement.geotest.verdict import verdict
from measurement.reading import ReadPanel

STILL_SPENT = 0.1
"""Spend of the off-blocks, as a share of that of the on-blocks, from which it is worth a warning."""
LARGEST_LOG = 700.0
"""Above it the exponential overflows; it stands for an effect that is not bounded."""


def analyze_switchback(
    read: ReadPanel, schedule: Schedule, channel: str, outcome: str | None, settings: AnalysisSettings
) -> SwitchbackResult:
    """Analyse a finished switchback; its estimator is fixed, `settings.estimator` plays no part.

    Raises:
        GeoTestError: schedule, channel or outcome do not fit the panel.
    """
    series = national_series(read.panel, channel, outcome)
    grid = periods_of(read.panel, schedule)
    _refuse_short(grid, series)
    states = coins(grid, settings.seed)
    weights = weigh(series, grid, states)
    found = estimate(series.level, weights, grid, settings.level)
    effect = _effect(series, grid, (found, weights), settings.level)
    plain = estimate(series.level, weigh_plainly(grid, states), grid, settings.level)
    placebos = _placebos(series, grid, settings.seed)
    longer = _longer_washout(series, grid, settings)
    inside = np.arange(grid.first[0], grid.stop[-1])
    block = np.searchsorted(grid.stop, inside, side="right")
    return SwitchbackResult(
        outcome=series.outcome,
        channel=channel,
        currency=read.panel.currency if series.in_money else "",
        schedule=schedule,
        level=settings.level,
        effect=effect,
        plain=(_shares(series, grid, plain.effect), plain.p_value),
        longer_washout=longer,
        outcomes=found.outcomes,
        periods_counted=len(grid.kept),
        periods_left_out=int((grid.counted - grid.first).sum()),
        placebos=placebos,
        warnings=(*read.warnings, *_warnings(series, grid, effect, longer)),
        verdict=_verdict(effect, series, schedule, settings),
        dates=series.dates[inside],
        observed=series.sold[inside],
        counted=np.isin(inside, grid.kept),
        on=grid.on[block],
    )


def _refuse_short(grid: BlockGrid, series: NationalSeries) -> None:
    if grid.first[0] < LEAST_BEFORE:
        raise GeoTestError(
            f"the panel has {grid.first[0]} periods before the schedule's start: at least {LEAST_BEFORE} are needed to "
            "know the series' noise, a year is good; add earlier rows"
        )
    if not series.spend[grid.first[0] : grid.stop[-1]].any():
        raise GeoTestError(
            f"channel {series.channel!r} spends nothing while the schedule has it on: correct --channel or the schedule"
        )


def _effect(series: NationalSeries, grid: BlockGrid, found: tuple[Estimate, Weights], level: float) -> Effect:
    """Lift over the on-blocks' periods that count: what they sold less what they would have sold while off."""
    estimated, weights = found
    on = grid.kept[grid.on[grid.block_of_kept]]
    sold = float(series.sold[on].sum())
    if series.in_logs:
        lift = Range(*(sold * (-np.expm1(-end)) for end in _ends(estimated.effect)))
    else:
        lift = estimated.effect.times(len(on) * float(series.sold.mean()))
    change = _spend_change(series, grid, weights, level)
    returned = iroas(lift, change) if series.in_money else Iroas(None, _not_in_money(series))
    return Effect(
        lift=lift,
        percent_lift=_shares(series, grid, estimated.effect),
        att=lift.times(1 / len(on)),
        p_value=estimated.p_value,
        spend_change=change,
        iroas=returned.value,
        iroas_refused_because=returned.refused_because,
    )


def _not_in_money(series: NationalSeries) -> str:
    return f"{series.outcome} is not in money, so its lift cannot be held against spend: name its value in a map"


def _shares(series: NationalSeries, grid: BlockGrid, effect: Range) -> Range:
    """Of what the on-blocks' periods would have sold while off."""
    if series.in_logs:
        return Range(*(float(np.expm1(min(end, LARGEST_LOG))) for end in _ends(effect)))
    on = grid.kept[grid.on[grid.block_of_kept]]
    sold = float((series.sold[on] / series.sold.mean()).mean())
    return Range(*(_share(end, sold) for end in _ends(effect)))


def _share(effect: float, sold: float) -> float:
    if np.isinf(effect):
        return -1.0 if effect < 0 else np.inf
    return effect / (sold - effect) if sold > effect else np.inf


def _ends(effect: Range) -> tuple[float, float, float]:
    return effect.estimate, effect.low, effect.high


def _spend_change(series: NationalSeries, grid: BlockGrid, weights: Weights, level: float) -> Range:
    """On against off, total over the on-blocks' periods that count; known exactly where nothing was spent while off."""
    is_on = grid.on[grid.block_of_kept]
    spent, off = series.spend[grid.kept][is_on], series.spend[grid.kept][~is_on]
    if not off.any():
        total = float(spent.sum())
        return Range(total, total, total)
    told = estimate(series.spend, weigh_plainly(grid, weights.states), grid, level)
    return without_rounding(told.effect, float(off.mean())).times(len(spent))


def _longer_washout(series: NationalSeries, grid: BlockGrid, settings: AnalysisSettings) -> tuple[int, Range] | None:
    """The same with twice the washout: where carry-over outlasts the washout, the effect grows."""
    washout = int(grid.counted[0] - grid.first[0])
    counted = grid.first + 2 * (grid.counted - grid.first)
    if washout == 0 or (counted >= grid.stop).any():
        return None
    later = replace(grid, counted=counted)
    found = estimate(series.level, weigh(series, later, coins(later, settings.seed)), later, settings.level)
    return 2 * washout, _shares(series, grid, found.effect)


def _placebos(series: NationalSeries, grid: BlockGrid, seed: int) -> Placebos:
    """The test's own states in windows before it, which the panel's own structure judges; not coins tossed again."""
    lifts, p_values = [], []
    starts = past_windows(series, grid.periods, int(grid.first[0]))
    for start in starts:
        window = grid.moved(start)
        found = estimate(series.level, weigh(series, window, coins(window, seed)), window, 0.9)
        lifts.append(series.share(found.effect.estimate))
        p_values.append(found.p_value)
    return Placebos(np.array(lifts), np.array(p_values), windows=len(starts))


def _warnings(
    series: NationalSeries, grid: BlockGrid, effect: Effect, longer: tuple[int, Range] | None
) -> tuple[str, ...]:
    notes = []
    is_on = grid.on[grid.block_of_kept]
    spent, off = series.spend[grid.kept][is_on].mean(), series.spend[grid.kept][~is_on].mean()
    if off > STILL_SPENT * spent:
        notes.append(
            f"{series.channel} still spent {off:,.2f} per period in the off-blocks, against {spent:,.2f} in the "
            "on-blocks: the lift is of the difference only"
        )
    if longer is not None and not effect.percent_lift.touches(longer[1].estimate):
        notes.append(
            f"with a washout of {longer[0]} periods the lift is {longer[1].estimate:.1%}, outside the interval: "
            "effects seem to outlast the washout, and then the lift is understated"
        )
    if not series.in_logs:
        notes.append(f"{series.outcome} is not above 0 in every period, so effects are taken as amounts, not as shares")
    return tuple(notes)


def _verdict(effect: Effect, series: NationalSeries, schedule: Schedule, settings: AnalysisSettings) -> str:
    needed = pairs_needed(settings.level)
    if schedule.pairs < needed:
        return (
            f"The coins do not bound the effect at {settings.level:.0%}: with {schedule.pairs} pairs of blocks the "
            f"smallest p-value is {smallest_p_value(schedule.pairs):.3g}; {needed} pairs are needed. The estimate is "
            f"{effect.percent_lift.estimate:.1%}."
        )
    return verdict(effect, series.outcome, settings)
