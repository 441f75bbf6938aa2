"""A panel and a question in, the schedule of a switchback out, with what it would find, or the limit that binds.

Random blocks and a washout of the carry-over's order follow Bojinov, Simchi-Levi and Zhao, "Design and Analysis of
Switchback Experiments" (2023); the coins fall within pairs, so that trend and weekdays balance.
"""

from datetime import date, timedelta

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.switchback_power import Rehearsal, carried_share, past_windows, rehearse
from measurement.geotest.switchback_question import (
    SwitchbackAnswer,
    SwitchbackDesign,
    SwitchbackQuestion,
    pairs_needed,
    smallest_p_value,
)
from measurement.geotest.switchback_schedule import BlockGrid, Schedule, draw_schedule
from measurement.geotest.switchback_series import NationalSeries, national_series
from measurement.reading import ReadPanel

LEAST_WINDOWS = 3
TOLD_HALF_LIVES = (1 / 3, 1 / 2, 1.0, 2.0, 4.0)
"""Of the effect's carry-over, in washouts, at which the bias is told."""
BIASED = 0.9
"""Share of the effect below which the estimate is worth a warning."""


def design_switchback(read: ReadPanel, question: SwitchbackQuestion) -> SwitchbackAnswer:
    """Draw a schedule and rehearse it.

    Raises:
        GeoTestError: channel, outcome, blocks or washout that do not fit the panel.
    """
    series = national_series(read.panel, question.channel, question.outcome)
    block = _block_periods(series, question)
    pairs = question.weeks * 7 // (2 * question.block_days)
    needed = pairs_needed(question.level)
    if pairs < needed:
        return SwitchbackAnswer(None, _too_few(question, pairs, needed), read.warnings)
    schedule = draw_schedule(
        _start(series, question),
        question.block_days,
        question.washout * series.days_per_period,
        pairs,
        question.seed,
    )
    grid = _grid(schedule, block, question.washout)
    starts = past_windows(series, grid.periods, len(series.dates))
    if len(starts) < LEAST_WINDOWS:
        reason = (
            f"the panel has {len(series.dates)} periods, which leaves {len(starts)} past windows of {grid.periods} to "
            f"rehearse in; {LEAST_WINDOWS} are needed: plan a shorter test or add earlier rows"
        )
        return SwitchbackAnswer(None, reason, read.warnings)
    rehearsal = rehearse(series, grid, starts, question.level, question.carry_over, question.seed)
    lives = [round(max(question.washout, 1) * life, 3) for life in TOLD_HALF_LIVES]
    latest = grid.moved(starts[0])
    carry_over = tuple((life, carried_share(series, latest, life, question.seed)) for life in lives)
    design = _design(series, question, (schedule, grid, rehearsal), carry_over)
    return SwitchbackAnswer(
        design, _limit(design, series, question), (*read.warnings, *_warnings(design, series, question))
    )


def _block_periods(series: NationalSeries, question: SwitchbackQuestion) -> int:
    if question.block_days % series.days_per_period:
        raise GeoTestError(
            f"blocks of {question.block_days} days do not fit a weekly panel: give --block-weeks, or a daily panel"
        )
    block = question.block_days // series.days_per_period
    if question.washout >= block:
        raise GeoTestError(
            f"a washout of {question.washout} leaves nothing of blocks of {block} {_unit(series)}: lengthen them, "
            f"to {2 * question.washout} or more, or shorten the washout"
        )
    if not series.spend.any() and question.iroas is None:
        raise GeoTestError(f"channel {question.channel!r} never spends in the panel, so there is nothing to switch")
    return block


def _too_few(question: SwitchbackQuestion, pairs: int, needed: int) -> str:
    days = 2 * needed * question.block_days
    most = question.weeks * 7 // (2 * needed)
    shorter = f", or shorten the blocks to {most} days" if most > question.washout else ""
    least = f"the smallest p-value they can give is {smallest_p_value(pairs):.3g}" if pairs else "there is no pair"
    return (
        f"too few blocks: {question.weeks} weeks hold {pairs} pairs of blocks of {question.block_days} days; {least}, "
        f"and at level {question.level:g} at most {1 - question.level:.2g} will do, which takes {needed} pairs: test "
        f"for {-(-days // 7)} weeks{shorter}"
    )


