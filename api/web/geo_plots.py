"""A geo test's result in, its plots out. Nothing is computed that is not drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from api.formats import compact_money, percent, signed_percent
from api.web.drawing import (
    GREY,
    INK,
    MUTED,
    PALETTE,
    RULE,
    Picture,
    Size,
    blank,
    date_axis,
    money_axis,
    number_axis,
    to_svg,
)
from measurement.geotest.result import GeoTestResult

SHOWN_WEIGHTS = 14
_WINDOW, _COOLDOWN = "#eef4f9", "#f6f7f9"
_BINS = 24
_REACH = 99
"""Percentile of the placebos' absolute lift that the axis shows at least."""


def follow_plot(result: GeoTestResult, size: Size, name: str) -> Picture:
    """What the treated geos sold, and what they would have sold."""
    figure, axes = blank(size)
    days = _days(result)
    axes.plot(days, result.series.counterfactual, color=PALETTE[0], linewidth=1.5, linestyle=(0, (4, 2)))
    axes.plot(days, result.series.observed, color=INK, linewidth=1.4)
    _frame(axes, result)
    axes.set_ylabel(f"{result.outcome} per period")
    money_axis(axes, result.currency)
    alt = (
        f"{result.outcome} of the treated geos from {days[0]} to {days[-1]}: observed as a line, counterfactual "
        f"dashed; the test ran from {result.window.start} to {result.window.end}."
    )
    return Picture(to_svg(figure, name), alt)


def gap_plot(result: GeoTestResult, size: Size, name: str) -> Picture:
    """Observed minus counterfactual by period, and the mean effect over the window with its interval."""
    figure, axes = blank(size)
    days = _days(result)
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.plot(days, result.series.observed - result.series.counterfactual, color=INK, linewidth=1.1)
    inside = days[(days >= result.window.start) & (days <= result.window.end)]
    effect = result.effect.att.times(len(result.treated))
    if effect.bounded:
        axes.fill_between(inside, effect.low, effect.high, color=PALETTE[4], alpha=0.35, linewidth=0)
    axes.plot(inside, np.full(len(inside), effect.estimate), color=PALETTE[0], linewidth=2.4)
    _frame(axes, result)
    axes.set_ylabel("observed − counterfactual")
    money_axis(axes, result.currency)
    shown = [compact_money(value, result.currency) for value in (effect.estimate, effect.low, effect.high)]
    alt = f"Gap by period; over the test it was {shown[0]} per period on average, interval {shown[1]} to {shown[2]}."
    return Picture(to_svg(figure, name), alt)


def weights_plot(result: GeoTestResult, size: Size, name: str) -> Picture:
    """The donors with the largest weights."""
    figure, axes = blank(size)
    shown = sorted(result.weights.items(), key=lambda item: abs(item[1]))[-SHOWN_WEIGHTS:]
    rows = np.arange(len(shown))
    values = [weight for _, weight in shown]
    axes.barh(rows, values, color=[PALETTE[0] if value >= 0 else PALETTE[1] for value in values], height=0.62)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    axes.set_yticks(rows, [geo for geo, _ in shown], color=INK)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("weight in the counterfactual")
    number_axis(axes, "x")
    told = ", ".join(f"{geo} {weight:.2f}" for geo, weight in reversed(shown))
    return Picture(to_svg(figure, name), f"Largest weights of control geos: {told}.")


def placebo_plot(result: GeoTestResult, size: Size, name: str) -> Picture:
    """Lifts found where nothing was treated, and the test's own."""
    figure, axes = blank(size)
    lifts, own = result.placebos.relative_lift, result.effect.percent_lift.estimate
    reach = 1.15 * max(float(np.percentile(np.abs(lifts), _REACH)), abs(own), 1e-6)
    called = result.placebos.p_values <= 1 - result.level
    edges = np.linspace(-reach, reach, _BINS + 1).tolist()
    axes.hist([lifts[~called], lifts[called]], bins=edges, stacked=True, color=[GREY, PALETTE[1]], rwidth=0.92)
    axes.axvline(own, color=PALETTE[0], linewidth=2.4)
    axes.set_xlim(-reach, reach)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("lift")
    axes.set_ylabel("placebo tests")
    alt = (
        f"{len(lifts)} placebo lifts around zero, {int(called.sum())} of them called an effect; the test's own is "
        f"{signed_percent(own, 1)}."
    )
    return Picture(to_svg(figure, name), alt)


def _days(result: GeoTestResult) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return result.series.dates.astype("datetime64[D]").astype(object)


def _frame(axes: Axes, result: GeoTestResult) -> None:
    days = _days(result)
    short = (days[-1] - days[0]).days < 200
    date_axis(axes, days[0], days[-1], "%d %b" if short else "%b %Y")
    axes.axvspan(result.window.start, result.window.end, color=_WINDOW, linewidth=0, zorder=0)  # type: ignore[arg-type]
    if result.window.cooldown_end is not None:
        axes.axvspan(result.window.end, result.window.cooldown_end, color=_COOLDOWN, linewidth=0, zorder=0)  # type: ignore[arg-type]
    axes.axvline(result.window.start, color=RULE, linewidth=1.2)  # type: ignore[arg-type]
