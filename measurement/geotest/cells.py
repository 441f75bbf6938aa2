"""Cells of a test and what each did in, how every two of them differ and which is better out."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from measurement.geotest.arrangement import Arrangement
from measurement.geotest.contrast import Contrast
from measurement.geotest.finding import TIE, Range
from measurement.geotest.joint_judge import JointJudge
from measurement.geotest.result import CellResult, Difference, Effect
from measurement.geotest.specification import AnalysisSettings, Estimator

DEFAULT_INFERENCE = "the default inference on the difference of the two cells' gaps to the same controls"


def differences(
    arranged: Arrangement, cells: Sequence[CellResult], settings: AnalysisSettings
) -> tuple[Difference, ...]:
    """Every two cells: percent lift and, where both have one, iROAS; first minus second, each from one inference.

    Errors of the two cells' spend changes, where these are estimated, count as independent of the lifts' and of each
    other. With more than two cells a verdict asks for a p-value as many times smaller as there are comparisons.
    """
    comparisons = len(cells) * (len(cells) - 1) // 2
    return tuple(
        _difference(arranged, first, second, settings, comparisons) for first, second in combinations(cells, 2)
    )


def cells_verdict(cells: Sequence[CellResult], found: Sequence[Difference]) -> str:
    """Which cell is better, or that the data cannot tell."""
    if len(cells) == 2:
        return found[0].verdict
    for cell in cells:
        others = [one.better for one in found if cell.name in (one.first, one.second)]
        if all(better == cell.name for better in others):
            return f"{cell.name} is better than every other cell, with room for {len(found)} comparisons."
    told = [one for one in found if one.better is not None]
    if not told:
        return f"The data cannot tell the {len(cells)} cells apart, with room for {len(found)} comparisons."
    pairs = "; ".join(f"{one.better} beats {one.first if one.better == one.second else one.second}" for one in told)
    return f"No cell is better than all others: {pairs}; of the rest the data cannot tell."


def _difference(
    arranged: Arrangement, first: CellResult, second: CellResult, settings: AnalysisSettings, comparisons: int
) -> Difference:
    rows = [np.array([arranged.treated.index(geo) for geo in cell.treated]) for cell in (first, second)]
    contrast = Contrast(arranged.test_window, rows[0], rows[1], settings.seed)
    one, two = first.result.effect, second.result.effect
    by_default = first.result.estimator in (Estimator.BAYESIAN_SCM, Estimator.RANDOMISATION)
    judge = JointJudge(contrast, first.result.estimator, settings.level)
    if by_default:
        of_lift = contrast.of_percent_lift()
        percent_lift, p_value = of_lift.interval(settings.level), of_lift.p_value
    else:
        percent_lift, p_value = judge.percent_lift(one, two)
    returned, iroas_p = None, None
    if one.iroas is not None and two.iroas is not None and one.spend_change and two.spend_change:
        per_lift = 1 / one.spend_change.estimate, 1 / two.spend_change.estimate
        if by_default:
            found = contrast.of_lift(per_lift).widened(settings.level, *_spend_errors(one, two))
            returned, iroas_p = found.interval(settings.level), found.p_value
        else:
            returned, iroas_p = judge.lift(one, two, per_lift)
    decisive, decisive_p = (percent_lift, p_value) if returned is None or iroas_p is None else (returned, iroas_p)
    better = None
    if decisive_p <= (1 - settings.level) / comparisons + TIE:
        better = first.name if decisive.estimate > 0 else second.name
    return Difference(
        first=first.name,
        second=second.name,
        percent_lift=percent_lift,
        p_value=p_value,
        iroas=returned,
        iroas_p_value=iroas_p,
        better=better,
        verdict=_verdict((first.name, second.name), (percent_lift, returned), better, settings.level),
        inference=DEFAULT_INFERENCE if by_default else judge.inference,
    )


def _spend_errors(one: Effect, two: Effect) -> list[float]:
    """Half widths of the returns as far as they come from estimated spend changes."""
    return [
        abs(effect.iroas.estimate * (effect.spend_change.high - effect.spend_change.low) / 2)
        / abs(effect.spend_change.estimate)
        for effect in (one, two)
        if effect.iroas is not None and effect.spend_change is not None
    ]


def _verdict(names: tuple[str, str], ranges: tuple[Range, Range | None], better: str | None, level: float) -> str:
    percent_lift, returned = ranges
    unit, decimals = ("points of lift", 1) if returned is None else ("of iROAS", 2)
    shown = percent_lift.times(100) if returned is None else returned
    ahead, behind = names
    if shown.estimate < 0:
        shown, ahead, behind = shown.times(-1), behind, ahead
    estimate, low, high = (
        f"{value:,.{decimals}f}".replace("-", "−") for value in (shown.estimate, shown.low, shown.high)
    )
    figures = f"by {estimate} {unit} ({100 * level:.0f} % interval {low} to {high})"
    if better is None:
        return (
            f"The data cannot tell {names[0]} and {names[1]} apart: {ahead} is ahead {figures}; a longer or larger "
            "test would tell."
        )
    if returned is None:
        return f"{ahead} has a higher lift than {behind}: {figures}."
    return f"{ahead} did better than {behind}: {figures}."