def _start(series: NationalSeries, question: SwitchbackQuestion) -> date:
    step = timedelta(days=series.days_per_period)
    after: date = series.dates[-1].item() + step
    start = question.start or after
    if start < after or (start - after) % step:
        raise GeoTestError(
            f"--start {start} does not follow the panel: it may be {after} or a later first day of a period"
        )
    return start


def _grid(schedule: Schedule, block: int, washout: int) -> BlockGrid:
    """The schedule's blocks counted from period 0, to be moved into the past."""
    first = np.arange(len(schedule.blocks)) * block
    on = np.array([one.on for one in schedule.blocks])
    return BlockGrid(first, first + washout, first + block, np.arange(len(first)) // 2, on)


def _design(
    series: NationalSeries,
    question: SwitchbackQuestion,
    drawn: tuple[Schedule, BlockGrid, Rehearsal],
    carry_over: tuple[tuple[float, float], ...],
) -> SwitchbackDesign:
    schedule, grid, rehearsal = drawn
    mde = rehearsal.mde(question.power)
    effect = mde if question.mde is None else question.mde
    change, cost, per_day = _money(series, question, grid, effect)
    return SwitchbackDesign(
        schedule=schedule,
        pairs=schedule.pairs,
        smallest_p_value=smallest_p_value(schedule.pairs),
        mde=mde,
        power=0.0 if effect is None else rehearsal.power(effect),
        size=rehearsal.size,
        windows=rehearsal.windows,
        spend_change=change,
        cost=cost,
        planned_spend_per_day=per_day,
        periods_left_out=question.washout * len(grid.first),
        periods_counted=len(grid.kept),
        carry_over=carry_over,
    )


def _money(
    series: NationalSeries, question: SwitchbackQuestion, grid: BlockGrid, effect: float | None
) -> tuple[float | None, float | None, float | None]:
    """Spend change against today, cost, spend per day while on; a new channel is planned for the effect to be found."""
    half = grid.periods / 2
    usual = float(series.spend[-grid.periods :].mean())
    if usual > 0:
        cost = None if question.iroas is None else usual * half * question.iroas
        return -usual * half, cost, usual / series.days_per_period
    if question.iroas is None or effect is None:
        return None, None, None
    needed = effect * float(series.sold[-grid.periods :].mean()) / question.iroas
    return needed * half, needed * half, needed / series.days_per_period


def _limit(design: SwitchbackDesign, series: NationalSeries, question: SwitchbackQuestion) -> str | None:
    remedy = "test longer, or accept a larger effect"
    if design.mde is None:
        return f"no effect short of half of all sales would be found: {remedy}"
    if question.mde is not None and design.mde > question.mde:
        return f"the least effect it finds is {design.mde:.1%}, and {question.mde:.1%} is asked for: {remedy}"
    usual = float(series.spend[-int(2 * design.pairs * question.block_days / series.days_per_period) :].mean())
    if question.iroas is None or usual == 0:
        return None
    expected = question.iroas * usual / float(series.sold[-design.periods_counted :].mean())
    if expected < design.mde:
        return (
            f"the spend is thought to bring {expected:.1%} of sales, and the least effect it finds is "
            f"{design.mde:.1%}: the spend is too small for this test; {remedy}"
        )
    return None


def _warnings(design: SwitchbackDesign, series: NationalSeries, question: SwitchbackQuestion) -> tuple[str, ...]:
    notes = [
        f"the washout leaves out {design.periods_left_out} of {design.periods_left_out + design.periods_counted} "
        f"{_unit(series)}: spend goes on in them and teaches nothing"
    ]
    biased = [(life, share) for life, share in design.carry_over if share < BIASED]
    if biased:
        life, share = biased[0]
        notes.append(
            f"if the effect has a half-life of {life:g} {_unit(series)} the estimate finds {share:.0%} of it, and less "
            "if longer: the interval does not know of this; lengthen the washout if the carry-over may be longer"
        )
    unused = question.weeks * 7 - 2 * design.pairs * question.block_days
    if unused:
        notes.append(f"{unused} of the {question.weeks * 7} days hold no whole pair of blocks and stay as they are")
    if series.days_per_period == 1 and question.block_days % 7:
        notes.append(
            f"blocks of {question.block_days} days fall on different weekdays: weekdays are taken out by regression; "
            "blocks of 7 or 14 days would balance them by design"
        )
    return tuple(notes)


def _unit(series: NationalSeries) -> str:
    return "weeks" if series.days_per_period == 7 else "days"
